"""The site file and every profile it names, read together; every mistake of all of them in one report."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from agent.settings.cross import crossed
from agent.settings.fullness import NEARLY_FULL, full
from agent.settings.models import Site
from agent.settings.named_files import NEST_MAKES, TERMINALS, named_files
from agent.settings.rules import Rules, rules_adapter
from agent.settings.settings import SHIPPED_RULES, Settings
from agent.settings.uplinks import BeidouUplink
from drivers.profile.explain import spelled, validated
from drivers.profile.load import SHIPPED, names, read
from drivers.profile.mistake import Mistake, SettingsError, nearest
from drivers.profile.model import ModbusProfile, OpcuaProfile
from drivers.profile.toml import TomlText
from protocols.datum import DATUMS, Datum


@cache
def _site_adapter() -> TypeAdapter[Site]:
    return TypeAdapter(Site)


def load(path: Path) -> Settings:
    """The settings of a site; SettingsError carries every mistake of every file at once."""
    settings, mistakes = check(path)
    if settings is None:
        raise SettingsError(mistakes)
    return settings


def check(path: Path) -> tuple[Settings | None, list[Mistake]]:
    """As `load`, but also tells the doubts when all else is well; None when any mistake is more than a doubt."""
    toml = TomlText(path)
    found = validated(_site_adapter(), toml, {"folder": Path(os.path.realpath(path)).parent, "datum": _datum(toml)})
    site, mistakes = found
    if toml.tables is None:
        return None, mistakes
    profiles, faults = _profiles(toml)
    makes, of_makes = named_files(toml, NEST_MAKES)
    terminals, of_terminals = named_files(toml, TERMINALS)
    faults += [*of_makes, *of_terminals]
    mistakes += told_once(toml, mistakes, [*faults, *crossed(toml, profiles, _datum(toml))])
    rules, text, faults = _rules(toml, site.judge.rules if site is not None else None)
    mistakes += faults
    mistakes.sort(key=lambda mistake: (mistake.file != path, mistake.file, mistake.line or 0))
    if site is None or rules is None or any(not mistake.doubtful for mistake in mistakes):
        return None, mistakes
    known = {name: profile for name, profile in profiles.items() if profile is not None}
    nests = {nest.id: makes[nest.profile] for nest in site.nests}
    sets = {uplink.id: terminals[uplink.terminal] for uplink in site.uplinks if isinstance(uplink, BeidouUplink)}
    settings = Settings(path, site, known, rules, text, nests, sets)
    mistakes += _full_lines(settings, toml)
    if any(not mistake.doubtful for mistake in mistakes):
        return None, mistakes
    return replace(settings, doubts=tuple(mistakes)), mistakes


def told_once(toml: TomlText, told: Iterable[Mistake], more: Iterable[Mistake]) -> list[Mistake]:
    """Those of `more` that stand where nothing is `told` yet, on no line whose syntax broke."""
    places = {(mistake.file, mistake.line, mistake.where) for mistake in told}
    broken_lines = {mistake.line for mistake in toml.mistakes}
    return [
        mistake
        for mistake in more
        if (mistake.file, mistake.line, mistake.where) not in places
        and not (mistake.file == toml.path and mistake.line in broken_lines)
    ]


def _datum(toml: TomlText) -> Datum:
    """Of the places in the file; what it names wrongly is told as a mistake of its own."""
    gateway = (toml.tables or {}).get("gateway")
    named = gateway.get("datum") if isinstance(gateway, dict) else None
    return named if named in DATUMS else "wgs84"


def _full_lines(settings: Settings, toml: TomlText) -> list[Mistake]:
    return [
        Mistake(
            toml.path, toml.line(fault.where), spelled(fault.where, toml.tables or {}),
            fault.what, fault.instead, fault.facts, doubtful=fault.what == NEARLY_FULL,
        )
        for fault in full(settings)
    ]  # fmt: skip


def _rules(toml: TomlText, own: Path | None) -> tuple[Rules | None, str, list[Mistake]]:
    """What the judge goes by, its text, and the mistakes of the site's own rule file."""
    path = own or SHIPPED_RULES
    if not path.is_file():
        where, what, instead = ("judge", "rules"), "settings.no_file", "write.put_it_there"
        mistake = Mistake(toml.path, toml.line(where), ".".join(where), what, instead, {"path": str(path)})
        return None, "", [mistake]
    read = TomlText(path)
    found = validated(rules_adapter(), read, {})
    rules, mistakes = found
    return rules, read.text, mistakes


def folders(tables: Mapping[str, Any], site_file: Path) -> list[Path]:
    """Where profiles are looked for: the site's own folders, then the shipped ones."""
    gateway = tables.get("gateway")
    own = gateway.get("profiles", []) if isinstance(gateway, dict) else []
    here = site_file.resolve().parent
    return [*(here / folder for folder in own if isinstance(folder, str)), SHIPPED]


def _profiles(toml: TomlText) -> tuple[dict[str, ModbusProfile | OpcuaProfile | None], list[Mistake]]:
    """Every profile the devices name, None for one with mistakes; and the mistakes, unknown names among them."""
    tables = toml.tables or {}
    there = names(folders(tables, toml.path))
    profiles: dict[str, ModbusProfile | OpcuaProfile | None] = {}
    mistakes: list[Mistake] = []
    devices = tables.get("devices")
    for index, device in enumerate(devices if isinstance(devices, list) else []):
        name = device.get("profile") if isinstance(device, dict) else None
        if not isinstance(name, str):
            continue
        if name not in there:
            mistakes.append(_unknown_profile(toml, index, str(device.get("id", "")), name, list(there)))
        elif name not in profiles:
            profiles[name], faults = read(there[name], name)
            mistakes += faults
    return profiles, mistakes


def _unknown_profile(toml: TomlText, index: int, device: str, name: str, there: list[str]) -> Mistake:
    where = f'devices[{index}] "{device}".profile'
    line = toml.line(("devices", index, "profile"))
    if near := nearest(name, there):
        return Mistake(toml.path, line, where, "settings.no_profile", "write.near", {"name": name, "near": near})
    instead = "write.profile_into_folder"
    return Mistake(toml.path, line, where, "settings.no_profile", instead, {"name": name})
