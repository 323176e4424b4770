"""A report's way to its client: values and progress, one line each, no longer waited for than a client is worth."""

import asyncio
import socket
import time
from typing import Any

import orjson

from protocols.reason import plain

TELL_EVERY_S = 1.0
TAKEN_WITHIN_S = 30.0
"""A client that takes nothing for so long keeps others from their reports."""


class ClientGone(Exception):
    """It hung up."""


class NotTaken(Exception):
    """It takes nothing; what was written last may be half a line."""


class Progress:
    """How far a report is: `reach` from the thread that works, often; it raises Stopped where nobody waits any more."""

    def __init__(self) -> None:
        self.done = self.of = 0
        self.stopped = False

    def reach(self, done: int, of: int) -> None:
        """`done` of `of` are done."""
        if self.stopped:
            raise Stopped
        self.done, self.of = done, of


class Stopped(Exception):
    """Nobody waits for this any more."""


class Answer:
    """Writes to the client of a report. `keep_telling` says how far it is whenever nothing else was said for a while.

    The connection stays core's: nothing is read from it here, and the end of the answer is core's to say.
    """

    def __init__(self, client: socket.socket, progress: Progress) -> None:
        client.setblocking(False)
        self._client = client
        self._progress = progress
        self._writing = asyncio.Lock()
        self._said_s = time.monotonic()

    async def value(self, value: Any) -> None:
        """One more value. Raises ClientGone, NotTaken."""
        await self.say({"ok": True, "value": value, "more": True})

    async def keep_telling(self) -> None:
        """Until cancelled. Raises ClientGone, NotTaken."""
        while True:
            await asyncio.sleep(max(0.05, self._said_s + TELL_EVERY_S - time.monotonic()))
            if time.monotonic() - self._said_s >= TELL_EVERY_S:
                told = {"done": self._progress.done, "of": self._progress.of}
                await self.say({"ok": True, "progress": told, "more": True})

    async def say(self, answer: dict[str, Any]) -> None:
        """One line. Raises ClientGone, NotTaken."""
        line = orjson.dumps(answer, default=plain, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
        async with self._writing:
            try:
                async with asyncio.timeout(TAKEN_WITHIN_S):
                    await asyncio.get_running_loop().sock_sendall(self._client, line)
            except TimeoutError:
                raise NotTaken from None
            except OSError as error:
                raise ClientGone from error
            self._said_s = time.monotonic()
