"""One request and the exact form of its answer. Made once per planned read; nothing is encoded twice."""

from collections.abc import Sequence
from typing import Final

from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from protocols.modbus.crc import crc16

READS: Final[dict[str, type[ModbusPDU]]] = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest,
    "input": ReadInputRegistersRequest,
}
BIT_TABLES: Final = frozenset({"coil", "discrete"})


class Question:
    """A request to one unit. `head` is what its answer's PDU begins with, `size` how long that PDU is.

    Two questions of one unit with the same `shape` have answers nobody can tell apart.
    """

    __slots__ = ("address", "count", "fc", "head", "mbap", "pdu", "rtu", "shape", "size", "text", "unit", "write")

    def __init__(self, unit: int, pdu: ModbusPDU, head: bytes, size: int, *, write: bool = False) -> None:
        if not 0 <= unit <= 255:
            raise ValueError(f"unit {unit}: a Modbus unit is 0 to 255")
        self.unit = unit
        self.fc = pdu.function_code
        self.address = pdu.address
        self.count = max(pdu.count, 1)
        self.pdu = bytes((self.fc,)) + pdu.encode()
        self.head = head
        self.size = size
        self.write = write
        self.shape = (size, head)
        addressed = bytes((unit,)) + self.pdu
        self.rtu = addressed + crc16(addressed)
        self.mbap = b"\0\0" + len(addressed).to_bytes(2, "big") + addressed  # what follows the transaction id
        self.text = f"unit {unit}, function {self.fc}, address {self.address}, count {self.count}"

    def __repr__(self) -> str:
        return f"Question({self.text})"


def read(unit: int, table: str, address: int, count: int) -> Question:
    """Read `count` registers (1–125) or bits (1–2000) from `address` as it stands on the wire, counted from 0."""
    if not 0 <= address <= 65_536 - count:
        raise ValueError(f"{table} {address}, {count} of them: addresses go from 0 to 65535")
    pdu = READS[table](address=address, count=count)
    data = (count + 7) // 8 if table in BIT_TABLES else 2 * count
    return Question(unit, pdu, bytes((pdu.function_code, data & 0xFF)), 2 + data)


def write_registers(unit: int, address: int, values: Sequence[int], *, single: bool = False) -> Question:
    """Write holding registers with function 16, or one with function 6 when `single`."""
    if any(not 0 <= value <= 0xFFFF for value in values):
        raise ValueError(f"{list(values)}: a register holds 0 to 65535")
    if single:
        if len(values) != 1:
            raise ValueError("function 6 writes exactly one register")
        one = WriteSingleRegisterRequest(address=address, registers=list(values))
        return Question(unit, one, bytes((6,)) + one.encode(), 5, write=True)
    many = WriteMultipleRegistersRequest(address=address, registers=list(values))
    return Question(unit, many, bytes((16,)) + many.encode()[:4], 5, write=True)


def write_coils(unit: int, address: int, values: Sequence[bool]) -> Question:
    """Write coils: function 5 for one, 15 for several."""
    if len(values) == 1:
        one = WriteSingleCoilRequest(address=address, bits=list(values))
        return Question(unit, one, bytes((5,)) + one.encode(), 5, write=True)
    many = WriteMultipleCoilsRequest(address=address, bits=list(values))
    return Question(unit, many, bytes((15,)) + many.encode()[:4], 5, write=True)


def exception_text(code: int) -> str:
    """An exception code in words: `2 (illegal address)`."""
    try:
        return f"{code} ({ExcCodes(code).name.replace('_', ' ').lower().replace('unaviable', 'unavailable')})"
    except ValueError:
        return f"{code} (not in the standard)"
