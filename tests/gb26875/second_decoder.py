"""A second reading of the standard, written from its tables alone with `struct`; shares nothing with the codec."""

import struct
from datetime import datetime
from typing import Any

_TIME = "6B"
# type → (struct format, names); X is the 6-byte time, T a 31-byte text
_SHAPES: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("<BBH6s", ("system_type", "system_address", "state", "time")),
    2: (
        "<BBBIH31s6s",
        ("system_type", "system_address", "component_type", "component_address", "state", "text", "time"),
    ),
    3: (
        "<BBBIBh6s",
        ("system_type", "system_address", "component_type", "component_address", "analog_type", "count", "time"),
    ),
    4: ("<BBBB6s", ("system_type", "system_address", "operation", "operator", "time")),
    5: ("<BBBB", ("system_type", "system_address", "major", "minor")),
    7: ("<BBBI31s", ("system_type", "system_address", "component_type", "component_address", "text")),
    8: ("<BB6s", ("system_type", "system_address", "time")),
    21: ("<B6s", ("state", "time")),
    24: ("<BB6s", ("operation", "operator", "time")),
    25: ("<BB", ("major", "minor")),
    28: ("<6s", ("time",)),
    61: ("<BB", ("system_type", "system_address")),
    62: ("<BBI", ("system_type", "system_address", "component_address")),
    63: ("<BBI", ("system_type", "system_address", "component_address")),
    64: ("<BBB6s", ("system_type", "system_address", "records", "time")),
    65: ("<BB", ("system_type", "system_address")),
    66: ("<BB", ("system_type", "system_address")),
    67: ("<BBI", ("system_type", "system_address", "component_address")),
    68: ("<BB", ("system_type", "system_address")),
    81: ("<B", ("reserved",)),
    84: ("<B6s", ("records", "time")),
    85: ("<B", ("reserved",)),
    86: ("<B", ("reserved",)),
    88: ("<B", ("reserved",)),
    89: ("<B", ("reserved",)),
    90: ("<6s", ("time",)),
    91: ("<B", ("minutes",)),
}


def read(raw: bytes) -> dict[str, Any] | None:
    """A frame's plain numbers, None where it is not one whole good frame of a type above."""
    if len(raw) < 30 or len(raw) > 1054 or raw[:2] != b"\x40\x40" or raw[-2:] != b"\x23\x23":
        return None
    serial, main, user, time, source, destination, length, command = struct.unpack_from("<HBB6s6s6sHB", raw, 2)
    if length + 30 != len(raw) or sum(raw[2:-3]) % 256 != raw[-3]:
        return None
    told: dict[str, Any] = {
        "serial": serial, "versions": [main, user], "time": _time(time), "command": command,
        "source": sum(byte << 8 * at for at, byte in enumerate(source)),
        "destination": sum(byte << 8 * at for at, byte in enumerate(destination)),
    }  # fmt: skip
    data = raw[27:-3]
    if not data:
        return told | {"type": None, "objects": []}
    if len(data) < 2 or data[0] not in _SHAPES:
        return None
    layout, names = _SHAPES[data[0]]
    size = struct.calcsize(layout)
    if data[1] == 0 or len(data) != 2 + data[1] * size:
        return None
    objects = []
    for at in range(data[1]):
        values = dict(zip(names, struct.unpack_from(layout, data, 2 + at * size), strict=True))
        if "time" in values:
            values["time"] = _time(values["time"])
        objects.append(values)
    return told | {"type": data[0], "objects": objects}


def _time(raw: bytes) -> str | None:
    second, minute, hour, day, month, year = struct.unpack(_TIME, raw)
    try:
        return datetime(2000 + year, month, day, hour, minute, second).isoformat() if year < 100 else None  # noqa: DTZ001 the wire has no zone
    except ValueError:
        return None
