"""One bearer of an uplink: where it leads, what may go over it, and how much a day."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.link.record import Stream
from agent.settings.bearers import Carries

DAY_S = 86_400.0
FIRST_SHARE = 1 / 24
"""Of a day's bytes: so much may go at once after a start, and must be there again before more than events go."""
GO: dict[Carries, frozenset[Stream]] = {
    "all": frozenset(Stream),
    "present": frozenset((Stream.EVENTS, Stream.LIVE)),
    "events": frozenset((Stream.EVENTS,)),
}


@dataclass(frozen=True, slots=True)
class Way:
    """One bearer. `interface` None leaves it to the system's routes; `most_per_day` in bytes, None without a limit."""

    name: str
    host: str
    port: int
    interface: str | None = None
    carries: Carries = "all"
    most_per_day: float | None = None

    def takes(self, stream: Stream) -> bool:
        """Whether records of this stream go over it at all."""
        return stream in GO[self.carries]


class Allowance:
    """Bytes that a bearer may still carry: they come evenly over the day and pile up for a day at the most.

    No clock of a day, so a start anew costs no more than an hour's share. `now` counts seconds.
    """

    def __init__(self, most_per_day: float | None, now: Callable[[], float]) -> None:
        self.carried = 0
        self._most = most_per_day
        self._now = now
        self._counted_s = now()
        self._left = (most_per_day or 0.0) * FIRST_SHARE
        self._spent = False

    def carry(self, size: int) -> None:
        """So many bytes went."""
        self.carried += size
        self._refill()
        self._left -= size

    @property
    def left(self) -> float | None:
        """Bytes, below 0 where events went beyond it; None without a limit."""
        if self._most is None:
            return None
        self._refill()
        return self._left

    @property
    def spent(self) -> bool:
        """Whether only events may go."""
        left = self.left
        if left is None or self._most is None:
            return False
        self._spent = left < (self._most * FIRST_SHARE if self._spent else 0.0)
        return self._spent

    def _refill(self) -> None:
        now, most = self._now(), self._most or 0.0
        self._left = min(most, self._left + (now - self._counted_s) * most / DAY_S)
        self._counted_s = now
