"""The journal's file from open to close: locked, looked at, reserved, and made anew where it is damaged."""

import ctypes
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import apsw

from agent.journal import sql, wal
from agent.journal.encryption import Encryption
from agent.journal.files import (
    JournalTrouble,
    forget_copies,
    forget_wal,
    grow_wal,
    held_by,
    hold,
    reserve,
    run_migrations,
    stored_version,
    wal_of,
)
from agent.journal.recovery import sum_of
from agent.journal.retention import Retention, RetentionPlan
from agent.journal.row import DamagedRow, Row, checked, unpack
from agent.journal.salvage import Damage, copy_of, finish, salvage
from agent.journal.schema import PAGE_BYTES, VERSION
from agent.journal.shrink import shrink
from agent.journal.spans import Range
from agent.journal.sqlite_reason import trouble_reason
from agent.journal.start_name import behind
from agent.journal.tally import Tally, checked_json, summed
from agent.journal.trouble import DAMAGED, is_damage
from agent.link.record import PriorityClass
from protocols.reason import Reason

_CHECKPOINT_AT = 0.75  # of the log's frames: rare checkpoints are cheap, and the best defence against lying cards
LOG_MARK = "log"
"""The mark that says how long the log is: one that is shorter has lost its end, and with it perhaps commits."""
_FRAME_BYTES = PAGE_BYTES + 24
_CACHE_KB = 2000

Unsent = Mapping[PriorityClass, Sequence[Range]]
"""What one uplink has not confirmed, by lane; the last range of a lane is open."""


