"""Listening to a serial line without saying a word: frames as the silences cut them."""

import errno
import os
import select
from collections.abc import Iterator
from typing import NamedTuple

from protocols.clock import NowNs, boottime_ns
from protocols.errors import NotConnected
from protocols.modbus.port_serial import Parity, open_serial
from protocols.system import os_reason

ADAPTER_SILENCE_NS = 20_000_000  # a USB adapter hands bytes on in lumps up to 16 ms apart


MOST_BYTES = 4096
"""Noise without a pause is cut up; the longest frame has 256."""


class Heard(NamedTuple):
    """Bytes between two silences, and when the first came."""

    at_ns: int
    data: bytes


def listen(
    path: str, baud: int, parity: Parity, stop_bits: int, seconds: float, *, now_ns: NowNs = boottime_ns
) -> Iterator[Heard]:
    """What is heard on the port within `seconds`, frame by frame. NotConnected when it cannot be opened, or goes away.

    Frames closer together than an adapter's own delay come as one: that is as good as it gets without a UART.
    """
    with open_serial(path, baud, parity, stop_bits) as tty:
        until = now_ns() + round(seconds * 1e9)
        heard, since = b"", 0
        while (now := now_ns()) < until:
            wait = ADAPTER_SILENCE_NS if heard else until - now
            ready, _, _ = select.select([tty.fileno()], [], [], wait / 1e9)
            if ready:
                if not heard:
                    since = now_ns()
                try:
                    heard += _read(tty.fileno())
                except OSError as error:
                    if heard:
                        yield Heard(since, heard)
                    raise NotConnected("modbus.port_trouble", port=path, why=os_reason(error)) from error
            if heard and (not ready or len(heard) >= MOST_BYTES):
                yield Heard(since, heard)
                heard = b""
        if heard:
            yield Heard(since, heard)


def _read(port: int) -> bytes:
    """What is there. Raises OSError where the adapter was pulled: it is always ready then, and has nothing."""
    if data := os.read(port, MOST_BYTES):
        return data
    raise OSError(errno.EIO, os.strerror(errno.EIO))
