"""One end of the way between two children: lines of JSON over a socket pair, bounded, never waited for."""

import asyncio
import contextlib
import itertools
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from agent.control.request import RequestError

LONGEST_LINE = 16 << 20
"""Bytes of one message: a record of a megabyte as a text within JSON is well below."""
FULL = 4 << 20
"""Bytes not yet taken by the peer, from which on samples are dropped."""
OVERFULL = 32 << 20
"""Bytes not yet taken by the peer, from which on nothing is taken any more: it hangs."""
ANSWER_S = 10.0

Handler = Callable[[Mapping[str, Any]], Awaitable[Any]]
"""Answers one question of the peer's. Raises RequestError for a no."""

_log = logging.getLogger("hydronest")


class ChannelGone(Exception):
    """The peer's life ended, or it takes nothing: what was asked is not answered."""


class Channel:
    """Made for one life of the peer. `run` reads until that ends; everything else may be called at any time.

    `heard(kind, body)` gets what the peer posts; `handlers` answer what it asks, each in a task of its own.
    """

    def __init__(
        self,
        peer: str,
        sock: socket.socket,
        heard: Callable[[str, Any], None],
        handlers: Mapping[str, Handler] | None = None,
    ) -> None:
        self.peer = peer
        self.dropped = 0
        """Messages that could be dropped and were, because the peer does not take them."""
        self._sock = sock
        self._heard = heard
        self._handlers = handlers or {}
        self._writer: asyncio.StreamWriter | None = None
        self._early: list[bytes] = []
        self._gone = False
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._late: dict[int, Callable[[Any], None]] = {}
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> bool:
        """Whether the peer is still there."""
        return not self._gone

    async def run(self) -> None:
        """Read until the peer's life ends or this is cancelled; leaves no task and no socket."""
        reader, self._writer = await asyncio.open_unix_connection(sock=self._sock, limit=LONGEST_LINE)
        self._writer.transport.set_write_buffer_limits(OVERFULL)
        try:
            for line in self._early:
                self._writer.write(line)
            self._early.clear()
            while True:
                try:
                    line = await reader.readuntil(b"\n")
                except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
                    return
                try:
                    self._take(orjson.loads(line))
                except Exception:  # the boundary of the process: what one peer says wrongly costs that message
                    _log.exception("what %s says cannot be understood", self.peer)
        finally:
            await self._end()

    def post(self, kind: str, body: Any, *, may_drop: bool = False) -> bool:
        """Send and do not wait. False where it was not taken: the peer is gone, or does not read."""
        return self._write({"k": kind, "b": body}, FULL if may_drop else OVERFULL)

    async def ask(
        self,
        name: str,
        within_s: float = ANSWER_S,
        late: Callable[[Any], None] | None = None,
        **arguments: Any,
    ) -> Any:
        """Ask the peer and wait for its answer. Raises RequestError for its no, ChannelGone, TimeoutError.

        `late` gets what is answered after this ended by time or cancellation: what it brings must not be lost.
        """
        number = next(self._numbers)
        if not self._write({"q": number, "n": name, "a": arguments}, OVERFULL):
            raise ChannelGone(self.peer)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            async with asyncio.timeout(within_s):
                return await answer
        except (asyncio.CancelledError, TimeoutError):
            if late is None or self._gone:
                raise
            if answer.cancelled() or not answer.done():
                self._late[number] = late
            elif answer.exception() is None:
                late(answer.result())  # it came in the very moment of the end
            raise
        finally:
            del self._asked[number]

    def close(self) -> None:
        """End it from our side; `run` returns."""
        self._gone = True
        if self._writer is not None:
            self._writer.close()
        else:
            self._sock.close()

    def _write(self, message: Mapping[str, Any], most: int) -> bool:
        if self._gone:
            return False
        line = orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
        if self._writer is None:
            self._early.append(line)
            return True
        if self._writer.transport.get_write_buffer_size() > most:
            self.dropped += 1
            return False
        self._writer.write(line)
        return True

    def _take(self, message: Mapping[str, Any]) -> None:
        if "k" in message:
            self._heard(message["k"], message["b"])
        elif "q" in message:
            task = asyncio.create_task(self._answer(message), name=f"{self.peer} asks {message['n']}")
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        else:
            answer = self._asked.get(message["r"])
            if answer is None or answer.done():
                late = self._late.pop(message["r"], None)
                if late is not None and "v" in message:
                    late(message["v"])
            elif "no" in message:
                answer.set_exception(RequestError(*message["no"]))
            else:
                answer.set_result(message["v"])

    async def _answer(self, question: Mapping[str, Any]) -> None:
        handler = self._handlers.get(question["n"])
        try:
            if handler is None:
                raise RequestError("unknown_ask", f"{self.peer} asks for {question['n']}, which is not answered here")
            told = {"r": question["q"], "v": await handler(question["a"])}
        except RequestError as no:
            told = {"r": question["q"], "no": [no.code, no.message, no.next_step]}
        except Exception:  # the boundary of the process: one handler's bug costs its asker an answer
            _log.exception("%s asked %s, and that failed", self.peer, question["n"])
            told = {"r": question["q"], "no": ["failed", f"{question['n']} failed; the log says why", ""]}
        self._write(told, OVERFULL)

    async def _end(self) -> None:
        self._gone = True
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ChannelGone(self.peer))
        for task in self._answering:
            task.cancel()
        if self._answering:
            await asyncio.wait(self._answering)
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
