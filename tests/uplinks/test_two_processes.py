"""What core and the uplinks tell each other besides records: events, orders, facts, the time, the newest values."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from agent.link.record import PriorityClass
from agent.runtime.clock.reckon import Fix
from agent.uplinks.orders import LONGEST, Orders
from agent.uplinks.to_core import ToCore
from drivers.event import Event, EventKind, Severity, Transition
from protocols.clock import boottime_ns
from protocols.reason import Reason, word
from tests.uplinks.both import Both, both
from tests.waiting import until


@pytest_asyncio.fixture
async def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    async with both(tmp_path, monkeypatch) as two:
        await until("connected", lambda: two.core.side.states.row("told")["state"] == "connected")
        yield two


def refused(turn: Transition, subject: str = "told", **evidence: Any) -> Event:
    return Event(EventKind.UPLINK_REFUSED, subject, Severity.WARNING, turn, boottime_ns(), evidence)


async def committed(two: Both) -> list[tuple[str, str, Any]]:
    """(turn, subject, evidence) of every event core has kept of uplinks that were refused."""
    records = await two.core.journal.inspect(lambda reader: reader.peek(PriorityClass.EVENT, 100, 0, True))
    return [
        (event["turn"], event["subject"], event["evidence"])
        for record in records
        for event in record["body"]["events"]
        if event["kind"] == "uplink_refused"
    ]


def standing(two: Both) -> list[str]:
    return [alarm.event.subject for alarm in two.core.latest.standing_elsewhere()]


async def test_an_event_is_kept_until_core_has_committed_it(pair: Both) -> None:
    to_core = pair.uplinks.part._to_core
    to_core.event(refused(Transition.NOTED, number=1))
    await until("core has kept it", lambda: not to_core._waiting)
    await pair.core.end()
    to_core.event(refused(Transition.NOTED, number=2))
    to_core.event(refused(Transition.NOTED, number=3))
    assert len(to_core._waiting) == 2
    await pair.begin_core()
    pair.join()
    await until("core has kept the others", lambda: not to_core._waiting)
    assert [evidence["number"] for _, _, evidence in await committed(pair)] == [1, 2, 3]


async def test_what_stands_goes_on_standing_over_core_and_ends_with_the_process(pair: Both) -> None:
    to_core = pair.uplinks.part._to_core
    to_core.event(refused(Transition.RAISED))
    await until("core has kept it", lambda: not to_core._waiting)
    await pair.restart_core()
    await until("it is shown again", lambda: standing(pair) == ["told"])
    await pair.restart_uplinks()
    await until("it is cleared: the new process has nothing against it", lambda: standing(pair) == [])
    await pair.core.journal.flush()
    assert [(turn, evidence) for turn, _, evidence in await committed(pair)] == [
        ("raised", {}),
        ("cleared", {"reason": word("restarted").as_json()}),
    ]


async def test_what_was_cleared_while_core_was_away_is_cleared(pair: Both) -> None:
    to_core = pair.uplinks.part._to_core
    to_core.event(refused(Transition.RAISED))
    await until("core has kept it", lambda: not to_core._waiting)
    await pair.core.end()
    to_core.event(refused(Transition.CLEARED))
    await pair.begin_core()
    pair.join()
    await until("core has kept it", lambda: not to_core._waiting)
    assert standing(pair) == []
    assert [turn for turn, _, _ in await committed(pair)] == ["raised", "cleared"]


async def test_facts_reach_core_over_its_restart_each_in_its_place(pair: Both) -> None:
    hear = pair.uplinks.part._orders_of("told")
    for number in range(6):
        if number == 2:
            await pair.core.end()
        if number == 4:
            await pair.begin_core()
            pair.join()
        hear("hydronest/gw1/order/fact/incident", orjson.dumps({"id": number, "现场": "柯城"}))
    await until("all are there", lambda: len(pair.facts) == 6)
    assert [(kind, content["id"]) for kind, content in pair.facts] == [("incident", number) for number in range(6)]
    await until("core has kept all", lambda: not pair.uplinks.part._to_core._waiting)
    answers = {(one["id"], one["status"]) for one in pair.uplinks.part._answers["told"]._waiting}
    assert {name for name, _ in answers} == {str(number) for number in range(6)}
    assert {status for _, status in answers} <= {"accepted", "repeated"}, "core may hear one twice"


async def test_the_newest_values_and_the_time_are_mirrored(pair: Both) -> None:
    newest, clock = pair.uplinks.part._newest, pair.uplinks.part._clock
    pair.core.read(301.5)
    await until("the value is there", lambda: newest.of("H1"))
    value, unit, wall_ns = newest.of("H1")["pressure"]
    assert (value, unit) == (301.5, "kPa")
    assert abs(wall_ns - 1_790_000_000_000_000_000) < 60e9
    assert clock.wall(boottime_ns()).err_ms in (20, 21)
    pair.core.read(299.0)
    await until("and the next", lambda: newest.of("H1")["pressure"][0] == 299.0)
    await pair.restart_uplinks()
    await until("a new process knows it", lambda: pair.uplinks.part._newest.of("H1"))
    assert newest.of("nobody") == {}


async def test_a_centres_clock_comes_with_the_moment_it_was_heard_and_not_all_the_time(
    pair: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[Fix] = []
    monkeypatch.setattr(pair.core.journal, "note_clock", noted.append)
    before_ms = boottime_ns() // 1_000_000
    for _ in range(200):
        pair.uplinks.part._to_core.centre_clock("2026-11-29T20:00:00")
    await until("noted", lambda: noted)
    await until("core has kept all", lambda: not pair.uplinks.part._to_core._waiting)
    (fix,) = noted
    assert before_ms <= fix.mono_ms <= boottime_ns() // 1_000_000
    assert (fix.wall_ms, fix.err_ms, fix.source) == (1_795_953_600_000, None, "centre")


async def test_core_names_its_life_and_the_far_end_is_told_of_each(pair: Both) -> None:
    first = pair.core.journal.boot
    await until("told", lambda: pair.far.boots == [first])
    await pair.restart_core()
    await until("told of the next", lambda: pair.far.boots == [first, pair.core.journal.boot])
    assert pair.far.connects == 1


async def test_what_core_does_not_take_is_counted_and_told_when_it_does() -> None:
    to_core = ToCore(most=3)
    for number in range(5):
        to_core.event(refused(Transition.NOTED, number=number))
    assert to_core.dropped == 2
    to_core.kept(2)
    *_, (_number, _what, lost) = to_core._waiting
    assert (lost.kind, lost.evidence["readings"]) == (EventKind.DATA_LOST, 2)
    to_core.kept(3)
    assert [event.kind for _, _, event in to_core._waiting] == [EventKind.DATA_LOST], "told once"


async def test_however_many_facts_are_told_events_find_room() -> None:
    to_core = ToCore(most=10)
    for number in range(1000):
        assert to_core.order("told", "x/order/fact/incident", str(number)) is (number < 5)
    for number in range(5):
        to_core.event(refused(Transition.NOTED, number=number))
    assert [what for _, what, _ in to_core._waiting] == ["order"] * 5 + ["event"] * 5
    assert to_core.dropped == 995


async def test_orders_that_are_none_cost_nothing_are_counted_and_answered() -> None:
    taken: list[str] = []
    flown: list[str] = []
    answers: list[tuple[str, str]] = []

    def answer(status: str, _name: str, why: Reason | None) -> None:
        answers.append((status, "" if why is None else why.code))

    def take(_topic: str, text: str) -> bool:
        taken.append(text)
        return len(taken) < 2

    orders = Orders(take, lambda text, _answer: flown.append(text))
    long, hostile = b"x" * (LONGEST["flight"] + 1), b"[" * 8000
    for payload in (b"\xff\xfe", long, b"\x00", hostile, b'{"at": 1e999}'):
        orders.hear("hydronest/gw1/order/flight", payload, answer)
    for topic in ("order/elsewhere", "order/fact/incident", "order/fact/incident"):
        orders.hear(f"hydronest/gw1/{topic}", long, answer)
    assert [text.encode() for text in flown] == [b"\x00", hostile, b'{"at": 1e999}']
    assert [text.encode() for text in taken] == [long, long]
    codes = ["text.not_utf8", "json.too_long", "order.unknown_kind", "fact.not_taken"]
    assert answers == [("refused", code) for code in codes]
    Orders(take).hear("hydronest/gw1/order/flight", b"{}", answer)
    assert answers[-1] == ("refused", "order.nothing_flies")


async def test_a_bug_in_one_uplink_is_an_alarm_and_shows_as_parked(pair: Both) -> None:
    pair.far.connecting = [ZeroDivisionError("planted") for _ in range(9)]
    pair.far.gone.set()
    await until("it shows", lambda: pair.core.side.states.row("told")["state"] == "parked")
    assert "planted" in str(pair.core.side.states.row("told")["reason"])
    (alarm,) = pair.core.latest.standing_elsewhere()
    assert (alarm.event.kind, alarm.event.subject) == (EventKind.SELF_FAULT, "uplink told")
