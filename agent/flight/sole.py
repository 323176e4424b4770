"""One flight at a time: a lock that the kernel ends with the process, whose holder is known and may be an orphan."""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from agent.runtime.name import NameTaken, take

LOOK_EVERY_S = 0.2
ASK_EVERY_S = 5.0
_FLOCK = struct.Struct("@hhqqi4x")
"""struct flock of a 64-bit Linux: type, whence, start, length, pid."""
_log = logging.getLogger("hydronest")


@contextlib.asynccontextmanager
async def sole(path: Path, waiting: Callable[[int], None] = lambda _pid: None) -> AsyncIterator[None]:
    """The lock at `path`, for as long as the block lasts. Whoever holds it is asked by SIGTERM to let go.

    A flight heeds that once its supervisor is gone and no sooner. `waiting` is told whom it waits for, 0 at last.
    Raises OSError where there can be no lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:  # a record lock: closing any other descriptor of this file would let it go
        asked_s = -ASK_EVERY_S
        loop = asyncio.get_running_loop()
        while not _locked(file.fileno()):
            pid = _holder(file.fileno())
            if pid and loop.time() - asked_s >= ASK_EVERY_S:
                asked_s = loop.time()
                _log.warning("another flight, process %d, is at work; it is asked to let go", pid)
                waiting(pid)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGTERM)
            await asyncio.sleep(LOOK_EVERY_S)
        while (name := _name(path, waiting)) is None:  # noqa: ASYNC110 - its lock was removed under it, and nobody tells
            await asyncio.sleep(LOOK_EVERY_S)
        with name:
            waiting(0)
            yield


def _name(path: Path, waiting: Callable[[int], None]) -> socket.socket | None:
    try:
        return take(path)
    except NameTaken as taken:
        waiting(taken.pid or -1)
        return None


def _locked(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX allows either for a lock that is held
        return False
    return True


def _holder(descriptor: int) -> int:
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, *_, pid = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    return 0 if kind == fcntl.F_UNLCK else int(pid)
