"""One TCP or TLS connection to a centre, carrying a Session: bytes in, frames out, deadlines kept."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from protocols.errors import Busy, NoAnswer, NotConnected
from protocols.gb26875.dialect import Dialect
from protocols.gb26875.frame import Frame, Splitter
from protocols.gb26875.session import Asked, Confirmed, Failed, Outcome, Session, Told, Transmit
from protocols.reason import Reason
from protocols.system import os_reason, why_failed
from protocols.tls import tls_reason

QUIET_S = 1.0  # a line silent this long within a frame has torn it: what it swallowed is looked through

_log = logging.getLogger("hydronest")

OnQuestion = Callable[[Asked], bytes | None]
"""A question's answer as a whole frame, None to deny it."""


class CentreLink:
    """Open with `open`; then `send` application data. Everything ends when the wire does: `gone` is set."""

    def __init__(
        self,
        session: Session,
        dialect: Dialect,
        wall: Callable[[], str],
        on_asked: OnQuestion,
        on_told: Callable[[Told], None],
        beat: "Callable[[CentreLink], None]",
        beat_s: float,
    ) -> None:
        self.session = session
        self.gone = asyncio.Event()
        self.gone.set()
        self.garbage_bytes = 0
        self.heard_s = 0.0
        """When the centre last said anything, by loop.time."""
        self._splitter = Splitter(dialect)
        self._wall = wall
        self._on_asked = on_asked
        self._on_told = on_told
        self._on_beat = beat
        self._beat_s = beat_s
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._due = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def open(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        server_name: str | None,
        wait_s: float,
        *,
        interface: str | None = None,
    ) -> None:
        """Connect, by `interface` where it is named, and start to listen. Raises NotConnected with the reason."""
        place = f"{host}:{port}"
        try:
            async with asyncio.timeout(wait_s):
                where: dict[str, Any] = {"host": host, "port": port}
                if interface is not None:
                    from protocols.bearer import dialled_from_loop

                    where = {"sock": await dialled_from_loop(host, port, interface)}
                reader, self._writer = await asyncio.open_connection(
                    **where, ssl=tls, server_hostname=(server_name or host) if tls else None
                )
        except TimeoutError:
            raise NotConnected("gb.not_in_time", place=place, within_s=wait_s) from None
        except ssl.SSLCertVerificationError as wrong:
            raise NotConnected("gb.certificate", place=place, why=tls_reason(wrong, server_name or host)) from None
        except ssl.SSLError as wrong:
            raise NotConnected("gb.tls_failed", place=place, why=tls_reason(wrong)) from None
        except OSError as wrong:
            raise NotConnected("gb.trouble", place=place, why=os_reason(wrong)) from None
        self.gone.clear()
        works = (self._listen(reader), self._keep_time(), self._beat())
        self._tasks = [asyncio.create_task(self._ends_with(work)) for work in works]

    async def send(self, data: bytes) -> None:
        """Upload and wait until it is confirmed. Raises NoAnswer (silence), Busy (denied) or NotConnected."""
        loop = asyncio.get_running_loop()
        serial, raw = self.session.upload(data, loop.time(), self._wall())
        confirmed = self._waiting[serial] = loop.create_future()
        self.write(raw)
        self._due.set()
        try:
            await confirmed
        finally:
            self.session.forget(serial)
            self._waiting.pop(serial, None)

    def carried_bytes(self) -> int:
        """What this connection has cost so far, both ways."""
        from protocols.bearer import carried_bytes

        return 0 if self._writer is None else carried_bytes(self._writer.get_extra_info("socket"))

    def say(self, data: bytes) -> None:
        """Upload without waiting: resends are the session's business, its end nobody's."""
        _, raw = self.session.upload(data, asyncio.get_running_loop().time(), self._wall())
        self.write(raw)
        self._due.set()

    def give_up(self) -> None:
        """Let it be gone, for `close` to clear up; whoever waits is told."""
        self._end(Reason("gb.closed_by_us"))

    async def close(self) -> None:
        """Leave no task and no socket; whoever waits is told. Cancelled and called again, it goes on."""
        self._end(Reason("gb.closed_by_us"))
        if self._writer is not None:
            self._writer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._writer is not None:
            try:
                async with asyncio.timeout(1.0):
                    await self._writer.wait_closed()
            except (OSError, TimeoutError):
                self._writer.transport.abort()

    async def _ends_with(self, work: Coroutine[Any, Any, None]) -> None:
        """A bug in one of them is the connection's end, and told as its reason: no half of one goes on."""
        try:
            await work
        except Exception as bug:
            _log.exception("the connection to a centre is given up")
            self._end(why_failed(bug))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        why = Reason("gb.centre_closed")
        try:
            while True:
                try:
                    async with asyncio.timeout(QUIET_S if self._splitter.within_frame else None):
                        data = await reader.read(4096)
                except TimeoutError:
                    for frame in self._splitter.silence():
                        self._take(frame)
                    continue
                if not data:
                    break
                self.heard_s = asyncio.get_running_loop().time()
                for frame in self._splitter.feed(data):
                    self._take(frame)
                self.garbage_bytes = self._splitter.garbage_bytes
        except OSError as wrong:
            why = Reason("gb.broke", why=tls_reason(wrong) if isinstance(wrong, ssl.SSLError) else os_reason(wrong))
        finally:
            self._end(why)

    async def _keep_time(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            deadline = self.session.next_deadline()
            self._due.clear()
            try:
                async with asyncio.timeout(None if deadline is None else max(deadline - loop.time(), 0)):
                    await self._due.wait()
            except TimeoutError:
                for outcome in self.session.tick(loop.time()):
                    self._act(outcome)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._beat_s)
            self._on_beat(self)

    def _take(self, frame: Frame) -> None:
        for outcome in self.session.receive(frame, asyncio.get_running_loop().time(), self._wall()):
            self._act(outcome)

    def _act(self, outcome: Outcome) -> None:
        match outcome:
            case Transmit(raw):
                self.write(raw)
                self._due.set()
            case Confirmed(serial):
                self._settle(serial, None)
            case Failed(serial, why, denied):
                self._settle(serial, Busy(why) if denied else NoAnswer(why))
            case Asked():
                self.write(self._on_asked(outcome) or self.session.deny(outcome.frame, self._wall()))
            case Told():
                self._on_told(outcome)

    def _settle(self, serial: int, trouble: Exception | None) -> None:
        waiting = self._waiting.get(serial)
        if waiting is None or waiting.done():
            return
        if trouble is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(trouble)

    def write(self, raw: bytes) -> None:
        """Put a frame on the wire, if there still is one."""
        if self._writer is not None and not self.gone.is_set():
            self._writer.write(raw)

    def _end(self, why: Reason) -> None:
        self.gone.set()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(NotConnected(why))
