"""The site file and every profile it names, read together; every mistake of all of them in one report."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from agent.settings.cross import crossed
from agent.settings.fullness import NEARLY_FULL, full
from agent.settings.models import Site
from agent.settings.rules import Rules, rules_adapter
from agent.settings.settings import SHIPPED_RULES, Settings
from drivers.nest.profile import SHIPPED as SHIPPED_NESTS
from drivers.nest.profile import NestProfile, nest_profile_file, read_nest_profile
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
    found = validated(_site_adapter(), toml, {"folder": path.resolve().parent, "datum": _datum(toml)})
    site, mistakes = found
    if toml.tables is None:
        return None, mistakes
    profiles, faults = _profiles(toml)
    makes, of_makes = _nest_profiles(toml)
    faults += of_makes
    mistakes += told_once(toml, mistakes, [*faults, *crossed(toml, profiles, _datum(toml))])
    rules, text, faults = _rules(toml, site.judge.rules if site is not None else None)
    mistakes += faults
    mistakes.sort(key=lambda mistake: (mistake.file != path, mistake.file, mistake.line or 0))
    if site is None or rules is None or any(not mistake.doubtful for mistake in mistakes):
        return None, mistakes
    known = {name: profile for name, profile in profiles.items() if profile is not None}
    nests = {nest.id: makes[nest.profile] for nest in site.nests}
    settings = Settings(path, site, known, rules, text, nests)
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


def _nest_profiles(toml: TomlText) -> tuple[dict[str, NestProfile], list[Mistake]]:
    """Every make of nest that is named, by what names it; every mistake of each once, and files that are not there."""
    nests = (toml.tables or {}).get("nests")
    named = {
        nest["profile"]: index
        for index, nest in reversed(list(enumerate(nests if isinstance(nests, list) else [])))
        if isinstance(nest, dict) and isinstance(nest.get("profile"), str)
    }
    makes: dict[str, NestProfile] = {}
    mistakes: list[Mistake] = []
    for name, index in named.items():
        file = nest_profile_file(name, toml.path.resolve().parent)
        where = ("nests", index, "profile")
        if file.is_file():
            make, faults = read_nest_profile(file)
            mistakes += faults
            if make is not None:
                makes[str(file) if name.endswith(".toml") else name] = make
        else:
            shipped = tuple(sorted(file.stem for file in SHIPPED_NESTS.glob("*.toml")))
            what, instead = "settings.no_nest_profile", "write.one_of_or_toml"
            facts = {"name": name, "names": shipped}
            mistakes.append(
                Mistake(toml.path, toml.line(where), spelled(where, toml.tables or {}), what, instead, facts)
            )
    return makes, mistakes


def _unknown_profile(toml: TomlText, index: int, device: str, name: str, there: list[str]) -> Mistake:
    where = f'devices[{index}] "{device}".profile'
    line = toml.line(("devices", index, "profile"))
    if near := nearest(name, there):
        return Mistake(toml.path, line, where, "settings.no_profile", "write.near", {"name": name, "near": near})
    instead = "write.profile_into_folder"
    return Mistake(toml.path, line, where, "settings.no_profile", instead, {"name": name})
