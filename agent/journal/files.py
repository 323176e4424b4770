"""The journal's two files before SQLite opens them: made, reserved on disk, and never touched while it is open.

POSIX drops every lock a process holds on a file when the process closes any descriptor of it, so nothing here may run
between `Ledger.open` and `Ledger.close`.
"""

import contextlib
import fcntl
import os
import struct
import subprocess
import sys
from pathlib import Path

from agent.journal import wal
from agent.journal.schema import PAGE_BYTES
from agent.runtime import durable
from agent.runtime.readable import read_part
from protocols.errors import Reasoned
from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Reason, from_json

LONGEST_REASON = 1 << 12
COPY = "journal.copy"
"""Each copy has a name of its own behind that: who asks while another one's is read takes it away, never spoils it."""
_MIGRATE = """
import runpy, sys
sys.path[:0] = sys.argv[2:]
runpy.run_module("agent.journal.migrate", {}, "__main__")
"""
_FLOCK = struct.Struct("@hhqqi4x")
"""struct flock of a 64-bit Linux: type, whence, start, length, pid."""
_LOCKS_AT, _LOCKS = 0x40000000, 512
"""The bytes by which SQLite locks a database (sqlite.org/fileformat2.html#the_lock_byte_page)."""
_USER_VERSION_AT = 60  # in the database header, big endian


class JournalTrouble(Reasoned):
    """The journal cannot be opened as asked. The reason says where and what to do."""


class NotNow(JournalTrouble):
    """It cannot be opened now, and may be later: the card takes nothing, or somebody looks into the file."""


def wal_of(path: Path) -> Path:
    """The write-ahead log beside a database."""
    return path.with_name(path.name + "-wal")


def hold(path: Path) -> int:
    """Lock the journal for this process, by a file of its own beside it; returns what to close in the end.

    Taken before anything is looked at: what another agent is writing must not be mistaken for damage.
    """
    fd = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise JournalTrouble("journal.in_use", journal=str(path)) from None
    return fd


def held_by(path: Path) -> NotNow:
    """That another process looks into the database, by name: a technician's sqlite3. No connection of ours is open."""
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _LOCKS_AT, _LOCKS, 0)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        kind, *_, pid = _FLOCK.unpack(fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    finally:
        os.close(fd)
    if kind == fcntl.F_UNLCK or pid <= 0:
        return NotNow("journal.held", journal=str(path))
    try:
        command = Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    except OSError:  # somebody else's, and hidden from us
        command = "?"
    return NotNow("journal.held_by", journal=str(path), pid=pid, command=command)


def forget_copies(journal: Path) -> None:
    """What somebody asked for and never took, or an agent that ended left."""
    for path in journal.parent.glob(f"{COPY}.*"):
        path.unlink(missing_ok=True)


def stored_version(path: Path) -> int | None:
    """`user_version` from the file's header, None where there is no file or no header."""
    try:
        with path.open("rb", buffering=0) as file:
            head = read_part(file.fileno(), 0, 100).data
    except FileNotFoundError:
        return None
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        return None
    return int.from_bytes(head[_USER_VERSION_AT : _USER_VERSION_AT + 4], "big")


def run_migrations(path: Path) -> None:
    """Run `agent.journal.migrate` as its own process with this interpreter and import path."""
    command = [sys.executable, "-c", _MIGRATE, str(path), *sys.path]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    except subprocess.TimeoutExpired:
        raise NotNow("journal.no_schema", journal=str(path), why=Reason("errno.ETIMEDOUT")) from None
    if done.returncode != 0:
        raise NotNow("journal.no_schema", journal=str(path), why=_why_not(done.stdout, done.stderr))


def _why_not(out: str, complaints: str) -> Reason:
    """Its reason where it gave one; else what Python said last of all."""
    with contextlib.suppress(BadJson):
        if (told := from_json(read_json_object(out.encode(), LONGEST_REASON))) is not None:
            return told
    return Reason("journal.other", error="Python", text=(complaints.strip().splitlines() or ["?"])[-1])


def reserve(path: Path, size: int) -> int:
    """Set `size` bytes of disk aside for the database, as far as there is room; returns how many it now owns."""
    fd = os.open(path, os.O_RDWR)
    try:
        have = os.fstat(fd).st_size
        disk = os.fstatvfs(fd)
        free = disk.f_bavail * disk.f_frsize * 4 // 5  # the rest of the machine needs room too
        size = min(size, have + free) // PAGE_BYTES * PAGE_BYTES
        while have < size:
            try:
                os.posix_fallocate(fd, have, size - have)
                have = size
            except OSError:
                size = have + (size - have) // 2 // PAGE_BYTES * PAGE_BYTES
        os.fsync(fd)
        return have
    finally:
        os.close(fd)


def forget_wal(log: Path) -> None:
    """Make a log that was written back in full count as empty, keeping its blocks; after the file was closed.

    Not by zeros: a log that lost its first block must not look like one.
    """
    fd = os.open(log, os.O_RDWR)
    try:
        os.pwrite(fd, wal.CLOSED, 0)
        os.fsync(fd)
    finally:
        os.close(fd)


def grow_wal(log: Path, size: int) -> int:
    """Fill the log with real zeros up to `size`, as far as there is room; zeros are no frames, so they end the log.

    Overwriting existing blocks costs one flush per commit and no file-system metadata, and needs no free space.
    """
    fd = os.open(log, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        have = os.fstat(fd).st_size
        if have >= size:
            return have
        try:
            while have < size:
                have += os.pwrite(fd, bytes(min(size - have, 1 << 18)), have)
        except OSError:
            have = os.fstat(fd).st_size
        os.fsync(fd)
    finally:
        os.close(fd)
    durable.sync(log.parent)
    return have
