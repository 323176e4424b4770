"""One point of a profile: where its raw value lies, how it becomes a value, when that value is to be trusted."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    StringConstraints,
    model_validator,
)

from drivers.profile.location import Location, Node, WireType, parse_location, parse_node, parse_type
from drivers.units import UNITS

PointName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
PollClass = Literal["alarm", "fast", "slow"]
Order = Literal["big", "little"]


class Part(BaseModel):
    """What every settings model is: unknown keys are mistakes, types are not guessed, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def written_as(parse: Any, example: str, pattern: str) -> Any:
    """A field written as text in TOML and held parsed; `pattern` is only for the editor's JSON Schema."""

    def read(text: Any) -> Any:
        if not isinstance(text, str):
            raise ValueError(f"write a text such as '{example}'")
        return parse(text)

    schema: dict[str, JsonValue] = {"type": "string", "pattern": pattern, "examples": [example]}
    return BeforeValidator(read, json_schema_input_type=Annotated[str, Field(json_schema_extra=schema)])


def _unit(code: str) -> str:
    if code not in UNITS:
        raise ValueError(f"unknown unit: write one of {', '.join(UNITS)}")
    return code


def _keyed_by_number(table: Any) -> Any:
    """TOML keys are text; bit numbers and enum codes are numbers, decimal or 0x."""
    if not isinstance(table, dict):
        return table
    numbers = {}
    for key, name in table.items():
        if not re.fullmatch(r"-?\d+|0x[0-9a-fA-F]+", str(key)):
            raise ValueError(f"'{key}' is not a number: write for example 0 = \"leak\"")
        numbers[int(str(key), 0)] = name
    return numbers


_TABLE = r"(coil|discrete|input|holding)"
At = Annotated[Location, written_as(parse_location, "holding 20", rf"^{_TABLE} +\d+(\.\d+)?$"), PlainSerializer(str)]
NodeAt = Annotated[
    Node, written_as(parse_node, "s={unit}.Pressure", r"^(nsu=[^;]+;)?(s|g|b|i)=.+$"), PlainSerializer(str)
]
Wire = Annotated[
    WireType,
    written_as(parse_type, "float32", r"^(u?int(16|32|64)|float(32|64)|bool|string \d+)$"),
    PlainSerializer(str),
]
UnitCode = Annotated[str, BeforeValidator(_unit), Field(json_schema_extra={"enum": list(UNITS)})]
Names = Annotated[dict[int, str], BeforeValidator(_keyed_by_number, json_schema_input_type=dict[str, str])]
Range = Annotated[tuple[float, float], Field(strict=False)]


class Point(Part):
    """value = raw × scale + offset, in `unit`. `valid` is checked after scaling, `invalid` raw patterns before it.

    Exactly one of number, `enum` (text by raw number) and `bits` (names by bit number) is the meaning.
    """

    unit: UnitCode = Field("1", description="UCUM code of the value after scaling")
    scale: float = Field(1.0, description="value = raw × scale + offset")
    offset: float = 0.0
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
    note: str = ""

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        if self.enum is not None and self.bits is not None:
            raise ValueError("a point has either enum or bits: drop one")
        named = self.enum is not None or self.bits is not None
        if named and (self.scale != 1.0 or self.offset != 0.0 or self.counter or self.valid):
            raise ValueError("enum and bits name raw numbers: drop scale, offset, valid and counter")
        if self.scale == 0.0:
            raise ValueError("scale 0 makes every value the same: drop it or write the real factor")
        if self.valid is not None and self.valid[0] >= self.valid[1]:
            raise ValueError(f"valid = [{self.valid[0]:g}, {self.valid[1]:g}]: the first must be less than the second")
        if self.bits is not None and not all(0 <= bit <= 63 for bit in self.bits):
            raise ValueError("bit numbers go from 0 to 63")
        return self


class ModbusPoint(Point):
    """A point in a Modbus table. `type` is `bool` by itself where the location is one bit."""

    at: At = Field(description="'coil|discrete|input|holding NUMBER[.BIT]'")
    type: Wire = Field(WireType("bool", 0), description="uint16, float32 …, bool, or 'string REGISTERS'")
    word_order: Order | None = Field(None, description="overrides the profile's")
    byte_order: Order | None = Field(None, description="overrides the profile's")

    @model_validator(mode="after")
    def _type_fits_place(self) -> Self:
        one_bit = self.at.table.bits or self.at.bit is not None
        if one_bit != (self.type.name == "bool"):
            advice = "drop the type" if one_bit else f"add a bit ('{self.at}.0') or a type such as uint16"
            raise ValueError(f"{self.at} is {'one bit' if one_bit else 'a register'}: {advice}")
        if not self.type.number and (self.scale != 1.0 or self.offset != 0.0 or self.counter or self.enum or self.bits):
            raise ValueError(f"a {self.type.name} is not a number: drop scale, offset, counter, enum and bits")
        if self.bits is not None and (self.type.float or max(self.bits, default=0) >= 16 * self.type.registers):
            raise ValueError(f"{self.type} has no bit {max(self.bits, default=0)}")
        if self.enum is not None and self.type.float:
            raise ValueError("enum needs a whole number type, such as uint16")
        return self


class OpcuaPoint(Point):
    """A point that is an OPC UA variable; its type is the server's. `{unit}` in the node is the device's `unit`."""

    node: NodeAt = Field(description="'s=NAME', 'i=NUMBER' or 'nsu=URI;s=NAME'")
    sampling_ms: float | None = Field(None, ge=0, description="overrides the profile's")


class Identity(Part):
    """What must stand at a place before anything of the device is believed (`?` any one character, `*` any)."""

    type: Wire
    equals: int | str = Field(alias="is", description="a number, or a text with ? and *")
    at: At


class OpcuaIdentity(Part):
    """An OPC UA node that must have this value."""

    node: NodeAt
    equals: int | str = Field(alias="is", description="a number, or a text with ? and *")
