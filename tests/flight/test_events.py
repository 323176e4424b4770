"""Flight's events on their way into core's journal: each once, in order, whoever of the two dies when."""

from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.flight_mirror import FlightMirror
from agent.flight.event_spool import AT_ONCE, MOST, EventSpool
from agent.link import flight_messages as say
from agent.link.samples import Layouts
from drivers.event import Event, EventKind, Severity, Transition
from hil.virtual_card import VirtualCard


def event(number: int) -> Event:
    return Event(EventKind.FLIGHT, "n1", Severity.INFO, Transition.NOTED, number, {"i": number})


class Journal:
    """What is committed outlives core; what was only offered does not."""

    failing = None

    def __init__(self) -> None:
        self.committed: list[Event] = []
        self._mark = ("", 0)
        self._offered: list[Event] = []
        self._told: Any = None

    def mark(self, _peer: str) -> tuple[str, int]:
        return self._mark

    def offer_event(self, event: Event) -> None:
        self._offered.append(event)

    def offer_mark(self, _peer: str, mark: tuple[str, int], committed: Any) -> None:
        self._told = mark, committed

    def commit(self) -> None:
        self.committed += self._offered
        self._offered = []
        if self._told is not None:
            (self._mark, committed), self._told = self._told, None
            committed(self._mark)

    def crash(self) -> None:
        self._offered, self._told = [], None


class Intake:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.lines: dict[str, Any] = {}

    def event(self, event: Event) -> None:
        self._journal.offer_event(event)


class World:
    """A spool, a mirror, and the wire between: what is on it is lost with either end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal()
        self.sent: list[int] = []
        self.wire: list[Any] = []
        self.spool = self._spool()
        self.mirror = self._mirror()
        self.join()

    def _spool(self) -> EventSpool:
        return EventSpool(self.path, VirtualCard())

    def _mirror(self) -> FlightMirror:
        return FlightMirror(Intake(self.journal), self.journal, Layouts(), lambda: 0)  # type: ignore[arg-type]  # as much as it needs

    # as a `Channel` of core's
    def post(self, kind: str, body: Any, *, may_drop: bool = False) -> bool:
        if kind == say.HAVE:
            self.spool.core_has(*body)
        elif kind == say.KEPT:
            self.spool.core_keeps(*body)
        return True

    def join(self) -> None:
        """A new channel."""
        self.wire.clear()
        self.mirror.begun(self)  # type: ignore[arg-type]  # as much as it needs

    def tell(self) -> None:
        self.sent.append(len(self.sent) + 1)
        self.spool.add(event(self.sent[-1]))

    def send(self) -> None:
        while events := self.spool.to_send():
            self.wire.append([list(one) for one in events])
            self.spool.sent(len(events))

    def arrive(self) -> None:
        if self.wire:
            self.mirror.heard(say.EVENTS, self.wire.pop(0))

    def core_dies(self) -> None:
        self.journal.crash()
        self.mirror = self._mirror()
        self.join()

    async def flight_dies(self, late: bool) -> None:
        """`late`: what the life before left is read only when the new one has told something."""
        self.spool = self._spool()
        self.join()
        if late:
            self.tell()
            self.send()
        await self.spool.load()


STEPS = ("tell", "tell", "send", "send", "arrive", "arrive", "commit", "core_dies", "flight_dies", "break", "late")


@settings(max_examples=150)
@given(st.lists(st.sampled_from(STEPS), max_size=60))
async def test_each_once_and_none_lost(steps: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "events.jsonl")
        await world.spool.load()
        for step in [*steps, "send", *["arrive"] * 60, "commit"]:
            if step == "commit":
                world.journal.commit()
            elif step == "break":
                world.join()
            elif step in {"flight_dies", "late"}:
                await world.flight_dies(late=step == "late")
            else:
                getattr(world, step)()
        told = [one.at_ns for one in world.journal.committed]
        assert sorted(told) == world.sent
        assert world.spool.at_rest
        if "late" not in steps:
            assert told == sorted(told)


async def test_what_core_has_committed_is_kept_no_longer(tmp_path: Path) -> None:
    spool = EventSpool(tmp_path / "events.jsonl", VirtualCard())
    await spool.load()
    for number in range(3000):
        spool.add(event(number))
        if number % 100 == 99:
            numbering, last, _ = spool.to_send()[-1]
            spool.core_keeps(numbering, last)
    assert spool.at_rest
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) < 1100


async def test_no_more_is_under_way_than_core_can_bear(tmp_path: Path) -> None:
    spool = EventSpool(tmp_path / "events.jsonl", VirtualCard())
    for number in range(AT_ONCE + 10):
        spool.add(event(number))
    assert len(spool.to_send()) == AT_ONCE
    spool.sent(AT_ONCE)
    assert not spool.to_send()
    numbering = "x"
    spool.core_keeps(numbering, 9)  # of a numbering that is not ours
    assert not spool.to_send()


async def test_what_is_lost_is_counted_and_told(tmp_path: Path) -> None:
    spool = EventSpool(tmp_path / "events.jsonl", VirtualCard())
    for number in range(MOST + 5):
        spool.add(event(number))
    assert (len(spool), spool.lost) == (MOST, 5)
    numbering, _, _ = spool.to_send()[0]
    spool.core_keeps(numbering, MOST)
    spool.add(event(0))
    (lost, _) = spool.to_send()
    assert lost.event[0] == "data_lost"
    assert lost.event[-1] == {"lane": "flight", "records": 5, "why": "not_committed"}


async def test_a_torn_line_of_the_spool_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    spool = EventSpool(path, VirtualCard())
    for number in range(3):
        spool.add(event(number))
    whole = path.read_text().splitlines()
    path.write_text("\n".join([whole[0], whole[1][:20], whole[2]]) + "\n")
    again = EventSpool(path, VirtualCard())
    await again.load()
    assert [one.number for one in again.to_send()] == [1, 3]


async def test_a_bent_event_costs_itself_only_is_counted_and_told(tmp_path: Path) -> None:
    """On the card, and on the way: what stands behind it arrives, and nothing of it is sent for ever."""
    path = tmp_path / "events.jsonl"
    before = EventSpool(path, VirtualCard())
    for number in range(10):
        before.add(event(number))
    whole = [orjson.loads(line) for line in path.read_text().splitlines()]
    whole[1][2][5] = None  # evidence that is no object
    whole[2][2][1] = ["n1"]  # a subject that is no text
    whole[3][2] = {"kind": "flight"}  # no event, seen as the file is read
    whole[4][1] = "5"  # nor a number
    path.write_text("".join(f"{orjson.dumps(line).decode()}\n" for line in whole))
    world = World(path)
    await world.spool.load()
    world.send()
    world.wire[0].insert(3, [None])
    world.arrive()
    world.journal.commit()
    *told, lost = world.journal.committed
    assert [one.at_ns for one in told] == [0, *range(5, 10)]
    assert (lost.kind, lost.subject) == (EventKind.DATA_LOST, "flight")
    assert lost.evidence == {"lane": "flight", "records": 3, "why": "damage"}
    assert world.spool.at_rest
