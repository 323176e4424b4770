"""When to try a wire again: 0.5 s doubling to 10 s with jitter; only a good answer makes it 0.5 s again."""

import random
from collections.abc import Callable

FIRST_S = 0.5
MOST_S = 10.0


class Reconnect:
    """An accept proves nothing (accept-then-close would make a storm), so a connect does not reset the pause."""

    __slots__ = ("_jitter", "_next_s")

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self._next_s = FIRST_S

    def good_answer(self) -> None:
        """The far end has shown that it works."""
        self._next_s = FIRST_S

    def pause_s(self) -> float:
        """How long to wait now: between half and one and a half times the present step."""
        pause = self._next_s * (0.5 + self._jitter())
        self._next_s = min(self._next_s * 2, MOST_S)
        return pause
