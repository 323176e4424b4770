"""One connection of a browser's: its requests one after the other, each within its time, none larger than it may be."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

import h11

from agent.web.requests import LONGEST_BODY, LONGEST_HEAD, Answer, BadRequest, Request, request_of

Stream = AsyncGenerator[bytes, None]
Handler = Callable[[Request], Awaitable[Answer | Stream]]
"""Answers at once, or with what goes on until the browser is gone. Raises BadRequest."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing comes from elsewhere, nothing that is written into a page runs, nobody frames it."""
GUARDS = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),  # with none at all a browser's own form comes from "null"
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
"""What every answer says to the browser."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds."""

    request_s: float = 10.0  # from its first byte, or the connection's beginning, to its end
    idle_s: float = 30.0  # between two requests
    write_s: float = 15.0  # for what was written to be taken


class Connection:
    """Serves one browser until it ends, is silent, stops reading, or sends what is no request."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler, times: Times
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._times = times
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
        self.idle_since: float | None = asyncio.get_running_loop().time()
        """Loop time since when no request is under way; None while one is."""

    async def run(self) -> None:
        """Until it is done. Raises OSError or TimeoutError for one that is not worth waiting for."""
        within_s = self._times.request_s
        while True:
            try:
                request = await self._request(within_s)
                if request is None:
                    return
                answer = await self._handler(request)
            except (BadRequest, h11.RemoteProtocolError) as bad:
                status = bad.status if isinstance(bad, BadRequest) else bad.error_status_hint
                await self._refuse(status)
                return
            if isinstance(answer, Answer):
                await self._answer(answer, bodiless=request.method == "HEAD")
            else:
                await self._stream(answer)
                return
            if self._http.our_state is h11.MUST_CLOSE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()
            self.idle_since = asyncio.get_running_loop().time()
            within_s = self._times.idle_s

    async def _request(self, within_s: float) -> Request | None:
        """The next one, None where it hung up between two. Raises BadRequest, RemoteProtocolError, TimeoutError."""
        head: h11.Request | None = None
        body = b""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(within_s) as limit:
            while True:
                event = self._http.next_event()
                if event is h11.NEED_DATA:
                    data = await self._reader.read(LONGEST_HEAD)
                    if data and self.idle_since is not None:
                        self.idle_since = None
                        limit.reschedule(loop.time() + self._times.request_s)
                    self._http.receive_data(data)
                elif isinstance(event, h11.Request):
                    self.idle_since = None
                    head = event
                elif isinstance(event, h11.Data):
                    body += event.data
                    if len(body) > LONGEST_BODY:
                        raise BadRequest(413)
                elif isinstance(event, h11.EndOfMessage) and head is not None:
                    return request_of(head.method, head.target, list(head.headers), body)
                else:
                    return None

    async def _answer(self, answer: Answer, *, bodiless: bool) -> None:
        self._write(answer.status, answer.kind, (*answer.fields, ("content-length", str(len(answer.body)))))
        if not bodiless:
            self._writer.write(self._http.send(h11.Data(answer.body)) or b"")
        self._writer.write(self._http.send(h11.EndOfMessage()) or b"")
        await self._taken()

    async def _refuse(self, status: int) -> None:
        """The browser gets the number and the connection ends."""
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._write(status, "text/plain", (("connection", "close"), ("content-length", "0")))
            self._writer.write(self._http.send(h11.EndOfMessage()) or b"")
            await self._taken()

    async def _stream(self, stream: Stream) -> None:
        self._write(200, "text/event-stream", (("cache-control", "no-store"), ("connection", "close")))
        gone = asyncio.create_task(self._reader.read(1))  # whoever listens says nothing: a byte is an end, too
        sending = asyncio.create_task(self._pump(stream))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, sending):
                task.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)
        if sending.done() and not sending.cancelled() and (error := sending.exception()) is not None:
            raise error

    async def _pump(self, stream: Stream) -> None:
        async with contextlib.aclosing(stream) as parts:
            async for part in parts:
                self._writer.write(self._http.send(h11.Data(part)) or b"")
                await self._taken()
        self._writer.write(self._http.send(h11.EndOfMessage()) or b"")
        await self._taken()

    def _write(self, status: int, kind: str, fields: tuple[tuple[str, str], ...]) -> None:
        headers = [("content-type", kind), *fields, *GUARDS]
        if not any(name == "cache-control" for name, _ in fields):
            headers.append(("cache-control", "no-store"))
        response = h11.Response(status_code=status, headers=[(n.encode(), v.encode()) for n, v in headers])
        self._writer.write(self._http.send(response) or b"")

    async def _taken(self) -> None:
        async with asyncio.timeout(self._times.write_s):
            await self._writer.drain()
