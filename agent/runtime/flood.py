"""What comes by the hundred is told as a number: the first few of a while one by one, the others in one."""

import asyncio
from collections import Counter
from collections.abc import Callable

MOST = 10
WINDOW_S = 60.0


class Flood:
    """`most` in `window_s` seconds pass; what comes beyond is counted by kind, and `told` of once the time is over.

    Kinds come from us, never from a stranger: there are few of them.
    """

    def __init__(self, told: Callable[[Counter[str]], None], most: int = MOST, window_s: float = WINDOW_S) -> None:
        self._told = told
        self._most = most
        self._window_s = window_s
        self._passed = 0
        self._more: Counter[str] = Counter()
        self._over: asyncio.TimerHandle | None = None

    def passes(self, kind: str) -> bool:
        """Whether this one is told by itself. On the loop."""
        if self._over is None:
            self._over = asyncio.get_running_loop().call_later(self._window_s, self._tell)
        self._passed += 1
        if self._passed <= self._most:
            return True
        self._more[kind] += 1
        return False

    def _tell(self) -> None:
        more, self._more, self._passed, self._over = self._more, Counter(), 0, None
        if more:
            self._told(more)
