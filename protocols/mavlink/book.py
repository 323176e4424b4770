"""What is known of an autopilot's parameters. ArduPilot casts a whole number into the float on the wire, PX4 lays its
bytes there."""

import math
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

Fields = Mapping[str, Any]

_WHOLE = {1: "<B", 2: "<b", 3: "<H", 4: "<h", 5: "<I", 6: "<i"}
"""MAV_PARAM_TYPE of whole numbers, and how PX4 lays them into the four bytes, lowest first."""


class Parameter(NamedTuple):
    """A value and its MAV_PARAM_TYPE."""

    value: float
    kind: int


def unpacked(raw: float, kind: int, *, by_bytes: bool) -> float:
    """The value of PARAM_VALUE.param_value; NaN where it cannot be told."""
    shape = _WHOLE.get(kind)
    if shape is None or not by_bytes:
        return raw
    if math.isnan(raw):  # the bytes of a negative number may be those of a NaN, which the wire's reader does not keep
        return math.nan
    return float(struct.unpack_from(shape, struct.pack("<f", raw))[0])


def packed(value: float, kind: int, *, by_bytes: bool) -> float:
    """The other way round."""
    shape = _WHOLE.get(kind)
    if shape is None or not by_bytes:
        return value
    return float(struct.unpack("<f", struct.pack(shape, int(value)).ljust(4, b"\0"))[0])


def named(fields: Fields, *, by_bytes: bool) -> tuple[str, Parameter]:
    """Name and parameter of one PARAM_VALUE."""
    kind, raw = int(fields["param_type"]), fields["param_value"]
    value = unpacked(math.nan if raw is None else float(raw), kind, by_bytes=by_bytes)
    return str(fields.get("param_id", "")).rstrip("\0"), Parameter(value, kind)


class Heard(NamedTuple):
    """What an aircraft has of one name: its parameter, or None where it has none of that name; and since when."""

    parameter: Parameter | None
    at_ns: int


class ParameterBook:
    """What of an aircraft's parameters is known: by what was read, and by each change that is said meanwhile."""

    def __init__(self) -> None:
        self.known: dict[str, Heard] = {}
        self.version = ""
        """Of the autopilot's own software, such as 4.6.0."""
        self.restarts = 0
        """How often all of it became worth nothing: at a boot, at a return of the link."""
        self.changes = 0
        """How often it has changed in any way."""

    def forget(self) -> None:
        """Whoever answers now may be another, or the same with other values."""
        self.known.clear()
        self.version = ""
        self.restarts += 1
        self.changes += 1

    def read(self, found: Mapping[str, Parameter | None], version: str, at_ns: int) -> None:
        """Just asked for."""
        self.known.update({name: Heard(value, at_ns) for name, value in found.items()})
        self.version = version
        self.changes += 1

    def said(self, fields: Fields, *, by_bytes: bool, at_ns: int) -> None:
        """A PARAM_VALUE, whoever asked for it or set it: what it was before is no more."""
        try:
            name, value = named(fields, by_bytes=by_bytes)
        except (KeyError, TypeError, ValueError):
            return
        if name in self.known:
            self.known[name] = Heard(value, at_ns)
            self.changes += 1
