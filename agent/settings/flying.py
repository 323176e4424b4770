"""Nests, aircraft and the people who order them, against the lines and against each other."""

from collections.abc import Iterator, Mapping
from typing import Any

from drivers.profile.mistake import Fault, Where, listed, nearest
from protocols.reason import Fact, word

Table = dict[str, Any]
Entries = list[tuple[int, Table]]


def flying(nests: Entries, aircraft: Entries, tables: Table, lines: Mapping[str, Table]) -> Iterator[Fault]:
    """Every mistake about flying that only shows when two places are held together."""
    crafts = {craft["id"]: craft for _, craft in aircraft}
    yield from _nests(nests, list(crafts), lines)
    yield from _alone(nests, tables)
    yield from _signing(aircraft)
    yield from _aircraft(aircraft, {str(nest.get("aircraft")) for _, nest in nests})
    flight = tables.get("flight")
    names = [nest["id"] for _, nest in nests]
    for group in ("permits", "standing_orders"):
        entries = flight.get(group) if isinstance(flight, dict) else None
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict):
                yield from unknown("nest", entry.get("nest"), names, ("flight", group, index, "nest"))
    yield from _second(flight if isinstance(flight, dict) else {})
    seen: set[object] = set()
    keys = flight.get("keys") if isinstance(flight, dict) else None
    for index, key in enumerate(keys if isinstance(keys, list) else []):
        if isinstance(key, dict) and key.get("id") in seen:
            where: Where = ("flight", "keys", index, "id")
            yield Fault("settings.two_keys", "write.own_id", {"id": str(key["id"])}, where)
        seen.add(key.get("id") if isinstance(key, dict) else None)


def _second(flight: Table) -> Iterator[Fault]:
    """Where two people are asked for, there are two."""
    keys = flight.get("keys")
    people = {
        str(key.get("person"))
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, dict) and key.get("role") in ("brigade", "on_site")
    }
    if flight.get("two_people") and len(people) < 2:
        yield Fault("settings.nobody_second", "write.second_person", {"n": len(people)}, ("flight", "two_people"))


def _nests(nests: Entries, crafts: list[str], lines: Mapping[str, Table]) -> Iterator[Fault]:
    owner: dict[str, str] = {}
    for index, nest in nests:
        where: Where = ("nests", index)
        yield from unknown("aircraft", nest.get("aircraft"), crafts, (*where, "aircraft"))
        yield from unknown("line", nest.get("line"), list(lines), (*where, "line"))
        if lines.get(str(nest.get("line")), {}).get("kind") == "opcua":
            facts: dict[str, Fact] = {"line": str(nest["line"])}
            yield Fault("settings.nest_on_opcua", "write.modbus_line", facts,
                        (*where, "line"))  # fmt: skip
        craft = str(nest.get("aircraft"))
        if craft in owner:
            facts = {"aircraft": craft, "nest": owner[craft]}
            yield Fault("settings.aircraft_taken", "write.other_aircraft", facts,
                        (*where, "aircraft"))  # fmt: skip
        owner.setdefault(craft, nest["id"])


def _alone(nests: Entries, tables: Table) -> Iterator[Fault]:
    """A nest's line is its own process's; a device on it would be another's."""
    shared: dict[str, str] = {}
    devices = tables.get("devices")
    for device in devices if isinstance(devices, list) else []:
        if isinstance(device, dict) and isinstance(device.get("line"), str):
            shared.setdefault(device["line"], str(device.get("id", "?")))
    for index, nest in nests:
        line = nest.get("line")
        if isinstance(line, str) and line in shared:
            facts: dict[str, Fact] = {"line": line, "device": shared[line]}
            where: Where = ("nests", index, "line")
            yield Fault("settings.nest_shares_line", "settings.nest_line_of_its_own", facts, where)


def _aircraft(aircraft: Entries, used: set[str]) -> Iterator[Fault]:
    """One ground station hears every link, and tells aircraft apart by system id alone."""
    heard: dict[object, str] = {}
    for index, craft in aircraft:
        if craft["id"] not in used:
            facts: dict[str, Fact] = {"aircraft": craft["id"]}
            yield Fault("settings.idle_aircraft", "write.in_a_nest_or_drop", facts, ("aircraft", index))
        key = craft.get("system_id", 1)
        if key in heard:
            facts = {"other": heard[key], "system_id": str(key)}
            what = "settings.system_id_taken"
            yield Fault(what, "write.autopilots_id", facts, ("aircraft", index, "system_id"))
        heard.setdefault(key, craft["id"])


def _signing(aircraft: Entries) -> Iterator[Fault]:
    """All links sign or none: over one that does not, anybody is any aircraft."""
    key = "signing_key_file"
    of_url: dict[object, object] = {}
    for index, craft in aircraft:
        facts: dict[str, Fact] = {"aircraft": craft["id"]}
        file, url = craft.get(key), craft.get("url")
        if file is None and any(key in one for _, one in aircraft):
            yield Fault("settings.link_unsigned", "write.all_links_sign", facts, ("aircraft", index))
        if file is not None and str(url).startswith("tcpin"):
            yield Fault("settings.cannot_sign", "write.link_that_signs", facts, ("aircraft", index, "url"))
        if of_url.setdefault(url, file) != file:
            yield Fault("settings.two_signing_keys", "write.one_signing_key", facts, ("aircraft", index, key))


def unknown(noun: str, name: object, known: list[str], where: Where) -> Iterator[Fault]:
    """A name of something that is nowhere."""
    if not isinstance(name, str) or name in known:
        return
    facts: dict[str, Fact] = {"noun": word(noun), "name": name, "known": listed(known)}
    if near := nearest(name, known):
        yield Fault("settings.unknown_name", "write.near_name", facts | {"near": near}, where)
    elif known:
        yield Fault("settings.unknown_name", "write.one_of_or_add", facts, where)
    else:
        yield Fault("settings.unknown_name", "write.add_or_drop", facts, where)
