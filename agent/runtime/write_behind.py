"""What waits for the card, done in order by a thread of its own: a card that hangs hangs that thread and nothing else.

No loop waits for it, and it does not keep the process from ending.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Protocol

from protocols.errors import Reasoned
from protocols.reason import Reason
from protocols.system import why_failed

MOST_WAITING = 1000
"""Calls that wait for a card to take them; whoever writes line by line keeps its lines itself and asks once."""

Call = Callable[[], None]
_log = logging.getLogger("hydronest")


class TooMuchWaits(Reasoned, OSError):
    """The card has taken nothing for so long that no more is kept for it."""


class Writer(Protocol):
    """What makes calls that wait for the card. In tests and simulations it is a card in virtual time."""

    def later(self, call: Call) -> bool:
        """Have it made, in its turn; its OSError is reported. False where too much waits already: it is not made."""

    def done(self, call: Call) -> "asyncio.Future[None]":
        """Have it made, in its turn; the future ends when it was, with what it raises or TooMuchWaits.

        Cancelled, the call stays under way, and in its turn.
        """


class _Waiting(NamedTuple):
    call: Call
    since_s: float
    told: Callable[[BaseException | None], None]


class WriteBehind:
    """One thread; calls are made one after the other in the order they came.

    `trouble`: why the last call failed, None when it did not. `lost`: calls that were not taken.
    """

    def __init__(self, name: str = "write behind", most: int = MOST_WAITING) -> None:
        self.trouble: Reason | None = None
        self.lost = 0
        self._name = name
        self._most = most
        self._calls: deque[_Waiting] = deque()
        self._come = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def behind_s(self) -> float:
        """How long the oldest call has been waiting or under way, in seconds; 0 when there is none."""
        with suppress(IndexError):  # taken away meanwhile
            return time.monotonic() - self._calls[0].since_s
        return 0.0

    def later(self, call: Call) -> bool:
        """As `Writer.later`."""
        return self._put(call, self._report)

    def done(self, call: Call) -> "asyncio.Future[None]":
        """As `Writer.done`."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def end(error: BaseException | None) -> None:
            if ended.done():
                return  # nobody waits any more
            if error is None:
                ended.set_result(None)
            else:
                ended.set_exception(error)

        def told(error: BaseException | None) -> None:
            self._take_note(error)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(end, error)

        if not self._put(call, told):
            end(TooMuchWaits("card.too_much_waits", most=self._most))
        return ended

    def _put(self, call: Call, told: Callable[[BaseException | None], None]) -> bool:
        with self._come:
            if len(self._calls) >= self._most:
                if not self.lost:
                    _log.error("the card takes nothing: what is to be written from here on is lost")
                self.lost += 1
                return False
            self._calls.append(_Waiting(call, time.monotonic(), told))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._come.notify()
        return True

    def _work(self) -> None:
        while True:
            with self._come:
                while not self._calls:
                    self._come.wait()
                waiting = self._calls[0]  # it stays there while it is made: it is what `behind_s` tells of
            error: BaseException | None = None
            try:
                waiting.call()
            except BaseException as trouble:
                error = trouble
            self._calls.popleft()
            waiting.told(error)

    def _report(self, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, OSError):
            _log.error("a write failed", exc_info=error)
        elif isinstance(error, OSError) and not self.trouble:
            _log.error("the card takes nothing: %s", error)
        self._take_note(error)

    def _take_note(self, error: BaseException | None) -> None:
        self.trouble = None if error is None else why_failed(error)
