"""Moments of any kernel boot, by the clock of this one."""

from collections.abc import Callable
from typing import NamedTuple

from agent.runtime.clock.reckon import Reckoned
from protocols.clock import NowNs

Wall = Callable[[str, int], Reckoned]
"""UTC of a moment (ms of CLOCK_BOOTTIME) of a kernel boot, as far as it is known."""


class Moment(NamedTuple):
    """CLOCK_BOOTTIME nanoseconds of a kernel boot."""

    boot: str
    ns: int


class Moments:
    """What `now_ns` counts is of the kernel boot `boot`."""

    def __init__(self, boot: str, wall: Wall, now_ns: NowNs) -> None:
        self.boot = boot
        self.now_ns = now_ns
        self._wall = wall

    def of(self, ns: int) -> Moment:
        """A moment of this boot."""
        return Moment(self.boot, ns)

    def here_ns(self, moment: Moment) -> int | None:
        """The same by this boot's clock, negative if before this boot; None while nobody can know."""
        if moment.boot == self.boot:
            return moment.ns
        now_ns = self.now_ns()
        now = self._wall(self.boot, now_ns // 1_000_000)
        then = self._wall(moment.boot, moment.ns // 1_000_000)
        return None if now.err_ms is None or then.err_ms is None else now_ns - (now.wall_ns - then.wall_ns)

    def age_s(self, moment: Moment) -> float | None:
        """How long ago; None while nobody can know."""
        here_ns = self.here_ns(moment)
        return None if here_ns is None else round(max(0, self.now_ns() - here_ns) / 1e9, 1)
