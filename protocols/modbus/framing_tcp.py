"""Modbus TCP: MBAP frames split by length; every answer is matched by transaction id."""

import struct
from typing import NamedTuple

from protocols.errors import BadAnswer

_HEAD = struct.Struct(">HHHB")
PDU_MAX = 253


class Frame(NamedTuple):
    """One MBAP frame. `pdu` begins with the function code."""

    transaction: int
    unit: int
    pdu: bytes


class MbapFramer:
    """Splits a TCP stream into frames. A header that cannot be one ends the connection: there is no way back in."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`, in order. BadAnswer when the stream is not Modbus TCP any more."""
        if self._rest:
            data = self._rest + data
            self._rest = b""
        frames = []
        at, size = 0, len(data)
        while size - at >= 8:
            transaction, protocol, length, unit = _HEAD.unpack_from(data, at)
            if protocol != 0 or not 2 <= length <= PDU_MAX + 1:
                raise BadAnswer("modbus.not_tcp", bytes=data[at : at + 7].hex(" "))
            end = at + 6 + length
            if end > size:
                break
            frames.append(Frame(transaction, unit, data[at + 7 : end]))
            at = end
        if at < size:
            self._rest = data[at:]
        return frames


def frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """One MBAP frame."""
    return _HEAD.pack(transaction, 0, len(pdu) + 1, unit) + pdu
