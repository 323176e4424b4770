"""The journal's one SQLite connection: every change is one synced transaction. Owned by one thread, without a loop."""

import ctypes
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

import apsw

from agent.clock.reckon import Fix
from agent.journal import sql, wal
from agent.journal.body import Draft
from agent.journal.carve import sum_of
from agent.journal.condense import WINDOW_MS, condense
from agent.journal.files import JournalTrouble, forget_wal, grow_wal, reserve, run_migrations, stored_version, wal_of
from agent.journal.record import Lane
from agent.journal.room import Loss, Room, RoomPlan
from agent.journal.row import DamagedRow, Row, checked, pack, unpack
from agent.journal.salvage import Damage, finish, salvage
from agent.journal.schema import PAGE_BYTES, VERSION
from agent.journal.seal import KeyTrouble, Seal
from agent.journal.spans import Range
from agent.journal.tally import Fate, Tally, checked_json, summed

_CHECKPOINT_AT = 0.75  # of the log's frames: rare checkpoints are cheap, and the best defence against lying cards
_FRAME_BYTES = PAGE_BYTES + 24
_CACHE_KB = 2000
_NEWEST_RUNS = 2000
_NEWEST_CLOCK_ROWS = 4000
_NEWEST_PARKED = 1000
_COUNTED_ONE_BY_ONE = 20_000  # seqs: a few milliseconds
_MOST_LOSSES_TOLD = 200  # holes of one salvage; the sum is in its `damage_found`
_MOST_CONDENSED = 512  # rows read for one summary
_WORTH_IT = 0.7  # a summary larger than this share of its rows wins too little to lose the detail

DAMAGED = (apsw.CorruptError, apsw.NotADBError, apsw.SQLError, apsw.FormatError, ValueError)
"""What SQLite and the marks' checksums raise where a file that was ours can no longer be read as one."""

Unsent = Mapping[Lane, Sequence[Range]]
"""What one uplink has not confirmed, by lane; the last range of a lane is open."""


class Stored(NamedTuple):
    """A record as committed, with its body still at hand."""

    lane: Lane
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
    parks: list[tuple[str, Lane, int, str]] = field(default_factory=list)  # (uplink, lane, seq, reason)


