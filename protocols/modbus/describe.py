"""A stretch of line traffic in words: who asks whom for what, and what is not Modbus at all."""

from typing import NamedTuple

from protocols.modbus.crc import crc16
from protocols.modbus.question import exception_reason
from protocols.reason import Reason

READS = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
WRITES = {5: "coil", 6: "holding", 15: "coil", 16: "holding"}


class Described(NamedTuple):
    """`kind`: question, answer, either (a single write and its answer are alike), exception, or rubbish."""

    kind: str
    unit: int | None
    text: Reason


def describe(frame: bytes) -> Described:
    """One RTU frame, as it stood between two silences."""
    if len(frame) < 4 or crc16(frame[:-2]) != frame[-2:]:
        return Described("rubbish", None, Reason("modbus.no_checksum", bytes=len(frame)))
    unit, function, data = frame[0], frame[1], frame[2:-2]
    if function & 0x80 and len(data) == 1:
        why = exception_reason(data[0])
        return Described("exception", unit, Reason("modbus.says_exception", function=function & 0x7F, exception=why))
    if function in READS:
        if data and len(data) == data[0] + 1:
            table, content = READS[function], data[1:].hex(" ")
            if function > 2:
                told = Reason("modbus.says_registers", table=table, count=data[0] // 2, bytes=content)
            else:
                told = Reason("modbus.says_bits", table=table, count=data[0], bytes=content)
            return Described("answer", unit, told)
        if len(data) == 4:
            address, count = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
            asked = Reason("modbus.says_read", table=READS[function], address=address, count=count)
            return Described("question", unit, asked)
    if function in (5, 6) and len(data) == 4:
        address, value = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
        told = Reason("modbus.says_write_one", table=WRITES[function], address=address, value=value)
        return Described("either", unit, told)
    if function in (15, 16) and len(data) >= 4:
        address, count = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
        told = Reason("modbus.says_write", table=WRITES[function], address=address, count=count)
        return Described("answer" if len(data) == 4 else "question", unit, told)
    return Described("either", unit, Reason("modbus.says_function", function=function, bytes=len(data)))
