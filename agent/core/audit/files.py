"""The chain on disk: files of chained lines, each going on where the one before ended. Read by anyone, off the loop.

A file is named after the number of its first line. The oldest go when there are too many: what is left begins with a
line whose `before` is the hash of one that is gone.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agent.runtime import chained
from agent.runtime.chained import FIRST, ChainedLine
from protocols.reason import Reason

FILE_BYTES = 4 << 20
MOST_FILES = 16
"""64 MB, some 200,000 acts."""
SETTINGS = b'"what":"settings"'
_NAME = re.compile(r"\d{10}\.log")


class Head(NamedTuple):
    """The last line: its number, counted from 1, and its hash."""

    number: int
    hash: str


class Verified(NamedTuple):
    """What a chain holds, and everything that is wrong with it. `missing`: heads looked for that no line has."""

    first: int
    head: Head
    missing: Sequence[str]
    trouble: Sequence[Reason]


def files(folder: Path) -> list[Path]:
    """Oldest first. Raises OSError."""
    if not folder.exists():
        return []
    return sorted(file for file in folder.iterdir() if _NAME.fullmatch(file.name))


class AuditFiles:
    """Adds to the chain. Everything blocks and raises OSError: for one writer's thread."""

    def __init__(self, folder: Path, file_bytes: int = FILE_BYTES, most_files: int = MOST_FILES) -> None:
        self.folder = folder
        self.head = Head(0, FIRST)
        self.loaded = False
        self.settings: dict[str, Any] | None = None
        """What the newest line about the settings says of them."""
        self._file_bytes = file_bytes
        self._most_files = most_files
        self._current: Path | None = None

    def load(self) -> None:
        """Find the end of the chain, from behind: sixteen full files are not read for it. A line that a power cut tore
        was never confirmed and goes.
        """
        for file in reversed(files(self.folder)):
            if self._current is None:
                self._current = file
                chained.cut_torn(file)
            lines = file.read_bytes().splitlines()
            if not self.head.number:
                last = next((line for text in reversed(lines) if (line := chained.whole(text)) is not None), None)
                self.head = self.head if last is None else Head(int(last.content.get("n", 0)), last.hash)
            told = (line for text in reversed(lines) if SETTINGS in text and (line := chained.whole(text)) is not None)
            if (newest_told := next(told, None)) is not None:
                self._note(newest_told.content)
                break
        self.loaded = True

    def append(self, contents: Sequence[Mapping[str, Any]]) -> None:
        """Add these, each with its number; they are on the disk when this returns."""
        if not self.loaded:
            self.load()
        file = self._current
        if file is None or not file.exists() or file.stat().st_size >= self._file_bytes:
            file = self.folder / f"{self.head.number + 1:010d}.log"
        numbered = [{"n": number, **content} for number, content in enumerate(contents, self.head.number + 1)]
        lines, last = chained.chained(self.head.hash, numbered)
        chained.append(file, lines)
        self._current = file
        self.head = Head(self.head.number + len(numbered), last)
        for content in numbered:
            self._note(content)
        for old in files(self.folder)[: -self._most_files]:
            old.unlink()

    def _note(self, content: Mapping[str, Any]) -> None:
        if content.get("what") == "settings":
            self.settings = content.get("becomes")


def newest(folder: Path, most: int) -> list[ChainedLine]:
    """The last lines that are whole, oldest first. Raises OSError."""
    found: list[ChainedLine] = []
    for file in reversed(files(folder)):
        raw = file.read_bytes()
        lines = raw[: raw.rfind(b"\n") + 1].splitlines()[-(most - len(found)) :]
        found[:0] = [line for text in lines if (line := chained.whole(text)) is not None]
        if len(found) >= most:
            break
    return found


def verify(folder: Path, heads: Collection[str] = ()) -> Verified:
    """Walk the whole chain. Raises OSError."""
    trouble: list[Reason] = []
    first, last, missing = 0, Head(0, FIRST), dict.fromkeys(heads)
    for line, before in _lines(folder, trouble):
        number = line.content.get("n")
        if not first:
            first = number if isinstance(number, int) else 0
            if first == 1 and before != FIRST:
                trouble.append(Reason("audit.cut_before", number=first))
        elif before != last.hash or number != last.number + 1:
            trouble.append(Reason("audit.gap", number=last.number))
        last = Head(number if isinstance(number, int) else 0, line.hash)
        missing.pop(line.hash, None)
    return Verified(first, last, list(missing), trouble)


def _lines(folder: Path, trouble: list[Reason]) -> Iterator[tuple[ChainedLine, object]]:
    """Every whole line with the hash it says to follow."""
    for file in files(folder):
        raw = file.read_bytes()
        end = raw.rfind(b"\n") + 1
        for number, text in enumerate(raw[:end].splitlines(), 1):
            line = chained.whole(text)
            if line is None:
                trouble.append(Reason("chained.changed", file=str(file), line=number))
            else:
                if number == 1 and line.content.get("n") != int(file.stem):
                    trouble.append(Reason("audit.gap", number=int(file.stem) - 1))
                yield line, line.content.get("before")
