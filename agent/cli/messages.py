"""What the agent says in English, in the language in use: reasons, refusals, interlocks, trouble on a line."""

from __future__ import annotations

import re
from functools import cache

from agent.cli.words import messages, term

JOINTS = ("; ", ": ", ", ")
"""What the agent puts between a name and its trouble, or between two reasons."""

LOCKS = ("value", "limit")
"""Fields of an interlock: spaces, but never the next interlock."""

SPACED = ("why", "question", "names", "file", "bytes", "payload", "text", "key", "command", "journal",
          "folder")  # fmt: skip
"""Fields that may hold spaces; what stands for any other is one word."""


def in_words(said: str) -> str:
    """`said` translated: whole if the table has it, else each part of it; what nobody translated stays as it is."""
    known = messages()
    return _told(said, known) if known else said


def _told(said: str, known: dict[str, str]) -> str:
    if (whole := _whole(said, known)) is not None:
        return whole
    head, _, tail = said.partition(": ")
    if (whole := _whole(tail, known)) is not None:
        return f"{_told(head, known)}: {whole}"
    for joint in JOINTS:
        head, joined, tail = said.partition(joint)
        if joined:
            return f"{_told(head, known)}{joint}{_told(tail, known)}"
    word = term(said)
    return said if word == said.replace("_", " ") else word  # an id keeps its underscores


def _whole(said: str, known: dict[str, str]) -> str | None:
    """One sentence translated; None where the table does not have it."""
    if said in known:
        return known[said]
    begun_alike = (text for text in known if "{" in text and said.startswith(text[: text.index("{")]))
    for english in sorted(begun_alike, key=_told_by_itself, reverse=True):
        if found := _pattern(english).fullmatch(said):
            return known[english].format(**{name: _told(value, known) for name, value in found.groupdict().items()})
    return None


@cache
def _told_by_itself(english: str) -> int:
    """How much of it is not filled in: who says most of the sentence knows it best."""
    return len(re.sub(r"\{\w+\}", "", english))


@cache
def _pattern(english: str) -> re.Pattern[str]:
    """What `english` looks like with something in place of each `{name}`."""
    parts = re.split(r"\{(\w+)\}", english)
    return re.compile("".join(_field(part) if at % 2 else re.escape(part) for at, part in enumerate(parts)))


def _field(name: str) -> str:
    if name in LOCKS:
        return f"(?P<{name}>[^;]+?)"
    return f"(?P<{name}>.+?)" if name in SPACED else rf"(?P<{name}>\S+?)"
