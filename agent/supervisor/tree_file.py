"""tree.json beside the control socket: every child's life, for whoever cannot ask core. Written whole, never half.

A lock beside it says whether the supervisor that wrote it still lives: what a dead one wrote is no news.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path

from agent.runtime.name import NameTaken, take
from protocols.errors import Reasoned
from protocols.foreign_json import read_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_BYTES = 1 << 20
_FLOCK = struct.Struct("@hhqqi4x")
"""struct flock of a 64-bit Linux: type, whence, start, length, pid."""


class Taken(Reasoned):
    """Another supervisor runs here."""


class TreeFile:
    """The supervisor's end. Made before anything is forked; raises Taken, or OSError where there can be no lock."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = _lock_of(path).open("ab")  # a record lock: no child inherits it
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            holder = _holder(self._lock.fileno())
            self._lock.close()
            raise Taken("process.another", pid=holder, file=str(path)) from None
        except BaseException:
            self._lock.close()
            raise
        try:
            self._name = take(path)  # the lock of another may have been removed under it
        except NameTaken as taken:
            self._lock.close()
            raise Taken("process.another", pid=taken.pid, file=str(path)) from None

    @property
    def gone(self) -> bool:
        """Whether somebody removed it, or the lock that says it is ours."""
        return self._unlocked or not self._path.exists()

    @property
    def _unlocked(self) -> bool:
        try:
            mine, there = os.fstat(self._lock.fileno()), _lock_of(self._path).stat()
        except FileNotFoundError:
            return True
        return (mine.st_dev, mine.st_ino) != (there.st_dev, there.st_ino)

    def write(self, told: Mapping[str, Any]) -> None:
        """Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._unlocked:  # never where the lock is still there: closing one of a file lets go of every lock on it
            lock = _lock_of(self._path).open("ab")
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._lock, before = lock, self._lock
            before.close()
        beside = self._path.with_name(f".{self._path.name}.new")
        beside.write_text(json.dumps({"pid": os.getpid(), **told}) + "\n", encoding="ascii")
        beside.replace(self._path)

    def close(self) -> None:
        """Nobody is to read it any more."""
        self._path.unlink(missing_ok=True)
        self._lock.close()
        self._name.close()


def read_tree(path: Path) -> dict[str, Any] | None:
    """What the supervisor that lives now told last; None where none lives here, or it may not be known."""
    try:
        with _lock_of(path).open("rb") as lock:
            if not _holder(lock.fileno()):
                return None
        told = read_json(path.read_bytes(), LONGEST_BYTES)
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) and isinstance(told.get("children"), list) else None


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _holder(descriptor: int) -> int:
    """The process that holds the lock, 0 for none."""
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, *_, pid = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    return 0 if kind == fcntl.F_UNLCK else int(pid)
