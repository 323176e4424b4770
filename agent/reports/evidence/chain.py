"""The evidence file: lines of `CHAIN PART JSON`, each chain value a hash over the one before and the line itself.

CHAIN is 64 hex digits: SHA-256 over the previous line's CHAIN (64 zeros before the first), a blank, PART, a blank
and JSON, as UTF-8. `end` counts the lines; its chain value is the file's seal, to be kept apart from it. Changing,
dropping, adding or moving anything breaks the chain at that line. Behind `end` stands who signed (`signed.py`).
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NamedTuple

from protocols.errors import Reasoned
from protocols.foreign_json import BadJson, read_json_object

FIRST = "0" * 64
FORMAT = "hydronest-evidence"
VERSION = 4
UNSIGNED = (2, 3)
"""Earlier versions, which nobody signed and which say no minutes by reason. In 2 every asset of the list counts all
day."""
SIGNED = "signed"
MARK_EVERY = 64
"""Lines: each so many of them, and `end`, are signed, so that a forged place is named within them."""
LONGEST_LINE = 64 << 20
"""Characters: the asset list of 10,000 hydrants has 5 million."""
MOST_NAMES = 4_000_000


class Tampered(Reasoned):
    """The file is not as it was written; the reason names the place."""


class Line(NamedTuple):
    """One line: its number from 1, its part, its content, its chain value."""

    number: int
    part: str
    content: dict[str, Any]
    chain: str


def link(before: str, part: str, text: str) -> str:
    """The chain value of a line."""
    return sha256(f"{before} {part} {text}".encode()).hexdigest()


class Mark(NamedTuple):
    """What is signed: everything up to this line, by its chain value."""

    lines: int
    head: str


def is_mark(number: int, part: str) -> bool:
    """Whether a line is signed."""
    return part == "end" or (number % MARK_EVERY == 0 and part != SIGNED)


class Writer:
    """Writes lines to an open binary file; `end` closes the chain and returns the seal. `marks` wait to be signed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._chain = FIRST
        self.lines = 0
        self.marks: list[Mark] = []

    def line(self, part: str, content: dict[str, Any]) -> None:
        """One more line. Raises OSError."""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        self._chain = link(self._chain, part, text)
        self._file.write(f"{self._chain} {part} {text}\n".encode())
        self.lines += 1
        if is_mark(self.lines, part):
            self.marks.append(Mark(self.lines, self._chain))

    def end(self, **counts: int) -> str:
        """The last line; returns the seal."""
        self.line("end", {"lines": self.lines + 1, **counts})
        return self._chain


def read(path: Path) -> Iterator[Line]:
    """Every line, its chain checked. Raises Tampered, OSError."""
    chain, number, ended, signed = FIRST, 0, False, False
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if ended and (signed or not raw[65:].startswith(b"signed ")):
                raise Tampered("evidence.after_the_end", line=number)
            signed = ended
            chain, line = _check(chain, number, raw)
            if line.part == "end":
                ended = True
                if line.content.get("lines") != number:
                    said = repr(line.content.get("lines"))
                    raise Tampered("evidence.other_count", line=number, said=said, found=number)
            yield line
    if not ended:
        raise Tampered("evidence.no_end", line=number + 1)


def _check(before: str, number: int, raw: bytes) -> tuple[str, Line]:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Tampered("evidence.not_utf8", line=number) from None
    chain, _, rest = text.partition(" ")
    part, _, content = rest.partition(" ")
    shown = part if part.isascii() and part.isalpha() and len(part) < 20 else "?"
    if not content.endswith("\n"):
        raise Tampered("evidence.cut_off", line=number, part=shown)
    if link(before, part, content[:-1]) != chain:
        raise Tampered("evidence.changed", line=number, part=shown)
    try:
        return chain, Line(number, part, read_json_object(content, LONGEST_LINE, MOST_NAMES), chain)
    except BadJson as wrong:
        raise Tampered("evidence.no_object", line=number, part=shown, why=wrong.reason) from None
