"""One other child over all its lives: each comes with a channel of its own, and a new one ends the one before."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

RENEW_S = 5.0
"""Without a channel for so long we ask for one: the peer may live, and the channel have broken by itself."""


LAST_WORDS_S = 2.0
"""So long what a life had sent before it ended may still be read when the next one begins."""


class Peer:
    """`take` a socket at any time; `run` lives the lives one after the other. `want` asks the supervisor for another.

    The supervisor gives none while the peer is down: then its next life brings one along.
    """

    def __init__(
        self,
        want: Callable[[], object] = lambda: None,
        *,
        renew_s: float = RENEW_S,
        last_words_s: float = LAST_WORDS_S,
    ) -> None:
        self._want = want
        self._renew_s = renew_s
        self._last_words_s = last_words_s
        self._next: socket.socket | None = None
        self._news = asyncio.Event()

    def take(self, sock: socket.socket) -> None:
        """Our end of the channel to a new life of the peer."""
        self.close()
        self._next = sock
        self._news.set()

    def close(self) -> None:
        """Let go of a channel nobody lived."""
        if self._next is not None:
            self._next.close()
            self._next = None

    async def run(self, live: Callable[[socket.socket], Awaitable[None]]) -> None:
        """Await `live(socket)` for every life, for ever. It ends when the channel does: soon where there is a next one,
        or it is cancelled.

        What it raises is raised: run it again, and go on with a new channel.
        """
        try:
            while True:
                life = asyncio.ensure_future(live(await self._next_socket()))
                news = asyncio.ensure_future(self._news.wait())
                try:
                    await asyncio.wait({life, news}, return_when=asyncio.FIRST_COMPLETED)
                    await asyncio.wait({life}, timeout=self._last_words_s)
                finally:
                    life.cancel()
                    news.cancel()
                    await asyncio.wait({life, news})
                if not life.cancelled():
                    life.result()
        except asyncio.CancelledError:
            self.close()
            raise

    async def _next_socket(self) -> socket.socket:
        while True:
            self._news.clear()
            sock, self._next = self._next, None
            if sock is not None:
                return sock
            try:
                async with asyncio.timeout(self._renew_s):
                    await self._news.wait()
            except TimeoutError:
                self._want()
