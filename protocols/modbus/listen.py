"""Listening to a serial line without saying a word: frames as the silences cut them."""

import os
import select
from collections.abc import Iterator
from typing import NamedTuple

from protocols.clock import NowNs, boottime_ns
from protocols.modbus.port_serial import Parity, open_serial

ADAPTER_SILENCE_NS = 20_000_000  # a USB adapter hands bytes on in lumps up to 16 ms apart


class Heard(NamedTuple):
    """Bytes between two silences, and when the first came."""

    at_ns: int
    data: bytes


def listen(
    path: str, baud: int, parity: Parity, stop_bits: int, seconds: float, *, now_ns: NowNs = boottime_ns
) -> Iterator[Heard]:
    """What is heard on the port within `seconds`, frame by frame. NotConnected when it cannot be opened.

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
                heard += os.read(tty.fileno(), 4096)
            elif heard:
                yield Heard(since, heard)
                heard = b""
        if heard:
            yield Heard(since, heard)
