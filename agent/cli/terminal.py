"""Cells, not characters: how wide a text is on a terminal, and what this terminal can do."""

from __future__ import annotations

import os
import sys
import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

RESET = "\033[0m"
STYLES = {"alarm": "\033[1;31m", "warning": "\033[33m", "good": "\033[32m", "dim": "\033[2m", "bold": "\033[1m"}


def cells(text: str) -> int:
    """How many terminal cells `text` takes: East Asian wide and full-width count 2, combining marks 0."""
    if text.isascii():
        return len(text)
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clean(value: Any) -> Any:
    """An answer with nothing in its texts that could steer a terminal: control and direction marks become blanks."""
    if isinstance(value, str):
        return value if value.isprintable() else "".join(char if char.isprintable() else " " for char in value)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return [clean(item) for item in value] if isinstance(value, list) else value


def json_line(value: Any) -> str:
    """JSON in one line with nothing in it that could steer a terminal: what cannot be seen stands as its escape."""
    import json

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def fit(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` cells, cut or padded with blanks."""
    have = cells(text)
    if have > width:
        kept, have = [], 0
        for char in text:
            if have + _cell(char) > width:
                break
            kept.append(char)
            have += _cell(char)
        text = "".join(kept)
    return " " * (width - have) + text if right else text + " " * (width - have)


def clip(line: str, width: int) -> str:
    """A line with styles in it, cut to at most `width` cells; the styles stay."""
    if cells(line) <= width:
        return line
    kept, have, at = [], 0, 0
    while at < len(line):
        if line[at] == "\033":
            end = line.index("m", at) + 1
            kept.append(line[at:end])
            at = end
            continue
        have += _cell(line[at])
        if have <= width:
            kept.append(line[at])
        at += 1
    return "".join(kept)


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken at blanks or between Chinese characters."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and cells(line + piece.rstrip()) > max(width, 8):
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    word = ""
    for char in text:
        if _cell(char) == 2 and unicodedata.category(char)[0] != "P":
            if word:
                pieces.append(word)
            word = char
        elif char in " \n":
            pieces.append(word + " ")
            word = ""
        elif word and _cell(word[-1]) == 2 and _cell(char) == 1:
            pieces.append(word)
            word = char
        else:
            word += char
    return [*pieces, word] if word else pieces


def width() -> int:
    """Columns of the terminal; COLUMNS if set; 80 where there is none."""
    return _size(0, "COLUMNS", 80)


def height() -> int:
    """Lines of the terminal; LINES if set; 24 where there is none."""
    return _size(1, "LINES", 24)


def _size(axis: int, variable: str, otherwise: int) -> int:
    told = os.environ.get(variable, "")
    if told.isdigit() and int(told) > 0:
        return int(told)
    for number in (1, 2, 0):
        try:
            return os.get_terminal_size(number)[axis] or otherwise
        except OSError:
            continue
    return otherwise


def colour_wanted(stream: TextIO, no_color: bool) -> bool:
    """Colour on a terminal only; --no-color and NO_COLOR forbid it, CLICOLOR_FORCE asks for it even in a pipe."""
    if no_color or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, colour: bool) -> str:
    """`text` in a style of STYLES, or as it is."""
    return f"{STYLES[style]}{text}{RESET}" if colour and style and text else text


def is_terminal() -> bool:
    """Whether a person is looking: standard output is a terminal."""
    return sys.stdout.isatty()
