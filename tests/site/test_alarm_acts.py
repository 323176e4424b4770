"""Acknowledged and shelved, by people through the command line; kept with what stands."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.control.server import ControlServer
from agent.core.active_alarms import ActiveAlarms
from agent.core.latest import DeviceInfo, LatestValues
from agent.core.requests.alarms import register_alarms
from agent.core.requests.device_row import state_of
from agent.judge.alarm_groups import Where
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Layout, Sample
from tests.alarms import Notes, offset_alarms
from tests.asking import cli

S = 10**9
LAYOUT = Layout("t", ("pressure",), ("kPa",))


class Room:
    """What stands of one hydrant and one line, kept over restarts; a clock turned by hand."""

    def __init__(self, where: Callable[[str], Where | None] = lambda _device: None) -> None:
        self._where = where
        self.now = 1000 * S
        self.offset = 0
        self.notes = Notes()
        self.told: list[Event] = []
        self.durable_after: list[int] = []
        self.begin()

    def begin(self) -> None:
        self.alarms: ActiveAlarms = offset_alarms(self.notes, self.offset, lambda: self.now, where=self._where)

    def turn(self, kind: EventKind, subject: str, turn: Transition = Transition.RAISED) -> None:
        self.alarms.turned(Event(kind, subject, Severity.ALARM, turn, self.now, {"value": 60.0, "unit": "kPa"}))

    def tell(self, event: Event) -> None:
        self.told.append(event)

    async def durable(self) -> None:
        self.durable_after.append(len(self.told))

    def utc_ns(self) -> int | None:
        return self.now

    def timezone(self) -> str:
        return "Asia/Shanghai"

    def state(self) -> str:
        latest = LatestValues([DeviceInfo("H1", "", "hydrant", "pressure", "l")], self.alarms)
        latest.sample(Sample("H1", LAYOUT, self.now, (60.0,), LAYOUT.good))
        return state_of(latest.readings()[0], self.now)


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    one = Room()
    one.turn(EventKind.PRESSURE_LOW, "H1")
    one.turn(EventKind.LINE_DOWN, "market")
    server = ControlServer(tmp_path / "c.sock")
    register_alarms(server, one.alarms, one.tell, one.durable, one)
    await server.start()
    yield one
    await server.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.sock"


async def said(path: Path, *args: str, lang: str = "en") -> tuple[int, str]:
    """Exit code, and everything the command said."""
    code, out, err = await cli(path, *args, lang=lang)
    return code, out + err


async def listed(path: Path) -> dict[str, Any]:
    return dict(json.loads((await said(path, "alarm", "list", "--json"))[1]))


async def test_one_is_acknowledged_and_stands_on(room: Room, path: Path) -> None:
    code, out = await said(path, "alarm")
    assert (code, out.count(" new ")) == (3, 2)
    assert "60.0 kPa" in out
    code, out = await said(path, "alarm", "ack", "H1", "--by", "王", "--note", "crew on its way")
    assert (code, out) == (0, "H1: pressure low acknowledged\n")
    code, out = await said(path, "alarm", "list", lang="zh")
    assert (code, "已由 王 确认" in out, "未确认" in out) == (3, True, True)
    (told,) = room.told
    assert (told.kind, told.subject, told.transition) == (EventKind.PRESSURE_LOW, "H1", Transition.NOTED)
    assert (str(told.evidence["reason"]), told.evidence["note"]) == ("acknowledged by 王", "crew on its way")
    assert room.durable_after == [1], "kept before it is answered"
    room.begin()
    (row,) = (alarm for alarm in room.alarms if alarm.event.subject == "H1")
    assert row.acknowledged is not None and row.acknowledged.by == "王"
    room.turn(EventKind.PRESSURE_LOW, "H1", Transition.CLEARED)
    room.turn(EventKind.PRESSURE_LOW, "H1")
    assert [alarm.acknowledged for alarm in room.alarms if alarm.event.subject == "H1"] == [None], "it came again"


async def test_something_is_said_of_one_that_nobody_has_acknowledged(room: Room, path: Path) -> None:
    assert await said(path, "alarm", "note", "H1", "valve 7 is shut", "--by", "王") == (0, "H1: pressure low noted\n")
    (told,) = room.told
    assert (str(told.evidence["reason"]), told.evidence["note"]) == ("noted by 王", "valve 7 is shut")
    assert room.durable_after == [1], "kept before it is answered"
    room.begin()
    (row,) = (one for one in room.alarms if one.event.subject == "H1")
    assert (row.note, row.acknowledged) == ("valve 7 is shut", None)
    code, out = await said(path, "alarm", "note", "H9", "nothing there")
    assert (code, "H9" in out) == (65, True), out
    assert (await said(path, "alarm", "note", "H1", ""))[0] != 0
    await said(path, "alarm", "ack", "H1")
    assert "“valve 7 is shut”" in (await said(path, "alarm"))[1]


async def test_what_is_shelved_is_off_the_screens_until_its_time_is_over(room: Room, path: Path) -> None:
    assert room.state() == "alarm"
    code, out = await said(path, "alarm", "shelve", "H1", "pressure_low", "--for", "12h", "--why", "pipe works")
    assert (code, out) == (0, "H1: pressure low shelved for 12h\n")
    assert room.state() == "ok"
    found = await listed(path)
    assert [(one["subject"], one["left_s"], one["why"]) for one in found["shelf"]] == [("H1", 43200, "pipe works")]
    assert {row["subject"]: row["shelved_s"] for row in found["standing"]} == {"H1": 43200, "market": None}
    room.turn(EventKind.PRESSURE_LOW, "H1", Transition.CLEARED)
    code, out = await said(path, "alarm")
    assert "shelved, 12h left" in out, "the shelf is seen though nothing stands"
    room.begin()
    room.now += 3600 * S
    room.turn(EventKind.PRESSURE_LOW, "H1")
    assert room.state() == "ok", "it comes again, and over a restart"
    room.now += 11 * 3600 * S + 1
    assert room.state() == "alarm"
    assert room.alarms.shelved_s(("H1", EventKind.PRESSURE_LOW)) is None


async def test_a_shelf_holds_over_a_reboot_only_while_its_end_is_known(room: Room) -> None:
    room.alarms.shelve(("H1", EventKind.PRESSURE_LOW), 7200, "王", "works")
    room.now, room.offset = 5 * S, 1000 * S + 595 * S  # ten minutes later on a new boot's clock
    room.begin()
    assert room.alarms.shelved_s(("H1", EventKind.PRESSURE_LOW)) == 6600
    assert room.state() == "ok"
    room.alarms = offset_alarms(room.notes, room.offset, lambda: room.now, trusted=False)
    assert room.state() == "alarm", "nobody knows whether it is over"


async def test_it_is_taken_off_the_shelf(room: Room, path: Path) -> None:
    await said(path, "alarm", "shelve", "H1", "pressure_low", "--for", "12h", "--why", "pipe works")
    assert (await said(path, "alarm", "unshelve", "H1", "pressure_low", lang="zh"))[1] == "H1: 欠压 已取消搁置\n"
    assert room.state() == "alarm"
    assert room.alarms.shelf == {}
    assert [str(event.evidence["reason"]) for event in room.told][-1].startswith("taken off the shelf by uid ")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("ack", "H9"), 65, "nothing stands of H9"),
        (("ack", "H1", "leak"), 65, "leak of H1 does not stand"),
        (("ack", "H1", "made_up"), 2, "made_up"),
        (("shelve", "H1", "leak", "--for", "1h", "--why", "x"), 65, "leak of H1 does not stand"),
        (("shelve", "H1", "pressure_low", "--for", "8d", "--why", "x"), 2, "8d: 7d at most"),
        (("shelve", "H1", "pressure_low", "--for", "soon", "--why", "x"), 2, "90s, 30m, 12h or 7d"),
        (("shelve", "H1", "pressure_low", "--for", "1h"), 2, "--why"),
        (("unshelve", "H1", "pressure_low"), 65, "is on no shelf"),
        (("ack", "H1", "--note", "x" * 401), 2, "at most 400"),
    ],
)
async def test_what_cannot_be_said(room: Room, path: Path, words: tuple[str, ...], code: int, told: str) -> None:
    ended, out = await said(path, "alarm", *words)
    assert told in out
    assert ended == code
    assert room.told == []
    assert room.alarms.shelf == {}
