"""The site's own lifetime: what a bug costs, what a restart clears, how it stops."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.core.active_alarms import alarms_of
from agent.core.assemble import Site
from agent.core.intake import Intake
from agent.core.judge_feed import JudgeFeed
from agent.core.lifetime import Broken
from agent.core.open_journal import CannotStart
from agent.journal.journal import Journal
from agent.runtime.slices import SLICE_S
from agent.settings.lines import Line
from agent.settings.load import load
from agent.settings.modbus import modbus_driver
from agent.settings.settings import Settings
from drivers.event import Event, EventKind, Severity, Transition
from drivers.modbus.driver import ModbusDriver
from drivers.sample import Layout, Sample
from protocols.clock import boottime_ns
from tests.alarms import alarms
from tests.journal.things import running as journal_of
from tests.waiting import patient, until

SITE = """
[gateway]
id = "g1"
clock = "system"
state_dir = "state"

[[lines]]
id = "market"
kind = "tcp"
host = "127.0.0.1"
port = 1

[[devices]]
id = "H001"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "market"
"""


class Running:
    """A site in this process. `events` sees every event offered to the journal."""

    def __init__(self, folder: Path) -> None:
        file = folder / "site.toml"
        file.write_text(SITE, encoding="utf-8")
        self.site = Site(load(file))
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def until_up(self) -> None:
        self.task = asyncio.create_task(self.site.run(self.stop))
        task = self.task
        await until("it answers or has ended", lambda: self.site.settings.socket_path.exists() or task.done())
        assert not task.done(), task.exception()

    async def ask(self, name: str) -> Any:
        reader, writer = await asyncio.open_unix_connection(self.site.settings.socket_path)
        writer.write(json.dumps({"ask": name}).encode() + b"\n")
        try:
            return json.loads(await reader.readline())
        finally:
            writer.close()
            await writer.wait_closed()

    async def end(self) -> None:
        assert self.task is not None
        self.stop.set()
        await self.task


@pytest_asyncio.fixture
async def offered(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Event]]:
    """Every event offered to any journal."""
    seen: list[Event] = []
    offer = Journal.offer_event

    def watched(self: Journal, event: Event) -> None:
        seen.append(event)
        offer(self, event)

    monkeypatch.setattr(Journal, "offer_event", watched)
    yield seen


async def test_what_an_earlier_run_left_standing_is_cleared_by_the_next(tmp_path: Path, offered: list[Event]) -> None:
    def left(kind: EventKind, subject: str) -> Event:
        return Event(kind, subject, Severity.WARNING, Transition.RAISED, boottime_ns())

    async with journal_of(tmp_path / "state", {}) as journal:
        room = alarms_of(journal, boottime_ns)
        room.turned(left(EventKind.SELF_FAULT, "uplink x"))
        room.turned(left(EventKind.LINE_DOWN, "market"))
        room.turned(left(EventKind.LINE_DOWN, "a line of before"))
        room.turned(left(EventKind.PRESSURE_LOW, "H001"))
        room.turned(left(EventKind.PRESSURE_LOW, "a hydrant of before"))
        await journal.flush()
    running = Running(tmp_path)
    await running.until_up()
    answer = await running.ask("events")
    await running.end()
    cleared = {(event.kind, event.subject) for event in offered if event.transition is Transition.CLEARED}
    assert cleared == {
        (EventKind.SELF_FAULT, "uplink x"),
        (EventKind.LINE_DOWN, "a line of before"),
        (EventKind.PRESSURE_LOW, "a hydrant of before"),
    }
    standing = {(row["kind"], row["subject"]) for row in answer["value"]["standing"]}
    assert standing == {("line_down", "market"), ("pressure_low", "H001")}, "nobody listens there, nobody has read it"


async def test_a_journal_that_fails_stops_the_agent_for_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offered: list[Event]
) -> None:
    async def fails(self: Journal) -> None:
        raise KeyError("planted")

    monkeypatch.setattr(Journal, "run", fails)
    running = Running(tmp_path)
    async with patient("it stops", 30):
        with pytest.raises(Broken, match="planted"):
            await running.site.run(running.stop)
    assert [event.subject for event in offered if event.kind is EventKind.SELF_FAULT] == ["journal"]


async def test_a_bug_in_the_judge_rests_it_for_a_minute_and_loses_no_sample() -> None:
    kept: list[Sample] = []
    judged: list[int] = []
    bug = {1, 62}  # it fails on samples read in these seconds
    now_s = 0
    told: list[Event] = []

    class Anything:
        def offer_sample(self, sample: Sample) -> None:
            kept.append(sample)

        def offer_event(self, event: Event) -> None:
            told.append(event)

        def event(self, event: Event) -> None:
            """The board's."""

        def passes(self, sample: Sample) -> bool:
            return True

        def sample(self, sample: Sample, keeps: bool = True) -> None:
            """A board that shows nothing, a judge that counts."""

    class Judge:
        def sample(self, sample: Sample, kept: bool) -> None:
            judged.append(sample.read_ns)
            assert sample.read_ns not in bug, "planted"

    intake = Intake(Anything(), Anything(), Anything(), alarms(), [], judged=lambda one, kept: feed.sample(one, kept))  # type: ignore[arg-type]
    feed = JudgeFeed(Judge(), intake.parked, intake.unparked, lambda: now_s * 10**9)
    layout = Layout("p", ("pressure",), ("kPa",))
    for now_s in range(140):
        intake.sample(Sample("H1", layout, now_s, (1.0,), layout.good))
        stands = ["raised"] if now_s < 132 else ["raised", "cleared"]
        assert [event.transition for event in told] == stands[: now_s and 2]
    assert len(kept) == 140
    assert judged == [0, 1, 61, 62, *range(122, 140)], "tried again a minute after each failure"
    assert {(event.kind, event.subject) for event in told} == {(EventKind.SELF_FAULT, "judge samples")}


async def test_two_agents_cannot_have_one_journal(tmp_path: Path) -> None:
    first = Running(tmp_path)
    await first.until_up()
    with pytest.raises(CannotStart, match="only one agent"):
        await Running(tmp_path).site.run(asyncio.Event())
    assert (await first.ask("status"))["ok"]
    await first.end()


async def test_the_state_folder_that_cannot_be_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, not a folder")
    with pytest.raises(CannotStart, match="journal and state live there"):
        await Running(tmp_path).site.run(asyncio.Event())


async def test_the_loop_turns_while_drivers_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten thousand devices that takes longer than the supervisor bears to hear nothing."""
    lines = [f'[[lines]]\nid = "more{n}"\nkind = "tcp"\nhost = "127.0.0.1"\nport = {n + 2}\n' for n in range(9)]
    (tmp_path / "site.toml").write_text(SITE + "".join(lines), encoding="utf-8")
    turns = 0
    made: list[int] = []

    def made_slowly(line: Line, settings: Settings, on_rest: Callable[[int], None]) -> ModbusDriver:
        made.append(turns)
        time.sleep(SLICE_S)
        return modbus_driver(line, settings, on_rest)  # type: ignore[arg-type]  # none of OPC UA here

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr("agent.core.assemble.modbus_driver", made_slowly)
    stop, ready = asyncio.Event(), asyncio.Event()
    counting = asyncio.create_task(count())
    site = asyncio.create_task(Site(load(tmp_path / "site.toml")).run(stop, ready=ready.set))
    async with patient("it runs", progress=lambda: len(made)):
        await ready.wait()
        stop.set()
        await site
    counting.cancel()
    assert len(made) == 10
    assert made == sorted(set(made)), "at least a turn between two lines"