class JournalFile:
    """See `open`. `tally`, `outboxes` and `notes` are as committed; `damage` was found and is yet to be told."""

    def __init__(
        self,
        path: Path,
        plan: RetentionPlan,
        *,
        boot: int,
        kernel_boot: str,
        seal: Encryption | None,
        synchronous: str,
        vfs: str,
    ) -> None:
        self.path = path
        self.boot = boot
        self.kernel_boot = kernel_boot
        self.seal = seal
        self.tally = Tally()
        self.outboxes: dict[str, Unsent] = {}
        self.notes: dict[str, object] = {}
        self.kernel_boots: dict[int, str] = {}
        self.is_open = False
        self.damage: list[Damage] = []  # found, and not yet told in an event
        self._plan = plan
        self._synchronous = synchronous
        self._vfs = vfs
        self._run_noted = False
        self._wal_frames = 0
        self._lock = -1
        self._identity = (0, 0)
        self.log_bytes = self.log_noted = 0  # of the log: as it is, and as it was noted while it was in use
        self._checkpoint_frames = max(16, int(plan.wal_bytes * _CHECKPOINT_AT) // _FRAME_BYTES)
        self.db: apsw.Connection
        self.room: Retention

    def open(self) -> None:
        """Make, reserve and open the files. Raises JournalTrouble, or apsw's errors where the file is damaged."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._lock < 0:
            self._lock = hold(self.path)
        try:
            self._open()
        except BaseException:
            self.let_go()
            raise

    def open_for_a_start(self) -> None:
        """`open`, and name this start behind every one the file knows of."""
        self.open()
        forget_copies(self.path)
        del self.kernel_boots[self.boot]
        self.boot = behind(self.kernel_boots, self.boot)
        self.kernel_boots[self.boot] = self.kernel_boot

    def _open(self) -> None:
        finish(self.path)
        if not self.path.exists():
            run_migrations(self.path)
        version = stored_version(self.path)
        log = wal.inspect(wal_of(self.path))
        if version is None or not 1 <= version <= VERSION:
            self._salvage(Reason("journal.no_header"))
        elif log.damaged:
            self._salvage(Reason("journal.log_damaged"))
        else:
            if version < VERSION:
                run_migrations(self.path)
            shrink(self.path, self._plan.cap_bytes, LOG_MARK, self._vfs)
        try:
            self._attach()
        except (*DAMAGED, apsw.IOError) as trouble:
            if not is_damage(trouble, DAMAGED):
                raise
            self._salvage(trouble_reason(trouble))
            self._attach()

    def _salvage(self, why: Reason) -> None:
        self.damage.append(salvage(self.path, why, self.tally.next_seq))

    def mend(self, trouble: Exception) -> None:
        """The open file may have turned out to be damaged: then go on with what can be proven. Raises what is none."""
        if not is_damage(trouble):
            raise trouble
        self.rebuild(trouble_reason(trouble))

    def rebuild(self, why: Reason) -> None:
        """Save what can be proven and go on."""
        self.db.close()
        self.is_open = False
        self._salvage(why)
        self._attach()

    def reopen(self) -> None:
        """After the disk failed or was full: what was synced is asked anew, nothing in memory is believed."""
        self.db.close()
        self.is_open = False
        self._open()

    @property
    def is_removed(self) -> bool:
        """Whether the open file is no more the one at its path: somebody removed it, or put another there."""
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return True
        return (there.st_dev, there.st_ino) != self._identity

    def bring_back(self) -> None:
        """Put the open file, that has no name any more, to its place again. Raises what a disk raises."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._log_is_over()
        copy_of(self.db, self.path)
        self.db.close()
        self.is_open = False
        os.close(self._lock)  # its file is gone as well
        self._lock = hold(self.path)
        wal_of(self.path).unlink(missing_ok=True)
        self.damage.append(Damage(Reason("journal.was_removed", journal=str(self.path))))
        self._attach()

    def _attach(self) -> None:
        cap = reserve(self.path, self._plan.cap_bytes)
        found = wal.held_bytes(wal_of(self.path))
        self.log_bytes = grow_wal(wal_of(self.path), self._plan.wal_bytes)
        self._connect(cap)
        try:
            self._load()
        except BaseException:
            self.db.close()
            raise
        if found is not None and found < self.log_noted:
            self.damage.append(Damage(Reason("journal.log_cut", bytes=self.log_noted - found)))
        there = self.path.stat()
        self._identity = there.st_dev, there.st_ino
        self.room = Retention(self.db, self._plan, min(cap, self._plan.cap_bytes) // PAGE_BYTES)
        self.is_open = True

    def _connect(self, cap: int) -> None:
        self.db = db = apsw.Connection(str(self.path), vfs=self._vfs or None)
        try:
            db.pragma("locking_mode", "EXCLUSIVE")
            if db.pragma("journal_mode", "WAL") != "wal":
                raise JournalTrouble("journal.no_log_here", journal=str(self.path))
            db.execute("BEGIN IMMEDIATE; COMMIT")
        except apsw.BusyError:
            db.close()  # before anything else: closing another descriptor of the file would let its locks go
            raise held_by(self.path) from None
        except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as trouble:
            db.close()
            os.close(os.open(self.path, os.O_RDWR))  # what the card says itself, if it does
            why = trouble_reason(trouble)
            raise JournalTrouble("journal.not_ours", journal=str(self.path), why=why) from None
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
        given = self.tally.next_seq  # by this start: no number of its is given twice, whatever file lies there now
        self.tally = Tally()
        self.outboxes = {}
        self.notes = {}
        self.log_noted = 0
        for name, value in self.db.execute("SELECT name, value FROM mark"):
            if name == "tally":
                self.tally = Tally.parse(value)
            elif name == LOG_MARK:
                _, self.log_noted = cast("tuple[int, int]", checked_json(value))
            elif name.startswith("outbox:"):
                _, ranges = cast("tuple[int, dict[str, list[list[int]]]]", checked_json(value))
                self.outboxes[name[7:]] = {
                    priority: [(lo, hi) for lo, hi in ranges[priority.code]] for priority in PriorityClass
                }
            elif name.startswith("note:"):
                _, self.notes[name[5:]] = cast("tuple[int, object]", checked_json(value))
        for boot, kernel_boot, mono_ms, crc in self.db.execute("SELECT boot, kernel_boot, mono_ms, crc FROM run"):
            if crc == sum_of(boot, kernel_boot, mono_ms):
                self.kernel_boots[boot] = kernel_boot
        self.tally.next_seq = max(self.tally.next_seq, given)
        self._run_noted = self.boot in self.kernel_boots
        for priority in PriorityClass:
            newest, _ = self.rows(priority, self.tally.next_seq - 1, self.tally.next_seq, 1)
            for row in newest:
                self.body(priority, row)  # KeyTrouble here and now, not when an uplink asks
        self.kernel_boots[self.boot] = self.kernel_boot

    def close(self) -> None:
        """Write the log back into the file and let go of both."""
        if not self.is_open:
            self.let_go()
            return
        logged, stored = -1, 0
        try:
            self._log_is_over()
            logged, stored = self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self.db.close()
            if logged == stored:
                forget_wal(wal_of(self.path))  # the next start need not read it
        finally:
            self.let_go()

    def _log_is_over(self) -> None:
        """From here on the file needs no log to be whole."""
        self.db.execute("REPLACE INTO mark VALUES (?, ?)", (LOG_MARK, summed([self.tally.tick, 0])))

    def let_go(self) -> None:
        """Close everything as it is, as a crash would: nothing more is written."""
        if hasattr(self, "db"):
            self.db.close()
        self.is_open = False
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def rows(self, priority: PriorityClass, lo: int, hi: int, limit: int) -> tuple[list[Row], list[tuple[int, Reason]]]:
        """Intact rows of a lane by rising seq, at most `limit`; and the damaged ones met on the way, (seq, why)."""
        good: list[Row] = []
        bad: list[tuple[int, Reason]] = []
        for columns in self.db.execute(sql.ROWS[priority], (lo, hi, limit)):
            try:
                good.append(checked(priority, columns))
            except DamagedRow as trouble:
                bad.append((int(columns[0]), trouble.reason))
        return good, bad

    def body(self, priority: PriorityClass, row: Row) -> bytes:
        """The JSON of a row. Raises KeyTrouble or DamagedRow."""
        return unpack(priority, row, self.seal)
