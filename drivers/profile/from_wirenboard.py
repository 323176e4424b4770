"""A Wiren Board device template (wb-mqtt-serial) as a profile."""

import json
import re
from pathlib import Path
from typing import Any

from drivers.profile.draft import Draft
from drivers.profile.foreign import UNITS, refused, text_of

TABLES = {"coil": "coil", "discrete": "discrete", "input": "input", "holding": "holding"} | {
    "holding_single": "holding", "holding_multi": "holding",
}  # fmt: skip
FORMATS = {
    "u16": "uint16", "s16": "int16", "u32": "uint32", "s32": "int32", "u64": "uint64", "s64": "int64",
    "float": "float32", "double": "float64", "bcd16": "bcd16", "bcd32": "bcd32",
}  # fmt: skip
PARTS = {"u8": "uint", "s8": "int"}
UNIT_OF_TYPE = {
    "temperature": "Cel", "rel_humidity": "%", "voltage": "V", "current": "A", "power": "W", "pressure": "mbar",
    "atmospheric_pressure": "mbar", "wind_speed": "m/s", "water_flow": "m3/h", "water_consumption": "m3",
}  # fmt: skip
NOT_OURS = ("setup", "parameters", "subdevices", "translations", "groups", "password")
_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])', re.DOTALL)


def from_wirenboard(path: Path, name: str) -> Draft:
    """The channels of a template; SettingsError when it is not one."""
    template = _read(path)
    device = template.get("device")
    if not isinstance(device, dict) or not isinstance(device.get("channels"), list):
        raise refused(path, "imported.no_template", "write.wirenboard")
    if device.get("protocol", "modbus") not in ("modbus", "modbus-tcp"):
        raise refused(path, "imported.other_protocol", "write.no_driver", protocol=device["protocol"])
    draft = Draft(name, str(template.get("title") or device.get("name") or template.get("device_type", "")))
    for key, value in (("max_read_registers", "max_registers"), ("max_read_bits", "max_bits")):
        if isinstance(device.get(key), int) and device[key] > 0:
            draft.modbus[value] = device[key]
    if isinstance(guard := device.get("guard_interval_us"), int) and guard > 0:
        draft.modbus["pause_ms"] = guard / 1000
    if isinstance(wait := device.get("response_timeout_ms"), int) and wait > 5:
        draft.modbus["turnaround_ms"] = [5, min(wait, 5000)]
    for channel in device["channels"]:
        if isinstance(channel, dict):
            _channel(draft, channel)
    for key in NOT_OURS:
        if device.get(key) or template.get(key):
            draft.leave_out(key, "imported.no_place")
    if draft.points:
        draft.leave_out("valid", "imported.no_ranges")
    return draft


def _read(path: Path) -> dict[str, Any]:
    """JSON with // and /* */ comments and trailing commas, as these files have."""
    text = text_of(path)
    if "{%" in text:
        raise refused(path, "imported.jinja", "write.rendered")
    try:
        for noise in (_COMMENT, _TRAILING_COMMA):
            text = noise.sub(lambda match: match[0] if match[0][0] == '"' else "", text)
        template = json.loads(text)
    except json.JSONDecodeError as error:
        raise refused(path, "imported.not_json", "write.look_at_file", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise refused(path, "imported.too_deep", "write.look_at_file") from None
    if not isinstance(template, dict):
        raise refused(path, "imported.no_template", "write.wirenboard")
    return template


def _channel(draft: Draft, channel: dict[str, Any]) -> None:
    name = str(channel.get("name", channel.get("id", "")))
    where = f'channel "{name}"'
    if "consists_of" in channel or "device_type" in channel:
        draft.leave_out(where, "imported.composed")
        return
    table = TABLES.get(str(channel.get("reg_type", "holding")))
    place = _place(channel.get("address"))
    if table is None:
        draft.leave_out(where, "imported.no_register_type", type=str(channel.get("reg_type")))
        return
    if place is None:
        draft.leave_out(where, "imported.no_address", address=str(channel.get("address")))
        return
    point: dict[str, Any] = {"at": f"{table} {place}", "poll": _poll(channel)}
    if "condition" in channel or channel.get("enabled") is False:
        draft.leave_out(where, "imported.some_devices")
    if table in ("holding", "input") and "-" in place:
        point["type"] = "uint"
        _meaning(draft, where, point, channel)
    elif table in ("holding", "input") and "." not in place:
        form = str(channel.get("format", "u16"))
        if form in ("u8", "s8"):
            point["at"] += ".low"
        if form not in FORMATS and form not in PARTS:
            draft.leave_out(where, "imported.no_format", form=form)
            return
        point["type"] = FORMATS.get(form) or PARTS[form]
        _meaning(draft, where, point, channel)
        for ours in ("word_order", "byte_order"):
            point[ours] = "little" if channel.get(ours) == "little_endian" else None
    if table in ("coil", "holding") and channel.get("readonly") is not True and channel.get("type") in _SETTABLE:
        point["write"] = True
    draft.add(name, where, point)


_SETTABLE = ("switch", "range", "dimmer", "pushbutton")


def _place(address: Any) -> str | None:
    """`5`, `0x10`, `109:3:1` (one bit), `109:3:2` (from bit 3 two bits) as a number, number.bit or number.bit-bit."""
    if isinstance(address, int) and not isinstance(address, bool):
        return str(address)
    if not isinstance(address, str):
        return None
    parts = address.split(":")
    numbers = [_whole(part) for part in parts]
    if None in numbers or len(numbers) not in (1, 3):
        return None
    if len(numbers) == 1:
        return str(numbers[0])
    first, width = numbers[1] or 0, numbers[2] or 0
    if width < 1 or first + width > 16:
        return None
    return f"{numbers[0]}.{first}" if width == 1 else f"{numbers[0]}.{first}-{first + width - 1}"


def _whole(text: Any) -> int | None:
    try:
        return text if isinstance(text, int) else int(str(text), 0)
    except ValueError:
        return None


def _poll(channel: dict[str, Any]) -> str:
    """Channels with a period of their own are wanted fast there too."""
    period = channel.get("read_period_ms")
    return "fast" if isinstance(period, int) and period <= 5000 else "slow"


def _meaning(draft: Draft, where: str, point: dict[str, Any], channel: dict[str, Any]) -> None:
    for key in ("scale", "offset"):
        value = channel.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and value != (1 if key == "scale" else 0):
            point[key] = float(value)
    said = channel.get("units")
    unit = UNITS.get(str(said)) if said is not None else UNIT_OF_TYPE.get(str(channel.get("type")))
    point["unit"] = unit
    if said is not None and unit is None:
        draft.leave_out(where, "imported.no_unit", unit=str(said))
    patterns = [_whole(channel[key]) for key in ("error_value", "unsupported_value") if key in channel]
    point["invalid"] = sorted({pattern for pattern in patterns if pattern is not None}) or None
    values, titles = channel.get("enum"), channel.get("enum_titles")
    if isinstance(values, list) and isinstance(titles, list) and len(values) == len(titles):
        point["enum"] = {str(value): str(title) for value, title in zip(values, titles, strict=True)}
    elif "on_value" in channel and (on := _whole(channel["on_value"])) is not None:
        off = _whole(channel.get("off_value", 0))
        point["enum"] = {str(off if off is not None else 0): "off", str(on): "on"}
    if "round_to" in channel:
        draft.leave_out(where, "imported.no_rounding", step=str(channel["round_to"]))
