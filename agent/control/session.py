"""One client of the control socket: its questions one after the other, within its limits."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from agent.control.acts import Act
from agent.control.encoding import is_large, line_of
from agent.control.request import Answer, Request, RequestError, Stream
from agent.control.rights import Peer, Right, Rights
from agent.runtime.slices import one_slice
from protocols.errors import Busy, Refused, WireError
from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Reason

log = logging.getLogger(__name__)

_CODE_OF = {Busy: "busy", Refused: "refused", WireError: "no_answer"}
"""What trouble on a wire, left to us by a handler, is called."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may cost. Bytes and seconds."""

    clients: int = 32
    per_user: int = 16  # of these; the next takes a place its own user leaves idle, and nobody else's
    kept_for_operators: int = 8  # of these: whoever may only read never has them
    at_the_door: int = 8  # beside these, for one urgent question each
    door_s: float = 1.0  # for that question to come
    question_bytes: int = 64 << 10
    answer_bytes: int = 8 << 20
    waiting_bytes: int = 1 << 20  # written but not yet taken by the client
    idle_s: float = 60.0  # between two questions
    write_s: float = 5.0  # for a full buffer to move
    answer_s: float = 60.0  # for one answer; a stream's end is the client's affair


def refusal(no: RequestError) -> dict[str, Any]:
    """A no as it is sent."""
    return {"ok": False, "code": no.code, "reason": no.reason, "remedy": no.remedy}


def too_many(others: int) -> RequestError:
    """All the places are taken."""
    return RequestError("busy", Reason("request.too_many", others=others))


class Gone(Exception):
    """The client is silent, does not take what it is sent, or is no longer there."""


