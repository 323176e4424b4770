"""Facts as orders from the platform: kept once, refused with a reason, never in the way."""

import asyncio
import contextlib
import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.judge.service.fact_inbox import MOST_WAITING, FactInbox
from agent.judge.service.fact_store import FactStore
from agent.judge.service.service import AssessmentService
from protocols.reason import Reason
from tests.judge.stand import hydrant, rules
from tests.waiting import patient

INCIDENT = b'{"id":"119-7","lon":118.9,"lat":28.9,"at_s":1763600000,"level":2}'


def assessments(folder: Path) -> AssessmentService:
    return AssessmentService(
        [hydrant("H1")], rules(), lambda _e: None, folder, gateway="g", utc_ns=lambda: None, now_ns=lambda: 0
    )


async def heard(folder: Path, *orders: tuple[str, bytes]) -> FactInbox:
    one = assessments(folder)
    inbox = FactInbox(one.tell)
    running = asyncio.ensure_future(inbox.run())
    for topic, payload in orders:
        inbox.hear(topic, payload)
    async with patient("the inbox is settled"):
        await inbox.settled()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await one.close()
    return inbox


async def test_kept_once(tmp_path: Path) -> None:
    topic = "hydronest/g/order/fact/incident"
    inbox = await heard(tmp_path, (topic, INCIDENT), (topic, INCIDENT), ("hydronest/g/order/flight", b"{}"))
    assert (inbox.kept, inbox.repeated, inbox.refused) == (1, 1, 0)
    assert [told.kind for told in FactStore(tmp_path).told] == ["incident"]


async def test_refused_with_a_reason(tmp_path: Path) -> None:
    topic = "x/g/order/fact/"
    for kind, payload, why in (
        ("incident", b"{", "not JSON"),
        ("incident", b"[]", "not a JSON object"),
        ("incident", b"{}", "missing"),
        ("weather", INCIDENT, "no fact of kind"),
        ("incident", b" " * 20_000, "bytes"),
        ("incident", b"[" * 10_000, "within one another"),
    ):
        inbox = await heard(tmp_path / "x", (topic + kind, payload))
        assert inbox.refused == 1
        assert why in str(inbox.last_refusal)


async def test_a_fact_that_meets_a_bug_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    async def tell(kind: str, _content: object) -> bool:
        told.append(kind)
        if kind == "permit":
            raise OverflowError("planted")
        return True

    inbox = FactInbox(tell)
    running = asyncio.create_task(inbox.run())
    with caplog.at_level(logging.CRITICAL):
        for kind in ("permit", "incident", "permit", "incident"):
            inbox.hear(f"x/g/order/fact/{kind}", b"{}")
        async with patient("the inbox is settled"):
            await inbox.settled()
    assert (inbox.kept, inbox.refused) == (2, 2)
    assert inbox.last_refusal == Reason(
        "fact.refused", kind="permit", why=Reason("job.error", error="OverflowError", text="planted")
    )
    assert told == ["permit", "incident"] * 2
    running.cancel()
    await asyncio.wait([running])


async def test_a_flood_is_bounded(tmp_path: Path) -> None:
    one = assessments(tmp_path)
    inbox = FactInbox(one.tell)
    for _ in range(MOST_WAITING + 5):
        inbox.hear("x/g/order/fact/incident", INCIDENT)
    assert inbox.refused == 5
    await one.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["incident", "permit", "inspection", "flow_test", "?"]), payload=st.data())
def test_nothing_that_arrives_raises(tmp_path: Path, kind: str, payload: st.DataObject) -> None:
    fields = st.sampled_from(
        ["id", "lon", "lat", "at_s", "asset", "passed", "static_kpa", "from_s", "until_s", "state"]
    )
    values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]))
    content = payload.draw(st.dictionaries(fields, values, max_size=8))
    import json

    raw = json.dumps(content).encode()
    inbox = asyncio.run(heard(tmp_path, (f"x/g/order/fact/{kind}", raw)))
    assert inbox.kept + inbox.repeated + inbox.refused == 1
