"""Keeps the journal inside its cap: what every uplink has goes first, then old telemetry is lost, counted and reported.

Runs inside the group commit's transaction. Alarms keep what they have until telemetry is down to its own floor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import apsw
import orjson

from agent.journal import sql
from agent.journal.body import Draft
from agent.journal.schema import PAGE_BYTES
from agent.journal.spans import Range, gaps, inside, union
from agent.journal.tally import Fate, Tally
from agent.link.record import PriorityClass
from drivers.event import EventKind, Severity, Transition
from protocols.errors import Reasoned
from protocols.reason import word

_TRIM_ROWS = 128  # rows let go in one commit: bounds the log's growth and the commit's time
_DROP_ROWS = 64  # rows lost in one go, so that a long overflow is told in few records


class TreeDamaged(Reasoned, apsw.CorruptError):
    """Rows are missing, or where they should not be, and SQLite has not noticed: the file must be made anew."""


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """How much disk the journal may use, and how it is shared out."""

    cap_bytes: int = 256 << 20
    wal_bytes: int = 2 << 20
    history: float = 0.5  # of the cap: records every uplink has stay until the file is this full
    condense_at: float = 0.8  # of the cap: from here on the oldest unsent telemetry is down-sampled
    drop_at: float = 0.95  # of the cap: from here on the oldest is dropped with a loss record
    event_floor_bytes: int = 0  # kept free for events: telemetry never takes it
    trim_every: int = 32  # commits between two looks at what may go: its page writes are shared by many
    telemetry_floor: float = 0.125  # of the cap: events never push telemetry below this


class Loss(NamedTuple):
    """A range of one lane whose unsent records are gone for good."""

    priority: PriorityClass
    lo: int
    hi: int
    records: int
    n: int
    t0_ms: int | None
    why: str
    uplinks: tuple[str, ...]

    def draft(self, now_ms: int) -> Draft:
        """The `data_lost` event that tells the far end. `age_ms` is how long before it the oldest lost record began."""
        evidence: dict[str, object] = {
            "lane": self.priority.code,
            "first_seq": self.lo,
            "last_seq": self.hi,
            "records": self.records,
            "readings": self.n,
            "why": self.why,
            "uplinks": self.uplinks,
        }
        if self.t0_ms is not None:
            evidence["age_ms"] = max(0, now_ms - self.t0_ms)
        event = {
            "kind": EventKind.DATA_LOST,
            "subject": "journal",
            "severity": Severity.WARNING,
            "turn": Transition.NOTED,
            "at_ms": 0,
            "evidence": evidence,
        }
        return Draft(PriorityClass.EVENT, now_ms, 1, orjson.dumps({"events": [event]}))


class Retention:
    """The space policy over one open connection."""

    def __init__(self, db: apsw.Connection, plan: RetentionPlan, cap_pages: int) -> None:
        self._db = db
        self.plan = plan
        self.cap_pages = cap_pages
        self._since_trim = 0
        self.nothing_to_release = False

    def used(self, tally: Tally) -> float:
        """The share of the cap that holds something or is kept for events."""
        kept = max(
            0, min(self.plan.event_floor_bytes, self.cap_pages * PAGE_BYTES // 2) - tally[PriorityClass.EVENT].size
        )
        return (self._used_pages() + kept // PAGE_BYTES) / self.cap_pages

    def _used_pages(self) -> int:
        return int(self._db.pragma("page_count")) - int(self._db.pragma("freelist_count"))

    def numbers(self) -> dict[str, int]:
        """Pages in use and the cap, for metrics."""
        return {"used_bytes": self._used_pages() * PAGE_BYTES, "cap_bytes": self.cap_pages * PAGE_BYTES}

    def keep(
        self, tally: Tally, outboxes: Mapping[str, Mapping[PriorityClass, Sequence[Range]]], in_flight: frozenset[int]
    ) -> list[Loss]:
        """Let go of what may go; lose what must. Returns the losses to report."""
        self._since_trim += 1
        used = self.used(tally)
        crowded = used >= min(self.plan.condense_at, self.plan.drop_at)
        if used < self.plan.history or (self._since_trim < self.plan.trim_every and not crowded):
            return []
        self._since_trim = 0
        over = (used - self.plan.history) * sum(tally[priority].rows for priority in PriorityClass) / used
        most = left = min(_TRIM_ROWS, int(over) + 1)
        for priority in (PriorityClass.TELEMETRY, PriorityClass.SUMMARY, PriorityClass.EVENT):
            owed = [span for unsent in outboxes.values() for span in unsent[priority]]
            for lo, hi in gaps(owed, tally.next_seq - 1):
                if left > 0:
                    left -= self.remove(tally, priority, lo, hi, left, Fate.RELEASED, frozenset())[0]
        self.nothing_to_release = left == most
        drop = used >= self.plan.drop_at and self.nothing_to_release
        return self._drop(tally, outboxes, in_flight) if drop else []

    def oldest(
        self, outboxes: Mapping[str, Mapping[PriorityClass, Sequence[Range]]], in_flight: frozenset[int], seq_after: int
    ) -> tuple[int, int] | None:
        """The oldest unsent stretch of telemetry after `seq_after` that nothing is in flight of."""
        for lo, hi in union(span for unsent in outboxes.values() for span in unsent[PriorityClass.TELEMETRY]):
            lo = max(lo, seq_after + 1)
            busy = sorted(seq for seq in in_flight if lo <= seq <= hi)
            while busy and busy[0] == lo:
                lo += 1
                busy.pop(0)
            end = busy[0] - 1 if busy else hi
            if lo <= end and self._db.execute(sql.AFTER[PriorityClass.TELEMETRY], (lo - 1,)).fetchone() is not None:
                return lo, end
        return None

    def _drop(
        self, tally: Tally, outboxes: Mapping[str, Mapping[PriorityClass, Sequence[Range]]], in_flight: frozenset[int]
    ) -> list[Loss]:
        floor = self.plan.telemetry_floor * self.cap_pages * PAGE_BYTES
        order = [PriorityClass.SUMMARY, PriorityClass.TELEMETRY]
        if tally[PriorityClass.TELEMETRY].size + tally[PriorityClass.SUMMARY].size <= floor:
            order = [PriorityClass.EVENT, PriorityClass.SUMMARY, PriorityClass.TELEMETRY]
        for priority in order:
            losses: list[Loss] = []
            left = _DROP_ROWS
            for lo, hi in union(span for unsent in outboxes.values() for span in unsent[priority]):
                rows, first, last, n, t0 = self.remove(tally, priority, lo, hi, left, Fate.LOST, in_flight)
                if rows:
                    left -= rows
                    owing = tuple(name for name, unsent in outboxes.items() if _touches(unsent[priority], first, last))
                    losses.append(Loss(priority, first, last, rows, n, t0, "full", owing))
                if left <= 0:
                    break
            if losses:
                return losses
        return []

    def remove(
        self, tally: Tally, priority: PriorityClass, lo: int, hi: int, limit: int, fate: Fate, spared: frozenset[int]
    ) -> tuple[int, int, int, int, int | None]:
        """Delete up to `limit` rows from `lo` on, stopping before a spared one: (rows, first, last, readings, t0)."""
        while lo in spared:
            lo += 1
        rows = cast("list[tuple[int, ...]]", self._db.execute(sql.PICK[priority], (lo, hi, limit)).fetchall())
        for i, row in enumerate(rows):
            if row[0] in spared:
                rows = rows[:i]
                break
        if not rows:
            return 0, 0, 0, 0, None
        first, last = rows[0][0], rows[-1][0]
        n = sum(row[2] for row in rows)
        if rows[-1][1] - (rows[0][1] - rows[0][2]) - n > tally[priority].gone_between(first, last):
            raise TreeDamaged("journal.rows_missing", lane=word(priority.code), first=first, last=last)
        self._db.execute(sql.DELETE[priority], (first, last))
        tally[priority].remove(first, last, len(rows), sum(row[3] for row in rows), n, fate)
        before = cast("tuple[int, int] | None", self._db.execute(sql.BEFORE[priority], (first,)).fetchone())
        after = cast("tuple[int, int] | None", self._db.execute(sql.AFTER[priority], (last,)).fetchone())
        tally[priority].join_gone(before[0] + 1 if before else 1, after[0] - 1 if after else tally.next_seq - 1)
        return len(rows), first, last, n, rows[0][4]


def _touches(ranges: Sequence[Range], lo: int, hi: int) -> bool:
    return inside(ranges, lo) or inside(ranges, hi) or any(lo <= a <= hi for a, _ in ranges)
