"""Telegraf's `[[inputs.modbus]]` in its three styles (register, request, metric) as a profile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from drivers.profile.draft import Draft
from drivers.profile.mistake import Mistake, SettingsError
from drivers.profile.toml import TomlText

TYPES = {
    "INT16": "int16", "UINT16": "uint16", "INT32": "int32", "UINT32": "uint32", "INT64": "int64", "UINT64": "uint64",
    "FLOAT32": "float32", "FLOAT64": "float64", "FLOAT32-IEEE": "float32", "FLOAT64-IEEE": "float64",
}  # fmt: skip
HALVES = {"INT8L": ("int", "low"), "INT8H": ("int", "high"), "UINT8L": ("uint", "low"), "UINT8H": ("uint", "high")}
FIXED = {1: "16", 2: "32", 4: "64"}
ORDERS = {
    "AB": "ABCD", "ABCDEFGH": "ABCD", "BADCFEHG": "BADC", "GHEFCDAB": "CDAB", "BA": "DCBA", "HGFEDCBA": "DCBA",
}  # fmt: skip
STYLES = {"coils": "coil", "discrete_inputs": "discrete", "holding_registers": "holding", "input_registers": "input"}
NOT_OURS = ("name_override", "tags", "tagpass", "fieldpass", "workarounds", "busy_retries", "csv")


class _Field(NamedTuple):
    """One field, whatever the style: its table, address, type as Telegraf says it, and the rest of its keys."""

    where: str
    slave: int
    table: str
    address: int
    type: str
    order: str
    keys: dict[str, Any]


def from_telegraf(path: Path, name: str, unit: int | None = None) -> Draft:
    """The fields of one slave id (the first, or `unit`); SettingsError when the file holds no such thing."""
    toml = TomlText(path)
    if toml.tables is None or toml.mistakes:
        raise SettingsError(toml.mistakes)
    inputs = toml.tables.get("inputs")
    plugins = inputs.get("modbus") if isinstance(inputs, dict) else None
    if not isinstance(plugins, list) or not all(isinstance(plugin, dict) for plugin in plugins) or not plugins:
        instead = "write.telegraf"
        raise SettingsError([Mistake(path, None, "", "imported.no_inputs", instead, {})])
    fields = [field for plugin in plugins for field in _fields(plugin)]
    slaves = list(dict.fromkeys(field.slave for field in fields))
    chosen = unit if unit is not None else (slaves[0] if slaves else 1)
    first = next((p for p in plugins if _slave(p) == chosen), plugins[0])
    draft = Draft(name, str(first.get("name", "")))
    for slave in slaves:
        if slave != chosen:
            count = sum(field.slave == slave for field in fields)
            draft.leave_out(f"slave_id {slave}", "imported.other_device", count=count, unit=slave)
    for field in fields:
        if field.slave == chosen:
            _add(draft, field)
    _connection(draft, first)
    if draft.points:
        draft.leave_out("units", "imported.no_units")
    return draft


def _slave(table: dict[str, Any]) -> int:
    slave = table.get("slave_id", 1)
    return slave if isinstance(slave, int) else 1


def _tables(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _fields(plugin: dict[str, Any]) -> Iterator[_Field]:
    """Every field of a plugin, from all three styles."""
    for style, table in STYLES.items():
        for keys in _tables(plugin.get(style)):
            addresses = keys.get("address")
            run = addresses if isinstance(addresses, list) else [addresses]
            first = run[0] if run and isinstance(run[0], int) else -1
            straight = first >= 0 and run == list(range(first, first + len(run)))
            where = f"{style} {keys.get('name', '?')}"
            yield _Field(
                where, _slave(plugin), table, first if straight else -1,
                _plain_type(str(keys.get("data_type", "")), len(run)), str(keys.get("byte_order", "")), keys,
            )  # fmt: skip
    for style in ("request", "metric"):
        for group in _tables(plugin.get(style)):
            for keys in _tables(group.get("fields")):
                table = str(keys.get("register", "holding") if style == "metric" else group.get("register", "holding"))
                address = keys.get("address")
                where = f"{style} {table} {keys.get('name', address)}"
                yield _Field(
                    where, _slave(group), table, address if isinstance(address, int) else -1,
                    str(keys.get("type", "")), str(group.get("byte_order", "ABCD")), keys,
                )  # fmt: skip


def _plain_type(type_name: str, registers: int) -> str:
    """FIXED, UFIXED and the old FLOAT32 of the register style are whole numbers as wide as their addresses."""
    if type_name in ("FIXED", "UFIXED", "FLOAT32"):
        return ("INT" if type_name == "FIXED" else "UINT") + FIXED.get(registers, "?")
    return type_name


def _add(draft: Draft, field: _Field) -> None:
    keys = field.keys
    if keys.get("omit") is True:
        return
    if field.address < 0:
        draft.leave_out(field.where, "imported.scattered")
        return
    at = f"{field.table} {field.address}"
    order = ORDERS.get(field.order, field.order or "ABCD")
    point: dict[str, Any] = {"at": at, "poll": "fast"}
    if field.table in ("holding", "input"):
        if field.type == "BIT":
            point["at"] = f"{at}.{keys.get('bit', 0)}"
        elif field.type == "STRING":
            point["type"] = f"string {keys.get('length', 1)}"
            if order in ("CDAB", "DCBA"):
                draft.leave_out(field.where, "imported.text_order", order=order)
        elif field.type in TYPES or field.type in HALVES:
            point["type"] = TYPES.get(field.type)
            if field.type in HALVES:
                point["type"], half = HALVES[field.type]
                point["at"] = f"{at}.{half}"
            scale = keys.get("scale", 1.0)
            point["scale"] = float(scale) if isinstance(scale, int | float) and scale not in (0, 1) else None
        else:
            draft.leave_out(field.where, "imported.no_type", type=field.type or "–")
            return
        if order in ("CDAB", "DCBA") and point.get("type", "")[-2:] in ("32", "64"):
            point["word_order"] = "little"
        if order in ("BADC", "DCBA") and field.type != "BIT":
            point["byte_order"] = "little"
    draft.add(str(keys.get("name", at)), field.where, point)


def _connection(draft: Draft, plugin: dict[str, Any]) -> None:
    """What belongs to the site file, and what has no place at all."""
    said = {key: plugin[key] for key in ("controller", "baud_rate", "parity", "stop_bits") if key in plugin}
    if said:
        told = ", ".join(f"{key} = {value}" for key, value in said.items())
        draft.leave_out("connection", "imported.of_the_line", told=told)
    for key in NOT_OURS:
        if key in plugin:
            draft.leave_out(key, "imported.no_place")
