"""Files of their own that entries of the site file name: makes of nest, command sets of terminals."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from agent.settings.terminals import SHIPPED_TERMINALS, Terminal, read_terminal, terminal_file
from drivers.nest.profile import SHIPPED as SHIPPED_NESTS
from drivers.nest.profile import NestProfile, nest_profile_file, read_nest_profile
from drivers.profile.explain import spelled
from drivers.profile.mistake import Mistake
from drivers.profile.toml import TomlText
from protocols.reason import Fact

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Named(Generic[T]):
    """Where in the site file they are named, what is named when nothing is, and how one is found and read."""

    table: str
    key: str
    of_kind: str | None
    otherwise: str | None
    shipped: Path
    missing: str
    file: Callable[[str, Path], Path]
    read: Callable[[Path], tuple[T | None, list[Mistake]]]


NEST_MAKES: Named[NestProfile] = Named(
    "nests", "profile", None, None, SHIPPED_NESTS, "settings.no_nest_profile", nest_profile_file, read_nest_profile
)
TERMINALS: Named[Terminal] = Named(
    "uplinks", "terminal", "beidou", "rdss-3", SHIPPED_TERMINALS, "settings.no_terminal", terminal_file, read_terminal
)


def named_files(toml: TomlText, about: Named[T]) -> tuple[dict[str, T], list[Mistake]]:
    """Everything that is named, by what names it; every mistake of each once, and files that are not there."""
    entries = (toml.tables or {}).get(about.table)
    named: dict[str, int] = {}
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and about.of_kind in (None, entry.get("kind")):
            name = entry.get(about.key, about.otherwise)
            if isinstance(name, str):
                named.setdefault(name, index)
    found: dict[str, T] = {}
    mistakes: list[Mistake] = []
    for name, index in named.items():
        file = about.file(name, toml.path.resolve().parent)
        where = (about.table, index, about.key)
        if file.is_file():
            one, faults = about.read(file)
            mistakes += faults
            if one is not None:
                found[str(file) if name.endswith(".toml") else name] = one
        else:
            facts: dict[str, Fact] = {
                "name": name,
                "names": tuple(sorted(other.stem for other in about.shipped.glob("*.toml"))),
            }
            at = spelled(where, toml.tables or {})
            mistakes.append(Mistake(toml.path, toml.line(where), at, about.missing, "write.one_of_or_toml", facts))
    return found, mistakes
