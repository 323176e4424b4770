"""A stretch of line traffic in words: who asks whom for what, and what is not Modbus at all."""

from typing import NamedTuple

from protocols.modbus.crc import crc16
from protocols.modbus.question import exception_text

READS = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
WRITES = {5: "coil", 6: "holding", 15: "coil", 16: "holding"}


class Described(NamedTuple):
    """`kind`: question, answer, either (a single write and its answer are alike), exception, or rubbish."""

    kind: str
    unit: int | None
    text: str


def describe(frame: bytes) -> Described:
    """One RTU frame, as it stood between two silences."""
    if len(frame) < 4 or crc16(frame[:-2]) != frame[-2:]:
        return Described("rubbish", None, f"{len(frame)} bytes, no checksum")
    unit, function, data = frame[0], frame[1], frame[2:-2]
    if function & 0x80 and len(data) == 1:
        return Described("exception", unit, f"function {function & 0x7F}: exception {exception_text(data[0])}")
    if function in READS:
        if data and len(data) == data[0] + 1:
            table, content = READS[function], data[1:].hex(" ")
            if function > 2:
                return Described("answer", unit, f"{table}: {data[0] // 2} registers {content}")
            return Described("answer", unit, f"{table}: {data[0]} bytes of bits {content}")
        if len(data) == 4:
            address, count_asked = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
            return Described("question", unit, f"read {READS[function]} {address}, {count_asked} of them")
    if function in (5, 6) and len(data) == 4:
        address, value = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
        return Described("either", unit, f"write {WRITES[function]} {address} = {value}")
    if function in (15, 16) and len(data) >= 4:
        address, count_asked = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
        kind = "answer" if len(data) == 4 else "question"
        return Described(kind, unit, f"write {WRITES[function]} {address}, {count_asked} of them")
    return Described("either", unit, f"function {function}, {len(data)} bytes")
