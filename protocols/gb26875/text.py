"""Frames as JSON for a person with a capture in hand, and back."""

from collections.abc import Mapping

from protocols.gb26875.dialect import STANDARD, Dialect
from protocols.gb26875.fields import CodecError, Json
from protocols.gb26875.frame import Frame, decode_frame
from protocols.gb26875.objects import LAYOUTS, TYPES, decode, encode
from protocols.gb26875.words import Command


def from_hex(text: str) -> bytes:
    """Hex digits with any spaces, commas, colons or 0x between. Raises CodecError naming the first wrong place."""
    digits = text.replace("0x", " ").replace("0X", " ")
    for mark in " \t\r\n,:;-":
        digits = digits.replace(mark, "")
    for at, digit in enumerate(digits):
        if digit not in "0123456789abcdefABCDEF":
            raise CodecError("gb.no_hex_digit", sign=repr(digit), place=at + 1)
    if len(digits) % 2:
        raise CodecError("gb.odd_hex", digits=len(digits))
    return bytes.fromhex(digits)


def frame_to_json(raw: bytes, dialect: Dialect = STANDARD) -> dict[str, Json]:
    """Everything one frame says.

    `verdict` is `ok`, `unknown_type` (not one of the standard's), or `refused` with its `reason`; then only what could
    be read stands there.
    """
    try:
        frame = decode_frame(raw, dialect)
    except CodecError as wrong:
        return {"verdict": "refused", "reason": wrong.reason, "bytes": len(raw), "hex": raw.hex(" ")}
    described = _head(frame) | {"length": len(frame.data), "checksum": f"{raw[-3]:02X}"}
    try:
        content = decode(frame.data, dialect)
    except CodecError as wrong:
        return described | {"data_hex": frame.data.hex(" "), "verdict": "refused", "reason": wrong.reason}
    if content is None:
        return described | {"type": None, "objects": [], "verdict": "ok"}
    described |= {"type": content.type, "type_name": content.name}
    if content.type not in LAYOUTS:
        return described | {"data_hex": frame.data.hex(" "), "objects": [], "verdict": "unknown_type"}
    return described | {"objects": [dict(thing) for thing in content.objects], "verdict": "ok"}


def _head(frame: Frame) -> dict[str, Json]:
    head: dict[str, Json] = {
        "serial": frame.serial,
        "versions": list(frame.versions),
        "time": frame.time,
        "source": frame.source,
        "destination": frame.destination,
        "command": frame.command,
        "command_name": Command(frame.command).name.lower() if frame.command in set(Command) else "unknown",
    }
    return head | ({"time_hex": frame.time_hex} if frame.time is None else {})


def json_to_frame(described: Mapping[str, Json], dialect: Dialect = STANDARD) -> bytes:
    """The reverse of `frame_to_json`. `command` and `type` may be names. Raises CodecError naming the field."""
    command = described.get("command", described.get("command_name"))
    if isinstance(command, str):
        if command.upper() not in Command.__members__:
            known = tuple(c.name.lower() for c in Command)
            raise CodecError("gb.not_known", field="command", value=repr(command), known=known)
        command = Command[command.upper()]
    numbers = {"serial": described.get("serial"), "command": command}
    numbers |= {name: described.get(name) for name in ("source", "destination")}
    for name, value in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise CodecError("gb.whole_number_wanted", field=name, value=repr(value))
    versions = described.get("versions", list(dialect.versions))
    if not isinstance(versions, list) or len(versions) != 2 or not all(isinstance(v, int) for v in versions):
        raise CodecError("gb.two_versions", value=repr(versions))
    data = _data(described, dialect)
    time_hex = str(described.get("time_hex", ""))
    try:
        bytes.fromhex(time_hex)
    except ValueError:
        raise CodecError("gb.not_hex", field="time_hex", value=repr(time_hex)) from None
    return Frame(
        serial=numbers["serial"] or 0,
        versions=(versions[0], versions[1]),
        time=described.get("time"),
        source=numbers["source"] or 0,
        destination=numbers["destination"] or 0,
        command=numbers["command"] or 0,
        data=data,
        time_hex=time_hex,
    ).encoded(dialect)


def _data(described: Mapping[str, Json], dialect: Dialect) -> bytes:
    if described.get("data_hex"):
        return from_hex(described["data_hex"])
    kind = described.get("type", described.get("type_name"))
    if kind is None:
        return b""
    if isinstance(kind, str):
        if kind not in TYPES:
            raise CodecError("gb.not_known", field="type", value=repr(kind), known=tuple(TYPES))
        kind = TYPES[kind]
    objects = described.get("objects")
    if not isinstance(kind, int) or not isinstance(objects, list) or not all(isinstance(o, dict) for o in objects):
        raise CodecError("gb.no_objects")
    return encode(kind, objects, dialect)
