"""What time was it? Wall time from a record's monotonic time and the pairs of clocks ever noted. Pure."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from typing import NamedTuple

DRIFT_PPM = 50  # a Pi's crystal, uncalibrated, over its temperature range


DOUBT = "doubt"
"""Source of a fix at which what is vouched for contradicts what was."""
REVOKED = "revoked"
"""Source of a fix at which a person took the trust from every one before."""


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
    """Every known fix. A record's time comes from the nearest trusted fix of its own kernel boot, earlier or later.

    Not across a moment at which the sources contradicted each other (a fix of source DOUBT): nobody knows which of
    them was right. A fix of source REVOKED takes the trust from all that were learnt before it.
    """

    def __init__(self, fixes: Iterable[Fix] = ()) -> None:
        self._trusted: dict[str, list[tuple[int, Fix]]] = {}
        self._guess: dict[str, list[tuple[int, Fix]]] = {}
        self._doubts: dict[str, list[int]] = {}
        self.newest_trusted: Fix | None = None
        for fix in fixes:
            self.add(fix)

    def add(self, fix: Fix) -> None:
        """Learn one more pair."""
        if fix.source == REVOKED:
            self._revoke()
        elif fix.source == DOUBT:
            insort(self._doubts.setdefault(fix.kernel_boot, []), fix.mono_ms)
        _put(self._guess if fix.err_ms is None else self._trusted, fix)
        newest = self.newest_trusted
        if fix.err_ms is not None and (newest is None or fix.wall_ms > newest.wall_ms):
            self.newest_trusted = fix

    def wall(self, kernel_boot: str, mono_ms: int) -> Reckoned:
        """The wall time at `mono_ms` of a kernel boot. A boot of which nothing is known yields 1970 and None."""
        around = _around(self._trusted.get(kernel_boot, []), mono_ms)
        sure = [fix for fix in around if not self._doubted(kernel_boot, fix.mono_ms, mono_ms)]
        if sure:
            fix = _nearest(sure, mono_ms)
            away = abs(mono_ms - fix.mono_ms)
            err = (fix.err_ms or 0) + away * DRIFT_PPM // 1_000_000
            return Reckoned((fix.wall_ms + mono_ms - fix.mono_ms) * 1_000_000, err)
        pairs = self._guess.get(kernel_boot) or self._trusted.get(kernel_boot)
        if pairs:
            fix = _nearest(_around(pairs, mono_ms), mono_ms)
            return Reckoned((fix.wall_ms + mono_ms - fix.mono_ms) * 1_000_000, None)
        return Reckoned(0, None)

    def trusted_near(self, kernel_boot: str, mono_ms: int) -> Fix | None:
        """The trusted fix nearest to a moment of a kernel boot, whatever was doubted since; None for none."""
        around = _around(self._trusted.get(kernel_boot, []), mono_ms)
        return _nearest(around, mono_ms) if around else None

    def _doubted(self, kernel_boot: str, fix_ms: int, mono_ms: int) -> bool:
        """Whether a doubt lies between: after the fix up to the moment, or after the moment up to the fix."""
        doubts = self._doubts.get(kernel_boot, [])
        first, last = sorted((fix_ms, mono_ms))
        return bisect_right(doubts, last) > bisect_right(doubts, first)

    def _revoke(self) -> None:
        for pairs in self._trusted.values():
            for _, fix in pairs:
                _put(self._guess, fix._replace(err_ms=None))
        self._trusted.clear()
        self._doubts.clear()
        self.newest_trusted = None


def _put(table: dict[str, list[tuple[int, Fix]]], fix: Fix) -> None:
    insort(table.setdefault(fix.kernel_boot, []), (fix.mono_ms, fix), key=lambda pair: pair[0])


def _around(pairs: list[tuple[int, Fix]], mono_ms: int) -> list[Fix]:
    """The last fix before a moment and the first at or after it, those that there are."""
    i = bisect_left(pairs, mono_ms, key=lambda pair: pair[0])
    return [fix for _, fix in pairs[max(0, i - 1) : i + 1]]


def _nearest(fixes: list[Fix], mono_ms: int) -> Fix:
    return min(fixes, key=lambda fix: abs(fix.mono_ms - mono_ms))
