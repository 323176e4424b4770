"""One point of a profile: where its raw value lies, how it becomes a value, when that value is to be trusted."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from drivers.profile.location import (
    INSIDE,
    Inside,
    Location,
    Node,
    Table,
    WireType,
    parse_inside,
    parse_location,
    parse_node,
    parse_type,
)
from drivers.profile.mistake import Fault, Wrong, nearest, shown
from drivers.profile.part import Part, pattern_hint, shaped, written_as
from drivers.units import UNITS
from protocols.reason import Fact

_NAME = r"[a-z][a-z0-9_]{0,39}"
PointName = Annotated[str, shaped(_NAME, "write.name_letters"), pattern_hint(_NAME)]
PollClass = Literal["alarm", "fast", "slow"]
Order = Literal["big", "little"]


def _unit(code: Any) -> Any:
    if isinstance(code, str) and code not in UNITS:
        if near := nearest(code, UNITS):
            raise Wrong(
                "profile.no_unit",
                "write.near_of",
                near=near,
                value=shown(code),
                known=tuple(UNITS),
            )
        raise Wrong("profile.no_unit", "write.one_of", value=shown(code), known=tuple(UNITS))
    return code


def _keyed_by_number(table: Any) -> Any:
    """TOML keys are text; bit numbers and enum codes are numbers, decimal or 0x."""
    if not isinstance(table, dict):
        return table
    numbers = {}
    for key, name in table.items():
        if not re.fullmatch(r"-?\d+|0x[0-9a-fA-F]+", str(key)):
            raise Wrong("profile.enum_key", "write.number_and_name", key=str(key))
        numbers[int(str(key), 0)] = name
    return numbers


def _number_or_text(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Wrong("settings.does_not_fit", "write.number_or_text", value=shown(value))
    return value


_TABLE = r"(coil|discrete|input|holding)"
At = Annotated[
    Location,
    written_as(parse_location, "holding 20", rf"^{_TABLE} +\d+(\.(\d+(-\d+)?|high|low))?$"),
    PlainSerializer(str),
]
NodeAt = Annotated[
    Node, written_as(parse_node, "s={unit}.Pressure", r"^(nsu=[^;]+;)?(s|g|b|i)=.+$"), PlainSerializer(str)
]
InsideAt = Annotated[Inside, written_as(parse_inside, "Sensors[1].Pressure", f"^{INSIDE}$"), PlainSerializer(str)]
Wire = Annotated[
    WireType,
    written_as(
        parse_type,
        "float32",
        r"^(u?int(16|32|64)?|float(32|64)|bcd(16|32)|bool|string \d+|datetime (unix|words|bytes|bcd|iec))$",
    ),
    PlainSerializer(str),
]
UnitCode = Annotated[str, BeforeValidator(_unit), Field(json_schema_extra={"enum": list(UNITS)})]
Names = Annotated[dict[int, str], BeforeValidator(_keyed_by_number, json_schema_input_type=dict[str, str])]
NumberOrText = Annotated[int | str, BeforeValidator(_number_or_text)]
Range = Annotated[tuple[float, float], Field(strict=False)]


class Point(Part):
    """value = raw × scale + offset, in `unit`. `valid` is checked after scaling, `invalid` raw patterns before it.

    Exactly one of number, `enum` (text by raw number) and `bits` (names by bit number) is the meaning.
    """

    unit: UnitCode = Field("1", description="UCUM code of the value after scaling")
    scale: float = Field(1.0, description="value = raw × scale + offset")
    offset: float = Field(0.0, description="added after scale, in the unit")
    valid: Range | None = Field(None, description="[least, most] after scaling; outside it the value is not usable")
    invalid: Annotated[tuple[int, ...], Field(strict=False)] = Field(
        (), description="raw patterns that mean 'no value'"
    )
    enum: Names | None = Field(None, description='raw number = "text"')
    bits: Names | None = Field(None, description='bit number (0 is the lowest) = "name"')
    counter: bool = Field(False, description="only ever rises; running back makes it not usable")
    deadband: float = Field(0.0, ge=0, description="in the unit: a smaller change is not published")
    heartbeat_s: float = Field(300.0, gt=0, description="published at least this often, changed or not")
    poll: PollClass = Field("slow", description="how often it is read: see poll_s")
    write: bool = Field(False, description="a technician may write it")
    note: str = Field("", description="for people")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if faults := [Fault(what, instead, facts) for what, instead, facts in self.contradictions()]:
            raise Wrong.together(faults)
        return self

    def contradictions(self) -> Iterator[tuple[str, str, dict[str, Fact]]]:
        """What does not go together in this point: what is wrong, what to do, the facts of both."""
        if self.enum is not None and self.bits is not None:
            yield "profile.enum_and_bits", "write.drop_one", {}
        scaled = self.scale != 1.0 or self.offset != 0.0 or self.counter or self.valid
        if scaled and (self.enum is not None or self.bits is not None):
            yield "profile.names_are_raw", "write.drop_scaling", {}
        if self.scale == 0.0:
            yield "profile.scale_0", "write.real_factor", {}
        if self.valid is not None and self.valid[0] >= self.valid[1]:
            facts: dict[str, Fact] = {"least": self.valid[0], "most": self.valid[1]}
            yield "profile.valid_empty", "write.smaller_first", facts
        if self.bits is not None and not all(0 <= bit <= 63 for bit in self.bits):
            yield "profile.no_bit", "write.bit_to_63", {}


class ModbusPoint(Point):
    """A point in a Modbus table. `type` is `bool` by itself where the location is one bit."""

    at: At = Field(description="'coil|discrete|input|holding NUMBER[.BIT]', or a part: '.BIT-BIT', '.high', '.low'")
    type: Wire = Field(
        WireType("bool", 0),
        description="uint16, float32, bcd32 …, 'uint' or 'int' of a part, 'string REGISTERS', 'datetime LAYOUT'",
    )
    word_order: Order | None = Field(None, description="overrides the profile's")
    byte_order: Order | None = Field(None, description="overrides the profile's")
    unit_from: PointName | None = Field(
        None, description="the point whose enum names the unit the device measures in; converted to `unit`"
    )
    decimals_from: PointName | None = Field(
        None, description="the point that says how many decimal places the raw number has"
    )

    @property
    def settings(self) -> tuple[str | None, str | None]:
        """The points that say its unit and its decimals."""
        return self.unit_from, self.decimals_from

    @property
    def width(self) -> int:
        """How many bits its raw number has."""
        if self.at.bit is not None and self.at.last is not None:
            return self.at.last - self.at.bit + 1
        return 16 * self.type.registers

    @property
    def addresses(self) -> tuple[tuple[Table, int], ...]:
        """Every register or bit it occupies, in the profile's own counting."""
        return tuple((self.at.table, self.at.number + i) for i in range(max(self.type.registers, 1)))

    @property
    def _plain_number(self) -> bool:
        return self.type.number and self.enum is None and self.bits is None

    def contradictions(self) -> Iterator[tuple[str, str, dict[str, Fact]]]:
        """Those of any point, and types that do not fit their place."""
        yield from super().contradictions()
        facts: dict[str, Fact] = {"at": str(self.at), "type": str(self.type)}
        one_bit = self.at.one_bit
        if (self.at.last is not None) != self.type.part and not one_bit:
            yield ("profile.not_its_part", "write.uint_or_int" if self.at.last is not None else "write.part", facts)
        elif one_bit and self.type.name != "bool":
            yield "profile.one_bit", "write.no_type", facts
        if not one_bit and self.type.name == "bool":
            yield "profile.whole_register", "write.type_or_bit", facts
        scaled = self.scale != 1.0 or self.offset != 0.0 or self.counter
        if not self.type.number and (scaled or self.enum or self.bits or self.valid or self.invalid):
            yield "profile.type_no_number", "write.drop_numeric", facts
        elif not self._plain_number and any(self.settings):
            yield "profile.no_number_from", "write.drop_from", facts
        elif self.type.float and (self.enum is not None or self.bits is not None):
            yield "profile.needs_whole_number", "write.whole_type", facts
        elif self.bits and max(self.bits) >= self.width:
            yield "profile.type_has_no_bit", "write.wider_type", facts | {"bit": max(self.bits)}


class OpcuaPoint(Point):
    """A point that is an OPC UA variable; its type is the server's. `{unit}` in the node is the device's `unit`."""

    node: NodeAt = Field(description="'s=NAME', 'i=NUMBER' or 'nsu=URI;s=NAME'")
    inside: InsideAt | None = Field(
        None, description="of a structure or array: 'Pressure', '[2]' (from 0), 'Sensors[1].Pressure'"
    )
    sampling_ms: float | None = Field(None, ge=0, description="overrides the profile's")


class Identity(Part):
    """What must stand at a place before anything of the device is believed (`?` any one character, `*` any)."""

    type: Wire
    equals: NumberOrText = Field(alias="is", description="a number, or a text with ? and *")
    at: At


class OpcuaIdentity(Part):
    """An OPC UA node that must have this value."""

    node: NodeAt
    equals: NumberOrText = Field(alias="is", description="a number, or a text with ? and *")
