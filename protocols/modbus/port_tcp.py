"""A TCP socket to a Modbus device, a gateway, or a serial converter."""

import asyncio
import socket

from protocols.errors import NotConnected
from protocols.modbus.port import PortOwner
from protocols.reason import Reason
from protocols.system import os_reason

CONNECT_S = 5.0


class _Link(asyncio.Protocol):
    """One connection; silent once it was let go."""

    def __init__(self, owner: PortOwner, name: str) -> None:
        self.owner: PortOwner | None = owner
        self._name = name

    def data_received(self, data: bytes) -> None:
        if self.owner is not None:
            self.owner.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        owner, self.owner = self.owner, None
        if owner is None:
            return
        if isinstance(exc, OSError):
            owner.lost(Reason("modbus.port_trouble", port=self._name, why=os_reason(exc)))
        else:
            owner.lost(Reason("modbus.closed_by_far_end", place=self._name), orderly=True)


class TcpPort:
    """One connection at a time; keep-alive on, Nagle off."""

    def __init__(self, host: str, port: int, *, connect_s: float = CONNECT_S) -> None:
        self.name = f"{host}:{port}"
        self._host = host
        self._port = port
        self._connect_s = connect_s
        self._link: _Link | None = None
        self._transport: asyncio.Transport | None = None

    async def open(self, owner: PortOwner) -> None:
        """Connect, or NotConnected."""
        link = _Link(owner, self.name)
        try:
            async with asyncio.timeout(self._connect_s):
                transport, _ = await asyncio.get_running_loop().create_connection(lambda: link, self._host, self._port)
        except TimeoutError as error:
            raise NotConnected("modbus.no_connection", place=self.name, within_s=self._connect_s) from error
        except OSError as error:
            raise NotConnected("modbus.port_trouble", port=self.name, why=os_reason(error)) from error
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._link, self._transport = link, transport

    def send(self, data: bytes, quiet_ns: int = 0) -> None:  # noqa: ARG002  # one wake-up brings a whole answer
        """Send a frame."""
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        """Close it at once; safe to repeat."""
        if self._link is not None:
            self._link.owner = None
        if self._transport is not None:
            self._transport.abort()
        self._link = self._transport = None
