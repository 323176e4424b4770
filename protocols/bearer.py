"""The bearer under a TCP connection: by which network interface it goes, and what went over it."""

import asyncio
import socket
import struct
from typing import Any

HEAD_BYTES = 52
"""Of a segment: IPv4's 20, TCP's 20 and the 12 of its timestamps (RFC 9293, RFC 7323); IPv6 takes 20 more."""


def bind_to(sock: socket.socket, interface: str) -> None:
    """From here on by this interface only. Raises OSError: ENODEV where there is none; EPERM before Linux 5.7."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")


def dialled(host: str, port: int, timeout_s: float, interface: str) -> socket.socket:
    """Connected, by this interface; blocks so long for each address of the name at most. Raises OSError."""
    trouble: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            bind_to(sock, interface)
            sock.settimeout(timeout_s)
            sock.connect(address)
        except OSError as error:
            trouble = error
            sock.close()
        else:
            return sock
    raise trouble or socket.gaierror(socket.EAI_NONAME, "")


async def dialled_from_loop(host: str, port: int, interface: str) -> socket.socket:
    """As `dialled`, without blocking; cancelled, it leaves no socket behind."""
    loop, trouble = asyncio.get_running_loop(), None
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            bind_to(sock, interface)
            sock.setblocking(False)
            await loop.sock_connect(sock, address)
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError):
                raise
            trouble = error
        else:
            return sock
    raise trouble or socket.gaierror(socket.EAI_NONAME, "")


def carried_bytes(sock: Any) -> int:
    """Both ways since it was connected, heads of its segments included; 0 where the kernel does not say.

    What was sent again is in it once for its content and each time for its head. tcpi_bytes_acked, _bytes_received,
    _segs_out and _segs_in of linux/tcp.h.
    """
    if sock is None or sock.fileno() < 0:
        return 0
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 144)
        acked, received, out, into = struct.unpack("120xQQII", told)
    except (OSError, struct.error):
        return 0
    return int(acked + received + HEAD_BYTES * (out + into))
