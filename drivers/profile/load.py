"""Profiles found by name in folders of TOML files, every mistake reported."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from drivers.profile.explain import validated
from drivers.profile.location import Table
from drivers.profile.mistake import Mistake, SettingsError
from drivers.profile.model import ModbusProfile, OpcuaProfile, Profile
from drivers.profile.toml import TomlText

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "profiles"


@cache
def profile_adapter() -> TypeAdapter[ModbusProfile | OpcuaProfile]:
    """Validates either protocol's profile."""
    return TypeAdapter(Profile)


def names(folders: Sequence[Path]) -> dict[str, Path]:
    """Every profile by name; a folder given earlier hides the same name in a later one."""
    found: dict[str, Path] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*.toml")):
            found.setdefault(file.relative_to(folder).with_suffix("").as_posix(), file)
    return found


def read(path: Path, name: str | None = None) -> tuple[ModbusProfile | OpcuaProfile | None, list[Mistake]]:
    """One profile file and all its mistakes; only doubts leave the profile usable.

    With `name`, the file must call itself that.
    """
    toml = TomlText(path)
    found = validated(profile_adapter(), toml, {})
    profile, mistakes = found
    called = (toml.tables or {}).get("profile")
    if name is not None and isinstance(called, str) and called != name:
        facts = {"called": called, "name": name}
        where = toml.line(("profile",))
        mistakes.append(Mistake(path, where, "profile", "profile.other_name", "write.quoted_name", facts))
    if profile is None or mistakes:
        return None, mistakes
    return profile, list(_overlaps(profile, toml))


def _overlaps(profile: ModbusProfile | OpcuaProfile, toml: TomlText) -> Iterator[Mistake]:
    """Points that share a register without being the same place: most often a float's second one was forgotten."""
    if isinstance(profile, OpcuaProfile):
        return
    first: dict[tuple[Table, int], str] = {}
    for name, point in profile.points.items():
        for place in point.addresses:
            other = first.setdefault(place, name)
            if other != name and profile.points[other].addresses != point.addresses:
                facts = {"at": str(point.at), "type": str(point.type), "other": other}
                line = toml.line(("points", name, "at"))
                instead = "write.two_registers"
                yield Mistake(toml.path, line, f"points.{name}.at", OVERLAP, instead, facts, doubtful=True)
                break


OVERLAP = "profile.shared_register"


def load(path: Path) -> ModbusProfile | OpcuaProfile:
    """One profile file; SettingsError with all its mistakes."""
    profile, mistakes = read(path)
    if profile is None:
        raise SettingsError(mistakes)
    return profile
