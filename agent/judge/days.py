"""The days of a place: where each begins, how many minutes it has, which minute of which day a moment is."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from protocols.errors import Reasoned

UNDATED = "undated"
"""The day of what is judged while the time is not known."""
MINUTE_NS = 60 * 10**9
_YEAR, _MONTH, _DAY = 4, 7, 10  # characters of 2026, 2026-11, 2026-11-21


class NoPeriod(Reasoned, ValueError):
    """That is no day, month or year, nor a stretch from one to another."""


class Days:
    """Minutes are whole UTC minutes since 1970. A day has as many as its zone gives it."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._begin: dict[date, int] = {}

    def begin_min(self, day: str | date) -> int:
        """The first minute of a day. Raises ValueError for what is no day."""
        day = date.fromisoformat(day) if isinstance(day, str) else day
        if day not in self._begin:
            if len(self._begin) > 5000:
                self._begin.clear()
            at = datetime(day.year, day.month, day.day, tzinfo=self.zone)
            self._begin[day] = int(at.timestamp() // 60)
        return self._begin[day]

    def length_min(self, day: str | date) -> int:
        """How many minutes it has: 1,440, and another number where the clocks are put forward or back."""
        day = date.fromisoformat(day) if isinstance(day, str) else day
        return self.begin_min(day + timedelta(days=1)) - self.begin_min(day)

    def day_of(self, utc_min: int) -> date:
        """The day a minute belongs to."""
        return datetime.fromtimestamp(utc_min * 60, UTC).astimezone(self.zone).date()

    def place(self, utc_min: int) -> tuple[str, int]:
        """A minute's day, and which of it it is."""
        day = self.day_of(utc_min)
        return day.isoformat(), utc_min - self.begin_min(day)

    def elapsed_min(self, day: str | date, utc_ns: int | None) -> int:
        """How many minutes of a day have gone by; none while the time is not known."""
        if utc_ns is None:
            return 0
        return max(0, min(self.length_min(day), utc_ns // MINUTE_NS - self.begin_min(day)))


def days_of(period: str) -> tuple[date, date]:
    """First and last day of 2026-11-21, of 2026-11, of 2026, or from one of these to another: 2026-06..2026-08.

    Raises NoPeriod.
    """
    first, between, last = period.partition("..")
    begin, end = _bounds(first, period)[0], _bounds(last if between else first, period)[1]
    if end < begin:
        raise NoPeriod("request.period", value=period)
    return begin, end


def _bounds(text: str, period: str) -> tuple[date, date]:
    try:
        if len(text) == _YEAR:
            return date(int(text), 1, 1), date(int(text), 12, 31)
        if len(text) == _MONTH:
            begin = date.fromisoformat(f"{text}-01")
            return begin, (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        if len(text) == _DAY:
            return date.fromisoformat(text), date.fromisoformat(text)
    except (ValueError, OverflowError):
        pass
    raise NoPeriod("request.period", value=period)


def every_day(first: date, last: date) -> Iterator[date]:
    """From the first to the last."""
    for number in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(number)
