"""How long to rest after a failure: twice as long each time, never in step with others."""

import random
from collections.abc import Callable

FIRST_S = 0.5
LONGEST_S = 30.0


class Backoff:
    """One thing's rests. `now` is loop.time. A failure during a rest belongs to the same trouble and adds nothing."""

    def __init__(self, now: Callable[[], float], longest_s: float = LONGEST_S, first_s: float = FIRST_S) -> None:
        self._now = now
        self._first_s = min(first_s, longest_s)
        self._longest_s = longest_s
        self._next_s = self._first_s
        self._until = 0.0

    def failed(self) -> None:
        """Rest from now: 0.5 to 1.5 times the next step, then double the step up to the longest."""
        if self.left_s > 0:
            return
        self._until = self._now() + self._next_s * (0.5 + random.random())
        self._next_s = min(self._next_s * 2, self._longest_s)

    def succeeded(self) -> None:
        """The next failure starts small again."""
        self._next_s = self._first_s
        self._until = 0.0

    @property
    def left_s(self) -> float:
        """Seconds still to rest, 0 for none."""
        return max(0.0, self._until - self._now())
