"""TOML as a person wrote it: read past its mistakes as far as can be, and know on which line each thing stands."""

import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from drivers.profile.mistake import Mistake, Where
from drivers.profile.toml_syntax import SAID_BEFORE, detail
from protocols.reason import Fact, Reason
from protocols.system import os_reason

SIZE_MAX = 4 * 1024 * 1024
SYNTAX_MISTAKES_MAX = 20

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*'))*)\s*="""
)
_NAME = re.compile(r"""[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*'""")
_QUOTED = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'|#.*""")


class TomlText:
    """A file's tables (None when they could not be read at all), its syntax mistakes, and where each key stands.

    With `text`, that is what stands in the file.
    """

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.path = path
        self.mistakes: list[Mistake] = []
        self.tables: dict[str, Any] | None = None
        self._rows: list[str] = []
        self._lines: dict[Where, int] | None = None
        text = self._text() if text is None else text
        self.text = text or ""
        if text is not None:
            self.tables = self._parse(text)

    def line(self, where: Where) -> int | None:
        """The line a key, or the nearest table around it, stands on; None for the file as a whole."""
        if self._lines is None:
            self._lines = _places(self._rows)  # asked for only when something is wrong
        while where:
            if where in self._lines:
                return self._lines[where]
            where = where[:-1]
        return None

    def _wrong(self, line: int | None, what: str, instead: str, **facts: Fact) -> None:
        self.mistakes.append(Mistake(self.path, line, "", what, instead, facts))

    def _text(self) -> str | None:
        try:
            there = self.path.stat()
            if not (stat.S_ISREG(there.st_mode) or stat.S_ISDIR(there.st_mode)):  # a pipe would be waited for for ever
                self._wrong(None, "file.no_file", "write.path")
                return None
            if there.st_size > SIZE_MAX:
                self._wrong(None, "file.too_large", "write.settings_not_data", mb=SIZE_MAX >> 20)
                return None
            return self.path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        except FileNotFoundError:
            self._wrong(None, "file.none", "write.path")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            self._wrong(line, "file.not_utf8", "write.utf8")
        except OSError as error:
            self._wrong(None, "file.unreadable", "write.owner_and_mode", why=os_reason(error))
        return None

    def _parse(self, text: str) -> dict[str, Any] | None:
        """The tables. A line that breaks the syntax is reported, mended as a text or left out, and reading goes on."""
        rows = text.split("\n")
        last = 0
        while True:
            try:
                tables = tomllib.loads("\n".join(rows))
            except RecursionError:
                self._wrong(None, "toml.too_deep", "write.settings_not_data")
                return None
            except tomllib.TOMLDecodeError as error:
                line, why, key = detail(error, len(rows))
                self._wrong(
                    line, "toml.syntax_at" if key else "toml.syntax", _advice(rows[line - 1]), detail=why, **key
                )
                if line <= last or len(self.mistakes) >= SYNTAX_MISTAKES_MAX or not _mend(rows, line - 1, why):
                    return None
                last = line
                continue
            self._rows = rows
            return tables


def _advice(row: str) -> str:
    """What to write instead of a line the parser stopped at."""
    if "“" in row or "”" in row or "＝" in row or "，" in row:
        return "write.ascii_signs"
    if _KEY.match(row):
        return "write.key_value"
    return "write.table_or_key"


def _mend(rows: list[str], index: int, why: Reason) -> bool:
    """Make a broken line harmless so that the rest can be read; False where nothing sensible is left."""
    match = _KEY.match(rows[index])
    if match is None:
        return False
    if why.code in SAID_BEFORE:
        rows[index] = ""
    else:
        value = rows[index][match.end() :].split("#")[0].strip().strip("“”\"'")
        rows[index] = f"{match[1]} = " + '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return True


def _places(rows: list[str]) -> dict[Where, int]:
    """The line of every table header and every key that stands on its own line."""
    places: dict[Where, int] = {}
    counts: dict[Where, int] = {}
    table: Where = ()
    brackets, fence = 0, ""  # what is still open: a list or inline table, a text of several lines
    for number, row in enumerate(rows, start=1):
        if fence:
            fence = "" if fence in row else fence
            continue
        if brackets == 0:
            where = table
            if header := _HEADER.match(row):
                where = table = _table(header[2], header[1] == "[[", counts)
            elif key := _KEY.match(row):
                where = (*table, *_names(key[1]))
            for end in range(1, len(where) + 1):
                places.setdefault(where[:end], number)
            if header:
                continue
        for mark in ('"""', "'''"):
            if row.count(mark) % 2:
                fence = mark
        bare = _QUOTED.sub("", row)
        brackets = max(0, brackets + bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}"))
    return places


def _names(dotted: str) -> list[str]:
    return [name.strip("\"'") for name in _NAME.findall(dotted)]


def _table(dotted: str, listed: bool, counts: dict[Where, int]) -> Where:
    """A header's full path, with the index of every list it passes through."""
    where: Where = ()
    names = _names(dotted)
    for depth, name in enumerate(names, start=1):
        where = (*where, name)
        if listed and depth == len(names):
            counts[where] = counts.get(where, -1) + 1
        if where in counts:
            where = (*where, counts[where])
    return where
