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
from protocols.errors import Reasoned
from protocols.reason import Reason, from_json, plain

LONGEST_LINE = 16 << 20
"""Bytes of one message: a record of a megabyte as a text within JSON is well below."""
FULL = 4 << 20
"""Bytes not yet taken by the peer, from which on samples are dropped."""
OVERFULL = 32 << 20
"""Bytes not yet taken by the peer, from which on nothing is taken any more: it hangs."""
PIECE = 64 << 10
"""Bytes taken in one turn of the loop, some milliseconds of work: a peer's flood delays nobody else."""
ANSWER_S = 10.0
LAST_S = 1.0
"""So long an end waits for the peer to take what was posted."""

Handler = Callable[[Mapping[str, Any]], Awaitable[Any]]
"""Answers one question of the peer's. Raises RequestError for a no."""

_log = logging.getLogger("hydronest")


class ChannelGone(Exception):
    """The peer's life ended, or it takes nothing: what was asked is not answered."""


class TooLong(Reasoned):
    """A message of more bytes than one may have: it would end the channel."""


class Channel:
    """Made for one life of the peer. `run` reads until that ends; everything else may be called at any time.

    `heard(kind, body)` gets what the peer posts; `handlers` answer what it asks, each in a task of its own. The two
    directions are apart: what a peer had sent before it died is heard, whatever we try to send it meanwhile (asyncio's
    own streams throw it away at the first write that fails).
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
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._running = False
        self._gone = False
        self._in: list[bytes] = []
        self._out = bytearray()
        self._sent = asyncio.Event()
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._late: dict[int, Callable[[Any], None]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        sock.setblocking(False)

    @property
    def open(self) -> bool:
        """Whether the peer is still there."""
        return not self._gone

    async def run(self) -> None:
        """Read until the peer's life ends or this is cancelled; leaves no task and no socket.

        What was posted before is sent if the peer takes it within LAST_S.
        """
        self._running = True
        self._loop.add_reader(self._sock, self._readable)
        try:
            if self._out:
                self._loop.add_writer(self._sock, self._writable)
            await self._over.wait()
        finally:
            await self._end()

    def post(self, kind: str, body: Any, *, may_drop: bool = False) -> bool:
        """Send and do not wait. False where it was not taken: the peer is gone, or does not read.

        Raises TypeError for what JSON cannot carry, TooLong.
        """
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
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._asked[number] = answer
        if late is not None:
            self._late[number] = late
        try:
            async with asyncio.timeout(within_s):
                return await answer
        except (asyncio.CancelledError, TimeoutError):
            if late is not None and answer.done() and not answer.cancelled() and answer.exception() is None:
                late(answer.result())  # it came in the very moment of the end
            raise
        finally:
            del self._asked[number]
            if answer.done() and not answer.cancelled():
                self._late.pop(number, None)

    def close(self) -> None:
        """End it from our side; `run` returns."""
        self._gone = True
        self._over.set()
        if not self._running:
            self._sock.close()

    # -- sending -----------------------------------------------------------------------------------------------------

    def _write(self, message: Mapping[str, Any], most: int) -> bool:
        if self._gone:
            return False
        if len(self._out) > most:
            self.dropped += 1
            return False
        line = orjson.dumps(message, default=plain, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
        if len(line) > LONGEST_LINE:
            raise TooLong("request.answer_too_long", bytes=len(line), most_bytes=LONGEST_LINE)
        waited = bool(self._out)
        self._out += line
        if self._running and not waited:
            self._writable()
            if self._out:
                self._loop.add_writer(self._sock, self._writable)
        return True

    def _writable(self) -> None:
        try:
            while self._out:
                del self._out[: self._sock.send(memoryview(self._out)[: 4 * PIECE], socket.MSG_NOSIGNAL)]
        except BlockingIOError:
            return
        except OSError:  # the peer is gone: what it had sent is still to be read
            self._gone = True
            self._out.clear()
        self._loop.remove_writer(self._sock)
        self._sent.set()

    # -- receiving ---------------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        try:
            piece = self._sock.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        *lines, rest = piece.split(b"\n")
        if lines:
            lines[0] = b"".join([*self._in, lines[0]])
            self._in.clear()
        for line in lines:
            try:
                self._take(orjson.loads(line))
            except Exception:  # the boundary of the process: what one peer says wrongly costs that message
                _log.exception("what %s says cannot be understood", self.peer)
        if rest:
            self._in.append(rest)
        if not piece or sum(map(len, self._in)) > LONGEST_LINE:
            self._loop.remove_reader(self._sock)
            self._over.set()

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
                code, why, remedy = message["no"]
                reason = from_json(why) or Reason("request.no_reason")
                answer.set_exception(RequestError(code, reason, from_json(remedy)))
            else:
                answer.set_result(message["v"])

    async def _answer(self, question: Mapping[str, Any]) -> None:
        handler = self._handlers.get(question["n"])
        try:
            if handler is None:
                raise RequestError("unknown_ask", Reason("request.unknown_ask", ask=question["n"]))
            self._write({"r": question["q"], "v": await handler(question["a"])}, OVERFULL)
            return
        except RequestError as refusal:
            no: list[Any] = [refusal.code, refusal.reason, refusal.remedy]
        except TooLong as much:
            no = ["bad_request", much.reason, Reason("request.ask_for_less")]
        except Exception:  # the boundary of the process: one handler's bug costs its asker an answer
            _log.exception("%s asked %s, and that failed", self.peer, question["n"])
            no = ["failed", Reason("request.failed", ask=question["n"]), None]
        self._write({"r": question["q"], "no": no}, OVERFULL)

    async def _end(self) -> None:
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ChannelGone(self.peer))
        for task in self._answering:
            task.cancel()
        try:
            if self._answering:
                await asyncio.wait(self._answering)
            if self._out and not self._gone:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LAST_S):
                        self._sent.clear()
                        await self._sent.wait()
        finally:
            self._gone = True
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)
            self._sock.close()
