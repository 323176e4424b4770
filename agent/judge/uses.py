"""What every use of a hydrant shows: its pressure before and while water is drawn, and how much that is."""

from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from agent.judge.watch import Watch
from agent.settings.rules import Channel
from agent.water.curve import Draw
from drivers.event import EventKind

STEADY_NS = 10 * 10**9
STEADY = 0.1
"""A flow that changes by no more, for so long, is one that its pressure belongs to."""
YOUNG_NS = 15 * 10**9
BEFORE_NS = (6 * 10**9, 180 * 10**9)
"""Readings so long before drawing was told were made before it began: it is told after five seconds."""
LEAST_L_S, LEAST_DROP_KPA = 3.0, 5.0
TERMINAL_KPA = 4.0
"""Of a terminal's own sensor: 0.25 % of 1.6 MPa."""

Drew = Callable[[Watch, Draw], None]


class _Steady(NamedTuple):
    """A flow that is going on."""

    since_ns: int
    l_s: float
    kpa: list[float]


class _Use:
    """One hydrant that is drawn from."""

    def __init__(self, static_kpa: float) -> None:
        self.static_kpa = static_kpa
        self.best: tuple[float, float] | None = None  # (L/s, kPa) of the largest steady flow
        self.steady: _Steady | None = None

    def read(self, l_s: float, kpa: float, now_ns: int) -> None:
        """One moment of it."""
        now = self.steady
        if now is None or abs(l_s - now.l_s) > STEADY * now.l_s:
            self.steady = _Steady(now_ns, l_s, [kpa])
            return
        if len(now.kpa) < 60:
            now.kpa.append(kpa)
        if now_ns - now.since_ns >= STEADY_NS and (self.best is None or now.l_s >= self.best[0]):
            self.best = now.l_s, median(now.kpa)


class Uses:
    """Give it every turn of drawing and a look each second; `drew` gets what each use showed.

    Of several that are drawn from near each other nothing is learned: nobody knows whose drop it is. A hydrant without
    a flow meter shows nothing either.
    """

    def __init__(self, drew: Drew, near: Callable[[Watch], bool]) -> None:
        self._drew = drew
        self._near = near
        self._going: dict[Watch, _Use] = {}

    def turned(self, w: Watch, kind: EventKind, raised: bool, now_ns: int, utc_ns: int | None) -> None:
        """An event turned somewhere."""
        if kind is not EventKind.WATER_DRAWN:
            return
        if raised:
            before = [kpa for ns, kpa in w.fall.trail if BEFORE_NS[0] <= now_ns - ns <= BEFORE_NS[1]]
            if before and w.raw[Channel.FLOW] is not None:
                self._going[w] = _Use(max(before[-5:]))
            return
        use = self._going.pop(w, None)
        if use is not None and use.best is not None and utc_ns is not None:
            l_s, kpa = use.best
            if l_s >= LEAST_L_S and 0 <= kpa <= use.static_kpa - LEAST_DROP_KPA:
                self._drew(w, Draw(utc_ns / 1e9, use.static_kpa, kpa, l_s, TERMINAL_KPA))

    def look(self, now_ns: int) -> None:
        """Read what is drawn now."""
        for w in list(self._going):
            if self._near(w):
                del self._going[w]
                continue
            flow, kpa = w.raw[Channel.FLOW], w.raw[Channel.PRESSURE]
            young = all(now_ns - w.raw_ns[channel] <= YOUNG_NS for channel in (Channel.FLOW, Channel.PRESSURE))
            if flow is not None and kpa is not None and young:
                self._going[w].read(flow, kpa, now_ns)
