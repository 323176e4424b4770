"""One request and the exact form of its answer. Made once per planned read; nothing is encoded twice."""

from collections.abc import Sequence
from typing import Final

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

from protocols.errors import Reasoned
from protocols.modbus.crc import crc16
from protocols.reason import Reason

READS: Final[dict[str, type[ModbusPDU]]] = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest,
    "input": ReadInputRegistersRequest,
}
BIT_TABLES: Final = frozenset({"coil", "discrete"})
EXCEPTIONS: Final = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 10, 11})
"""Those of the standard."""


Shape = tuple[int, bytes]
"""Of an answer: how long its PDU is, and what it begins with."""


class BadQuestion(Reasoned, ValueError):
    """What no Modbus device can be asked."""


class Question:
    """A request to one unit. `head` is what its answer's PDU begins with, `size` how long that PDU is.

    Two questions of one unit with the same `shape` have answers nobody can tell apart.
    """

    __slots__ = ("address", "count", "fc", "head", "mbap", "pdu", "rtu", "shape", "size", "unit", "write")

    def __init__(self, unit: int, pdu: ModbusPDU, head: bytes, size: int, *, write: bool = False) -> None:
        if not 0 <= unit <= 255:
            raise BadQuestion("modbus.no_unit", unit=unit)
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

    @property
    def asked(self) -> Reason:
        """What it asks, to be named in a reason."""
        return Reason("modbus.question", unit=self.unit, function=self.fc, address=self.address, count=self.count)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Question) and self.rtu == other.rtu

    def __hash__(self) -> int:
        return hash(self.rtu)

    def __repr__(self) -> str:
        return f"Question({self.asked})"


def shape_of(table: str, count: int) -> Shape:
    """The `shape` of the question for so many registers or bits of a table."""
    data = (count + 7) // 8 if table in BIT_TABLES else 2 * count
    return 2 + data, bytes((READS[table].function_code, data & 0xFF))


def read(unit: int, table: str, address: int, count: int) -> Question:
    """Read `count` registers (1–125) or bits (1–2000) from `address` as it stands on the wire, counted from 0."""
    if not 0 <= address <= 65_536 - count:
        raise BadQuestion("modbus.beyond_addresses", table=table, address=address, count=count)
    pdu = READS[table](address=address, count=count)
    size, head = shape_of(table, count)
    return Question(unit, pdu, head, size)


def write_registers(unit: int, address: int, values: Sequence[int], *, single: bool = False) -> Question:
    """Write holding registers with function 16, or one with function 6 when `single`."""
    if any(not 0 <= value <= 0xFFFF for value in values):
        raise BadQuestion("modbus.beyond_register", values=tuple(values))
    if single:
        if len(values) != 1:
            raise BadQuestion("modbus.one_register_only")
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


def exception_reason(number: int) -> Reason:
    """A Modbus exception by its number, in words: `2 (illegal address)`."""
    if number in EXCEPTIONS:
        return Reason(f"modbus.exception_{number}")
    return Reason("modbus.exception_other", number=number)
