"""The agent's wall clock, set from outside by up to ten years while it runs: a library before its libc, built here."""

import asyncio
import contextlib
import os
import random
import shutil
import struct
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from agent.runtime.clock.reckon import Fix
from hil.platform import Store
from protocols.clock import boottime_ns

SOURCE = Path(__file__).with_name("wall_clock.c")
TEN_YEARS_MS = 10 * 365 * 86_400_000
NEAR_MS = 1_000


def true_ms() -> int:
    """UTC at the zero of CLOCK_BOOTTIME, as this machine has it."""
    return (time.time_ns() - boottime_ns()) // 1_000_000


class WallClock:
    """Give `environment` to a process, then `put` its clock. At first it is ten years behind.

    The kernel vouches for it while it is right. Raises OSError with the reason where such a clock cannot be had.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._file = folder / "wall"
        self._bell = folder / "wall.set"
        library = folder / "wall_clock.so"
        self.environment = {"LD_PRELOAD": str(library), "HYDRONEST_WALL_CLOCK": str(self._file)}
        self.moves: list[int] = []
        self.true_ms = true_ms()
        gcc = shutil.which("gcc")
        if gcc is None:
            raise FileNotFoundError("gcc is not installed")
        built = subprocess.run(
            [gcc, "-O1", "-shared", "-fPIC", "-o", library, SOURCE], capture_output=True, text=True, check=False
        )
        if built.returncode != 0:
            raise OSError(f"gcc: {built.stderr.strip()}")
        self._file.write_bytes(bytes(8))
        os.mkfifo(self._bell)
        self.put(-TEN_YEARS_MS)
        seen = subprocess.run(
            [sys.executable, "-c", "import time; print(time.time())"],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if seen.returncode != 0 or float(seen.stdout) > time.time() - TEN_YEARS_MS / 2000:
            raise OSError(f"{sys.executable} does not heed a preloaded library: {seen.stdout}{seen.stderr}")

    def put(self, off_ms: int) -> None:
        """Let the clock be `off_ms` off, and tell whoever watches for steps."""
        self.moves.append(off_ms)
        with self._file.open("r+b", buffering=0) as file:
            file.write(struct.pack("=q", off_ms * 1_000_000))
        with contextlib.suppress(OSError):  # nobody watches
            bell = os.open(self._bell, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(bell, bytes(8))
            finally:
                os.close(bell)

    async def jump(self, dice: random.Random, away_s: float) -> None:
        """Some jumps of up to ten years either way, then right again."""
        for _ in range(dice.choice((1, 1, 2, 3))):
            self.put(dice.choice((-TEN_YEARS_MS, TEN_YEARS_MS, dice.randint(-TEN_YEARS_MS, TEN_YEARS_MS))))
            await asyncio.sleep(away_s)
        self.put(0)

    def account(self, fixes: set[Fix], stores: dict[str, Store]) -> dict[str, int]:
        """Hold what the journal noted, and the times the platforms were told, against the truth."""
        slack_ms = abs(true_ms() - self.true_ms) + 50  # this machine's own clock is kept by somebody too
        off = {fix: fix.wall_ms - fix.mono_ms - self.true_ms for fix in fixes}
        for fix, off_ms in off.items():
            assert fix.err_ms is None or abs(off_ms) <= fix.err_ms + slack_ms, f"believed: {fix}, {off_ms} ms off"
        stepped = [off_ms for fix, off_ms in off.items() if fix.source == "set"]
        moves = {move for move in self.moves if abs(move) > NEAR_MS}
        noticed = {move for move in moves if any(abs(move - off_ms) < NEAR_MS for off_ms in off.values())}
        sure = [self._sure(store, slack_ms) for store in stores.values()]
        return {
            "jumps": len(self.moves),
            "far": len(moves),
            "far_noticed": len(noticed),
            "steps_noticed": len(stepped),
            "records_sure": sum(told for told, _ in sure),
            "records_unsure": sum(untold for _, untold in sure),
        }

    def _sure(self, store: Store, slack_ms: int) -> tuple[int, int]:
        """A time is right within what it is said to be off, or said to be unknown; returns how many of each."""
        told = untold = 0
        best: dict[str, tuple[int, int]] = {}  # by the platform's rule: kernel boot → (error, UTC of its zero)
        for message in store.messages():
            base_ms = round(datetime.fromisoformat(message["t0"]).timestamp() * 1000) - message["mono_ms"]
            err_ms = message["err_ms"]
            if err_ms is None:
                untold += 1
                continue
            told += 1
            off_ms = base_ms - self.true_ms
            assert abs(off_ms) <= err_ms + slack_ms, f"seq {message['seq']}: {off_ms} ms off, said to be {err_ms}"
            best[message["kernel_boot"]] = min(best.get(message["kernel_boot"], (err_ms, base_ms)), (err_ms, base_ms))
        for err_ms, base_ms in best.values():
            assert abs(base_ms - self.true_ms) <= err_ms + slack_ms
        return told, untold
