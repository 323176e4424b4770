"""Facts as orders from the platform: kept once, refused with a reason, never in the way."""

import asyncio
import contextlib
import json
import logging
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.flight.orders.signing import public_text, sign
from agent.judge.facts import BadFact
from agent.judge.service.fact_door import FRESH_S, MAY_TELL, FactDoor
from agent.judge.service.fact_inbox import MOST_WAITING, FactInbox
from agent.judge.service.fact_store import FactStore, kind_of
from agent.judge.service.service import AssessmentService
from agent.runtime.flood import MOST
from agent.runtime.signed import FACT, ORDER
from agent.settings.flight import Key
from protocols.reason import Reason
from tests.judge.stand import hydrant, rules
from tests.waiting import patient

KEYS = {role: Ed25519PrivateKey.generate() for role in ("platform", "brigade", "on_site", "emergency")}
NOW_S = 1_763_600_100.0
FIRE = {"id": "119-7", "lon": 118.9, "lat": 28.9, "at_s": 1763600000, "level": 2}
PERMIT = {"id": "P1", "holder": "h", "from_s": 1.0, "until_s": 2e9, "asset": "H1"}
TOPIC = "x/g/order/fact/"


def door(now_s: float | None = NOW_S) -> FactDoor:
    keys = [
        Key(id=f"k-{role}", person=f"{role}-person", role=role, public_key=public_text(key))  # type: ignore[arg-type]
        for role, key in KEYS.items()
    ]
    return FactDoor(keys, "g", lambda: now_s)


def signed(content: object, kind: str = "incident", role: str = "platform", **other: object) -> bytes:
    """An envelope; `other` takes the place of what should stand in it."""
    payload = {"gateway": "g", "fact": kind, "at": NOW_S - 5, "content": content, **other}
    return json.dumps(sign(KEYS[role], f"k-{role}", payload, FACT)).encode()


INCIDENT = signed(FIRE)


def assessments(folder: Path) -> AssessmentService:
    return AssessmentService(
        [hydrant("H1")], rules(), lambda _e: None, folder, gateway="g", utc_ns=lambda: None, now_ns=lambda: 0
    )


async def heard(folder: Path, *orders: tuple[str, bytes]) -> FactInbox:
    one = assessments(folder)
    inbox = FactInbox(one.tell, door())
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


async def test_what_nobody_signed_is_a_claim_and_moves_nothing(tmp_path: Path) -> None:
    """B4: an incident with a standing order, a permit for the whole city until 2096, neither of them signed."""
    city = {**PERMIT, "until_s": 4e9, "asset": "", "lon": 118.9, "lat": 28.9, "radius_m": 90_000.0}
    inbox = await heard(
        tmp_path,
        *[(f"{TOPIC}incident", json.dumps(FIRE).encode())] * 3,
        (f"{TOPIC}permit", json.dumps(city).encode()),
        (f"{TOPIC}inspection", b'{"asset":"H1","at_s":1,"passed":true}'),
    )
    assert (inbox.kept, inbox.refused, inbox.claimed, inbox.repeated) == (0, 0, 3, 2)
    assert [kind_of(claim) for claim in inbox.claims] == ["incident", "permit", "inspection"]
    assert FactStore(tmp_path).told == []


async def test_claims_and_refusals_are_told_and_a_flood_of_them_is_a_number(tmp_path: Path) -> None:
    one = assessments(tmp_path)
    told: list[str] = []
    inbox = FactInbox(one.tell, on_refused=lambda _kind, why: told.append(why.code))
    running = asyncio.create_task(inbox.run())
    for number in range(300):
        inbox.hear(f"{TOPIC}incident", json.dumps({**FIRE, "id": str(number)}).encode())
    await inbox.settled()
    assert told == ["fact.claim"] * MOST
    assert (inbox.claimed, len(inbox.claims)) == (300, 100)
    inbox._flood._tell()
    assert told[MOST:] == ["fact.flood"]
    running.cancel()
    await asyncio.wait([running])
    await one.close()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (signed(FIRE, role="emergency"), "fact.not_allowed"),
        (signed(FIRE, kind="permit"), "fact.other_kind"),
        (signed(FIRE, gateway="g2"), "order.wrong_gateway"),
        (signed(FIRE, at=NOW_S - FRESH_S - 1), "order.stale"),
        (signed(FIRE, at=NOW_S + 400), "order.from_the_future"),
        (signed(FIRE, at="now"), "order.at"),
        (signed([FIRE]), "request.object_wanted"),
        (json.dumps(sign(KEYS["brigade"], "k-platform", json.loads(INCIDENT), FACT)).encode(), "order.bad_signature"),
        (json.dumps(sign(KEYS["platform"], "k-nobody", {}, FACT)).encode(), "order.unknown_key"),
        (json.dumps({**json.loads(INCIDENT), "key": "k-brigade"}).encode(), "order.bad_signature"),
        (INCIDENT.replace(b"119-7", b"119-8"), "order.bad_signature"),
        (
            json.dumps(sign(KEYS["platform"], "k-platform", {"gateway": "g", "fact": "incident"}, ORDER)).encode(),
            "order.bad_signature",
        ),
        (b'{"signature": 1}', "order.no_envelope"),
    ],
)
def test_a_signature_that_is_not_right_in_everything_counts_for_nothing(payload: bytes, code: str) -> None:
    with pytest.raises(BadFact) as refused:
        door().read("incident", payload)
    assert refused.value.reason.code == code


