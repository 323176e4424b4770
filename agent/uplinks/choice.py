"""Which of several bearers an uplink goes by. Pure: it is told what happened, and asked what to do."""

from collections.abc import Callable
from dataclasses import dataclass

from protocols.reason import Reason

PROBE_S = 20.0
"""A better bearer than the one in use is asked so often whether it is back."""
SPARE_S = 3600.0
"""And a worse one, which may cost, whether it would be there."""
FIRST_SPARE_S = 60.0
STEADY_S = 60.0
"""So long a better bearer answers each time before it is gone back to."""
LONGEST_STEADY_S = 3600.0
CALM_S = 600.0
"""A bearer that stood for less before a worse one had to be taken is twice as long to be steady next time."""


@dataclass(slots=True)
class Known:
    """What is known of one bearer. Seconds of `now`."""

    why: Reason | None = None
    down_s: float | None = None
    good_s: float | None = None
    steady_s: float = STEADY_S
    due_s: float = 0.0


class Choice:
    """Of so many bearers, by their number, 0 the best. `now` counts seconds."""

    def __init__(self, count: int, now: Callable[[], float]) -> None:
        self.ways = [Known() for _ in range(count)]
        self.current: int | None = None
        self._now = now
        self._last: int | None = None
        self._moved_s = now()
        self._first: int | None = None  # gone back to
        self._silent: int | None = None  # swallowed what it was given, whatever it says to a greeting

    def order(self) -> list[int]:
        """In which to try them, each once."""
        ways = sorted(range(len(self.ways)), key=lambda way: (way != self._first, way == self._silent, way))
        self._first = self._silent = None
        return ways

    def using(self, way: int) -> None:
        """This one has let us in."""
        now = self._now()
        if way != self._last:
            if self._last is not None and way > self._last:
                before = self.ways[self._last]
                brief = now - self._moved_s < CALM_S
                before.steady_s = min(before.steady_s * 2, LONGEST_STEADY_S) if brief else STEADY_S
            self._last, self._moved_s = way, now
        self.current = way
        self.answered(way)
        for number, other in enumerate(self.ways):
            other.due_s = now + (PROBE_S if number < way else FIRST_SPARE_S)

    def lost(self, *, silent: bool) -> None:
        """The connection is over; `silent`: it took what it was given and nothing came back."""
        if self.current is None:
            return
        self.ways[self.current].good_s = None
        if silent:
            self._silent = self.current
            self.failed(self.current, Reason("uplink.bearer_swallows"))
        self.current = None

    def answered(self, way: int) -> None:
        """It would let us in."""
        one = self.ways[way]
        one.why = one.down_s = None
        if one.good_s is None:
            one.good_s = self._now()

    def failed(self, way: int, why: Reason) -> None:
        """It would not."""
        one = self.ways[way]
        one.why, one.good_s = why, None
        if one.down_s is None:
            one.down_s = self._now()

    def due(self) -> int | None:
        """Which to ask now, if any; the next time is noted."""
        now = self._now()
        for number, one in enumerate(self.ways):
            if number != self.current and now >= one.due_s:
                one.due_s = now + (PROBE_S if self.current is None or number < self.current else SPARE_S)
                return number
        return None

    def better(self) -> bool:
        """Whether to go back to a better one; `order` then begins with it."""
        now = self._now()
        for number, one in enumerate(self.ways[: self.current or 0]):
            if one.good_s is not None and now - one.good_s >= one.steady_s:
                self._first = number
                return True
        return False