class Session:
    """Serves one connection until it ends, goes silent, stops reading, or sends what is no question."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        peer: Peer,
        asks: Mapping[str, tuple[Answer | Stream, Right]],
        rights: Rights,
        limits: Limits,
        acts: Callable[[Act], None] = lambda _act: None,
    ) -> None:
        self._acts = acts
        self._reader = reader
        self._writer = writer
        self.peer = peer
        self._asks = asks
        self._rights = rights
        self._limits = limits
        self._early = b""  # read while a stream ran: the start of the next question
        self._lead = b""
        self.idle_since: float | None = None
        """Loop time since when no question is under way; None while one is."""
        writer.transport.set_write_buffer_limits(high=limits.waiting_bytes)

    async def run(self) -> None:
        """Until the client is done. Raises Gone for one that is not worth waiting for."""
        while (line := await self._question(self._limits.idle_s)) is not None:
            try:
                await self._one(line)
            except RequestError as no:
                await self.refuse(no)
            async with one_slice():  # what was sent ahead is read already: one such question a turn, whoever asks
                pass

    async def run_at_the_door(self, urgent: Collection[str], others: int) -> None:
        """One question, answered if it is `urgent`. Raises Gone as `run` does."""
        if (line := await self._question(self._limits.door_s)) is None:
            return
        try:
            await self._one(line, urgent, others)
        except RequestError as no:
            await self.refuse(no)

    async def refuse(self, no: RequestError) -> None:
        """Say no."""
        await self._send(refusal(no))

    async def descriptor(self) -> int:
        """See `ClientEnd`. Raises Gone for a client that does not take what was written."""
        transport = self._writer.transport
        transport.set_write_buffer_limits(high=0)
        await self._taken()
        transport.set_write_buffer_limits(high=self._limits.waiting_bytes)
        return os.dup(self._writer.get_extra_info("socket").fileno())

    def cut_off(self) -> None:
        """See `ClientEnd`. The end of that line and the next are sent together, for the client to know them by."""
        self._lead = b"\n"

    async def _question(self, within_s: float) -> bytes | None:
        self.idle_since = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(within_s):
                line = self._early + await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return None
        except (TimeoutError, OSError) as error:
            raise Gone from error
        except asyncio.LimitOverrunError:
            too_long = Reason("request.too_long", most_bytes=self._limits.question_bytes)
            await self.refuse(RequestError("bad_request", too_long))
            return None
        self._early = b""
        self.idle_since = None
        return line

    async def _one(self, line: bytes, only: Collection[str] | None = None, others: int = 0) -> None:
        try:
            question = read_json_object(line, self._limits.question_bytes)
        except BadJson as wrong:
            raise RequestError("bad_request", Reason("request.not_json", why=wrong.reason)) from None
        if not isinstance(name := question.pop("ask", None), str):
            raise RequestError("bad_request", Reason("request.no_ask"))
        if name not in self._asks:
            raise RequestError("unknown_ask", Reason("request.unknown_ask", ask=name))
        if only is not None and name not in only:
            raise too_many(others)
        handler, right = self._asks[name]
        request = Request(question, self.peer, self)
        if right == "operate":
            await self._operated(name, handler, request)
        else:
            await self._asked(name, handler, request)

    async def _operated(self, name: str, handler: Answer | Stream, request: Request) -> None:
        """What changes anything is for those who may, and is told with what came of it, refused or not."""
        outcome, reason = "cut_off", None  # its client went, or we do
        try:
            if not self._rights.allows(self.peer, "operate"):
                told = Reason("request.needs_operator", ask=name, uid=self.peer.uid)
                raise RequestError("no_permission", told, Reason("request.join_operators"))
            log.info("operate ask=%s uid=%d pid=%d", name, self.peer.uid, self.peer.pid)
            await self._asked(name, handler, request)
            outcome = "done"
        except RequestError as no:
            outcome, reason = no.code, no.reason
            raise
        finally:
            by = f"uid {self.peer.uid}"
            self._acts(Act(name, by, request.args, outcome, reason, request.changed, self.peer.pid))

    async def _asked(self, name: str, handler: Answer | Stream, request: Request) -> None:
        try:
            if inspect.isasyncgenfunction(handler):
                await self._stream(handler(request))
            else:
                await self._send({"ok": True, "value": await self._answer(name, handler, request)})
        except (RequestError, Gone):
            raise
        except WireError as error:
            code = next(code for kind, code in _CODE_OF.items() if isinstance(error, kind))
            raise RequestError(code, error.reason) from None
        except Exception:  # the socket boundary: one handler's bug costs its asker an answer, nobody else anything
            log.exception("ask %s failed", name)
            raise RequestError("failed", Reason("request.failed", ask=name)) from None

    async def _answer(self, name: str, handler: Any, request: Request) -> Any:
        limit = asyncio.timeout(self._limits.answer_s)
        try:
            async with limit:
                return await handler(request)
        except TimeoutError:
            if not limit.expired():
                raise
            too_slow = Reason("request.took_too_long", ask=name, most_s=self._limits.answer_s)
            raise RequestError("timeout", too_slow) from None

    async def _stream(self, values: AsyncIterator[Any]) -> None:
        pump = asyncio.create_task(self._pump(values))
        heard = asyncio.create_task(self._listen())
        try:
            await asyncio.wait({pump, heard}, return_when=asyncio.FIRST_COMPLETED)
            if self._early:
                await pump  # not gone: asking on already
        finally:
            for task in (pump, heard):
                task.cancel()
            await asyncio.gather(pump, heard, return_exceptions=True)
        if not pump.cancelled():
            pump.result()

    async def _listen(self) -> None:
        """Ends when the client hangs up, or keeps the first byte of its next question."""
        with contextlib.suppress(OSError):
            self._early = await self._reader.read(1)

    async def _pump(self, values: AsyncIterator[Any]) -> None:
        try:
            async for value in values:
                await self._send({"ok": True, "value": value, "more": True})
        finally:
            close = getattr(values, "aclose", None)
            if close is not None:
                await close()
        await self._send({"ok": True, "more": False})

    async def _send(self, answer: Mapping[str, Any]) -> None:
        if is_large(answer.get("value")):
            async with one_slice():
                self._write(answer)
        else:
            self._write(answer)
        await self._taken()

    def _write(self, answer: Mapping[str, Any]) -> None:
        line = line_of(answer)
        if len(line) > self._limits.answer_bytes:
            told = Reason("request.answer_too_long", bytes=len(line), most_bytes=self._limits.answer_bytes)
            raise RequestError("bad_request", told, Reason("request.ask_for_less"))
        self._writer.write(self._lead + line)
        self._lead = b""

    async def _taken(self) -> None:
        try:
            async with asyncio.timeout(self._limits.write_s):
                await self._writer.drain()
        except (TimeoutError, OSError) as error:
            raise Gone from error
