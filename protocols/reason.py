"""Why something is so: a code with its facts, from where it arises to whoever shows it, and there only a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from protocols.lang import template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Fact: TypeAlias = "bool | int | float | str | Reason | tuple[Fact, ...] | None"
else:
    Fact = object

DEEPEST = 8
"""Reasons within reasons that are read from JSON; more is nothing of ours."""


class Reason:
    """A code of the catalogue (`config/lang/*.po`) and what fills its sentence.

    A fact that is a text is an id or somebody else's words and is never translated; our own words are Reasons.
    `str()` gives the English sentence, for a log.
    """

    __slots__ = ("code", "facts")

    code: str
    facts: Mapping[str, Fact]

    def __init__(self, code: str, /, **facts: Fact) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "facts", facts)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a reason does not change: {name}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reason) and self.code == other.code and self.facts == other.facts

    def __hash__(self) -> int:
        return hash(self.code)

    def __repr__(self) -> str:
        facts = "".join(f", {name}={fact!r}" for name, fact in self.facts.items())
        return f"Reason({self.code!r}{facts})"

    def __str__(self) -> str:
        return sentence(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.code, dict(self.facts))

    def as_json(self) -> dict[str, Any]:
        """`{"code": …, "facts": {…}}`, reasons among the facts likewise."""
        return {"code": self.code, "facts": {name: _json_of(fact) for name, fact in self.facts.items()}}


def word(code: str) -> Reason:
    """One of our own words, to be said in whatever language the sentence is: a phase, a quality, a kind."""
    return Reason(code)


def plain(value: object) -> object:
    """A Reason in what is being made JSON: the `default` of json.dumps and orjson.dumps."""
    if isinstance(value, Reason):
        return value.as_json()
    raise TypeError(f"{type(value).__name__} is not JSON")


def from_json(value: object, depth: int = DEEPEST) -> Reason | None:
    """The reason that `as_json` wrote; None for anything else."""
    if not isinstance(value, dict) or value.keys() != {"code", "facts"} or depth == 0:
        return None
    code, facts = value["code"], value["facts"]
    if not isinstance(code, str) or not isinstance(facts, dict):
        return None
    return _made(code, {str(name): _fact(fact, depth) for name, fact in facts.items()})


def sentence(reason: Reason, language: str = "en") -> str:
    """What is to be read, in `en` or `zh`. Of a code that this catalogue lacks: the code and its facts."""
    told = {name: _told(fact, language) for name, fact in reason.facts.items()}
    text = template(reason.code, language)
    if text is not None:
        try:
            return text.format_map(told)
        except (LookupError, ValueError, TypeError):  # from another version: other facts
            pass
    given = ", ".join(f"{name}={fact}" for name, fact in told.items())
    return f"{reason.code} ({given})" if given else reason.code


def _told(fact: Fact, language: str) -> Fact:
    """A fact as a template takes it: numbers stay numbers, what a template rounds is its own affair."""
    if isinstance(fact, Reason):
        return sentence(fact, language)
    if isinstance(fact, tuple):
        joint = "; " if any(isinstance(part, Reason) and "." in part.code for part in fact) else ", "  # sentences
        return joint.join(str(_told(part, language)) for part in fact)
    return "-" if fact is None else fact


def _json_of(fact: Fact) -> object:
    if isinstance(fact, Reason):
        return fact.as_json()
    return [_json_of(part) for part in fact] if isinstance(fact, tuple) else fact


def _fact(value: object, depth: int) -> Fact:
    if isinstance(value, list):
        return tuple(_fact(part, depth - 1) for part in value) if depth else ()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    reason = from_json(value, depth - 1)
    return "…" if reason is None else reason


def _made(code: str, facts: Mapping[str, Fact]) -> Reason:
    reason = Reason(code)
    object.__setattr__(reason, "facts", facts)
    return reason
