"""Parameters of an autopilot: ArduPilot casts a whole number into the float on the wire, PX4 lays its bytes there."""

import math
import struct
from typing import NamedTuple

from protocols.mavlink.exchange import Exchange, Fields

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


async def read(exchange: Exchange, name: str, *, by_bytes: bool) -> Parameter:
    """Ask for one by name; NoAnswer for one it does not have, as both autopilots keep silent about it."""

    def named(fields: Fields) -> Parameter | None:
        if str(fields.get("param_id", "")).rstrip("\0") != name:
            return None
        kind, raw = int(fields["param_type"]), fields["param_value"]
        return Parameter(unpacked(math.nan if raw is None else float(raw), kind, by_bytes=by_bytes), kind)

    return await exchange.ask("PARAM_REQUEST_READ", {"param_id": name, "param_index": -1}, "PARAM_VALUE", named)


async def write(exchange: Exchange, name: str, value: float, kind: int, *, by_bytes: bool) -> None:
    """Set one, of a MAV_PARAM_TYPE, and have its new value said; NoAnswer where it never says that one."""
    raw = packed(value, kind, by_bytes=by_bytes)

    def set_to(fields: Fields) -> bool | None:
        mine = str(fields.get("param_id", "")).rstrip("\0") == name and fields["param_value"] is not None
        return (mine and math.isclose(float(fields["param_value"]), raw, rel_tol=1e-6, abs_tol=1e-45)) or None

    await exchange.ask("PARAM_SET", {"param_id": name, "param_value": raw, "param_type": kind}, "PARAM_VALUE", set_to)
