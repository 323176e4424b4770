"""The fields that information objects are made of: how each is read, written and called."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from protocols.errors import Reasoned
from protocols.gb26875.dialect import Dialect
from protocols.gb26875.words import ANALOGS, RAW, BadBit, names_of, value_of

Json = Any
"""A field's value in its text form: int, float, str, None, or a list of bit names."""


class CodecError(Reasoned, ValueError):
    """What stands there cannot be read or written; the reason says which field and why."""


class Field(Protocol):
    """One field of an object. `take` returns its entries and the offset after it."""

    def take(self, data: bytes, at: int, dialect: Dialect) -> tuple[dict[str, Json], int]:
        """Read at `at`. Raises CodecError where the data ends too early."""

    def give(self, values: Mapping[str, Json], dialect: Dialect) -> bytes:
        """Write from `values`. Raises CodecError naming what is missing or out of range."""


def piece(data: bytes, at: int, size: int, name: str) -> bytes:
    """`size` bytes at `at`, or CodecError naming the field they belong to."""
    if at + size > len(data):
        raise CodecError("gb.too_short", field=name, wanted=size, left=max(len(data) - at, 0))
    return data[at : at + size]


def _not_whole(name: str, value: Json, most: int) -> CodecError:
    return CodecError("gb.not_whole", field=name, value=repr(value), most=most)


def wanted(values: Mapping[str, Json], name: str) -> Json:
    """The value called `name`, or CodecError."""
    if name not in values:
        raise CodecError("gb.missing", field=name)
    return values[name]


class Number:
    """A whole number without sign, low byte first."""

    def __init__(self, name: str, size: int = 1) -> None:
        self.name, self.size = name, size

    def take(self, data: bytes, at: int, dialect: Dialect) -> tuple[dict[str, Json], int]:  # noqa: ARG002 one form in all dialects
        """See Field."""
        return {self.name: int.from_bytes(piece(data, at, self.size, self.name), "little")}, at + self.size

    def give(self, values: Mapping[str, Json], dialect: Dialect) -> bytes:  # noqa: ARG002
        """See Field."""
        value = wanted(values, self.name)
        if not isinstance(value, int) or not 0 <= value < 256**self.size:
            raise _not_whole(self.name, value, 256**self.size - 1)
        return value.to_bytes(self.size, "little")


class Bits:
    """Named bits, low byte first; in text the list of the set ones."""

    def __init__(self, name: str, size: int, names: tuple[str, ...]) -> None:
        self.name, self.size, self.names = name, size, names

    def take(self, data: bytes, at: int, dialect: Dialect) -> tuple[dict[str, Json], int]:  # noqa: ARG002
        """See Field."""
        value = int.from_bytes(piece(data, at, self.size, self.name), "little")
        return {self.name: names_of(value, self.names)}, at + self.size

    def give(self, values: Mapping[str, Json], dialect: Dialect) -> bytes:  # noqa: ARG002
        """See Field."""
        names = wanted(values, self.name)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise CodecError("gb.not_bit_names", field=self.name, value=repr(names))
        try:
            return value_of(names, self.names, self.size * 8).to_bytes(self.size, "little")
        except BadBit as wrong:
            raise CodecError("gb.field", field=self.name, why=wrong.reason) from None


class AnalogValue:
    """An analog type and its signed count; in text also the quantity, its unit and the value in that unit."""

    def take(self, data: bytes, at: int, dialect: Dialect) -> tuple[dict[str, Json], int]:
        """See Field."""
        kind = piece(data, at, 1, "analog_type")[0]
        count = int.from_bytes(piece(data, at + 1, 2, "value"), dialect.analog, signed=True)
        meaning = ANALOGS.get(kind, RAW)
        value = count if meaning.step == 1 else round(count * meaning.step, 2)
        named = {"analog_type": kind, "quantity": meaning.quantity, "value": value, "unit": meaning.unit}
        return named, at + 3

    def give(self, values: Mapping[str, Json], dialect: Dialect) -> bytes:
        """See Field."""
        kind, value = wanted(values, "analog_type"), wanted(values, "value")
        if not isinstance(kind, int) or not 0 <= kind <= 255:
            raise _not_whole("analog_type", kind, 255)
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise CodecError("gb.not_a_number", field="value", value=repr(value))
        meaning = ANALOGS.get(kind, RAW)
        count = round(value / meaning.step)
        if not -32768 <= count <= 32767:
            raise CodecError("gb.beyond_16_bits", value=value, step=meaning.step, unit=meaning.unit)
        return bytes([kind]) + count.to_bytes(2, dialect.analog, signed=True)


