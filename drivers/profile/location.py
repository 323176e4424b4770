"""Where a point lies on its wire: a Modbus table and number, or an OPC UA node; and what stands there."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from drivers.profile.mistake import Wrong
from protocols.modbus.packed import DATES
from protocols.modbus.registers import DATETIME


class Table(StrEnum):
    """The four Modbus tables, by the words people use."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def bits(self) -> bool:
        """True where one address is one bit, False where it is a 16-bit register."""
        return self in (Table.COIL, Table.DISCRETE)


class Location(NamedTuple):
    """`table number[.bit[-last]]` as written in a profile, in the profile's own counting (see `first_register`).

    With `last` it is a part of a register: bits `bit` to `last`, both included, 0 the lowest.
    """

    table: Table
    number: int
    bit: int | None = None
    last: int | None = None

    @property
    def one_bit(self) -> bool:
        """Whether it is a single bit."""
        return self.table.bits or (self.bit is not None and self.last is None)

    def __str__(self) -> str:
        bits = "" if self.bit is None else f".{self.bit}"
        return f"{self.table.value} {self.number}{bits}" + ("" if self.last is None else f"-{self.last}")


class Span(NamedTuple):
    """`table first-last`, both ends included: addresses a device does not answer for."""

    table: Table
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.table.value} {self.first}-{self.last}"


class Node(NamedTuple):
    """An OPC UA node: its namespace URI (None: the profile's) and its identifier, such as `s={unit}.Pressure`."""

    namespace: str | None
    identifier: str

    def __str__(self) -> str:
        return self.identifier if self.namespace is None else f"nsu={self.namespace};{self.identifier}"

    def of(self, unit: str) -> str:
        """The identifier for one device: `{unit}` replaced by the device's `unit`. Nothing else is expanded."""
        return self.identifier.replace("{unit}", unit)


class Inside(NamedTuple):
    """What of a node's value is meant: fields of structures by name, elements of arrays by place from 0."""

    steps: tuple[str | int, ...]

    def __str__(self) -> str:
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.steps).removeprefix(".")


class WireType(NamedTuple):
    """What stands at a location: its name and how many 16-bit registers it takes (0: a single bit)."""

    name: str
    registers: int

    def __str__(self) -> str:
        return f"string {self.registers}" if self.name == "string" else self.name

    @property
    def number(self) -> bool:
        """Whether it decodes to a number that can be scaled."""
        return self.name not in ("string", "bool") and not self.name.startswith("datetime")

    @property
    def part(self) -> bool:
        """Whether it is some bits of a register."""
        return self.name in ("uint", "int")

    @property
    def float(self) -> bool:
        """Whether it is an IEEE 754 number."""
        return self.name.startswith("float")


NUMBERS: Final[dict[str, int]] = {
    "int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "int64": 4, "uint64": 4, "float32": 2, "float64": 4,
    "bcd16": 1, "bcd32": 2, "uint": 1, "int": 1,
}  # fmt: skip
STRING_REGISTERS_MAX: Final = 32  # 64 characters
ADDRESS_MAX: Final = 65_536

_LOCATION = re.compile(r"(coil|discrete|input|holding) +(\d{1,5})(?:\.(\d{1,2})(?:-(\d{1,2}))?|\.(high|low))?")
HALVES: Final = {"low": (0, 7), "high": (8, 15)}
_SPAN = re.compile(r"(coil|discrete|input|holding) +(\d{1,5})(?: *- *(\d{1,5}))?")
INSIDE: Final = r"(\[\d{1,5}\]|[^.\[\]]+)(\[\d{1,5}\]|\.[^.\[\]]+)*"
_NODE = re.compile(r"(?:nsu=([^;]+);)?((?:s|g|b)=.+|i=\d{1,10})")
_TABLES_OF_LEADING_DIGIT = {"0": "coil", "1": "discrete", "3": "input", "4": "holding"}


def parse_location(text: str) -> Location:
    """Read `holding 4`, `holding 4.3`, `holding 4.0-5`, `holding 4.high`; Wrong says what to write."""
    text = text.strip()
    match = _LOCATION.fullmatch(text)
    if match is None:
        raise _no_location(text)
    table, number = Table(match[1]), int(match[2])
    bit, last = (None if match[group] is None else int(match[group]) for group in (3, 4))
    if match[5]:
        bit, last = HALVES[match[5]]
    if number > ADDRESS_MAX:
        raise Wrong("profile.address_too_large", "write.number_up_to", number=number, most=ADDRESS_MAX)
    if bit is not None and table.bits:
        raise Wrong("profile.already_a_bit", "write.table_number", table=table.value, number=number)
    if bit is not None and max(bit, last or 0) > 15:
        raise Wrong("profile.no_such_bit", "write.bit_to_15", bit=max(bit, last or 0))
    if bit is not None and last is not None and last <= bit:
        raise Wrong("profile.no_such_part", "write.part_order", first=bit, last=last)
    return Location(table, number, bit, last)


def _no_location(text: str) -> Wrong:
    """What to write instead of a location nobody can read."""
    if not re.fullmatch(r"[0134]\d{4,5}", text):
        return Wrong(
            "profile.no_place",
            "write.place",
            text=text,
        )
    word, number = _TABLES_OF_LEADING_DIGIT[text[0]], int(text[1:])
    return Wrong(
        "profile.manuals_notation",
        "write.place_counted",
        text=text, word=word, number=number, below=number - 1,
    )  # fmt: skip


def parse_span(text: str) -> Span:
    """Read `input 10-19` or `input 10`; Wrong says what to write."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise Wrong("profile.no_range", "write.range", text=text)
    span = Span(Table(match[1]), int(match[2]), int(match[3] or match[2]))
    if span.first > span.last or span.last > ADDRESS_MAX:
        advice = "write.range_order"
        raise Wrong("profile.no_range", advice, text=text, most=ADDRESS_MAX)
    return span


def parse_node(text: str) -> Node:
    """Read `s=H1.Pressure`, `i=2258` or `nsu=URI;s=…`; indexes are refused: they change at a server restart."""
    match = _NODE.fullmatch(text.strip())
    if match is None:
        what = "profile.no_node"
        if text.startswith("ns="):
            what = "profile.namespace_index"
        raise Wrong(what, "write.node", text=text)
    return Node(match[1], match[2])


def parse_inside(text: str) -> Inside:
    """Read `Pressure`, `[2]`, `Sensors[1].Pressure`; Wrong says what to write."""
    if not re.fullmatch(INSIDE, text.strip()):
        raise Wrong("profile.no_inside", "write.inside", text=text)
    steps = re.findall(r"\[(\d+)\]|([^.\[\]]+)", text.strip())
    return Inside(tuple(int(place) if place else name for place, name in steps))


def parse_type(text: str) -> WireType:
    """Read `uint16`, `bcd32`, `bool`, `string 4` (registers), `datetime unix`; Wrong lists what there is."""
    text = " ".join(text.split())
    if text in NUMBERS:
        return WireType(text, NUMBERS[text])
    if text == "bool":
        return WireType("bool", 0)
    if text.startswith(DATETIME) and (layout := text.removeprefix(DATETIME)) in DATES:
        return WireType(text, DATES[layout])
    if match := re.fullmatch(r"string (\d{1,2})", text):
        registers = int(match[1])
        if 1 <= registers <= STRING_REGISTERS_MAX:
            return WireType("string", registers)
    raise Wrong(
        "profile.no_type",
        "write.type",
        text=text, known=tuple(NUMBERS), most=STRING_REGISTERS_MAX, layouts=tuple(DATES),
    )  # fmt: skip
