"""What time was it? Wall time from a record's monotonic time and the pairs of clocks ever noted. Pure."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

DRIFT_PPM = 50  # a Pi's crystal, uncalibrated, over its temperature range


class Fix(NamedTuple):
    """In this kernel boot, at `mono_ms` (CLOCK_BOOTTIME), the wall clock showed `wall_ms` (UTC).

    `err_ms` bounds how far that was off; None says nobody vouched for the clock at that moment.
    """

    kernel_boot: str
    mono_ms: int
    wall_ms: int
    err_ms: int | None
    source: str


class Reckoned(NamedTuple):
    """UTC nanoseconds, and by how many milliseconds they can be off; None where no trusted clock is known."""

    wall_ns: int
    err_ms: int | None


class Almanac:
    """Every known fix. A record's time comes from the nearest trusted fix of its own kernel boot, earlier or later."""

    def __init__(self, fixes: Iterable[Fix] = ()) -> None:
        self._trusted: dict[str, list[tuple[int, Fix]]] = {}
        self._guess: dict[str, list[tuple[int, Fix]]] = {}
        self.newest_trusted_ms: int | None = None
        for fix in fixes:
            self.add(fix)

    def add(self, fix: Fix) -> None:
        """Learn one more pair."""
        table = self._guess if fix.err_ms is None else self._trusted
        pairs = table.setdefault(fix.kernel_boot, [])
        pairs.insert(bisect_left(pairs, (fix.mono_ms,), key=lambda pair: (pair[0],)), (fix.mono_ms, fix))
        if fix.err_ms is not None and (self.newest_trusted_ms is None or fix.wall_ms > self.newest_trusted_ms):
            self.newest_trusted_ms = fix.wall_ms

    def wall(self, kernel_boot: str, mono_ms: int) -> Reckoned:
        """The wall time at `mono_ms` of a kernel boot. A boot of which nothing is known yields 1970 and None."""
        pairs = self._trusted.get(kernel_boot)
        if pairs:
            fix = _nearest(pairs, mono_ms)
            away = abs(mono_ms - fix.mono_ms)
            err = (fix.err_ms or 0) + away * DRIFT_PPM // 1_000_000
            return Reckoned((fix.wall_ms + mono_ms - fix.mono_ms) * 1_000_000, err)
        pairs = self._guess.get(kernel_boot)
        if pairs:
            fix = _nearest(pairs, mono_ms)
            return Reckoned((fix.wall_ms + mono_ms - fix.mono_ms) * 1_000_000, None)
        return Reckoned(0, None)


def _nearest(pairs: list[tuple[int, Fix]], mono_ms: int) -> Fix:
    i = bisect_left(pairs, (mono_ms,), key=lambda pair: (pair[0],))
    around = pairs[max(0, i - 1) : i + 1]
    return min(around, key=lambda pair: abs(pair[0] - mono_ms))[1]
