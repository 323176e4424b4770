"""A mistake in a file a person wrote: where it is, what is wrong, what to write instead, in English or Chinese."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Self

Where = tuple[str | int, ...]
Fact = str | int | float
WORDS = frozenset({"noun", "quantity", "detail", "reason"})
"""Facts that are words of ours. All others stand in a file, or are to be written there: never translated."""


class Fault(NamedTuple):
    """What is wrong at a place relative to the model that found it. `what` and `instead` are templates over `facts`."""

    what: str
    instead: str
    facts: Mapping[str, Fact]
    where: Where = ()


class Wrong(ValueError):
    """Raised by a model's own check: one or several faults at once, each translatable."""

    def __init__(self, what: str, instead: str = "", /, at: Where = (), **facts: Fact) -> None:
        self.faults: tuple[Fault, ...] = (Fault(what, instead, facts, at),)
        super().__init__(what, instead, facts)

    @classmethod
    def together(cls, faults: Iterable[Fault]) -> Self:
        """One error carrying every fault found."""
        wrong = cls("")
        wrong.faults = tuple(faults)
        return wrong

    def text(self, language: str = "en") -> str:
        """What is wrong and what to write instead, of every fault."""
        told = [[say(part, fault.facts, language) for part in (fault.what, fault.instead)] for fault in self.faults]
        return "; ".join(map(": ".join, told))

    def __str__(self) -> str:
        return self.text()


class Mistake(NamedTuple):
    """One line of the report. `doubtful`: it may be meant, so it does not stop the agent."""

    file: Path
    line: int | None
    where: str
    what: str
    instead: str
    facts: Mapping[str, Fact]
    doubtful: bool = False

    def text(self, language: str = "en") -> str:
        """`site.toml:42: devices[3] "H004".unit: what is wrong; what to write instead`."""
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        parts = [place, self.where] if self.where else [place]
        if self.doubtful:
            parts.append(say("doubtful", {}, language))
        what = say(self.what, self.facts, language)
        instead = say(self.instead, self.facts, language)
        return ": ".join([*parts, f"{what}; {instead}" if instead else what])


class SettingsError(Exception):
    """The files cannot be used; carries every mistake of all of them."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(self.report())

    def report(self, language: str = "en") -> str:
        """Every mistake, one a line."""
        return "\n".join(mistake.text(language) for mistake in self.mistakes)


def say(template: str, facts: Mapping[str, Fact], language: str = "en") -> str:
    """The template in a language with its facts filled in; those that are our own words are translated too."""
    if language == "zh":
        from drivers.profile.zh import ZH

        facts = {key: ZH.get(str(fact), fact) if key in WORDS else fact for key, fact in facts.items()}
        template = ZH.get(template, template)
    return template.format_map(facts)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, if any is like it at all."""
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def listed(names: Iterable[object], most: int = 12) -> str:
    """Names with commas, cut where a list would fill the screen."""
    words = [str(name) for name in names]
    return ", ".join(words[:most]) + (f", … ({len(words)})" if len(words) > most else "")


def shown(value: object, most: int = 60) -> str:
    """A value the way TOML writes it, cut short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= most else text[:most] + "…"
