"""What stands is one room, and the same after a restart: with its true age, on every screen."""

import asyncio
import random
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.core.active_alarms import ActiveAlarms, alarms_of
from agent.core.moments import Moments
from agent.journal.journal import Journal, JournalPlan
from agent.link.record import PriorityClass
from agent.runtime.clock.reckon import Almanac, Fix
from agent.runtime.kernel_boot import kernel_boot_id
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from hil.simulated_site import SimulatedSite
from hil.simulated_site.agent_process import AgentProcess
from protocols.clock import boottime_ns
from protocols.reason import Reason
from tests.alarms import Notes, alarms
from tests.journal.things import running
from tests.waiting import patient

S = 10**9
KINDS = (EventKind.PRESSURE_LOW, EventKind.DEVICE_LOST, EventKind.SELF_FAULT)


def turn(kind: EventKind, subject: str, to: Transition, at_ns: int = 5 * S, **evidence: Any) -> Event:
    return Event(kind, subject, Severity.ALARM, to, at_ns, evidence)


def room(notes: Notes, boot: str, almanac: Almanac, now_s: float) -> ActiveAlarms:
    return ActiveAlarms(notes, notes.keep, Moments(boot, almanac.wall, lambda: round(now_s * S)))


def keys(found: ActiveAlarms) -> set[tuple[str, str]]:
    return {(alarm.event.subject, alarm.event.kind.value) for alarm in found}


def test_what_stood_comes_back_as_it_was_raised() -> None:
    notes = Notes()
    first = room(notes, "a", Almanac(), 9)
    why = Reason("modbus.unplugged", port="/dev/ttyUSB0")
    first.turned(turn(EventKind.LINE_DOWN, "l1", Transition.RAISED, reason=why, bits=("a", "b"), value=1.5))
    first.turned(turn(EventKind.LEAK, "h1", Transition.RAISED))
    first.turned(turn(EventKind.TILTED, "h1", Transition.RAISED))
    first.turned(turn(EventKind.LEAK, "h1", Transition.CLEARED))
    first.turned(turn(EventKind.ORDER, "o1", Transition.NOTED))
    second = room(notes, "a", Almanac(), 65)
    assert keys(second) == {("l1", "line_down"), ("h1", "tilted")}
    assert [alarm.event for alarm in second] == [alarm.event for alarm in first]
    assert [second.age_s(alarm) for alarm in second] == [60.0, 60.0], "one kernel boot, one clock"
    assert set(second.left) == {("l1", EventKind.LINE_DOWN), ("h1", EventKind.TILTED)}


def test_after_a_reboot_the_age_is_true_or_not_told() -> None:
    notes = Notes()
    room(notes, "a", Almanac(), 5000).turned(turn(EventKind.LEAK, "h1", Transition.RAISED, 4000 * S))
    before, after = Fix("a", 4_000_000, 1_000_000_000, 10, "ntp"), Fix("b", 20_000, 1_000_600_000, 10, "ntp")
    for known, age_s in (((), None), ((before,), None), ((after,), None), ((before, after), 600.0)):
        (alarm,) = found = list(second := room(notes, "b", Almanac(known), 20))
        assert second.age_s(alarm) == age_s
        assert [event.at_ns for event in second.by_this_clock()] == [20 * S - round((age_s or 0) * S)]
        assert len(found) == 1


@pytest.mark.parametrize(
    "note", [1, [], {}, "x", [1], [["a", 1]], [["a", ["made_up", "h1", "alarm", "raised", 1, {}]]], [["a", ["leak"]]]]
)
def test_a_note_of_another_make_costs_itself(note: object) -> None:
    notes = Notes()
    room(notes, "a", Almanac(), 1).turned(turn(EventKind.LEAK, "h2", Transition.RAISED))
    notes["stands:h1"] = note
    notes["gaps:h1"] = [["a", ["leak", "h1", "alarm", "raised", 1, {}]]]
    assert keys(room(notes, "a", Almanac(), 2)) == {("h2", "leak")}


def test_one_of_a_subject_is_not_another_ones() -> None:
    notes = Notes()
    notes["stands:h1"] = [["a", ["leak", "h2", "alarm", "raised", 1, {}]]]
    assert keys(room(notes, "a", Almanac(), 1)) == set()


