"""Keeps the almanac: notes both clocks at the start, after every step of the wall clock, and whenever trust changes."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, Self

from agent.runtime.clock.jumps import JumpWatch
from agent.runtime.clock.reckon import Fix
from agent.runtime.clock.trust import Witness
from protocols.clock import NowNs, boottime_ns

LOOK_EVERY_S = 10.0
NOTE_EVERY_S = 900.0  # a fix this old is off by 45 ms at the drift a Pi can have
_BEHIND_MS = 60_000  # a clock this far behind a time once trusted is wrong


class Jumps(Protocol):
    """What tells of a step of the clock; `JumpWatch` on Linux."""

    def __enter__(self) -> Self:
        """Begin to watch."""
        ...

    def __exit__(self, *_args: object) -> None:
        """End."""
        ...

    async def jumped(self) -> None:
        """Return after the next step."""
        ...


class ClockWatch:
    """Run `run` under supervision. `note` gets every fix (the journal's `note_clock`).

    `trusted_ms` yields the newest wall time ever trusted, from this life or an earlier one, None for none
    (`journal.almanac.newest_trusted_ms`).
    """

    def __init__(
        self,
        note: Callable[[Fix], None],
        kernel_boot: str,
        trusted_ms: Callable[[], int | None],
        *,
        mono_ns: NowNs = boottime_ns,
        wall_ns: NowNs = time.time_ns,
        witness: Witness | None = None,
        jumps: Callable[[], Jumps] = JumpWatch,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._note = note
        self._kernel_boot = kernel_boot
        self._trusted_ms = trusted_ms
        self._mono_ns = mono_ns
        self._wall_ns = wall_ns
        self._witness = witness or Witness()
        self._jumps = jumps
        self._look_every_s = look_every_s
        self._noted_ms = 0
        self.jumps = 0
        self.err_ms: int | None = None

    @property
    def trusted(self) -> bool:
        """Whether somebody vouched for the wall clock at the last look."""
        return self.err_ms is not None

    def look(self, source: str, always: bool = False) -> None:
        """Read both clocks once, and note them if that is news."""
        before = self._mono_ns()
        wall_ms = self._wall_ns() // 1_000_000
        after = self._mono_ns()
        mono_ms = (before + after) // 2_000_000
        err = self._witness.err_ms()
        last = self._trusted_ms()
        if err is not None and last is not None and wall_ms < last - _BEHIND_MS:
            err = None
        if err is not None:
            err += (after - before) // 1_000_000 + 1
        news = (err is None) != (self.err_ms is None)
        old = err is not None and mono_ms - self._noted_ms >= NOTE_EVERY_S * 1000
        self.err_ms = err
        if always or news or old:
            self._noted_ms = mono_ms
            self._note(Fix(self._kernel_boot, mono_ms, wall_ms, err, source))

    async def run(self) -> None:
        """Watch for ever."""
        self.look("start", always=True)
        with self._jumps() as jumps:
            while True:
                try:
                    async with asyncio.timeout(self._look_every_s):
                        await jumps.jumped()
                except TimeoutError:
                    self.look("look")
                else:
                    self.jumps += 1
                    self._witness.stepped()
                    self.look("set", always=True)
