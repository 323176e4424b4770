"""A mistake in a file a person wrote: where it is, what is wrong, what to write instead."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Self

from protocols.reason import Fact, Reason, sentence

Where = tuple[str | int, ...]


class Fault(NamedTuple):
    """What is wrong at a place relative to the model that found it: two codes of the catalogue over the same facts."""

    what: str
    instead: str
    facts: Mapping[str, Fact]
    where: Where = ()


class Wrong(ValueError):
    """Raised by a model's own check: one or several faults at once."""

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
        told = [
            [sentence(Reason(code, **fault.facts), language) for code in (fault.what, fault.instead) if code]
            for fault in self.faults
        ]
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

    @property
    def reason(self) -> Reason:
        """What is wrong."""
        return Reason(self.what, **self.facts)

    @property
    def remedy(self) -> Reason | None:
        """What to write instead."""
        return Reason(self.instead, **self.facts) if self.instead else None

    @property
    def placed(self) -> Reason:
        """What is wrong, and on which line of which file."""
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        if self.where:
            return Reason("file.mistake_at", place=place, where=self.where, why=self.reason)
        return Reason("file.mistake", place=place, why=self.reason)

    def text(self, language: str = "en") -> str:
        """`site.toml:42: devices[3] "H004".unit: what is wrong; what to write instead`."""
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        parts = [place, self.where] if self.where else [place]
        if self.doubtful:
            parts.append(sentence(Reason("doubtful"), language))
        told = [sentence(one, language) for one in (self.reason, self.remedy) if one is not None]
        return ": ".join([*parts, "; ".join(told)])


class SettingsError(Exception):
    """The files cannot be used; carries every mistake of all of them."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(self.report())

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What is wrong, mistake by mistake."""
        return tuple(mistake.placed for mistake in self.mistakes)

    def report(self, language: str = "en") -> str:
        """Every mistake, one a line."""
        return "\n".join(mistake.text(language) for mistake in self.mistakes)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, if any is like it at all."""
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def listed(names: Iterable[object], most: int = 12) -> tuple[str, ...]:
    """Names, and how many there are where they would fill the screen."""
    words = tuple(str(name) for name in names)
    return (*words[:most], f"… ({len(words)})") if len(words) > most else words


def shown(value: object, most: int = 60) -> str:
    """A value the way TOML writes it, cut short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= most else text[:most] + "…"
