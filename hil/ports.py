"""Ports of the loopback nobody listens on now, nor is given by chance before its asker listens."""

import random
import socket

GIVEN_BY_HAND = range(10_000, 32_000)
"""Below 32768, where Linux begins to hand out ports by itself: to every dialer, and to who binds port 0."""


def free_port() -> int:
    """Of TCP."""
    return _free(socket.SOCK_STREAM)


def free_udp_port() -> int:
    """Of UDP."""
    return _free(socket.SOCK_DGRAM)


def _free(kind: socket.SocketKind) -> int:
    dice = random.SystemRandom()  # not the seeded one: two workers of a suite would throw the same
    while True:
        port = dice.choice(GIVEN_BY_HAND)
        with socket.socket(socket.AF_INET, kind) as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