@pytest.mark.parametrize("kind", MAY_TELL)
@pytest.mark.parametrize("role", KEYS)
def test_each_role_tells_what_it_may(kind: str, role: str) -> None:
    raw = signed({}, kind, role)
    if role in MAY_TELL[kind]:
        assert door().read(kind, raw).by == f"{role}-person"
    else:
        with pytest.raises(BadFact, match="may not tell"):
            door().read(kind, raw)


def test_without_a_trusted_time_a_signed_fact_counts_by_its_own_date() -> None:
    assert door(None).read("incident", signed(FIRE, at=NOW_S + 1e6)).content == FIRE


async def test_refused_with_a_reason(tmp_path: Path) -> None:
    topic = "x/g/order/fact/"
    for kind, payload, why in (
        ("incident", b"{", "not JSON"),
        ("incident", b"[]", "not a JSON object"),
        ("incident", b"{}", "missing"),
        ("incident", signed({}), "missing"),
        ("weather", json.dumps(FIRE).encode(), "no fact of kind"),
        ("incident", b" " * 20_000, "bytes"),
        ("incident", b"[" * 10_000, "within one another"),
    ):
        inbox = await heard(tmp_path / "x", (topic + kind, payload))
        assert inbox.refused == 1
        assert why in str(inbox.last_refusal)


async def test_a_fact_that_meets_a_bug_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    async def tell(kind: str, _content: object, _by: str, _more: object) -> bool:
        told.append(kind)
        if kind == "permit":
            raise OverflowError("planted")
        return True

    inbox = FactInbox(tell, door())
    running = asyncio.create_task(inbox.run())
    with caplog.at_level(logging.CRITICAL):
        for kind in ("permit", "incident", "permit", "incident"):
            inbox.hear(f"x/g/order/fact/{kind}", signed({}, kind))
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
    raw = json.dumps(content).encode()
    inbox = asyncio.run(heard(tmp_path, (f"x/g/order/fact/{kind}", raw)))
    assert inbox.claimed + inbox.refused == 1
    assert asyncio.run(heard(tmp_path, (f"x/g/order/fact/{kind}", signed(content, kind)))).claimed == 0


async def test_each_is_answered_and_what_we_do_not_know_of_it_is_kept(tmp_path: Path) -> None:
    one = assessments(tmp_path)
    answers: list[tuple[str, str, str]] = []
    inbox = FactInbox(one.tell, door())
    running = asyncio.create_task(inbox.run())

    def answer(status: str, name: str, why: Reason | None) -> None:
        answers.append((status, name, why.code if why else ""))

    newer = {**FIRE, "id": "119-8", "floor": 7, "told_by": "me", "more": {"deep": [1]}}
    for payload in (
        INCIDENT,
        INCIDENT,
        json.dumps(FIRE).encode(),
        signed(newer),
        signed({**FIRE, "at_s": NOW_S + 400}),  # dated ahead, and by the signer's own clock
        b"{",
        signed({"lon": 1}),
    ):
        inbox.hear(
            f"{TOPIC}incident",
            payload,
            lambda *told: answers.append((told[0], told[1], told[2].code if told[2] else "")),
        )
    await inbox.settled()
    assert answers == [
        ("accepted", "119-7", ""),
        ("repeated", "119-7", ""),
        ("claim", "119-7", "fact.claim"),
        ("accepted", "119-8", ""),
        ("refused", "", "fact.in_the_future"),
        ("refused", "", "json.none"),
        ("refused", "", "fact.missing"),
    ]
    running.cancel()
    await asyncio.wait([running])
    await one.close()
    kept = FactStore(tmp_path).told[-1]
    assert (kept.told_by, kept.more) == ("platform-person", {"floor": 7, "told_by": "me", "more": {"deep": [1]}})
    assert kept.as_json()["more"]["floor"] == 7


async def test_a_topic_that_names_no_kind_is_answered_too(tmp_path: Path) -> None:
    one = assessments(tmp_path)
    answers: list[str] = []
    inbox = FactInbox(one.tell)
    running = asyncio.create_task(inbox.run())
    for below in ("fact", "fact/", "fact/incident/x", "flight", "fact/incident"):
        inbox.hear(f"x/g/order/{below}", b"{}", lambda *told: answers.append(told[2].code if told[2] else ""))
    async with patient("the inbox is settled"):
        await inbox.settled()
    running.cancel()
    await asyncio.wait([running])
    await one.close()
    assert answers == ["fact.no_kind", "fact.no_kind", "fact.no_kind", "fact.missing"]


async def test_a_fact_dated_ahead_is_refused_wherever_it_is_told(tmp_path: Path) -> None:
    one = AssessmentService([hydrant("H1")], rules(), lambda _e: None, tmp_path, gateway="g",
                            utc_ns=lambda: int(NOW_S * 1e9), now_ns=lambda: 0)  # fmt: skip
    with pytest.raises(BadFact) as no:
        await one.tell("incident", {**FIRE, "at_s": NOW_S + 86_000})
    assert no.value.reason.code == "fact.in_the_future"
    assert await one.tell("incident", {**FIRE, "at_s": NOW_S + 200}), "as far as clocks may be apart"
    await one.close()