class Text:
    """GB 18030 text: `size` bytes NUL padded, or with its own length byte where `size` is None."""

    def __init__(self, name: str, size: int | None) -> None:
        self.name, self.size = name, size

    def take(self, data: bytes, at: int, dialect: Dialect) -> tuple[dict[str, Json], int]:  # noqa: ARG002
        """See Field. Bytes that are not GB 18030, or stand behind the NUL, are kept as hex under `NAME_hex`."""
        size = self.size
        entries: dict[str, Json] = {}
        if size is None:
            size = piece(data, at, 1, f"{self.name} length")[0]
            at += 1
            entries[f"{self.name}_length"] = size
        raw = piece(data, at, size, self.name)
        text = raw.partition(b"\0")[0].decode("gb18030", "replace")
        entries[self.name] = text
        if text.encode("gb18030", "replace").ljust(size, b"\0") != raw:
            entries[f"{self.name}_hex"] = raw.hex()
        return entries, at + size

    def give(self, values: Mapping[str, Json], dialect: Dialect) -> bytes:  # noqa: ARG002
        """See Field. Text that is too long is cut between characters."""
        exact = values.get(f"{self.name}_hex")
        try:
            raw = bytes.fromhex(exact) if exact is not None else str(wanted(values, self.name)).encode("gb18030")
        except UnicodeEncodeError:
            raise CodecError("gb.not_gb18030", field=self.name) from None
        except (ValueError, TypeError):
            raise CodecError("gb.not_hex", field=f"{self.name}_hex", value=repr(exact)) from None
        room = 255 if self.size is None else self.size
        if len(raw) > room:
            raw = raw[:room].decode("gb18030", "ignore").encode("gb18030")
        if self.size is not None:
            return raw.ljust(self.size, b"\0")
        size = values.get(f"{self.name}_length", len(raw))
        if not isinstance(size, int) or not len(raw) <= size <= 255:
            raise CodecError("gb.not_in_range", field=f"{self.name}_length", value=repr(size), least=len(raw), most=255)
        return bytes([size]) + raw.ljust(size, b"\0")


class Time:
    """Six bytes: second, minute, hour, day, month, year after 2000; local time. In text `2026-01-15T08:29:50`."""

    def __init__(self, name: str = "time") -> None:
        self.name = name

    def take(self, data: bytes, at: int, dialect: Dialect) -> tuple[dict[str, Json], int]:
        """See Field. Bytes that are no date give None, and the bytes as hex under `NAME_hex`."""
        raw = piece(data, at, 6, self.name)
        text = read_time(raw, dialect)
        entries: dict[str, Json] = {self.name: text}
        if text is None:
            entries[f"{self.name}_hex"] = raw.hex()
        return entries, at + 6

    def give(self, values: Mapping[str, Json], dialect: Dialect) -> bytes:
        """See Field."""
        exact = values.get(f"{self.name}_hex")
        if exact is not None:
            try:
                raw = bytes.fromhex(exact)
            except (ValueError, TypeError):
                raise CodecError("gb.not_hex", field=f"{self.name}_hex", value=repr(exact)) from None
            return piece(raw.ljust(6, b"\0"), 0, 6, self.name)
        return write_time(wanted(values, self.name), dialect, self.name)


def read_time(raw: bytes, dialect: Dialect) -> str | None:
    """Six bytes as ISO text, None where they are no date."""
    try:
        parts = [int(f"{byte:02x}") for byte in raw] if dialect.time == "bcd" else list(raw)
        second, minute, hour, day, month, year = parts
        if year > 99:
            return None
        return datetime(2000 + year, month, day, hour, minute, second).isoformat()  # noqa: DTZ001 the wire has no zone
    except ValueError:
        return None


def write_time(text: Json, dialect: Dialect, name: str) -> bytes:
    """ISO text as six bytes. Raises CodecError for what is no time of 2000–2099."""
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise CodecError("gb.no_time", field=name, value=repr(text)) from None
    if not 2000 <= moment.year <= 2099:
        raise CodecError("gb.no_year", field=name, value=repr(text))
    parts = [moment.second, moment.minute, moment.hour, moment.day, moment.month, moment.year - 2000]
    return bytes(int(str(part), 16) if dialect.time == "bcd" else part for part in parts)
