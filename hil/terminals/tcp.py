"""Terminals behind a TCP socket: Modbus TCP (a device, or a gateway with many units), or RTU frames as they are."""

import asyncio
from collections.abc import Mapping
from typing import Self, cast

from hil.wire.pair import Slave
from protocols.clock import NowNs, boottime_ns
from protocols.modbus import framing_tcp
from protocols.modbus.crc import crc16


class _Connection(asyncio.Protocol):
    def __init__(self, server: "TerminalServer") -> None:
        self._server = server
        self._framer = framing_tcp.MbapFramer()
        self._rest = b""
        self.transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        self._server.connections.add(self)
        self._server.accepted += 1
        self._asked()
        if self._server.refusing:
            self.transport.close()

    def _asked(self) -> None:
        """Something came, or may come now."""
        if self._idle is not None:
            self._idle.cancel()
        if self._server.idle_s and self.transport is not None:
            self._idle = asyncio.get_running_loop().call_later(self._server.idle_s, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._server.connections.discard(self)
        if self._idle is not None:
            self._idle.cancel()

    def data_received(self, data: bytes) -> None:
        self._asked()
        if self._server.rtu:
            self._rest += data
            while (size := _question_size(self._rest)) and len(self._rest) >= size:
                frame, self._rest = self._rest[:size], self._rest[size:]
                self._server.ask(self, 0, frame[0], frame[1:-2])
            return
        for transaction, unit, pdu in self._framer.feed(data):
            self._server.ask(self, transaction, unit, pdu)


def _question_size(data: bytes) -> int:
    """Length of the RTU question at the start of `data`, or 0 while that cannot be told."""
    if len(data) < 7:
        return 0
    return 9 + data[6] if data[1] in (15, 16) else 8


class TerminalServer:
    """A server for tests and the demo; `async with` starts it, `port` tells where.

    `chop`: sends answers in pieces of that many bytes, `chop_s` apart. `delay_s`: answers that much later. `again_s`:
    every answer comes again so much after. `refusing`: accepts and hangs up. `stalled`: swallows questions. As gateways
    do: `transaction` stands in every answer instead of the question's; `one_by_one`: what comes while a question is
    being answered is lost; `idle_s`: closes a connection on which nothing came for so long.
    """

    def __init__(
        self, slaves: Mapping[int, Slave], *, rtu: bool = False, host: str = "127.0.0.1", port: int = 0,
        now_ns: NowNs = boottime_ns,
    ) -> None:  # fmt: skip
        self.slaves = dict(slaves)
        self.rtu = rtu
        self.host = host
        self.port = port
        self.chop = 0
        self.chop_s = 0.001
        self.transaction: int | None = None
        self.again_s: float | None = None
        self.one_by_one = False
        self.idle_s = 0.0
        self.delay_s = 0.0
        self.refusing = False
        self.stalled = False
        self.accepted = 0
        self.connections: set[_Connection] = set()
        self._now = now_ns
        self._server: asyncio.Server | None = None
        self._pending: set[asyncio.TimerHandle] = set()
        self._answering = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port again after a stop."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Go away: connections are reset."""
        if self._server is not None:
            self._server.close()
        self.hang_up()
        for handle in self._pending:
            handle.cancel()
        self._pending.clear()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def hang_up(self) -> None:
        """Close every connection."""
        for connection in list(self.connections):
            if connection.transport is not None:
                connection.transport.abort()

    def ask(self, connection: _Connection, transaction: int, unit: int, pdu: bytes) -> None:
        """A question came."""
        slave = self.slaves.get(unit)
        if slave is None or self.stalled or (self.one_by_one and self._answering):
            return
        if self.transaction is not None:
            transaction = self.transaction
        if self.delay_s:
            loop = asyncio.get_running_loop()
            handle = loop.call_later(self.delay_s, self._reply, connection, transaction, slave, pdu)
            self._pending.add(handle)
            self._answering += 1
        else:
            self._answering += 1
            self._reply(connection, transaction, slave, pdu)

    def _reply(self, connection: _Connection, transaction: int, slave: Slave, pdu: bytes) -> None:
        self._answering -= 1
        reply = slave.answer(pdu, self._now())
        transport = connection.transport
        if reply is None or transport is None or transport.is_closing():
            return
        if self.rtu:
            frame = bytes((reply[0],)) + reply[1]
            frame += crc16(frame)
        else:
            frame = framing_tcp.frame(transaction, *reply)
        if self.again_s is not None:
            self._pending.add(asyncio.get_running_loop().call_later(self.again_s, _again, transport, frame))
        if not self.chop:
            transport.write(frame)
            return
        for i in range(0, len(frame), self.chop):
            piece = frame[i : i + self.chop]
            asyncio.get_running_loop().call_later(self.chop_s * (i // self.chop), transport.write, piece)


def _again(transport: asyncio.Transport, frame: bytes) -> None:
    if not transport.is_closing():
        transport.write(frame)
