"""The bench file and every profile it names, read together; every mistake of all of them in one report."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from agent.settings.load import told_once
from drivers.profile.explain import spelled, validated
from drivers.profile.load import SHIPPED, names, read
from drivers.profile.mistake import Mistake, SettingsError, nearest
from drivers.profile.model import ModbusProfile
from drivers.profile.toml import TomlText
from hil.bench.cross import mismatches
from hil.bench.model import BenchFile


@dataclass(frozen=True, slots=True)
class Bench:
    """A checked bench file. `profiles` by what a device names them; `sha256` is of the file's text, in hex."""

    path: Path
    file: BenchFile
    profiles: Mapping[str, ModbusProfile]
    sha256: str


@cache
def bench_adapter() -> TypeAdapter[BenchFile]:
    """Validates a bench file's tables."""
    return TypeAdapter(BenchFile)


def load(path: Path) -> Bench:
    """A bench; SettingsError carries every mistake of every file at once."""
    bench, mistakes = check(path)
    if bench is None:
        raise SettingsError(mistakes)
    return bench


def check(path: Path) -> tuple[Bench | None, list[Mistake]]:
    """As `load`, but also tells the doubts when all else is well; None when any mistake is more than a doubt."""
    toml = TomlText(path)
    read_as = validated(bench_adapter(), toml, {"folder": path.resolve().parent})
    found, mistakes = read_as
    if toml.tables is None:
        return None, mistakes
    profiles, faults = _profiles(toml)
    mistakes += told_once(toml, mistakes, [*faults, *mismatches(toml, profiles)])
    mistakes.sort(key=lambda mistake: (mistake.file != path, mistake.file, mistake.line or 0))
    if found is None or any(not mistake.doubtful for mistake in mistakes):
        return None, mistakes
    known = {name: profile for name, profile in profiles.items() if profile is not None}
    return Bench(path, found, known, hashlib.sha256(toml.text.encode()).hexdigest()), mistakes


def _profiles(toml: TomlText) -> tuple[dict[str, ModbusProfile | None], list[Mistake]]:
    """Every profile the devices name, None for one that cannot be used."""
    devices = (toml.tables or {}).get("devices")
    there = names([SHIPPED])
    profiles: dict[str, ModbusProfile | None] = {}
    mistakes: list[Mistake] = []
    for index, device in enumerate(devices if isinstance(devices, list) else []):
        name = device.get("profile") if isinstance(device, dict) else None
        if not isinstance(name, str) or name in profiles:
            continue
        where = ("devices", index, "profile")
        file = toml.path.resolve().parent / name if name.endswith(".toml") else there.get(name)
        profiles[name] = None
        what, instead, facts = "settings.no_profile", "write.profile_file", {"name": name}
        if file is None or not file.is_file():
            if near := nearest(name, there):
                instead, facts = "write.near", facts | {"near": near}
        else:
            profile, faults = read(file)
            mistakes += faults
            if profile is None:
                continue
            if isinstance(profile, ModbusProfile):
                profiles[name] = profile
                continue
            what, instead = "bench.no_modbus", "write.modbus_profile"
        mistakes.append(Mistake(toml.path, toml.line(where), spelled(where, toml.tables or {}), what, instead, facts))
    return profiles, mistakes
