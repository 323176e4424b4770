"""One stream's traffic on the connection of the moment: how much is under way, and how much may be."""

import asyncio

from agent.uplinks.backoff import Backoff

LONG_S = 1.0
"""A confirmation that took longer means that the bearer is full: an alarm would wait behind what is under way."""

FIRST_WIDTH = 4.0


class Traffic:
    """Up to `window` records under way. `yielding` traffic takes less on a bearer that is slow, at least one.

    It starts narrow, widens by one with each quick confirmation until the first slow one halves it, and from then on
    by one for each width confirmed: so alarms, which never yield, wait about a second behind the rest on any bearer.
    """

    def __init__(self, window: int, backoff: Backoff, *, yielding: bool) -> None:
        self.backoff = backoff
        self._window = window
        self._yielding = yielding
        self._width = min(FIRST_WIDTH, window) if yielding else float(window)
        self._full_once = False
        self._spared = 0  # confirmations of what was under way at the last halving: they say the same once more
        self._under_way = 0
        self._freed = asyncio.Event()

    @property
    def room(self) -> int:
        """How many more may go now."""
        return int(self._width) - self._under_way

    async def some_room(self) -> None:
        """Wait until there may be room."""
        self._freed.clear()
        await self._freed.wait()

    def take(self, count: int) -> None:
        """These many are under way now."""
        self._under_way += count

    def done(self) -> None:
        """One is not any more, whatever became of it."""
        self._under_way -= 1
        self._freed.set()

    def confirmed(self, took_s: float) -> None:
        """One was confirmed this long after it was sent."""
        if not self._yielding:
            return
        self._spared = max(0, self._spared - 1)
        if took_s <= LONG_S:
            self._width = min(self._window, self._width + (1.0 / self._width if self._full_once else 1.0))
        elif self._spared == 0:
            self._full_once = True
            self._width = max(1.0, self._width / 2)
            self._spared = self._under_way
