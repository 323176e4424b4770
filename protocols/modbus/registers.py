"""Register words to numbers and texts and back, in every word and byte order, a whole row at a time."""

import struct
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, Final, NamedTuple

from protocols.modbus.packed import BCD, bcd_of, bcd_word, date_of, date_words, part_of

DATETIME: Final = "datetime "

Raw = int | float | bool | str
"""What stood on the wire, decoded but neither scaled nor judged."""

Decoder = Callable[[bytes], tuple[Any, ...]]
"""The data of one answer to the raw values (`Raw`) of its fields, in order."""

CODES: Final[dict[str, str]] = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
PACKED: Final[dict[str, str]] = {"bcd16": "H", "bcd32": "I", "uint": "H", "int": "H"}
"""What a register holds in parts or digits, and the number it is unpacked from."""

ORDERS: Final[dict[str, tuple[bool, bool]]] = {
    "ABCD": (False, False),
    "CDAB": (True, False),
    "BADC": (False, True),
    "DCBA": (True, True),
}
"""The four orders of a 32-bit value by their common names: (words swapped, bytes swapped)."""


class Field(NamedTuple):
    """One value of a row. `offset` counts registers (in bit tables: bits) from the row's first.

    `type` is a name in CODES or PACKED, `bool`, `string` or `datetime LAYOUT`; `bit` (0 is the lowest) picks one bit of
    a register, `bit` to `last` a part of it: a number, `uint` or `int`.
    """

    offset: int
    type: str
    registers: int = 1
    words_swapped: bool = False
    bytes_swapped: bool = False
    bit: int | None = None
    last: int | None = None


def _places(field: Field) -> list[int]:
    """Where in the row the field's bytes stand, most significant (or first letter) first."""
    registers = list(range(max(field.registers, 1)))
    if field.words_swapped and field.type != "string":  # texts keep their word order on every device seen
        registers.reverse()
    pair = (1, 0) if field.bytes_swapped else (0, 1)
    return [2 * (field.offset + register) + half for register in registers for half in pair]


def _code(field: Field) -> str:
    if field.bit is not None:
        return "H"
    if field.type == "string" or field.type.startswith(DATETIME):
        return f"{2 * field.registers}s"
    return CODES.get(field.type) or PACKED[field.type]


def _finish(field: Field) -> Callable[[Any], Raw] | None:
    """What is left to do after `struct`: pick bits, count digits, make a text."""
    if (bit := field.bit) is not None:
        if (last := field.last) is not None:
            return partial(part_of, first=bit, last=last, signed=field.type == "int")
        return lambda word: bool(word >> bit & 1)
    if field.type in BCD:
        return bcd_of
    if field.type.startswith(DATETIME):
        return date_of(field.type.removeprefix(DATETIME))
    return text_of if field.type == "string" else None


def text_of(raw: bytes) -> str:
    """A fixed-length text: up to the first NUL, trailing blanks dropped, bytes that are not UTF-8 shown as �."""
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace").rstrip()


def row_decoder(fields: Sequence[Field], registers: int) -> Decoder:
    """Decode a read of `registers` registers. One `struct` call for the whole row when it lies as it is wanted."""
    codes = [_code(field) for field in fields]
    places = [_places(field) for field in fields]
    finish = [_finish(field) for field in fields]
    straight = _straight(codes, places, 2 * registers)
    if straight is not None:
        unpack: Decoder = struct.Struct(straight).unpack
    else:
        pick = itemgetter(*(at for place in places for at in place))
        packed = struct.Struct(">" + "".join(codes)).unpack

        def unpack(data: bytes) -> tuple[Any, ...]:
            return packed(bytes(pick(data)))

    if not any(finish):
        return unpack

    def decode(data: bytes) -> tuple[Raw, ...]:
        return tuple(value if last is None else last(value) for value, last in zip(unpack(data), finish, strict=True))

    return decode


def _straight(codes: Sequence[str], places: Sequence[Sequence[int]], size: int) -> str | None:
    """The one `struct` format for fields that follow each other in wire order, or None."""
    text, at = ">", 0
    for code, place in zip(codes, places, strict=True):
        first = place[0]
        if first < at or list(place) != list(range(first, first + len(place))):
            return None
        text += f"{first - at}x" * (first > at) + code
        at = first + len(place)
    return text + f"{size - at}x" * (size > at)


def bit_decoder(offsets: Sequence[int]) -> Decoder:
    """Decode a read of coils or discrete inputs: the first is the lowest bit of the first byte; padding is ignored."""

    def decode(data: bytes) -> tuple[bool, ...]:
        bits = int.from_bytes(data, "little")
        return tuple([bool(bits >> offset & 1) for offset in offsets])

    return decode


def encode(
    type_name: str, value: Raw, *, registers: int = 1, words_swapped: bool = False, bytes_swapped: bool = False
) -> list[int]:
    """The registers that hold `value`; ValueError when the type cannot hold it. A part of a register stands lowest."""
    if type_name.startswith(DATETIME):
        raw = date_words(type_name.removeprefix(DATETIME), str(value))
    elif type_name in BCD:
        raw = struct.pack(">" + PACKED[type_name], bcd_word(_whole(value), BCD[type_name]))
    elif type_name == "string":
        raw = str(value).encode("utf-8")
        if len(raw) > 2 * registers:
            raise ValueError(f"'{value}' takes {len(raw)} bytes, {2 * registers} are there")
        raw = raw.ljust(2 * registers, b"\0")
    else:
        try:
            number = float(value) if type_name.startswith("float") else _whole(value)
            raw = struct.pack(">" + CODES[{"uint": "uint16", "int": "int16"}.get(type_name, type_name)], number)
        except (struct.error, OverflowError) as error:
            raise ValueError(f"{value} does not fit {type_name}") from error
    field = Field(0, type_name, len(raw) // 2, words_swapped, bytes_swapped)
    placed = bytearray(len(raw))
    for at, byte in zip(_places(field), raw, strict=True):
        placed[at] = byte
    return list(struct.unpack(f">{len(placed) // 2}H", placed))


def _whole(value: Raw) -> int:
    if isinstance(value, str) or value != int(value):
        raise ValueError(f"{value!r} is not a whole number")
    return int(value)


def all_orders(data: bytes, type_name: str) -> dict[str, Raw]:
    """The same bytes read in each of the four orders: for finding out which one a device uses."""
    registers = len(data) // 2
    return {
        name: row_decoder([Field(0, type_name, registers, words, swapped)], registers)(data)[0]
        for name, (words, swapped) in ORDERS.items()
    }
