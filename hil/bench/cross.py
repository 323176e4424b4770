"""What must fit together on a bench. Works on the tables as read, so one mistake does not hide another."""

from collections.abc import Iterator, Mapping
from typing import Any

from agent.settings.cross import IDLE, crossed
from agent.settings.flying import unknown
from drivers.profile.explain import spelled
from drivers.profile.location import parse_location
from drivers.profile.mistake import Fault, Mistake, Where, Wrong
from drivers.profile.model import ModbusProfile
from drivers.profile.toml import TomlText

Table = dict[str, Any]
GROUPS = ("lines", "devices", "relays")


def mismatches(toml: TomlText, profiles: Mapping[str, ModbusProfile | None]) -> Iterator[Mistake]:
    """Every mistake that only shows when two places are held together; lines and devices as in a site file."""
    tables = toml.tables or {}
    for mistake in crossed(toml, profiles):
        if mistake.what not in (IDLE, "settings.id_taken"):
            yield mistake
    things = {group: dict(_entries(tables, group)) for group in GROUPS}
    for fault in (*_twice(things), *_relays(things), *_interlock(tables, things["lines"])):
        name = spelled(fault.where, tables)
        yield Mistake(toml.path, toml.line(fault.where), name, fault.what, fault.instead, fault.facts)


def _entries(tables: Table, group: str) -> Iterator[tuple[int, Table]]:
    entries = tables.get(group)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            yield index, entry


def _twice(things: Mapping[str, Mapping[int, Table]]) -> Iterator[Fault]:
    """A test names a thing by its id alone."""
    first: dict[str, Where] = {}
    for group, entries in things.items():
        for index, entry in entries.items():
            if entry["id"] in first:
                facts = {"id": entry["id"], "other": spelled(first[entry["id"]], {})}
                yield Fault("settings.id_taken", "write.own_id", facts, (group, index, "id"))
            first.setdefault(entry["id"], (group, index))


def _relays(things: Mapping[str, Mapping[int, Table]]) -> Iterator[Fault]:
    """A relay cuts one thing, which may be cut, over another wire than it cuts, by a coil that is its alone."""
    lines, devices = ({one["id"]: one for one in things[group].values()} for group in ("lines", "devices"))
    coils: dict[tuple[object, ...], str] = {}
    cutting: dict[str, str] = {}
    for index, relay in things["relays"].items():
        where: Where = ("relays", index)
        line, cuts = relay.get("line"), relay.get("cuts")
        yield from _on_a_wire(line, lines, (*where, "line"))
        yield from unknown("device", cuts, [*devices, *lines], (*where, "cuts"))
        yield from _taken(relay, devices, (*where, "unit"))
        coil = (line, relay.get("unit"), relay.get("coil"))
        if all(isinstance(one, str | int) for one in coil):
            if other := coils.get(coil):
                yield Fault("bench.coil_taken", "write.other_coil", {"relay": other}, (*where, "coil"))
            coils.setdefault(coil, relay["id"])
        if not isinstance(cuts, str):
            continue
        if other := cutting.get(cuts):
            yield Fault("bench.cut_twice", "write.one_relay", {"id": cuts, "relay": other}, (*where, "cuts"))
        cutting.setdefault(cuts, relay["id"])
        cut = devices.get(cuts, {})
        if line == cuts:
            yield Fault("bench.cuts_itself", "write.other_line", {"line": cuts}, (*where, "cuts"))
        if _simulated(lines.get(cuts) or lines.get(str(cut.get("line")))):
            yield Fault("bench.simulated", "write.drop_simulated", {"id": cuts}, (*where, "cuts"))
        hanging = [(one, "unplug") for one in devices.values() if one.get("line") == cuts]
        for device, act in [(cut, "power"), *hanging]:
            never = device.get("never")
            if isinstance(never, list) and act in never:
                facts = {"device": str(device["id"]), "act": act}
                yield Fault("bench.never_cut", "write.never_or_relay", facts, (*where, "cuts"))


def _interlock(tables: Table, lines: Mapping[int, Table]) -> Iterator[Fault]:
    interlock = tables.get("interlock")
    if not isinstance(interlock, dict):
        return
    by_id = {line["id"]: line for line in lines.values()}
    yield from _on_a_wire(interlock.get("line"), by_id, ("interlock", "line"))
    at = interlock.get("at")
    try:
        one_bit = not isinstance(at, str) or parse_location(at).one_bit
    except Wrong:
        return
    if not one_bit:
        yield Fault("bench.no_contact", "write.contact", {"at": str(at)}, ("interlock", "at"))


def _on_a_wire(line: object, lines: Mapping[str, Table], where: Where) -> Iterator[Fault]:
    """A relay's or a contact's line is there, and real: on a simulated one nobody would be switched."""
    yield from unknown("line", line, list(lines), where)
    if isinstance(line, str) and _simulated(lines.get(line)):
        yield Fault("bench.simulated", "write.drop_simulated", {"id": line}, where)


def _taken(relay: Table, devices: Mapping[str, Table], where: Where) -> Iterator[Fault]:
    for device in devices.values():
        if device.get("line") == relay.get("line") and device.get("unit", 1) == relay.get("unit"):
            facts = {"device": str(device["id"]), "line": str(relay.get("line"))}
            yield Fault("settings.relay_is_device", "write.relay_unit", facts, where)


def _simulated(line: Table | None) -> bool:
    return (line or {}).get("kind") == "simulated"
