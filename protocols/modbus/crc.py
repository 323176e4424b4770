"""The checksum of Modbus RTU frames, two bytes a step."""

import struct
from array import array
from functools import cache
from itertools import chain

from pymodbus.framer.rtu import FramerRTU


@cache
def _by_word() -> "array[int]":
    """The register after two bytes, from the register before XOR the two bytes; 128 kB, made on first use.

    The checksum is linear, so the step for a word is the steps for its bytes XORed.
    """
    by_byte = FramerRTU.crc16_table
    low = [(c >> 8) ^ by_byte[c & 0xFF] for c in by_byte]  # the low byte has been shifted through twice
    return array("H", chain.from_iterable([a ^ b for a in low] for b in by_byte))


def crc16(frame: bytes | bytearray) -> bytes:
    """CRC-16/MODBUS of `frame`, in the order it goes on the wire."""
    table = _by_word()
    size = len(frame)
    crc = 0xFFFF
    for word in struct.unpack_from(f"<{size >> 1}H", frame):
        crc = table[crc ^ word]
    if size & 1:
        crc = (crc >> 8) ^ FramerRTU.crc16_table[(crc ^ frame[-1]) & 0xFF]
    return crc.to_bytes(2, "little")
