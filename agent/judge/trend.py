"""Where a pressure is heading under ripple, in stairs, or slowly: lines laid over windows of what was read.

A fall without a break (`watch.Fall`) is seen at once. A pump's ripple breaks it at every stroke, outlets that are
opened one after the other make stairs of it, and a tank that drains takes an hour. Here the readings of five seconds
become one, and over each of some windows a straight line is laid: it counts if it is steeper than its own error says by
far, if a single step does not explain the window as well, and if what it slows down to lies below the floor.
"""

from array import array
from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

BIN_S = 5.0
WINDOWS_S = (60.0, 120.0, 240.0, 480.0, 900.0)
MOST = 120
"""Bins: ten minutes of readings each five seconds or faster, two hours of one a minute; 1.5 kB a device."""
FEWEST, FEWER, FEW = 8, 6, 4
"""Points of a window, where readings come faster than one in `MIDDLE_S`, in `SLOW_S`, or not so fast."""
MIDDLE_S, SLOW_S = 8.0, 25.0
REST_S, REST_KPA = 90.0, 1.5
CLEAR = 5.0
"""A slope so many times its own error is no ripple."""
STAIRS = 0.6
"""A line must leave less than this part of what the best single step leaves."""
SHORT_S = 130.0
STILL = 0.5
"""The last ten seconds of such a window must fall at this part of its slope."""
STOPPED = 0.35
"""A fall whose last third has slowed to less than this of the first is over."""


class Heading(NamedTuple):
    """kPa now and kPa a second by the line, seconds until the floor, and where and when the window began."""

    kpa: float
    rate_kpa_s: float
    left_s: float
    from_kpa: float
    since_s: float


class Trend:
    """Pressures of one device, by seconds of its own clock."""

    __slots__ = ("_at", "_count", "_kpa", "_last", "_sum", "_times")

    def __init__(self) -> None:
        self._times = array("d")
        self._kpa = array("f")
        self._at = self._last = float("-inf")
        self._sum = 0.0
        self._count = 0

    def add(self, at_s: float, kpa: float) -> bool:
        """Take the next pressure; True where it is time to look. One that comes alone in a bin counts at once."""
        alone = at_s - self._last >= BIN_S
        self._last = at_s
        closed = self._count > 0 and (alone or at_s - self._at >= BIN_S)
        if closed:
            self._keep(self._at, self._sum / self._count)
            self._count = 0
        if alone:
            self._keep(at_s, kpa)
            return True
        if self._count == 0:
            self._at, self._sum = at_s, 0.0
        self._sum += kpa
        self._count += 1
        return closed

    def _keep(self, at_s: float, kpa: float) -> None:
        if len(self._times) >= MOST:
            del self._times[0], self._kpa[0]
        self._times.append(at_s)
        self._kpa.append(kpa)

    def rests(self) -> bool:
        """Whether it has not fallen for a minute and a half, by the mean of that and of as long before."""
        if not self._times:
            return True
        now_s = self._times[-1]
        late = [kpa for at, kpa in zip(self._times, self._kpa, strict=True) if now_s - at < REST_S]
        early = [kpa for at, kpa in zip(self._times, self._kpa, strict=True) if REST_S <= now_s - at < 2 * REST_S]
        return not early or sum(late) / len(late) >= sum(early) / len(early) - REST_KPA

    def heading(self, floor_kpa: float, within_s: float, least_drop_kpa: float) -> Heading | None:
        """The most urgent of the windows that show a fall to the floor; None where none does."""
        if len(self._times) < FEW:
            return None
        newest_s, newest = self._times[-1], self._kpa[-1]
        if max(self._kpa) - newest < least_drop_kpa or newest <= floor_kpa:
            return None  # as it is nearly always
        if self.rests():
            return None
        found: Heading | None = None
        for window in WINDOWS_S:
            read = zip(self._times, self._kpa, strict=True)
            points = [(at - newest_s, kpa) for at, kpa in read if newest_s - at <= window]
            one = _heading(points, floor_kpa, least_drop_kpa)
            if one is not None and one.left_s <= within_s and (found is None or one.left_s < found.left_s):
                found = one._replace(since_s=newest_s + one.since_s)
        return found


def _heading(points: Sequence[tuple[float, float]], floor_kpa: float, least_drop_kpa: float) -> Heading | None:
    """What one window shows; seconds are before now."""
    count = len(points)
    every_s = (points[-1][0] - points[0][0]) / max(1, count - 1)
    slow = every_s >= SLOW_S
    if count < (FEW if slow else FEWER if every_s >= MIDDLE_S else FEWEST):
        return None
    mean_t = sum(at for at, _ in points) / count
    mean = sum(kpa for _, kpa in points) / count
    spread = sum((at - mean_t) ** 2 for at, _ in points)
    slope = sum((at - mean_t) * (kpa - mean) for at, kpa in points) / spread
    now = mean - slope * mean_t
    drop = -slope * (points[-1][0] - points[0][0])
    if slope >= 0 or drop < least_drop_kpa or now <= floor_kpa:
        return None
    line = sum((kpa - now - slope * at) ** 2 for at, kpa in points)
    if -slope < CLEAR * sqrt((line / max(1, count - 2) + 0.25) / spread):
        return None
    if line > STAIRS * _one_step([kpa for _, kpa in points]) or (not slow and not _still(points, slope)):
        return None
    rate = _rate_now(points, slope, floor_kpa)
    if rate is None:
        return None
    return Heading(now, rate, (now - floor_kpa) / rate, now + drop, points[0][0])


def _one_step(values: Sequence[float]) -> float:
    """What the best single step from one level to another leaves of the squares."""
    whole = len(values)
    total, squares = sum(values), sum(value * value for value in values)
    best, left = float("inf"), 0.0
    for n, value in enumerate(values[:-1], 1):
        left += value
        right = total - left
        best = min(best, squares - left * left / n - right * right / (whole - n))
    return best


def _still(points: Sequence[tuple[float, float]], slope: float) -> bool:
    """Whether a window so short that no outlet is opened twice in it falls to its very end: else one was opened."""
    if points[-1][0] - points[0][0] > SHORT_S:
        return True
    (t0, a), (t1, b), (t2, c), (t3, d) = points[-4:]
    return (a + b - c - d) / (t2 + t3 - t0 - t1) >= STILL * -slope


def _rate_now(points: Sequence[tuple[float, float]], slope: float, floor_kpa: float) -> float | None:
    """kPa a second that count from now on; None for a fall that has stopped, or slows down to above the floor."""
    third = len(points) // 3
    if third < 2:
        return -slope
    parts = [points[:third], points[third : len(points) - third], points[-third:]]
    levels = [sum(kpa for _, kpa in part) / len(part) for part in parts]
    times = [sum(at for at, _ in part) / len(part) for part in parts]
    first = (levels[0] - levels[1]) / (times[1] - times[0])
    last = (levels[1] - levels[2]) / (times[2] - times[1])
    if last <= STOPPED * first or last <= 0:
        return None
    if last < 0.8 * first:  # it slows: what it comes to at that pace
        slows = last / first
        rest = levels[2] - (levels[1] - levels[2]) * slows / (1.0 - slows)
        if rest > floor_kpa:
            return None
        return last
    return max(-slope, last) if last < -slope * 1.5 else last
