"""Application data: a type, a count, and that many objects of that type's layout."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from protocols.gb26875.dialect import STANDARD, Dialect
from protocols.gb26875.fields import AnalogValue, Bits, CodecError, Field, Json, Number, Text, Time
from protocols.gb26875.words import COMPONENT_BITS, DEVICE_BITS, DEVICE_OPERATIONS, SYSTEM_BITS, SYSTEM_OPERATIONS
from protocols.reason import Fact

LONGEST = 1024  # bytes of application data (the standard's cap)
TEXT = 31


class Layout(NamedTuple):
    """One type: its name and its object's fields in order."""

    name: str
    fields: tuple[Field, ...]


_system = (Number("system_type"), Number("system_address"))
_part = (*_system, Number("component_type"), Number("component_address", 4))
_asked_part = (*_system, Number("component_address", 4))
_version = (Number("major"), Number("minor"))
_reserved = (Number("reserved"),)

LAYOUTS: dict[int, Layout] = {
    1: Layout("system_state", (*_system, Bits("state", 2, SYSTEM_BITS), Time())),
    2: Layout("component_state", (*_part, Bits("state", 2, COMPONENT_BITS), Text("text", TEXT), Time())),
    3: Layout("analog", (*_part, AnalogValue(), Time())),
    4: Layout("operation", (*_system, Bits("operation", 1, SYSTEM_OPERATIONS), Number("operator"), Time())),
    5: Layout("version", (*_system, *_version)),
    6: Layout("configuration", (*_system, Text("text", None))),
    7: Layout("component_configuration", (*_part, Text("text", TEXT))),
    8: Layout("clock", (*_system, Time())),
    21: Layout("device_state", (Bits("state", 1, DEVICE_BITS), Time())),
    24: Layout("device_operation", (Bits("operation", 1, DEVICE_OPERATIONS), Number("operator"), Time())),
    25: Layout("device_version", _version),
    26: Layout("device_configuration", (Text("text", None),)),
    28: Layout("device_clock", (Time(),)),
    61: Layout("read_system_state", _system),
    62: Layout("read_component_state", _asked_part),
    63: Layout("read_analog", _asked_part),
    64: Layout("read_operation", (*_system, Number("records"), Time())),
    65: Layout("read_version", _system),
    66: Layout("read_configuration", _system),
    67: Layout("read_component_configuration", _asked_part),
    68: Layout("read_clock", _system),
    81: Layout("read_device_state", _reserved),
    84: Layout("read_device_operation", (Number("records"), Time())),
    85: Layout("read_device_version", _reserved),
    86: Layout("read_device_configuration", _reserved),
    88: Layout("read_device_clock", _reserved),
    89: Layout("initialise", _reserved),
    90: Layout("set_clock", (Time(),)),
    91: Layout("duty_check", (Number("minutes"),)),
}
TYPES: dict[str, int] = {layout.name: kind for kind, layout in LAYOUTS.items()}
ANSWERED_BY: dict[int, int] = {
    61: 1,
    62: 2,
    63: 3,
    64: 4,
    65: 5,
    66: 6,
    67: 7,
    68: 8,
    81: 21,
    84: 24,
    85: 25,
    86: 26,
    88: 28,
}
"""What the centre asks for → the type that answers it."""


class Content(NamedTuple):
    """Decoded application data. `objects` are flat mappings; a type the standard does not name keeps `raw`."""

    type: int
    objects: tuple[Mapping[str, Json], ...]
    raw: bytes = b""

    @property
    def name(self) -> str:
        """The type's name, `type_N` for one the standard does not define."""
        layout = LAYOUTS.get(self.type)
        return layout.name if layout else f"type_{self.type}"


def decode(data: bytes, dialect: Dialect = STANDARD) -> Content | None:
    """Application data → content; None for empty data (a confirm, a heartbeat). Raises CodecError for the rest."""
    if not data:
        return None
    if len(data) > LONGEST:
        raise CodecError("gb.data_too_long", bytes=len(data), most=LONGEST)
    if len(data) < 2:
        raise CodecError("gb.no_count")
    kind, count = data[0], data[1]
    layout = LAYOUTS.get(kind)
    if layout is None:
        return Content(kind, (), data[1:])
    if count == 0:
        raise CodecError("gb.count_of_0", type=layout.name)
    at = 2
    objects = []
    for index in range(count):
        thing: dict[str, Json] = {}
        for field in layout.fields:
            try:
                entries, at = field.take(data, at, dialect)
            except CodecError as wrong:
                facts: dict[str, Fact] = {"type": layout.name, "object": index + 1, "count": count}
                raise CodecError("gb.object_of", **facts, why=wrong.reason) from None
            thing.update(entries)
        objects.append(thing)
    if at != len(data):
        raise CodecError("gb.left_over", type=layout.name, bytes=len(data) - at, count=count)
    return Content(kind, tuple(objects))


def encode(kind: int, objects: Sequence[Mapping[str, Json]], dialect: Dialect = STANDARD) -> bytes:
    """Objects → application data of at most 1024 bytes. Raises CodecError naming the object and field."""
    layout = LAYOUTS.get(kind)
    if layout is None:
        raise CodecError("gb.unknown_type", type=kind)
    if not 1 <= len(objects) <= 255:
        raise CodecError("gb.number_of_objects", type=layout.name, count=len(objects))
    data = bytearray((kind, len(objects)))
    for index, thing in enumerate(objects):
        for field in layout.fields:
            try:
                data += field.give(thing, dialect)
            except CodecError as wrong:
                raise CodecError("gb.object", type=layout.name, object=index + 1, why=wrong.reason) from None
    if len(data) > LONGEST:
        raise CodecError("gb.objects_too_long", type=layout.name, bytes=len(data), most=LONGEST)
    return bytes(data)
