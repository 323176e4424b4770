"""What must fit together across tables and files. Works on the tables as read, so one mistake does not hide another."""

from collections.abc import Iterator, Mapping
from typing import Any

from agent.settings.flying import flying, unknown
from agent.settings.places import DOUBLED, FAR, odd_places
from agent.settings.relay import relay
from agent.settings.secret import UNTRUSTED, secrets
from agent.settings.suits import UNKNOWN_BIT, suits
from agent.settings.wires import AMBIGUOUS, MOVING, doubtful_ports, same_wire
from drivers.kinds import KINDS
from drivers.profile.explain import spelled
from drivers.profile.mistake import Fault, Mistake, Where
from drivers.profile.model import ModbusProfile, OpcuaProfile
from drivers.profile.toml import TomlText
from protocols.datum import Datum
from protocols.reason import Fact

Profiles = Mapping[str, ModbusProfile | OpcuaProfile | None]
Table = dict[str, Any]
PROTOCOL_OF_LINE = {"serial": "modbus", "tcp": "modbus", "rtu_tcp": "modbus", "opcua": "opcua"}


def crossed(toml: TomlText, profiles: Profiles, datum: Datum = "wgs84") -> Iterator[Mistake]:
    """Every mistake that only shows when two places are held together."""
    tables = toml.tables or {}
    lines = {entry["id"]: entry for _, entry in _entries(tables, "lines")}
    for fault in (
        *_twice(tables),
        *same_wire(list(_entries(tables, "lines")), list(_entries(tables, "aircraft"))),
        *_same_unit(tables, lines),
        *_references(tables, lines),
        *_devices(tables, lines, profiles),
        *secrets(tables, toml.path.resolve().parent),
        *_seats(tables),
        *_idle(tables),
        *relay(tables, lines, *([entry for _, entry in _entries(tables, table)] for table in ("devices", "nests"))),
        *doubtful_ports(list(_entries(tables, "lines"))),
        *_keys(tables),
        *odd_places(_gateway(tables), list(_entries(tables, "stations")), list(_entries(tables, "devices")), datum),
        *flying(list(_entries(tables, "nests")), list(_entries(tables, "aircraft")), tables, lines),
    ):
        name = spelled(fault.where, tables)
        doubtful = fault.what in DOUBTS
        yield Mistake(toml.path, toml.line(fault.where), name, fault.what, fault.instead, fault.facts, doubtful)


def _gateway(tables: Table) -> Table:
    gateway = tables.get("gateway")
    return gateway if isinstance(gateway, dict) else {}


def _entries(tables: Table, table: str) -> Iterator[tuple[int, Table]]:
    """The entries of a list of tables that can be referred to."""
    entries = tables.get(table)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            yield index, entry


def _twice(tables: Table) -> Iterator[Fault]:
    """Ids name lines, devices and uplinks in events and orders alike, so they are unique across all of them."""
    for group in (("lines", "devices", "uplinks", "nests", "aircraft"), ("stations",)):
        first: dict[str, Where] = {}
        for table in group:
            for index, entry in _entries(tables, table):
                where: Where = (table, index, "id")
                if entry["id"] in first:
                    facts = {"id": entry["id"], "other": spelled(first[entry["id"]][:2], {})}
                    yield Fault("settings.id_taken", "write.own_id", facts, where)
                first.setdefault(entry["id"], where)


def _keys(tables: Table) -> Iterator[Fault]:
    """A key is one person's in one role: under two ids nobody could say whose order it was."""
    flight = tables.get("flight")
    first: dict[tuple[str, str], str] = {}
    for index, key in _entries(flight if isinstance(flight, dict) else {}, "keys"):
        for name in ("id", "public_key"):
            value = key.get(name)
            if not isinstance(value, str):
                continue
            if (name, value) in first:
                facts = {"id": key["id"], "other": first[name, value]}
                yield Fault("settings.key_taken", "write.own_key", facts, ("flight", "keys", index, name))
            first.setdefault((name, value), key["id"])


