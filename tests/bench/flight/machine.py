"""The machine itself: cores that are taken, a card that hangs, a core process that stands still."""

import asyncio
import contextlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from tests.bench.flight.again import beside
from tests.bench.flight.scenario import Rig

SOURCE = Path(__file__).with_name("slow_sync.c")
STANDS_S = 30.0


@contextlib.asynccontextmanager
async def nothing(_rig: Rig) -> AsyncIterator[Counter[str]]:
    """A quiet day."""
    yield Counter()


@contextlib.asynccontextmanager
async def stopped_core(rig: Rig) -> AsyncIterator[Counter[str]]:
    """Core stands still for thirty seconds from launching on: so does the next, where this one is given up."""
    took = Counter({"stood": 0, "half seconds": 0})

    async def stop() -> None:
        await rig.reached("launching", "outbound", "on_scene")
        end, stopped = time.monotonic() + STANDS_S, set[int]()
        while time.monotonic() < end:
            with contextlib.suppress(KeyError, ProcessLookupError):
                core = rig.agent.child("core")
                if core not in stopped:
                    os.kill(core, signal.SIGSTOP)
                    stopped.add(core)
                    took["stood"] += 1
                state = Path(f"/proc/{core}/stat").read_text("ascii").rpartition(")")[2].split()[0]
                took["half seconds"] += state == "T"
            await asyncio.sleep(0.5)
        for core in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(core, signal.SIGCONT)

    async with beside(stop()):
        yield took


@contextlib.asynccontextmanager
async def hogs(_rig: Rig) -> AsyncIterator[Counter[str]]:
    """A process on each core that does nothing but turn."""
    took = Counter({"turning": 0})
    busy = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        yield took
        took["turning"] = sum(process.returncode is None for process in busy)
    finally:
        for process in busy:
            process.kill()
            await process.wait()


class SlowCard:
    """A card whose every sync takes `late_ms` more: give `environment` to the agent. Raises OSError without gcc."""

    def __init__(self, folder: Path) -> None:
        gcc = shutil.which("gcc")
        if gcc is None:
            raise FileNotFoundError("gcc is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        library, self._file = folder / "slow_sync.so", folder / "late"
        subprocess.run([gcc, "-O1", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        self._file.write_bytes(bytes(16))
        self.environment = {"LD_PRELOAD": str(library), "HYDRONEST_SLOW_SYNC": str(self._file)}

    def late(self, late_ms: int) -> None:
        """From now on."""
        with self._file.open("r+b", buffering=0) as file:
            file.write(struct.pack("=q", late_ms))

    @property
    def waited(self) -> int:
        """How many syncs were late."""
        return int(struct.unpack("=q", self._file.read_bytes()[8:16])[0])

    @contextlib.asynccontextmanager
    async def slow(self, rig: Rig) -> AsyncIterator[Counter[str]]:
        """Five seconds a sync, as soon as the aircraft is on its way."""
        took = Counter({"late syncs": 0})

        async def begin() -> None:
            await rig.reached("launching", "outbound")
            self.late(5000)

        try:
            async with beside(begin()):
                yield took
                took["late syncs"] = self.waited
        finally:
            self.late(0)