def test_what_is_only_noted_or_was_never_raised_keeps_nothing() -> None:
    kept: list[str] = []
    one = alarms()
    one._keep = lambda name, _note: kept.append(name)
    one.turned(turn(EventKind.LEAK, "h1", Transition.CLEARED))
    one.turned(turn(EventKind.ORDER, "h1", Transition.NOTED))
    assert kept == []
    assert len(one.recent) == 2


async def committed(journal: Journal) -> set[tuple[str, str]]:
    """What stands by the event records alone."""
    records = await journal.inspect(lambda reader: reader.peek(PriorityClass.EVENT, 10_000, 0, True))
    stands: set[tuple[str, str]] = set()
    for record in records:
        for event in record["body"]["events"]:
            key = event["subject"], event["kind"]
            (stands.add if event["turn"] == "raised" else stands.discard)(key)
    return stands


@pytest.mark.parametrize("seed", range(12))
async def test_a_kill_at_any_moment_leaves_what_the_records_say(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    (tmp_path / "first").mkdir()
    async with running(tmp_path / "first", {}) as journal:
        stands = ActiveAlarms(
            journal.notes(), journal.keep, Moments(kernel_boot_id(), journal.almanac.wall, boottime_ns)
        )
        for number in range(chance.randrange(20, 120)):
            key = f"h{chance.randrange(8)}", chance.choice(KINDS)
            event = turn(key[1], key[0], Transition.CLEARED if key in stands else Transition.RAISED, number * S)
            journal.offer_event(event)
            stands.turned(event)
            if chance.random() < 0.3:
                await asyncio.sleep(0)
            if chance.random() < 0.1:
                await journal.flush()
        shutil.copytree(tmp_path / "first", tmp_path / "killed")
    left = await Journal.open(JournalPlan(tmp_path / "killed" / "journal.db"), {})
    again = alarms_of(left, boottime_ns)
    assert keys(again) == await committed(left)
    await left.close()


VIEWS = ("events", "status", "watch", "hydrant.list")


async def seen(agent: AgentProcess, hydrant: str) -> dict[str, Any]:
    """What every screen says of one hydrant."""
    (stands,) = [row for row in (await agent.ask("events"))["standing"] if row["subject"] == hydrant]
    status = next(row for row in (await agent.ask("status", every=True))["devices"] if row["id"] == hydrant)
    watch = next(row for row in (await agent.ask("watch"))["devices"] if row["id"] == hydrant)
    listed = next(row for row in await agent.ask("hydrant.list") if row["id"] == hydrant)
    (shown,) = (await agent.ask("hydrant.show", device=hydrant))["standing"]
    assert shown.pop("age_s") == pytest.approx(stands["age_s"], abs=30)
    assert shown == {name: value for name, value in stands.items() if name != "age_s"}
    return {
        "stands": stands,
        "states": {status["state"], watch["state"], listed["state"]},
        "events": {tuple(row["events"]) for row in (status, watch, listed)},
    }


@pytest.mark.timeout(180)
@pytest.mark.parametrize("orderly", [True, False])
async def test_every_screen_agrees_before_and_after_a_restart(tmp_path: Path, orderly: bool) -> None:
    poll = "poll_s = { alarm = 1, fast = 1, slow = 30 }\n"
    async with SimulatedSite(tmp_path, poll_s=poll, commit_every_s=0.25) as town:
        hydrant, terminal = next(iter(town.terminals.items()))
        says = terminal.says

        def tilted(now_ns: int) -> Mapping[str, Value]:
            return {**says(now_ns), "tilt": 80.0}

        terminal.says = tilted
        async with AgentProcess(town.site_file, town.state_dir / "control.sock", tmp_path / "agent.log") as agent:
            await agent.start()
            await agent.ready()
            async with patient("it stands", 60):
                while not [one for one in (await agent.ask("events"))["standing"] if one["subject"] == hydrant]:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
            before = await seen(agent, hydrant)
            assert before["states"] == {"alarm"}
            assert before["events"] == {("knocked_over",)}
            if orderly:
                assert await agent.stop() == 0, agent.last_words()
            else:
                await agent.kill()
            await agent.start()
            await agent.ready()
            after = await seen(agent, hydrant)
            assert after["states"] == {"alarm"}
            assert after["events"] == before["events"]
            assert after["stands"]["evidence"] == before["stands"]["evidence"]
            assert before["stands"]["age_s"] < after["stands"]["age_s"] < before["stands"]["age_s"] + 60
            recent = (await agent.ask("events"))["recent"]
            assert not [one for one in recent if one["subject"] == hydrant and one["turn"] == "raised"], "no news"
