"""Two ends of one channel, both running."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from agent.link.channel import Channel, Handler
from tests.waiting import patient


class End:
    """One end, and what came in at it."""

    def __init__(self, peer: str, sock: socket.socket, handlers: Mapping[str, Handler] | None = None) -> None:
        self.heard: list[tuple[str, Any]] = []
        self._news = asyncio.Event()
        self.channel = Channel(peer, sock, self._hear, handlers)
        self.task = asyncio.create_task(self.channel.run())

    def _hear(self, kind: str, body: Any) -> None:
        self.heard.append((kind, body))
        self._news.set()

    async def until(self, count: int) -> None:
        """Wait until so many messages came in."""
        async with patient(f"{count} messages", 20, lambda: len(self.heard)):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def joined(handlers: Mapping[str, Handler] | None = None) -> AsyncIterator[tuple[End, End]]:
    """Both ends; the second answers with `handlers`."""
    ours, theirs = socket.socketpair()
    ends = End("there", ours), End("here", theirs, handlers)
    try:
        yield ends
    finally:
        for end in ends:
            end.task.cancel()
        await asyncio.gather(*(end.task for end in ends), return_exceptions=True)
