"""A collapse is one alarm with its hydrants, a line one with its devices; over restarts, and counted so."""

import random
from pathlib import Path
from typing import Any

import pytest

from agent.control.server import ControlServer
from agent.core.requests.alarms import register_alarms
from agent.judge.alarm_groups import JOIN_NS, AlarmGroups, Where
from agent.reports.alarm_kpi import measured
from drivers.event import EventKind, Transition
from tests.alarms import offset_alarms
from tests.site.test_alarm_acts import Room, said

S = 10**9
KM = 1 / 111.195  # degrees of latitude
COLLAPSE, LOW, LOST = EventKind.PRESSURE_COLLAPSING, EventKind.PRESSURE_LOW, EventKind.DEVICE_LOST
WHERE = {
    "H1": Where("l1", 118.9, 28.9),
    "H2": Where("l1", 118.9, 28.9 + 0.9 * KM),
    "H3": Where("l2", 118.9, 28.9 + 1.8 * KM),
    "H4": Where("l2", 118.9, 28.9 + 9 * KM),
    "H5": Where("l2"),
}


@pytest.mark.parametrize(
    ("raised", "groups"),
    [
        ([("H1", COLLAPSE, 0), ("H2", COLLAPSE, 9), ("H3", COLLAPSE, 20)], ["H1", "H1", "H1"]),  # each near to the next
        ([("H1", COLLAPSE, 0), ("H3", COLLAPSE, 9), ("H2", COLLAPSE, 20)], ["H1", "H3", "H3"]),
        ([("H1", COLLAPSE, 0), ("H2", LOW, 60), ("H1", LOW, 61)], ["H1", "H1", "H1"]),  # what follows from it is of it
        ([("H1", COLLAPSE, 0), ("H4", COLLAPSE, 1)], ["H1", "H4"]),
        ([("H1", LOW, 0), ("H2", LOW, 181)], ["H1", "H2"]),
        ([("H1", LOW, 0), ("H2", LOW, 100), ("H1", LOW, 250)], ["H1", "H1", "H1"]),
        ([("H1", EventKind.KNOCKED_OVER, 0), ("H2", EventKind.KNOCKED_OVER, 1)], ["", ""]),
        ([("H3", LOST, 0), ("H4", LOST, 9), ("H5", LOST, 9), ("H1", LOST, 9)], ["H3", "H3", "H3", "H1"]),  # by line
        ([("H1", LOW, 0), ("H5", LOW, 1), ("uplink x", LOW, 2)], ["H1", "H5", ""]),  # nobody knows where they are
    ],
)
def test_what_is_of_one_cause(raised: list[tuple[str, EventKind, float]], groups: list[str]) -> None:
    grouping = AlarmGroups(WHERE.get)
    assert [grouping.joins(subject, kind, round(at_s * S)) for subject, kind, at_s in raised] == groups


def room() -> Room:
    return Room(WHERE.get)


def test_a_group_outlives_a_restart_and_its_first_member_and_takes_in_who_comes_later() -> None:
    one = room()
    one.turn(COLLAPSE, "H1")
    one.turn(COLLAPSE, "H2")
    one.now += JOIN_NS // 2
    one.begin()
    one.turn(COLLAPSE, "H1", Transition.CLEARED)
    one.turn(COLLAPSE, "H3")
    assert sorted(one.alarms.group("H1")) == [("H2", COLLAPSE), ("H3", COLLAPSE)]


def test_what_an_earlier_version_kept_stands_for_itself() -> None:
    one = room()
    one.turn(COLLAPSE, "H1")
    note: Any = one.notes["stands:H1"]
    del note["alarms"][0][3]
    again = offset_alarms(one.notes, 0, lambda: one.now)
    assert [alarm.group for alarm in again] == [""]


async def test_one_row_for_one_cause_and_one_word_for_all_of_it(tmp_path: Path) -> None:
    one = room()
    for hydrant in ("H1", "H2", "H3", "H4"):
        one.turn(COLLAPSE, hydrant)
    one.turn(LOW, "H2")
    server, path = ControlServer(tmp_path / "c.sock"), tmp_path / "c.sock"
    register_alarms(server, one.alarms, one.tell, one.durable, one)
    await server.start()
    _code, out = await said(path, "alarm", "list")
    assert len([line for line in out.splitlines() if line.startswith("H")]) == 2, out
    assert "H1 +2" in out
    assert "of one cause: H2, H3" in out
    _code, out = await said(path, "alarm", "list", "--each")
    assert len([line for line in out.splitlines() if line.startswith("H")]) == 5, out
    _code, out = await said(path, "alarm", "ack", "H3", "--group", "--by", "Wang")
    assert "H1, H2, H3" in out
    await server.close()
    assert {alarm.event.subject for alarm in one.alarms if alarm.acknowledged} == {"H1", "H2", "H3"}
    assert len(one.told) == 4, "each is told as acknowledged"


def test_a_flood_is_counted_by_what_was_announced() -> None:
    """A burst: forty hydrants collapse within a minute, thirty of them fall below their limit after the next.

    The first to fall are too far apart to be known for one; all others join one of them.
    """
    dice = random.Random(3)
    where = {f"H{n}": Where("l", 118.9 + n % 8 * 0.002, 28.9 + n // 8 * 0.002) for n in range(40)}
    turns = [
        {"t_ms": 1_763_600_400_000 + round(1000 * (base + dice.random() * 50)), "subject": f"H{n}", "turn": "raised",
         "kind": kind.value, "severity": "alarm", "err_ms": 5}
        for kind, base, count in ((COLLAPSE, 0, 40), (LOW, 70, 30))
        for n in range(count)
    ]  # fmt: skip
    alone = measured(turns, 1_763_600_400_000, 1_763_686_800_000)
    told = measured(turns, 1_763_600_400_000, 1_763_686_800_000, where.get)
    assert (alone["alarms"], alone["announced"], alone["worst_ten_min"], len(alone["floods"])) == (70, 70, 70, 1)
    assert (told["alarms"], told["announced"], told["worst_ten_min"], len(told["floods"])) == (70, 3, 3, 0)
