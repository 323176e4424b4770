"""The centre's side of the wire, on a real TCP or TLS socket."""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocols.gb26875.dialect import STANDARD, Dialect
from protocols.gb26875.frame import Frame, Splitter
from protocols.gb26875.objects import Content, decode, encode
from protocols.gb26875.words import Command

WALL = "2026-01-15T08:30:00"
RUBBISH = b"\x00@@#\xff@@" * 40


@dataclass(frozen=True, slots=True)
class Kept:
    """One object the centre took: `type` and its fields, and when it took it by the loop's clock."""

    type: int
    fields: Mapping[str, Any]
    at: float


class Centre:
    """Behaves by default. `denies(content)` refuses uploads, `stall` confirms nothing, `rubbish` precedes answers.

    `answer_s` is what it needs for each upload, of each connection one after another; `ignores(content)` leaves it
    unanswered.
    """

    def __init__(self, address: int = 1, dialect: Dialect = STANDARD, tls: ssl.SSLContext | None = None) -> None:
        self.address = address
        self.dialect = dialect
        self.port = 0
        self.kept: list[Kept] = []
        self.answers: list[tuple[Frame, Content | None]] = []
        self.confirmed_to_us: list[int] = []
        self.empty_uploads = 0
        self.ignored = 0
        self.repeats = 0
        self.answer_s = 0.0
        self.rubbish = False
        self.arrived = asyncio.Event()
        self.denies: Callable[[Content], bool] = lambda _content: False
        self.ignores: Callable[[Content], bool] = lambda _content: False
        self._tls = tls
        self._stalled = False
        self._withheld: list[tuple[asyncio.StreamWriter, Frame]] = []
        self._seen: dict[tuple[int, bytes], None] = {}
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.StreamWriter, int] = {}
        self._serial = 0

    async def start(self) -> None:
        """Listen, on the port it had before if it had one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Break every connection and take no new one."""
        if self._server is None:
            return
        self._server.close()
        clients = list(self._clients)
        for writer in clients:
            writer.transport.abort()
        for writer in clients:
            try:
                await writer.wait_closed()
            except OSError:
                continue
        await self._server.wait_closed()
        self._server = None

    def stall(self) -> None:
        """Take in, confirm nothing."""
        self._stalled = True

    def go_on(self) -> None:
        """Behave again; what was withheld is taken now."""
        self._stalled = False
        withheld, self._withheld = self._withheld, []
        for writer, frame in withheld:
            self._take(writer, frame)

    def ask(self, kind: int, objects: Sequence[Mapping[str, Any]]) -> None:
        """Ask every connected site (command 4)."""
        self._send(Command.REQUEST, encode(kind, objects, self.dialect))

    def tell(self, kind: int, objects: Sequence[Mapping[str, Any]]) -> None:
        """Tell every connected site (command 1): 90 the clock, 91 a duty check."""
        self._send(Command.CONTROL, encode(kind, objects, self.dialect))

    def send_raw(self, command: int, data: bytes) -> None:
        """Any command with any data, also such as no centre should send."""
        self._send(command, data)

    def _send(self, command: int, data: bytes) -> None:
        for writer, site in self._clients.items():
            self._serial = (self._serial + 1) % 65536
            self._write(writer, site, self._serial, command, data)

    def _write(self, writer: asyncio.StreamWriter, site: int, serial: int, command: int, data: bytes) -> None:
        frame = Frame(serial, self.dialect.versions, WALL, self.address, site, command, data)
        if not writer.transport.is_closing():
            writer.write((RUBBISH if self.rubbish else b"") + frame.encoded(self.dialect))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter = Splitter(self.dialect)
        loop = asyncio.get_running_loop()
        free_at = loop.time()
        self._clients[writer] = 0
        try:
            while data := await reader.read(4096):
                for frame in splitter.feed(data):
                    self._clients[writer] = frame.source
                    if self.answer_s and frame.command == Command.SEND:
                        free_at = max(free_at, loop.time()) + self.answer_s
                        loop.call_at(free_at, self._hear, writer, frame)
                    else:
                        self._hear(writer, frame)
        except OSError:
            pass  # a broken connection is how a site usually goes
        finally:
            del self._clients[writer]
            writer.close()

    def _hear(self, writer: asyncio.StreamWriter, frame: Frame) -> None:
        if frame.command == Command.SEND:
            if self._stalled:
                self._withheld.append((writer, frame))
            else:
                self._take(writer, frame)
        elif frame.command == Command.CONFIRM:
            self.confirmed_to_us.append(frame.serial)
        elif frame.command in (Command.RESPOND, Command.DENY):
            self.answers.append((frame, decode(frame.data, self.dialect)))
        self.arrived.set()

    def _take(self, writer: asyncio.StreamWriter, frame: Frame) -> None:
        content = decode(frame.data, self.dialect)
        if content is None:
            self.empty_uploads += 1
            return
        if self.ignores(content):
            self.ignored += 1
            return
        if self.denies(content):
            self._write(writer, frame.source, frame.serial, Command.DENY, b"")
            return
        echoed = frame.data if self.dialect.confirm == "echo" else b""
        self._write(writer, frame.source, frame.serial, Command.CONFIRM, echoed)
        if (frame.source, frame.data) in self._seen:
            self.repeats += 1
            return
        self._seen[frame.source, frame.data] = None
        now = asyncio.get_running_loop().time()
        self.kept += [Kept(content.type, thing, now) for thing in content.objects]