class Ledger:
    """See `open`. `tally` is the account as committed; a failed transaction leaves it, and the file, unchanged."""

    def __init__(
        self,
        path: Path,
        plan: RoomPlan,
        *,
        boot: int,
        kernel_boot: str,
        now_ms: Callable[[], int],
        seal: Seal | None = None,
        synchronous: str = "FULL",
        vfs: str = "",
    ) -> None:
        self.path = path
        self.boot = boot
        self.kernel_boot = kernel_boot
        self.seal = seal
        self.now_ms = now_ms
        self.tally = Tally()
        self.outboxes: dict[str, Unsent] = {}
        self.kernel_boots: dict[int, str] = {}
        self.commits = 0
        self.checkpoints = 0
        self.is_open = False
        self.damage: list[Damage] = []  # found, and not yet told in an event
        self._plan = plan
        self._synchronous = synchronous
        self._vfs = vfs
        self._run_noted = False
        self._not_worth = 0
        self._wal_frames = 0
        self._checkpoint_frames = max(16, int(plan.wal_bytes * _CHECKPOINT_AT) // _FRAME_BYTES)
        self._in_flight: frozenset[int] = frozenset()
        self.db: apsw.Connection
        self.room: Room

    def open(self) -> None:
        """Make, reserve and open the files. Raises JournalTrouble, or apsw's errors where the file is damaged."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        finish(self.path)
        if not self.path.exists():
            run_migrations(self.path)
        version = stored_version(self.path)
        log = wal.inspect(wal_of(self.path))
        if version is None or not 1 <= version <= VERSION:
            self._salvage("the file's header is not a journal's")
        elif log.damaged:
            self._salvage("the write-ahead log is damaged")
        elif version < VERSION:
            run_migrations(self.path)
        try:
            self._attach()
        except DAMAGED as trouble:
            self._salvage(f"{type(trouble).__name__}: {trouble}")
            self._attach()

    def _salvage(self, why: str) -> None:
        self.damage.append(salvage(self.path, why, self.tally.next_seq))

    def rebuild(self, why: str) -> None:
        """The open file turned out to be damaged: save what can be proven and go on."""
        self.db.close()
        self.is_open = False
        self._salvage(why)
        self._attach()

    def reopen(self) -> None:
        """After the disk failed or was full: what was synced is asked anew, nothing in memory is believed."""
        self.db.close()
        self.is_open = False
        self.open()

    def _attach(self) -> None:
        cap = reserve(self.path, self._plan.cap_bytes)
        grow_wal(wal_of(self.path), self._plan.wal_bytes)
        self._connect(cap)
        try:
            self._load()
        except BaseException:
            self.db.close()
            raise
        self.room = Room(self.db, self._plan, min(cap, self._plan.cap_bytes) // PAGE_BYTES)
        self.is_open = True

    def _connect(self, cap: int) -> None:
        self.db = db = apsw.Connection(str(self.path), vfs=self._vfs or None)
        try:
            db.pragma("locking_mode", "EXCLUSIVE")
            if db.pragma("journal_mode", "WAL") != "wal":
                raise JournalTrouble(f"{self.path}: this file system cannot hold a write-ahead log")
            db.execute("BEGIN IMMEDIATE; COMMIT")
        except apsw.BusyError:
            db.close()
            raise JournalTrouble(f"{self.path}: another process has the journal open; only one agent may run") from None
        except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as trouble:
            db.close()
            raise JournalTrouble(f"{self.path}: {trouble}; the agent's user must own it and its folder") from None
        except BaseException:
            db.close()
            raise
        db.pragma("synchronous", self._synchronous)
        db.pragma("wal_autocheckpoint", 0)
        db.pragma("secure_delete", 0)
        db.pragma("cache_size", -_CACHE_KB)
        db.pragma("temp_store", "MEMORY")
        db.pragma("max_page_count", cap // PAGE_BYTES)
        self._control(apsw.SQLITE_FCNTL_CHUNK_SIZE, min(cap, 1 << 30))  # a checkpoint must not cut off the reserve
        self._control(apsw.SQLITE_FCNTL_PERSIST_WAL, 1)
        db.set_wal_hook(self._on_wal)

    def _control(self, what: int, value: int) -> None:
        box = ctypes.c_int(value)
        self.db.file_control("main", what, ctypes.addressof(box))

    def _on_wal(self, _db: apsw.Connection, _name: str, frames: int) -> int:
        self._wal_frames = frames
        return apsw.SQLITE_OK

    def _load(self) -> None:
        self.tally = Tally()
        self.outboxes = {}
        for name, value in self.db.execute("SELECT name, value FROM mark"):
            if name == "tally":
                self.tally = Tally.parse(value)
            elif name.startswith("outbox:"):
                _, ranges = cast("tuple[int, dict[str, list[list[int]]]]", checked_json(value))
                self.outboxes[name[7:]] = {lane: [(lo, hi) for lo, hi in ranges[lane.code]] for lane in Lane}
        for boot, kernel_boot, mono_ms, crc in self.db.execute("SELECT boot, kernel_boot, mono_ms, crc FROM run"):
            if crc == sum_of(boot, kernel_boot, mono_ms):
                self.kernel_boots[boot] = kernel_boot
        self._run_noted = self.boot in self.kernel_boots
        for lane in Lane:
            newest, _ = self.rows(lane, self.tally.next_seq - 1, self.tally.next_seq, 1)
            for row in newest:
                self.body(lane, row)  # KeyTrouble here and now, not when an uplink asks
        self.kernel_boots[self.boot] = self.kernel_boot

    def close(self) -> None:
        """Write the log back into the file and let go of both."""
        logged, stored = -1, 0
        try:
            logged, stored = self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        finally:
            self.db.close()
            self.is_open = False
        if logged == stored:
            forget_wal(wal_of(self.path))  # the next start need not read it

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
                stored += [self.append(draft) for draft in sorted(work.drafts, key=lambda draft: draft.lane)]
                for row in work.clock:
                    self._note_clock(row)
                for name in work.outboxes:
                    ranges = {lane.code: outboxes[name][lane] for lane in Lane}
                    self._mark(f"outbox:{name}", summed([self.tally.tick + 1, ranges]))
                for park in work.parks:
                    self._park(*park)
                for name in work.forget:
                    self.db.execute("DELETE FROM mark WHERE name = ?", (f"outbox:{name}",))
        except BaseException:
            self._run_noted = noted
            raise
        self.damage = []
        self.outboxes = outboxes
        self._maybe_checkpoint()
        return stored

    def _tell_damage(self) -> list[Stored]:
        told = []
        for damage in self.damage:
            told.append(self.append(damage.draft(self.now_ms())))
            told += [self.report_loss(loss) for loss in damage.losses[:_MOST_LOSSES_TOLD]]
        return told

    def _park(self, uplink: str, lane: Lane, seq: int, reason: str) -> None:
        self.db.execute(sql.PARK[lane], (uplink, reason, seq))
        self.db.execute("DELETE FROM parked WHERE id <= (SELECT max(id) FROM parked) - ?", (_NEWEST_PARKED,))

    def parked_count(self, uplink: str) -> int:
        """How many records this uplink's far end has refused for ever, of those still kept."""
        return self._number("SELECT count(*) FROM parked WHERE uplink = ?", (uplink,))

    def _number(self, query: str, values: tuple[int | str, ...] = ()) -> int:
        return cast("tuple[int]", self.db.execute(query, values).fetchone())[0]

    def count(self, lane: Lane, ranges: Sequence[Range]) -> tuple[int, int, bool]:
        """Records and readings a lane holds in these ranges, and whether the records are exact.

        The readings always are, from the first and last row of each range; counting a long backlog's records would
        read the whole card, so there they are reckoned by proportion.
        """
        tally = self.tally[lane]
        readings = 0
        for lo, hi in ranges:
            first = cast("tuple[int, int] | None", self.db.execute(sql.AFTER[lane], (lo - 1,)).fetchone())
            last = cast("tuple[int, int] | None", self.db.execute(sql.BEFORE[lane], (hi + 1,)).fetchone())
            if first is not None and last is not None and first[0] <= last[0]:
                readings += last[1] - first[1] - tally.gone_between(first[0], last[0])
        if readings == tally.held:
            return tally.rows, readings, True
        if sum(hi - lo for lo, hi in ranges) > _COUNTED_ONE_BY_ONE:
            return max(1, round(tally.rows * readings / max(tally.held, 1))) if readings else 0, readings, False
        counts = [cast("tuple[int]", self.db.execute(sql.COUNT[lane], span).fetchone())[0] for span in ranges]
        return sum(counts), readings, True

    def _mark(self, name: str, text: str) -> None:
        self.db.execute("REPLACE INTO mark VALUES (?, ?)", (name, text))

    def append(self, draft: Draft, base: int | None = None) -> Stored:
        """Give a draft the next seq and insert it; inside a transaction."""
        if not self._run_noted:
            self._note_run()
        tally = self.tally[draft.lane]
        bare = Row(self.tally.next_seq, tally.taken + draft.n, self.boot, base, draft.t0_ms, draft.n, 0, b"")
        row = pack(draft.lane, bare, draft.json, self.seal)
        self.db.execute(sql.INSERT[draft.lane], row)
        self.tally.next_seq += 1
        tally.add(len(row.body), row.n)
        return Stored(draft.lane, row, draft.json)

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
        lane, lo, hi, records, n, t0, why, uplinks = loss
        insert = "INSERT INTO loss (lane, lo, hi, records, n, t0, why, uplinks) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        self.db.execute(insert, (lane, lo, hi, records, n, t0, why, ",".join(uplinks)))
        return self.append(loss.draft(self.now_ms()))

    def condense(self) -> list[Stored]:
        """Put a summary in the place of the oldest unsent telemetry, one window's worth; empty where nothing is won.

        Works on the outboxes and in-flight records of the last commit: call it right after one.
        """
        found = self.room.oldest(self.outboxes, self._in_flight, self._not_worth)
        if found is None:
            return []
        rows, bad = self.rows(Lane.TELEMETRY, *found, _MOST_CONDENSED)
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
            bodies = [(row.t0, self.body(Lane.TELEMETRY, row)) for row in rows]
        except (KeyTrouble, DamagedRow):  # sealed with a key of before: it can only be kept, or lost in its turn
            self._not_worth = last.seq
            return []
        draft = condense(bodies, (first.seq, last.seq))
        if len(zlib.compress(draft.json, 1)) > _WORTH_IT * sum(len(row.body) for row in rows):
            self._not_worth = last.seq
            return []
        with self.transaction():
            self.room.remove(self.tally, Lane.TELEMETRY, first.seq, last.seq, len(rows), Fate.CONDENSED, frozenset())
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

    def oldest_unsent(self, lane: Lane, unsent: Unsent) -> tuple[str, int] | None:
        """(kernel boot, CLOCK_BOOTTIME ms) of the oldest record of a lane that is not confirmed."""
        for lo, hi in unsent[lane]:
            row = self.db.execute(sql.T0[lane], (lo,)).fetchone()
            if row is not None and cast("int", row[0]) <= hi:
                _, t0, boot, base = cast("tuple[int, int, int, int | None]", row)
                return self.kernel_boots.get(base or boot, ""), t0
        return None

    def rows(self, lane: Lane, lo: int, hi: int, limit: int) -> tuple[list[Row], list[tuple[int, str]]]:
        """Intact rows of a lane by rising seq, at most `limit`; and the damaged ones met on the way, (seq, why)."""
        good: list[Row] = []
        bad: list[tuple[int, str]] = []
        for columns in self.db.execute(sql.ROWS[lane], (lo, hi, limit)):
            try:
                good.append(checked(lane, columns))
            except DamagedRow as trouble:
                bad.append((int(columns[0]), str(trouble)))
        return good, bad

    def body(self, lane: Lane, row: Row) -> bytes:
        """The JSON of a row. Raises KeyTrouble or DamagedRow."""
        return unpack(lane, row, self.seal)

    def numbers(self) -> dict[str, int]:
        """Pages for metrics: held, free inside the file, the cap."""
        return self.room.numbers()
