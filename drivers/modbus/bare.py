"""A line without devices, for a technician: opened for as long as it is used, closed after."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from protocols.errors import NotConnected
from protocols.modbus.line import Line
from protocols.modbus.line_rtu import ADAPTER_NS, RtuLine
from protocols.modbus.line_tcp import TcpLine
from protocols.modbus.load import Wire
from protocols.modbus.port_serial import Parity, SerialPort
from protocols.modbus.port_tcp import TcpPort
from protocols.modbus.unit import Unit
from protocols.reason import Reason

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Address:
    """Where a line is: a serial `port`, or `host` and `tcp_port` (with `rtu` frames inside or not)."""

    port: str = ""
    baud: int = 9600
    parity: Parity = "E"
    stop_bits: int = 1
    echo: bool = False
    host: str = ""
    tcp_port: int = 502
    rtu: bool = False
    deadline_ms: float = 300.0

    def line(self, units: Sequence[Unit] = ()) -> Line:
        """Its owner, with no devices but these `units`, of which nothing is read by itself."""
        cap_ns = round(self.deadline_ms * MS)
        if not self.host:
            tty = SerialPort(self.port, self.baud, self.parity, self.stop_bits)
            quiet_ns = ADAPTER_NS  # a person who waits asks again should the adapter's rubbish come later
            return RtuLine(self.port, tty, units, tty.wire, cap_ns=cap_ns, echo=self.echo, after_open_ns=quiet_ns)
        socket = TcpPort(self.host, self.tcp_port)
        if self.rtu:
            return RtuLine(socket.name, socket, units, Wire(self.baud), cap_ns=cap_ns, over_tcp=True)
        return TcpLine(socket.name, socket, units, cap_ns=cap_ns)


@contextlib.asynccontextmanager
async def bare_line(address: Address, units: Sequence[Unit] = ()) -> AsyncIterator[Line]:
    """An open line; NotConnected when it cannot be opened, for instance because an agent has it."""
    line = address.line(units)
    opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def told(up: bool, reason: Reason) -> None:
        if not up and not opened.done():
            opened.set_exception(NotConnected(reason))

    def ready() -> None:
        if not opened.done():
            opened.set_result(None)

    task = asyncio.create_task(line.run(told, ready))
    try:
        await opened
        yield line
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
