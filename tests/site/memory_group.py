"""A memory cgroup of our own, of either version: a machine that runs out of memory, for some processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.waiting import scaled

ROOTS = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))
_HOG = """
import sys
open("/proc/self/oom_score_adj", "w").write("400")
open(sys.argv[1], "w").write("0")
held = []
while True:
    held.append(b"x" * (1 << 20))
"""


class MemoryGroup:
    """Made by `memory_group`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, pids: Iterable[int]) -> None:
        """From now on what these take counts here."""
        for pid in pids:
            (self._folder / "cgroup.procs").write_text(str(pid))

    def limit(self, more_bytes: int) -> None:
        """So much may be taken."""
        old = self._folder / "memory.limit_in_bytes"
        (old if old.exists() else self._folder / "memory.max").write_text(str(more_bytes))

    def fill(self) -> None:
        """Take memory until the kernel ends whoever takes it; returns then. Its own score is 400 of 1000."""
        program = [sys.executable, "-c", _HOG, str(self._folder / "cgroup.procs")]
        assert subprocess.run(program, capture_output=True, check=False).returncode == -9


@contextmanager
def memory_group(name: str) -> Iterator[MemoryGroup]:
    """Skips where none can be had."""
    folder = next((root / name for root in ROOTS if (root / "cgroup.procs").exists()), None)
    if folder is None or os.geteuid():
        pytest.skip("a memory cgroup takes root")
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no memory cgroup here: {error}")
    if not any((folder / file).exists() for file in ("memory.limit_in_bytes", "memory.max")):
        folder.rmdir()
        pytest.skip("cgroups here bound no memory")
    try:
        yield MemoryGroup(folder)
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Whoever is still in it goes back; who is just ending is waited for."""
    until = time.monotonic() + scaled(10)
    while True:
        for pid in (folder / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                (folder.parent / "cgroup.procs").write_text(pid)
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
