"""The wires of signed links, ours instead of mavsdk's: UDP, TCP outwards, serial. They know bytes and no frames.

`put` may be called from any thread and waits for nothing: what a wire does not take is lost, as on a radio.
"""

import asyncio
import contextlib
import os
import re
import socket
import termios
import threading
from collections.abc import Callable
from typing import Protocol, cast

from protocols.errors import NotConnected
from protocols.reason import Reason
from protocols.system import os_reason

AT_ONCE = 50
"""Reads in one turn of the loop: whoever floods a port leaves the others theirs."""
READ_BYTES = 4096
CONNECT_S = 5.0
PEER_S = 10.0
"""So long a listening port goes on sending to an address that proved itself."""
MOST_PEERS = 16

Address = tuple[str, int]
Heard = Callable[[bytes, Address | None], bool]
"""Bytes, and where they are from; whether the sender has proved who he is."""


class Wire(Protocol):
    """Open from when it is made until `close`, or until it breaks."""

    @property
    def open(self) -> bool:
        """Whether it takes anything."""

    def put(self, frame: bytes) -> None:
        """Send one frame."""

    def close(self) -> None:
        """On the loop."""


async def wire(url: str, heard: Heard) -> Wire:
    """The wire of an aircraft's address; `heard` is called on the loop. NotConnected where it cannot be opened."""
    kind, _, rest = url.partition("://")
    try:
        if kind.startswith("serial"):
            path, _, baud = rest.rpartition(":")
            return _Stream(_terminal(path, int(baud), flow=kind.endswith("flowcontrol")), heard)
        host, _, port = rest.rpartition(":")
        found = await asyncio.get_running_loop().getaddrinfo(host, int(port), family=socket.AF_INET)
        address = cast("Address", found[0][4])
        if kind == "tcpout":
            return _Stream(await _connected(address), heard)
        if kind in ("udpin", "udpout"):
            return _Datagrams(address, heard, listens=kind == "udpin")
    except KeyError:
        raise NotConnected("mavlink.wire_not_opened", url=url, why=Reason("mavlink.result_baudrate_unknown")) from None
    except (OSError, termios.error) as error:
        why = os_reason(error if isinstance(error, OSError) else OSError(*error.args))
        raise NotConnected("mavlink.wire_not_opened", url=url, why=why) from None
    raise NotConnected("mavlink.cannot_sign", url=url)


class _Datagrams:
    """A listening one answers whoever has proved himself of late, and nobody else."""

    def __init__(self, address: Address, heard: Heard, *, listens: bool) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            if listens:
                self._socket.bind(address)
            else:
                self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise
        self._heard = heard
        self._listens = listens
        self._peers: dict[Address, float] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._read)
        self.open = True

    def put(self, frame: bytes) -> None:
        """To everybody proved."""
        with contextlib.suppress(OSError):
            if not self._listens:
                self._socket.send(frame)
        for address in list(self._peers):
            with contextlib.suppress(OSError):
                self._socket.sendto(frame, address)

    def _read(self) -> None:
        now = self._loop.time()
        for _ in range(AT_ONCE):
            try:
                data, address = self._socket.recvfrom(READ_BYTES)
            except BlockingIOError:
                break
            except OSError:  # nobody there yet, says the other end's machine
                continue
            if self._heard(data, address) and self._listens:
                self._peers.pop(address, None)
                self._peers[address] = now
        gone = [one for one, at in self._peers.items() if now - at > PEER_S]
        for one in [*gone, *list(self._peers)[:-MOST_PEERS]]:
            self._peers.pop(one, None)

    def close(self) -> None:
        """Its port is free."""
        if self.open:
            self.open = False
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()


class _Stream:
    """A descriptor of bytes. A frame that was begun is ended before the next, which is lost where that cannot be."""

    def __init__(self, descriptor: int, heard: Heard) -> None:
        self._descriptor = descriptor
        self._heard = heard
        self._begun = b""
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._read)
        self.open = True

    def put(self, frame: bytes) -> None:
        """As far as it is taken."""
        with self._lock, contextlib.suppress(OSError):
            if not self.open:
                return
            if self._begun:
                self._begun = self._begun[os.write(self._descriptor, self._begun) :]
            if not self._begun:
                self._begun = frame[os.write(self._descriptor, frame) :]

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._heard(data, None)
        else:
            self.close()

    def close(self) -> None:
        """Also where the far end hung up, or the adapter was pulled."""
        with self._lock:
            if self.open:
                self.open = False
                self._loop.remove_reader(self._descriptor)
                os.close(self._descriptor)


async def _connected(address: Address) -> int:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(CONNECT_S):
            await asyncio.get_running_loop().sock_connect(made, address)
        return made.detach()
    finally:
        made.close()


def _terminal(path: str, baud: int, *, flow: bool) -> int:
    """A serial line, raw, eight bits, no parity. Raises OSError, termios.error, KeyError for a speed that is none."""
    speeds = {int(name[1:]): getattr(termios, name) for name in dir(termios) if re.fullmatch(r"B\d+", name)}
    speed = speeds[baud]
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        control = termios.CS8 | termios.CREAD | termios.CLOCAL | (termios.CRTSCTS if flow else 0)
        characters = termios.tcgetattr(descriptor)[6]
        termios.tcsetattr(descriptor, termios.TCSANOW, [0, 0, control, 0, speed, speed, characters])
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
