"""One job at a time on a bench: a file lock that the kernel ends with the job."""

import fcntl
import os
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from hil.bench.load import Bench
from hil.processes import command
from protocols.errors import Reasoned

LOCKS = Path("/run/lock")
LOOK_EVERY_S = 0.2


class BenchTaken(Reasoned):
    """Another job has the bench."""


def lock_file(bench: Bench) -> Path:
    """The file whose lock is the bench: one for all copies of a bench file with the same id on this machine."""
    own = bench.file.bench.lock_file
    folder = LOCKS if os.access(LOCKS, os.W_OK) else Path(tempfile.gettempdir())
    return own or folder / f"hydronest-bench-{bench.file.bench.id}.lock"


def holder(path: Path) -> int:
    """The process that has the bench; 0 where nobody has, or the kernel does not say who."""
    try:
        inode = path.stat().st_ino
        locks = Path("/proc/locks").read_text(encoding="ascii")
    except OSError:
        return 0
    held = (line.split() for line in locks.splitlines() if " FLOCK " in line and "->" not in line)
    return next((int(row[4]) for row in held if row[5].rpartition(":")[2] == str(inode)), 0)


class BenchLock:
    """Have the bench for a `with` block. Raises BenchTaken when it is not free within `wait_s`, OSError for no lock."""

    def __init__(self, path: Path, wait_s: float = 0.0) -> None:
        self.path = path
        self._wait_s = wait_s
        self._descriptor = -1

    def __enter__(self) -> Self:
        until = time.monotonic() + self._wait_s
        while not self._locked():
            if time.monotonic() >= until:
                pid = holder(self.path)
                job = command(pid) if pid else "?"
                raise BenchTaken("bench.taken", pid=pid, job=job, file=str(self.path))
            time.sleep(LOOK_EVERY_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
        self._descriptor = -1

    def _locked(self) -> bool:
        descriptor = self._opened()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def _opened(self) -> int:
        """For reading: in a folder of everybody's nobody may open another's file with leave to make it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return os.open(self.path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
