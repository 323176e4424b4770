"""Who may send next where the far end bears only so many: events, the present, the past, and none starves."""

import asyncio
from collections import deque

from agent.link.record import Stream

BACKLOG_SHARE = 0.2
"""The part of non-event sends the backlog gets while there is always something live to send."""


class Gate:
    """`slots` sends at once. Events go first, and where there are two slots or more one is kept for them alone."""

    def __init__(self, slots: int, backlog_share: float = BACKLOG_SHARE) -> None:
        self._free = slots
        self._kept = 1 if slots > 1 else 0
        self._share = backlog_share
        self._credit = 0.0
        self._queues: dict[Stream, deque[asyncio.Future[None]]] = {stream: deque() for stream in Stream}

    async def enter(self, stream: Stream) -> None:
        """Wait for a slot; first come, first served within a stream. Cancel freely."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues[stream].append(turn)
        self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give the slot back."""
        self._free += 1
        self._grant()

    def _grant(self) -> None:
        while self._free > 0 and (turn := self._next()) is not None:
            self._free -= 1
            turn.set_result(None)

    def _next(self) -> asyncio.Future[None] | None:
        for queue in self._queues.values():
            while queue and queue[0].done():  # cancelled while it waited
                queue.popleft()
        events, live, backlog = (self._queues[stream] for stream in (Stream.EVENTS, Stream.LIVE, Stream.BACKLOG))
        if events:
            return events.popleft()
        if self._free <= self._kept:
            return None
        if live and backlog:
            self._credit += self._share
            if self._credit >= 1.0:
                self._credit -= 1.0
                return backlog.popleft()
        if live:
            return live.popleft()
        return backlog.popleft() if backlog else None
