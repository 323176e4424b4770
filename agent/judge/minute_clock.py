"""Which minutes of the wall clock a look decides, so that no correction of the clock costs one or counts one twice."""

from agent.judge.days import MINUTE_NS

FILL_MOST_MIN = 15
"""A clock put forward by no more: what was judged just now holds for the minutes that were left out."""


class MinuteClock:
    """Looks come once a minute of CLOCK_BOOTTIME; while they do, their minutes follow each other, UTC slewed or not.

    Only a correction of a minute or more moves them: forward, and the minutes left out are decided too, up to
    `FILL_MOST_MIN`; back, and they are decided anew.
    """

    def __init__(self) -> None:
        self._minute = self._utc_min = 0  # of the last look; UTC counts from 1970
        self._begun = False

    def decides(self, now_ns: int, utc_ns: int, looked_before: bool = False) -> range:
        """The UTC minutes that a look at `now_ns` decides: the one that ends nearest, as a rule.

        `looked_before`: there were looks already, of which nobody knew when they were.
        """
        minute = now_ns // MINUTE_NS
        utc_at_begin_ns = utc_ns - (now_ns - minute * MINUTE_NS)
        nearest = (utc_at_begin_ns + MINUTE_NS // 2) // MINUTE_NS - 1
        first = last = nearest
        if not self._begun and not looked_before:
            first = last = nearest + 1  # nobody was there for the minute before; this one is decided again at its end
        elif self._begun:
            expected = self._utc_min + minute - self._minute
            if abs(utc_at_begin_ns - (expected + 1) * MINUTE_NS) < MINUTE_NS:
                first = last = expected
            elif minute == self._minute + 1 and 0 < nearest - expected <= FILL_MOST_MIN:
                first = expected
        self._minute, self._utc_min, self._begun = minute, last if self._begun else nearest, True
        return range(first, last + 1)
