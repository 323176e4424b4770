"""A random life of a journal: commits, confirmations, reconnects, a full disk, restarts; and a model of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agent.journal import body
from agent.journal.ledger import Ledger, Stored, Work
from agent.journal.retention import RetentionPlan
from agent.journal.spans import PrioritySpans, inside
from agent.journal.tally import Fate
from agent.link.record import PriorityClass
from drivers.sample import Sample
from tests.journal.things import HYDRANT, MS, event

PLAN = RetentionPlan(112 << 10, 48 << 10, history=0.25, condense_at=0.5, drop_at=0.8, trim_every=4)
NO_SUMMARIES = replace(PLAN, condense_at=9.0, drop_at=0.6)  # so that records are lost, not summed up
UPLINKS = ("province", "centre")
KERNEL = "0123456789abcdef0123456789abcdef"


class BrokenPromise(AssertionError):
    """The journal did what it promised not to do."""


def fingerprint(ledger: Ledger) -> tuple[object, ...]:
    """Everything that matters in a file: the account, what is owed, every row under its name. Checks every row."""
    rows = []
    for priority in PriorityClass:
        good, bad = ledger.rows(priority, 0, 1 << 62, 1 << 30)
        if bad:
            raise BrokenPromise(f"{priority.code} rows are damaged: {bad}")
        rows.append(tuple((row.seq, row.boot, row.crc) for row in good))
    return (ledger.tally.text(), repr(sorted(ledger.outboxes.items())), *rows)


class Life:
    """Drives one ledger and keeps the model. `acked(tick)` is told whenever a commit has returned."""

    def __init__(
        self, path: Path, rng: random.Random, *, synchronous: str = "FULL", vfs: str = "", full: bool = False
    ) -> None:
        self.path = path
        self.rng = rng
        self.synchronous = synchronous
        self.vfs = vfs
        self.plan = rng.choice((PLAN, NO_SUMMARIES))
        self.full = full  # no confirmations for long stretches: the cap is reached
        self.acked: Callable[[int], None] = lambda tick: None
        self.names: dict[tuple[int, int], int] = {}  # (boot, seq) → crc, of everything ever committed
        self.born: dict[int, tuple[PriorityClass, int]] = {}  # seq → lane, n
        self.platform: dict[str, set[int]] = {name: set() for name in UPLINKS}
        self.prints: dict[int, tuple[object, ...]] = {}
        self.samples = 0
        self.now_ms = 1_000_000
        self.highest = 0
        self.ledger: Ledger
        self.spans: dict[str, dict[PriorityClass, PrioritySpans]]

    def open(self) -> None:
        """Start an agent: a new boot id on the same files."""
        self.ledger = Ledger(
            self.path,
            self.plan,
            boot=self.rng.getrandbits(47) | 1,
            kernel_boot=KERNEL,
            now_ms=lambda: self.now_ms,
            synchronous=self.synchronous,
            vfs=self.vfs,
        )
        self.ledger.open()
        stored = self.ledger.outboxes
        self.spans = {}
        for name in UPLINKS:
            unsent = stored.get(name)
            priorities = {}
            for priority in PriorityClass:
                ranges = list(unsent[priority]) if unsent else []
                priorities[priority] = PrioritySpans(ranges[:-1], ranges[-1][0] if ranges else 1)
            self.spans[name] = priorities
        self.prints[self.ledger.tally.tick] = fingerprint(self.ledger)

    def live(self, steps: int) -> None:
        """Go on living."""
        for _ in range(steps):
            self.step()

    def step(self) -> None:
        """One thing of the many that happen."""
        self.now_ms += self.rng.choice((1000, 1000, 60_000))
        roll = self.rng.random()
        if roll < 0.55:
            self.commit(self.rng.randrange(1, 30), self.rng.random() < 0.2)
        elif roll < 0.60:
            self.commit(self.rng.randrange(60, 100), False)
        elif roll < 0.65:
            self.commit(0, True)
        elif roll < 0.80:
            self.deliver(self.rng.choice(UPLINKS), self.rng.randrange(1, 30))
        elif roll < 0.90:
            self.reconnect(self.rng.choice(UPLINKS))
        elif roll < 0.97:
            self.commit(0, False)
        else:
            self.ledger.close()
            self.open()

    def deliver(self, name: str, limit: int) -> None:
        """Hand out some records and have the far end confirm most of them, in any order."""
        if self.full and self.rng.random() < 0.9:
            return
        for priority, spans in self.spans[name].items():
            for span in (spans.live, *spans.past):
                hi = min(span.hi, self.ledger.tally.next_seq - 1)
                rows, _ = self.ledger.rows(priority, span.cursor, hi, limit)
                upto = rows[-1].seq if len(rows) == limit else hi
                spans.taken(span, [row.seq for row in rows], upto)
                if not rows and span is not spans.live:
                    spans.exhausted(span)
                self.rng.shuffle(rows)
                for row in rows:
                    if self.rng.random() < 0.9:
                        self.platform[name].add(row.seq)
                        spans.done(row.seq)
                    else:
                        spans.give_back(row.seq)

    def reconnect(self, name: str) -> None:
        """The connection came back."""
        for priority, spans in self.spans[name].items():
            if priority is PriorityClass.TELEMETRY:
                spans.freeze(self.ledger.tally.next_seq)
            else:
                spans.rewind()

    def commit(self, samples: int, with_event: bool) -> None:
        """One group commit, what was confirmed riding along."""
        work = Work()
        if samples:
            first, self.samples = self.samples, self.samples + samples
            work.drafts.append(body.telemetry([self.noise(i) for i in range(first, self.samples)]))
        if with_event:
            work.drafts.append(body.events([event(self.samples, self.now_ms)]))
        work.outboxes = {
            name: {priority: s.ranges() for priority, s in priorities.items()}
            for name, priorities in self.spans.items()
        }
        flying = [
            seq for priorities in self.spans.values() for spans in priorities.values() for seq in spans.in_flight()
        ]
        work.in_flight = frozenset(flying)
        self.did(self.ledger.commit(work))
        if self.ledger.crowded:
            self.did(self.ledger.condense())

    def noise(self, i: int) -> Sample:
        """A sample of one of five hydrants that hardly packs."""
        values = tuple(round(self.rng.random() * 1000, 3) for _ in HYDRANT.points)
        return Sample(f"hydrant-{i % 5}", HYDRANT, (self.now_ms + i % 7) * MS, values, HYDRANT.good)

    def did(self, stored: list[Stored]) -> None:
        """A commit has returned: it is acknowledged, and everything promised must hold."""
        for one in stored:
            name = (one.row.boot, one.row.seq)
            if self.names.setdefault(name, one.row.crc) != one.row.crc or one.row.seq <= self.highest:
                raise BrokenPromise(f"{name} was used twice")
            if one.row.seq != self.highest + 1:
                raise BrokenPromise(f"{one.row.seq} after {self.highest}: a hole")
            self.highest = one.row.seq
            self.born[one.row.seq] = (one.priority, one.row.n)
        tick = self.ledger.tally.tick
        self.prints[tick] = fingerprint(self.ledger)
        self.acked(tick)
        self.check()

    def check(self) -> None:
        """Nothing unsent outside a span; whatever is gone was confirmed, is summed up, or is counted as lost."""
        ledger = self.ledger
        held = {}
        for priority in PriorityClass:
            rows, _ = ledger.rows(priority, 0, 1 << 62, 1 << 30)
            held.update({row.seq: row for row in rows})
            tally = ledger.tally[priority]
            if not tally.balanced or tally.held != sum(r.n for r in rows) or tally.rows != len(rows):
                raise BrokenPromise(f"the account of {priority.code} is wrong: {tally}")
        lost = [(r[0], r[1], r[2]) for r in ledger.db.execute("SELECT lane, lo, hi FROM loss")]
        gone = {Fate.RELEASED: 0, Fate.LOST: 0}
        condensed = ledger.tally[PriorityClass.TELEMETRY].condensed
        for seq, (priority, n) in self.born.items():
            waiting = [name for name in UPLINKS if seq not in self.platform[name]]
            if seq in held:
                for name in waiting:
                    if not inside(ledger.outboxes.get(name, {}).get(priority, [(1, 1 << 62)]), seq):
                        raise BrokenPromise(f"{seq} is unsent to {name} and in no span")
            elif any(priority == where and lo <= seq <= hi for where, lo, hi in lost):
                gone[Fate.LOST] += n
            elif not waiting:
                gone[Fate.RELEASED] += n
            else:
                condensed -= n if priority is PriorityClass.TELEMETRY else 0
                if priority is not PriorityClass.TELEMETRY or condensed < 0:
                    raise BrokenPromise(f"{seq} is gone, unsent to {waiting} and not counted")
