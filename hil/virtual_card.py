"""A memory card in virtual time, and the thread that waits for it: what a flight's rehearsal writes by."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from agent.runtime.write_behind import Call


class _Waiting(NamedTuple):
    call: Call
    ended: "asyncio.Future[None] | None"


def _at_once() -> float:
    return 0.0


class VirtualCard:
    """A `Writer`: calls in order, each taking `takes_s()` virtual seconds, asked as it begins; 0 is at once."""

    def __init__(self) -> None:
        self.takes_s: Callable[[], float] = _at_once
        self._calls: deque[_Waiting] = deque()
        self._work: asyncio.Task[None] | None = None

    def later(self, call: Call) -> bool:
        """As `Writer.later`."""
        self._put(_Waiting(call, None))
        return True

    def done(self, call: Call) -> "asyncio.Future[None]":
        """As `Writer.done`."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put(_Waiting(call, ended))
        return ended

    def crash(self) -> None:
        """The power is cut: what was not written is lost."""
        self._calls.clear()
        if self._work is not None:
            self._work.cancel()
            self._work = None

    def _put(self, waiting: _Waiting) -> None:
        if self._work is None and (takes_s := self.takes_s()) == 0:
            _make(waiting)
            return
        self._calls.append(waiting)
        if self._work is None:
            self._work = asyncio.create_task(self._catch_up(takes_s), name="virtual card")

    async def _catch_up(self, takes_s: float) -> None:
        while True:
            await asyncio.sleep(takes_s)
            _make(self._calls.popleft())
            if not self._calls:
                self._work = None
                return
            takes_s = self.takes_s()


def _make(waiting: _Waiting) -> None:
    ended = waiting.ended
    try:
        waiting.call()
    except OSError as trouble:
        if ended is not None and not ended.done():
            ended.set_exception(trouble)
    except Exception as bug:
        if ended is None or ended.done():
            raise
        ended.set_exception(bug)
    else:
        if ended is not None and not ended.done():
            ended.set_result(None)
