"""What of the settings each child lives by, and what differs between two of them. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from agent.settings.settings import Settings
from protocols.reason import Reason, word

TABLES = {"stations": "station", "lines": "line", "devices": "device", "uplinks": "uplink", "nests": "nest",
          "aircraft": "aircraft"}  # fmt: skip
"""Lists of the site file whose entries have an id, and what one of them is called."""
FIXED = ("id", "state_dir", "socket")
"""Keys of [gateway] that everything else hangs on: only a restart takes others."""


def concerns(settings: Settings) -> Mapping[str, tuple[object, ...]]:
    """By child: everything of the settings that it looks at. Core looks at all of it."""
    site = settings.site
    opcua = {line.id for line in site.lines if line.kind == "opcua"}
    there = tuple(device for device in site.devices if device.line in opcua)
    return {
        "core": (site, settings.profiles, settings.rules_path, settings.rules_text),
        "uplinks": (
            site.gateway,
            site.stations,
            site.devices,
            site.uplinks,
            settings.profiles,
            settings.terminals,
            bool(site.nests),
        ),
        "opcua": (
            site.gateway,
            tuple(line for line in site.lines if line.id in opcua),
            there,
            tuple(settings.profiles[device.profile] for device in there),
        ),
        "flight": (
            site.gateway,
            tuple(line for line in site.lines if line.id in settings.nest_lines),
            site.nests,
            site.aircraft,
            site.flight,
            settings.nest_profiles,
        ),
        "web": () if site.web is None else (site.gateway, site.web),
    }


def concerned(old: Settings, new: Settings) -> frozenset[str]:
    """The children that would live by something else."""
    before, after = concerns(old), concerns(new)
    return frozenset(name for name in before if before[name] != after[name])


def needs_restart(old: Settings, new: Settings) -> Reason | None:
    """What no running agent takes: where everything lies, and who it is."""
    for key in FIXED:
        if getattr(old.site.gateway, key) != getattr(new.site.gateway, key):
            return Reason("reload.needs_restart", key=f"gateway.{key}")
    if old.journal_path != new.journal_path:
        return Reason("reload.needs_restart", key="journal.path")
    return None


def changes(old: Settings, new: Settings) -> list[Reason]:
    """What differs, a reason each: by table and id, with the keys; then files it names that read otherwise."""
    return [*_of_tables(old.site, new.site), *_of_profiles(old, new), *_of_rules(old, new)]


def _of_tables(old: BaseModel, new: BaseModel) -> Iterator[Reason]:
    for table in type(old).model_fields:
        before, after = getattr(old, table), getattr(new, table)
        if table not in TABLES:
            if before != after:
                yield Reason("reload.table_changed", table=table, keys=_keys(before, after))
            continue
        what = word(TABLES[table])
        was, is_now = ({entry.id: entry for entry in entries} for entries in (before, after))
        for name in was.keys() - is_now.keys():
            yield Reason("reload.removed", what=what, id=name)
        for name, entry in is_now.items():
            if name not in was:
                yield Reason("reload.added", what=what, id=name)
            elif entry != was[name]:
                yield Reason("reload.changed", what=what, id=name, keys=_keys(was[name], entry))


def _keys(before: Any, after: Any) -> tuple[str, ...]:
    """The keys that differ; of a table of another kind, that."""
    if type(before) is not type(after):
        return ("kind",)
    return tuple(key for key in type(before).model_fields if getattr(before, key) != getattr(after, key))


def _of_profiles(old: Settings, new: Settings) -> Iterator[Reason]:
    for name, profile in new.profiles.items():
        if name in old.profiles and old.profiles[name] != profile:
            yield Reason("reload.profile_changed", profile=name)
    for nest in new.site.nests:
        if nest.id in old.nest_profiles and old.nest_profiles[nest.id] != new.nest_profiles[nest.id]:
            yield Reason("reload.profile_changed", profile=nest.profile)


def _of_rules(old: Settings, new: Settings) -> Iterator[Reason]:
    if old.rules_path == new.rules_path and old.rules_text != new.rules_text:
        yield Reason("reload.rules_changed", file=str(new.rules_path))
