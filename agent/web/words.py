"""What a browser is shown, in its language: everything from the one catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from protocols.lang import LANGUAGES, word
from protocols.reason import Reason, from_json, sentence

__all__ = ["LANGUAGES", "Words"]


class Words:
    """One language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, code: str, /, **facts: Any) -> str:
        """A sentence of the catalogue."""
        return sentence(Reason(code, **facts), self.language)

    def term(self, code: str) -> str:
        """A code as people say it."""
        return word(code, self.language)

    def terms(self, codes: Iterable[str]) -> str:
        """Several."""
        return ", ".join(map(self.term, codes))

    def reason(self, told: object) -> str:
        """A reason, or several, as JSON gives them; a text as it is, nothing for None."""
        if told is None:
            return ""
        if isinstance(told, list | tuple):
            return ", ".join(map(self.reason, told))
        found = told if isinstance(told, Reason) else from_json(told)
        return str(told) if found is None else sentence(found, self.language)
