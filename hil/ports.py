"""Ports of the loopback nobody listens on now."""

import socket


def free_port() -> int:
    """Of TCP."""
    return _free(socket.SOCK_STREAM)


def free_udp_port() -> int:
    """Of UDP."""
    return _free(socket.SOCK_DGRAM)


def _free(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
