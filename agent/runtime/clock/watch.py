"""Keeps the almanac: notes both clocks at the start, after every step of the wall clock, and whenever trust changes."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, Self

from agent.runtime.clock.jumps import JumpWatch
from agent.runtime.clock.reckon import DOUBT, DRIFT_PPM, REVOKED, Almanac, Fix
from agent.runtime.clock.trust import Witness
from agent.runtime.version import BUILT_MS
from protocols.clock import NowNs, boottime_ns
from protocols.reason import Reason

LOOK_EVERY_S = 10.0
NOTE_EVERY_S = 900.0  # a fix this old is off by 45 ms at the drift a Pi can have
_BEHIND_MS = 60_000  # a clock this far behind a time once trusted is wrong, or that one was
RECEIVER = "receiver"
"""Source of a fix that a satellite receiver of the gateway's told."""
_STEP_MS = 2_000  # beyond both errors: what an NTP daemon may step where it was never wrong


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

    `almanac` holds every pair of clocks known, of this life and earlier ones; `note` adds to it. A vouched clock that
    contradicts it, or is older than this program, is not believed, and `on_doubt` is told why (None: no more);
    `on_refused` is told, once, why a receiver's word is not taken.
    """

    def __init__(
        self,
        note: Callable[[Fix], None],
        kernel_boot: str,
        almanac: Almanac,
        *,
        mono_ns: NowNs = boottime_ns,
        wall_ns: NowNs = time.time_ns,
        witness: Witness | None = None,
        jumps: Callable[[], Jumps] = JumpWatch,
        look_every_s: float = LOOK_EVERY_S,
        on_doubt: Callable[[Reason | None], None] = lambda _why: None,
        on_refused: Callable[[Reason], None] = lambda _why: None,
    ) -> None:
        self._on_refused = on_refused
        self._refused: Reason | None = None
        self._note = note
        self._kernel_boot = kernel_boot
        self._almanac = almanac
        self._on_doubt = on_doubt
        self.doubt: Reason | None = None
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
        doubt = None if err is None else self._contradiction(mono_ms, wall_ms, err)
        if doubt is not None:
            err = None
        if err is not None:
            err += (after - before) // 1_000_000 + 1
        news = (err is None) != (self.err_ms is None) or (doubt is None) != (self.doubt is None)
        old = err is not None and mono_ms - self._noted_ms >= NOTE_EVERY_S * 1000
        self.err_ms = err
        if always or news or old:
            self._noted_ms = mono_ms
            self._note(Fix(self._kernel_boot, mono_ms, wall_ms, err, DOUBT if doubt is not None else source))
        if (doubt is None) != (self.doubt is None):
            self.doubt = doubt
            self._on_doubt(doubt)

    def heard(self, wall_ms: int, mono_ms: int, err_ms: int) -> None:
        """A receiver of ours says what time it was. It counts while nobody vouches for the wall clock, and as long as
        it contradicts nothing that was trusted; the wall clock itself is not touched.
        """
        if self.trusted or self.doubt is not None:
            return
        doubt = self._contradiction(mono_ms, wall_ms, err_ms)
        if doubt is None:
            self._refused = None
            self._note(Fix(self._kernel_boot, mono_ms, wall_ms, err_ms, RECEIVER))
        elif self._refused is None:
            self._refused = doubt
            self._on_refused(doubt)

    def revoke(self) -> None:
        """A person says that what was trusted is wrong: from now on only what is vouched for now counts."""
        self._note(Fix(self._kernel_boot, self._mono_ns() // 1_000_000, self._wall_ns() // 1_000_000, None, REVOKED))
        self.look("look", always=True)

    def _contradiction(self, mono_ms: int, wall_ms: int, err_ms: int) -> Reason | None:
        """Why a clock that is vouched for is not believed all the same."""
        if wall_ms < BUILT_MS:
            return Reason("clock.before_built", utc=_utc(wall_ms), built=_utc(BUILT_MS))
        newest = self._almanac.newest_trusted
        if newest is not None and wall_ms < newest.wall_ms - _BEHIND_MS:
            return Reason("clock.behind", utc=_utc(wall_ms), trusted=_utc(newest.wall_ms), source=newest.source)
        known = self._almanac.trusted_near(self._kernel_boot, mono_ms)
        if known is None:
            return None
        away_ms = wall_ms - known.wall_ms - (mono_ms - known.mono_ms)
        drift_ms = abs(mono_ms - known.mono_ms) * DRIFT_PPM // 1_000_000
        if abs(away_ms) <= err_ms + (known.err_ms or 0) + drift_ms + _STEP_MS:
            return None
        return Reason("clock.stepped", utc=_utc(wall_ms), by_s=away_ms / 1000, source=known.source)

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


def _utc(wall_ms: int) -> str:
    """A date and time of UTC; what no calendar holds, as seconds."""
    try:
        return datetime.fromtimestamp(wall_ms // 1000, UTC).isoformat(sep=" ", timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"{wall_ms // 1000} s"
