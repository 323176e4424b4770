"""The journal's one SQLite connection: every change is one synced transaction. Owned by one thread, without a loop."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

import apsw

from agent.journal import sql
from agent.journal.body import Draft
from agent.journal.condense import WINDOW_MS, condense
from agent.journal.encryption import Encryption, KeyTrouble
from agent.journal.opening import LOG_MARK, JournalFile, Unsent
from agent.journal.recovery import sum_of
from agent.journal.retention import Loss, RetentionPlan
from agent.journal.row import DamagedRow, Row, pack
from agent.journal.spans import Range
from agent.journal.tally import Fate, summed
from agent.journal.trouble import stored
from agent.link.record import PriorityClass
from agent.runtime.clock.reckon import Fix
from protocols.reason import Reason

_NEWEST_RUNS = 2000
_NEWEST_CLOCK_ROWS = 4000
_NEWEST_PARKED = 1000
_COUNTED_ONE_BY_ONE = 20_000  # seqs: a few milliseconds
_MOST_LOSSES_TOLD = 200  # holes of one salvage; the sum is in its `damage_found`
_MOST_CONDENSED = 512  # rows read for one summary
_WORTH_IT = 0.7  # a summary larger than this share of its rows wins too little to lose the detail


class Stored(NamedTuple):
    """A record as committed, with its body still at hand."""

    priority: PriorityClass
    row: Row
    json: bytes


@dataclass(slots=True)
class Work:
    """What one transaction is to do."""

    drafts: list[Draft] = field(default_factory=list)
    clock: list[Fix] = field(default_factory=list)
    outboxes: dict[str, Unsent] = field(default_factory=dict)  # only those that changed
    forget: list[str] = field(default_factory=list)  # uplinks that are no longer in the settings
    in_flight: frozenset[int] = frozenset()
    parks: list[tuple[str, PriorityClass, int, Reason]] = field(default_factory=list)  # (uplink, lane, seq, reason)
    notes: dict[str, object] = field(default_factory=dict)  # by name, only what changed; None where one is taken away


class Ledger(JournalFile):
    """Every change of the file. A failed transaction leaves the account, and the file, unchanged."""

    def __init__(
        self,
        path: Path,
        plan: RetentionPlan,
        *,
        boot: int,
        kernel_boot: str,
        now_ms: Callable[[], int],
        seal: Encryption | None = None,
        synchronous: str = "FULL",
        vfs: str = "",
    ) -> None:
        super().__init__(path, plan, boot=boot, kernel_boot=kernel_boot, seal=seal, synchronous=synchronous, vfs=vfs)
        self.now_ms = now_ms
        self.commits = 0
        self.checkpoints = 0
        self._not_worth = 0
        self._in_flight: frozenset[int] = frozenset()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, synced; the account in memory follows."""
        before = self.tally.copy()
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.tally.tick += 1
            self._mark("tally", self.tally.text())
            self.db.execute("COMMIT")
        except BaseException:
            self.tally = before
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise
        self.commits += 1

    def commit(self, work: Work) -> list[Stored]:
        """One group commit: drafts become records, what uplinks confirmed becomes durable, room is kept."""
        self._in_flight = work.in_flight
        outboxes: dict[str, Unsent] = {**self.outboxes, **work.outboxes}
        for name in work.forget:
            outboxes.pop(name, None)
        stored: list[Stored] = []
        noted = self._run_noted
        try:
            with self.transaction():
                stored += self._tell_damage()
                losses = self.room.keep(self.tally, outboxes, work.in_flight)
                stored += [self.report_loss(loss) for loss in losses]
                stored += [self.append(draft) for draft in sorted(work.drafts, key=lambda draft: draft.priority)]
                for row in work.clock:
                    self._note_clock(row)
                for name in work.outboxes:
                    ranges = {priority.code: outboxes[name][priority] for priority in PriorityClass}
                    self._mark(f"outbox:{name}", summed([self.tally.tick + 1, ranges]))
                for name, note in work.notes.items():  # a row stays for None too: a salvage digs up older ones
                    self._mark(f"note:{name}", summed([self.tally.tick + 1, note]))
                for park in work.parks:
                    self._park(*park)
                if self.log_noted != self.log_bytes:
                    self._mark(LOG_MARK, summed([self.tally.tick + 1, self.log_bytes]))
                for name in work.forget:
                    self.db.execute("DELETE FROM mark WHERE name = ?", (f"outbox:{name}",))
        except BaseException:
            self._run_noted = noted
            raise
        self.damage = []
        self.log_noted = self.log_bytes
        self.outboxes = outboxes
        self.notes |= work.notes
        self._maybe_checkpoint()
        return stored

    def _tell_damage(self) -> list[Stored]:
        told = []
        for damage in self.damage:
            told.append(self.append(damage.draft(self.now_ms())))
            told += [self.report_loss(loss) for loss in damage.losses[:_MOST_LOSSES_TOLD]]
        return told

    def _park(self, uplink: str, priority: PriorityClass, seq: int, reason: Reason) -> None:
        self.db.execute(sql.PARK[priority], (uplink, stored(reason), seq))
        self.db.execute("DELETE FROM parked WHERE id <= (SELECT max(id) FROM parked) - ?", (_NEWEST_PARKED,))

    def parked_count(self, uplink: str) -> int:
        """How many records this uplink's far end has refused for ever, of those still kept."""
        return self._number("SELECT count(*) FROM parked WHERE uplink = ?", (uplink,))

    def _number(self, query: str, values: tuple[int | str, ...] = ()) -> int:
        return cast("tuple[int]", self.db.execute(query, values).fetchone())[0]

    def count(self, priority: PriorityClass, ranges: Sequence[Range]) -> tuple[int, int, bool]:
        """Records and readings a lane holds in these ranges, and whether the records are exact.

        The readings always are, from the first and last row of each range; counting a long backlog's records would
        read the whole card, so there they are reckoned by proportion.
        """
        tally = self.tally[priority]
        readings = 0
        for lo, hi in ranges:
            first = cast("tuple[int, int] | None", self.db.execute(sql.AFTER[priority], (lo - 1,)).fetchone())
            last = cast("tuple[int, int] | None", self.db.execute(sql.BEFORE[priority], (hi + 1,)).fetchone())
            if first is not None and last is not None and first[0] <= last[0]:
                readings += last[1] - first[1] - tally.gone_between(first[0], last[0])
        if readings == tally.held:
            return tally.rows, readings, True
        if sum(hi - lo for lo, hi in ranges) > _COUNTED_ONE_BY_ONE:
            return max(1, round(tally.rows * readings / max(tally.held, 1))) if readings else 0, readings, False
        counts = [cast("tuple[int]", self.db.execute(sql.COUNT[priority], span).fetchone())[0] for span in ranges]
        return sum(counts), readings, True

    def _mark(self, name: str, text: str) -> None:
        self.db.execute("REPLACE INTO mark VALUES (?, ?)", (name, text))

    def append(self, draft: Draft, base: int | None = None) -> Stored:
        """Give a draft the next seq and insert it; inside a transaction."""
        if not self._run_noted:
            self._note_run()
        tally = self.tally[draft.priority]
        bare = Row(self.tally.next_seq, tally.taken + draft.n, self.boot, base, draft.t0_ms, draft.n, 0, b"")
        row = pack(draft.priority, bare, draft.json, self.seal)
        self.db.execute(sql.INSERT[draft.priority], row)
        self.tally.next_seq += 1
        tally.add(len(row.body), row.n)
        return Stored(draft.priority, row, draft.json)

    def _note_run(self) -> None:
        insert = "INSERT INTO run (boot, kernel_boot, mono_ms, crc) VALUES (?, ?, ?, ?)"
        values = (self.boot, self.kernel_boot, self.now_ms())
        self.db.execute(insert, (*values, sum_of(*values)))
        self.db.execute("DELETE FROM run WHERE id <= (SELECT max(id) FROM run) - ?", (_NEWEST_RUNS,))
        self._run_noted = True

    def _note_clock(self, row: Fix) -> None:
        insert = "INSERT INTO clock (kernel_boot, mono_ms, wall_ms, err_ms, source, crc) VALUES (?, ?, ?, ?, ?, ?)"
        self.db.execute(insert, (*row, sum_of(*row)))
        self.db.execute("DELETE FROM clock WHERE id <= (SELECT max(id) FROM clock) - ?", (_NEWEST_CLOCK_ROWS,))

    def clock_rows(self) -> list[Fix]:
        """Every remembered pair of clocks, oldest first."""
        rows = self.db.execute("SELECT kernel_boot, mono_ms, wall_ms, err_ms, source, crc FROM clock ORDER BY id")
        whole = [row[:5] for row in rows if row[5] == sum_of(*row[:5])]
        return [Fix(*cast("tuple[str, int, int, int | None, str]", row)) for row in whole]

    def report_loss(self, loss: Loss) -> Stored:
        """Write a loss down and make it an event that is itself sent; inside a transaction."""
        priority, lo, hi, records, n, t0, why, uplinks = loss
        insert = "INSERT INTO loss (lane, lo, hi, records, n, t0, why, uplinks) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        self.db.execute(insert, (priority, lo, hi, records, n, t0, why, ",".join(uplinks)))
        return self.append(loss.draft(self.now_ms()))

    def condense(self) -> list[Stored]:
        """Put a summary in the place of the oldest unsent telemetry, one window's worth; empty where nothing is won.

        Works on the outboxes and in-flight records of the last commit: call it right after one.
        """
        found = self.room.oldest(self.outboxes, self._in_flight, self._not_worth)
        if found is None:
            return []
        rows, bad = self.rows(PriorityClass.TELEMETRY, *found, _MOST_CONDENSED)
        if bad:
            rows = [row for row in rows if row.seq < bad[0][0]]
        if not rows:
            return []
        first = rows[0]
        end = (first.t0 // WINDOW_MS + 1) * WINDOW_MS
        same = self.kernel_boots.get(first.base or first.boot)
        rows = [row for row in rows if row.t0 < end and self.kernel_boots.get(row.base or row.boot) == same]
        last = rows[-1]
        try:
            bodies = [(row.t0, self.body(PriorityClass.TELEMETRY, row)) for row in rows]
        except (KeyTrouble, DamagedRow):  # sealed with a key of before: it can only be kept, or lost in its turn
            self._not_worth = last.seq
            return []
        draft = condense(bodies, (first.seq, last.seq))
        if len(zlib.compress(draft.json, 1)) > _WORTH_IT * sum(len(row.body) for row in rows):
            self._not_worth = last.seq
            return []
        with self.transaction():
            self.room.remove(
                self.tally, PriorityClass.TELEMETRY, first.seq, last.seq, len(rows), Fate.CONDENSED, frozenset()
            )
            stored = self.append(draft, base=first.base or first.boot)
        self._maybe_checkpoint()
        return [stored]

    @property
    def crowded(self) -> bool:
        """Whether old telemetry is to be down-sampled."""
        return self.room.nothing_to_release and self.room.used(self.tally) >= self._plan.condense_at

    def _maybe_checkpoint(self) -> None:
        if self._wal_frames >= self._checkpoint_frames:
            self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._wal_frames = 0
            self.checkpoints += 1

    def oldest_unsent(self, priority: PriorityClass, unsent: Unsent) -> tuple[str, int] | None:
        """(kernel boot, CLOCK_BOOTTIME ms) of the oldest record of a lane that is not confirmed."""
        for lo, hi in unsent[priority]:
            row = self.db.execute(sql.T0[priority], (lo,)).fetchone()
            if row is not None and cast("int", row[0]) <= hi:
                _, t0, boot, base = cast("tuple[int, int, int, int | None]", row)
                return self.kernel_boots.get(base or boot, ""), t0
        return None

    def numbers(self) -> dict[str, int]:
        """Pages for metrics: held, free inside the file, the cap."""
        return self.room.numbers()
