"""A serial port: opened and configured by pyserial, exclusively; its file descriptor is driven by the event loop."""

import asyncio
import contextlib
import errno
import os
import termios
from pathlib import Path
from typing import Literal

import serial
import serial.rs485

from protocols.errors import NotConnected
from protocols.modbus.load import Wire, serial_wire
from protocols.modbus.port import PortOwner
from protocols.reason import Reason
from protocols.system import os_reason

Parity = Literal["N", "E", "O"]
READ_SIZE = 4096
EARLY_NS = 4_000_000  # looked at again this long before a whole answer can be there
PSEUDO_TERMINALS = Path("/dev/pts")


def open_serial(path: str, baud: int, parity: str, stop_bits: int, *, kernel_rs485: bool = False) -> serial.Serial:
    """A configured port of our own; NotConnected says what is wrong and what to do."""
    if Path(path).resolve().parent == PSEUDO_TERMINALS:
        parity, stop_bits = "N", 1  # a pty has neither, and answers EINVAL when asked for nothing else
    try:
        tty = serial.Serial(path, baud, 8, parity, stop_bits, timeout=0, exclusive=True)
    except serial.SerialException as error:
        raise NotConnected(_advice(path, error)) from error
    except termios.error as error:
        why = os_reason(OSError(*error.args))
        raise NotConnected("modbus.port_settings", port=path, baud=baud, parity=parity, why=why) from error
    try:
        if kernel_rs485:
            tty.rs485_mode = serial.rs485.RS485Settings()
        with contextlib.suppress(OSError, ValueError, AttributeError):  # most drivers and every pty: not supported
            tty.set_low_latency_mode(True)
        tty.reset_input_buffer()
    except (OSError, ValueError, termios.error) as error:
        tty.close()
        why = os_reason(error if isinstance(error, OSError) else OSError(*error.args))
        code = "modbus.port_has_no_rs485" if kernel_rs485 else "modbus.port_trouble"
        raise NotConnected(code, port=path, why=why) from error
    return tty


def _advice(path: str, error: serial.SerialException) -> Reason:
    if error.errno == errno.ENOENT:
        return Reason("modbus.no_such_port", port=path)
    if error.errno == errno.EACCES:
        return Reason("modbus.port_not_allowed", port=path)
    if error.errno in (errno.EAGAIN, errno.EBUSY):
        return Reason("modbus.port_in_use", port=path)
    return Reason("modbus.port_trouble", port=path, why=os_reason(error))


class SerialPort:
    """One RS-485 adapter."""

    def __init__(
        self, path: str, baud: int, parity: Parity = "E", stop_bits: int = 1, *, kernel_rs485: bool = False
    ) -> None:
        self.path = path
        self.baud = baud
        self.parity = parity
        self.stop_bits = stop_bits
        self._kernel_rs485 = kernel_rs485
        self._tty: serial.Serial | None = None
        self._owner: PortOwner | None = None
        self._hearing: asyncio.TimerHandle | None = None

    @property
    def wire(self) -> Wire:
        """Its speed."""
        return serial_wire(self.baud, self.parity, self.stop_bits)

    async def open(self, owner: PortOwner) -> None:
        """Open and configure it; see `open_serial`."""
        self._tty = open_serial(self.path, self.baud, self.parity, self.stop_bits, kernel_rs485=self._kernel_rs485)
        self._owner = owner
        asyncio.get_running_loop().add_reader(self._tty.fileno(), self._readable)

    def _readable(self) -> None:
        if self._tty is None or self._owner is None:
            return
        try:
            data = os.read(self._tty.fileno(), READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._gone(Reason("modbus.port_trouble", port=self.path, why=os_reason(error)))
            return
        if data:
            self._owner.received(data)
        else:
            self._gone(Reason("modbus.unplugged", port=self.path))

    def send(self, data: bytes, quiet_ns: int = 0) -> None:
        """Send a frame; a port that does not take 256 bytes at once is as good as gone.

        For `quiet_ns`, less a margin, the port is not looked at: bytes come one by one, and each would wake the agent.
        """
        if self._tty is None:
            return
        if quiet_ns >= 2 * EARLY_NS:
            self._deaf(quiet_ns - EARLY_NS)
        try:
            sent = os.write(self._tty.fileno(), data)
        except OSError as error:
            self._gone(Reason("modbus.port_trouble", port=self.path, why=os_reason(error)))
            return
        if sent < len(data):
            self._gone(Reason("modbus.port_does_not_send", port=self.path))

    def _deaf(self, for_ns: int) -> None:
        loop = asyncio.get_running_loop()
        if self._tty is not None and self._hearing is None:
            loop.remove_reader(self._tty.fileno())
        elif self._hearing is not None:
            self._hearing.cancel()
        self._hearing = loop.call_later(for_ns // 1_000_000 / 1000, self._hear_again)

    def _hear_again(self) -> None:
        self._hearing = None
        if self._tty is not None:
            asyncio.get_running_loop().add_reader(self._tty.fileno(), self._readable)

    def _gone(self, reason: Reason) -> None:
        owner = self._owner
        self.close()
        if owner is not None:
            owner.lost(reason)

    def close(self) -> None:
        """Close it; safe to repeat."""
        tty, self._tty, self._owner = self._tty, None, None
        if tty is not None:
            if self._hearing is not None:
                self._hearing.cancel()
                self._hearing = None
            asyncio.get_running_loop().remove_reader(tty.fileno())
            with contextlib.suppress(OSError):  # the device may be gone already
                tty.close()