def _same_unit(tables: Table, lines: Mapping[str, Table]) -> Iterator[Fault]:
    units: dict[tuple[object, ...], str] = {}
    for index, device in _entries(tables, "devices"):
        unit, line = device.get("unit", 1), device.get("line")
        if not isinstance(unit, int | str) or not isinstance(line, str):
            continue
        by_profile = device.get("profile") if lines.get(line, {}).get("kind") == "opcua" else None
        key = (line, unit, by_profile)
        if key in units:
            used = {u for at, u, _ in units if at == line and isinstance(u, int)}
            free = next((n for n in range(1, 248) if n not in used), 0)
            facts: dict[str, Fact] = {"unit": unit, "line": line, "device": units[key], "free": free}
            instead = "write.free_unit"
            yield Fault("settings.unit_taken", instead, facts, ("devices", index, "unit"))
        units.setdefault(key, device["id"])


def _references(tables: Table, lines: Mapping[str, Table]) -> Iterator[Fault]:
    """Names of lines and stations that are nowhere."""
    stations = [entry["id"] for _, entry in _entries(tables, "stations")]
    yield from unknown("station", _gateway(tables).get("station"), stations, ("gateway", "station"))
    for index, device in _entries(tables, "devices"):
        yield from unknown("line", device.get("line"), list(lines), ("devices", index, "line"))
        yield from unknown("station", device.get("station"), stations, ("devices", index, "station"))


def _devices(tables: Table, lines: Mapping[str, Table], profiles: Profiles) -> Iterator[Fault]:
    """Each device against its line, its profile and its kind."""
    reported: set[tuple[object, ...]] = set()
    for index, device in _entries(tables, "devices"):
        where: Where = ("devices", index)
        line_kind = lines.get(str(device.get("line")), {}).get("kind")
        speaks = PROTOCOL_OF_LINE.get(str(line_kind))
        unit = device.get("unit", 1)
        on_bus = line_kind in ("serial", "rtu_tcp") and isinstance(unit, int) and not 1 <= unit <= 247
        if speaks == "modbus" and (isinstance(unit, str) or on_bus):
            instead = "write.modbus_unit"
            yield Fault("settings.no_modbus_unit", instead, {"unit": str(unit)}, (*where, "unit"))
        name = device.get("profile")
        profile = profiles.get(name) if isinstance(name, str) else None
        if profile is None:
            continue
        if speaks is not None and speaks != profile.protocol:
            facts: dict[str, Fact] = {"name": str(name), "protocol": profile.protocol}
            facts |= {"line": str(device["line"]), "kind": str(line_kind)}
            what = "settings.other_protocol"
            yield Fault(what, "write.other_profile_or_line", facts, (*where, "profile"))
        for point in device["offsets"] if isinstance(device.get("offsets"), dict) else ():
            meant = profile.points.get(point)
            if meant is None:
                yield from unknown("point", point, list(profile.points), (*where, "offsets", point))
            elif meant.enum or meant.bits:
                facts = {"point": point}
                yield Fault("settings.not_measured", "write.no_offset", facts, (*where, "offsets", point))
        kind = KINDS.get(str(device.get("kind")))
        if kind is not None and (kind.name, name) not in reported:
            reported.add((kind.name, name))
            yield from suits(kind, str(name), profile, where)


def _seats(tables: Table) -> Iterator[Fault]:
    """Seats at a centre: of devices there are, and no two devices on one seat."""
    devices = [device["id"] for _, device in _entries(tables, "devices")]
    for index, uplink in _entries(tables, "uplinks"):
        seats = uplink.get("seats")
        taken: dict[tuple[object, ...], str] = {}
        for device, seat in (seats if isinstance(seats, dict) else {}).items():
            where: Where = ("uplinks", index, "seats", device)
            yield from unknown("device", device, devices, where)
            if not isinstance(seat, dict):
                continue
            keys = ("system_type", "system_address", "component_type", "component_address")
            place = tuple(seat.get(key) for key in keys)
            if place in taken:
                facts: dict[str, Fact] = {"other": taken[place], "address": str(place[-1])}
                yield Fault("settings.seat_taken", "write.own_one", facts, where)
            taken.setdefault(place, device)


def _idle(tables: Table) -> Iterator[Fault]:
    """Lines nothing hangs on."""
    used = {str(thing.get("line")) for table in ("devices", "nests") for _, thing in _entries(tables, table)}
    for index, line in _entries(tables, "lines"):
        if line["id"] not in used:
            yield Fault(IDLE, "write.devices_or_drop", {"line": line["id"]}, ("lines", index))


IDLE = "settings.idle_line"
DOUBTS = {UNKNOWN_BIT, IDLE, MOVING, AMBIGUOUS, FAR, DOUBLED, UNTRUSTED}
