"""What was offered and is not yet committed: bounded, in order, and put back in its place when a commit fails."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.link.record import PriorityClass
from agent.runtime.clock.reckon import Fix
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Sample, Value
from protocols.reason import Reason

Park = tuple[str, PriorityClass, int, Reason]
"""(uplink, lane, seq, reason)"""

Notes = dict[str, tuple[object, Callable[[], None] | None]]
"""By name: what somebody else wants kept as JSON with what was offered before it, and who is told once it is."""

_MOST_AT_ONCE = 50_000  # readings in one transaction, so that it fits the reserved log
_MOST_EVENTS = 10_000  # kept in memory while the card takes nothing


@dataclass(slots=True)
class Batch:
    """What one commit is to take. `rest` says that more waits behind it."""

    samples: list[Sample]
    events: list[Event]
    fixes: list[Fix]
    parks: list[Park]
    notes: Notes
    waiters: list["asyncio.Future[None]"]
    rest: bool = False


@dataclass(slots=True)
class Offers:
    """`soon` and `now` ask for a commit: within the group's time, or at once."""

    enough: int  # readings that make a group before its time
    most: int  # readings kept in memory; beyond it the oldest are lost and counted
    soon: Callable[[], None]
    now: Callable[[], None]
    waiting: int = 0  # readings
    samples: list[Sample] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    fixes: list[Fix] = field(default_factory=list)
    parks: list[Park] = field(default_factory=list)
    notes: Notes = field(default_factory=dict)
    waiters: list["asyncio.Future[None]"] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=lambda: {"telemetry": 0, "event": 0})
    _next_look: int = 0

    def sample(self, sample: Sample) -> None:
        """Take one sample."""
        self.samples.append(sample)
        self.waiting += len(sample.values)
        if self.waiting >= self._next_look:
            self._look()

    def event(self, event: Event) -> None:
        """Take one event."""
        self.events.append(event)
        if len(self.events) > _MOST_EVENTS:
            self.lost["event"] += _MOST_EVENTS // 10
            del self.events[: _MOST_EVENTS // 10]
        self.now()

    def _look(self) -> None:
        """The first sample of a group, or enough of them, or too many."""
        if self.waiting < self.enough:
            self._next_look = self.enough
            self.soon()
            return
        self.now()
        if self.waiting > self.most:
            self._shed()
        self._next_look = self.waiting + self.enough

    def _shed(self) -> None:
        upto = lost = 0
        while self.waiting - lost > self.most * 3 // 4:
            lost += len(self.samples[upto].values)
            upto += 1
        del self.samples[:upto]
        self.waiting -= lost
        self.lost["telemetry"] += lost

    def take(self, now_ns: int) -> Batch:
        """Everything that waits, or the oldest of it where that is too much for one transaction."""
        count = len(self.samples)
        if self.waiting > _MOST_AT_ONCE:
            count = max(1, count * _MOST_AT_ONCE // self.waiting)
        rest = count < len(self.samples)
        samples, self.samples = self.samples[:count], self.samples[count:]
        self.waiting = sum(len(sample.values) for sample in self.samples)
        self._next_look = self.waiting + self.enough if rest else 0
        notes = {} if rest else self.notes  # a note is true of everything offered before it
        batch = Batch(samples, self.events, self.fixes, self.parks, notes, [] if rest else self.waiters, rest)
        batch.events += [self._told(priority, n, now_ns) for priority, n in self.lost.items() if n]
        self.events, self.fixes, self.parks = [], [], []
        self.notes = self.notes if rest else {}
        self.waiters = self.waiters if rest else []
        self.lost = dict.fromkeys(self.lost, 0)
        return batch

    def put_back(self, batch: Batch) -> None:
        """The commit failed: everything goes back to the front."""
        self.samples[:0] = batch.samples
        self.waiting += sum(len(sample.values) for sample in batch.samples)
        self._next_look = self.waiting + self.enough
        self.events[:0] = batch.events
        self.fixes[:0] = batch.fixes
        self.parks[:0] = batch.parks
        self.notes = {**batch.notes, **self.notes}
        self.waiters[:0] = batch.waiters

    def _told(self, priority: str, n: int, now_ns: int) -> Event:
        evidence: dict[str, Value] = {"lane": priority, "readings": n, "records": 0, "why": "not_committed"}
        return Event(EventKind.DATA_LOST, "journal", Severity.WARNING, Transition.NOTED, now_ns, evidence)
