"""An EPANET input file as text: its sections, its words, its numbers and times. Somebody else wrote it: bounded."""

from collections.abc import Iterator
from typing import NamedTuple

from protocols.errors import Reasoned

LONGEST_BYTES = 32 << 20
"""A city of 100,000 pipes is a fifth of it."""
LONGEST_LINE = 4096
MOST_WORDS = 512
MOST_NAME = 64

SECTIONS = (
    "TITLE", "JUNCTIONS", "RESERVOIRS", "TANKS", "PIPES", "PUMPS", "VALVES", "DEMANDS", "PATTERNS", "CURVES", "STATUS",
    "CONTROLS", "RULES", "EMITTERS", "LEAKAGE", "TIMES", "OPTIONS", "COORDINATES", "END",
)  # fmt: skip


class BadNetwork(Reasoned, ValueError):
    """A file that is no network, or one that cannot be solved; the reason names the line."""


class Line(NamedTuple):
    """One line of a section: its number in the file and its words."""

    number: int
    words: tuple[str, ...]

    def word(self, place: int) -> str:
        """A word that must be there. Raises BadNetwork."""
        if place >= len(self.words):
            raise BadNetwork("network.line_short", line=self.number, words=len(self.words), least=place + 1)
        return self.words[place]

    def name(self, place: int) -> str:
        """An id. Raises BadNetwork."""
        word = self.word(place)
        if len(word) > MOST_NAME:
            raise BadNetwork("network.name_long", line=self.number, most=MOST_NAME)
        return word

    def number_at(self, place: int, default: float | None = None) -> float:
        """A finite number. Raises BadNetwork."""
        if default is not None and place >= len(self.words):
            return default
        return self.real(self.word(place))

    def real(self, text: str) -> float:
        """A finite number of this line. Raises BadNetwork."""
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not abs(value) <= 1e12:
            raise BadNetwork("network.no_number", line=self.number, text=text[:40])
        return value

    def upper(self, place: int) -> str:
        """A word in capitals, '' where there is none."""
        return self.words[place].upper() if place < len(self.words) else ""

    def seconds(self, place: int) -> float:
        """A time: `6`, `6:30`, `6 PM`, `90 MIN`; hours where nothing is said. Raises BadNetwork."""
        text, unit = self.word(place), self.upper(place + 1)
        if ":" in text:
            parts = [self.real(part) for part in text.split(":")[:3]]
            seconds = sum(part * factor for part, factor in zip(parts, (3600.0, 60.0, 1.0), strict=False))
        else:
            seconds = self.real(text) * next(
                (factor for begin, factor in (("SEC", 1.0), ("MIN", 60.0), ("DAY", 86400.0)) if unit.startswith(begin)),
                3600.0,
            )
        if unit in ("AM", "PM"):
            seconds = seconds % 43200.0 + (43200.0 if unit == "PM" else 0.0)
        return seconds


def decoded(data: bytes) -> str:
    """The file's text: UTF-8, or the GB 18030 of a Chinese desk. Raises BadNetwork."""
    if len(data) > LONGEST_BYTES:
        raise BadNetwork("network.too_large", most_mb=LONGEST_BYTES >> 20)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def sections(text: str) -> dict[str, list[Line]]:
    """The lines of every section that matters here, without remarks. Raises BadNetwork where there is none."""
    found: dict[str, list[Line]] = {}
    now: list[Line] | None = None
    for number, words in _lines(text):
        if words[0].startswith("["):
            name = words[0].strip("[]").upper()
            full = next((one for one in SECTIONS if len(name) >= 3 and one.startswith(name[:4])), None)
            now = None if full is None else found.setdefault(full, [])
        elif now is not None:
            now.append(Line(number, words))
    if not found.get("JUNCTIONS") or not (found.get("PIPES") or found.get("PUMPS") or found.get("VALVES")):
        raise BadNetwork("network.no_inp")
    return found


def _lines(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LONGEST_LINE:
            raise BadNetwork("network.line_long", line=number, most=LONGEST_LINE)
        words = tuple(_words(line))
        if len(words) > MOST_WORDS:
            raise BadNetwork("network.line_long", line=number, most=MOST_WORDS)
        if words:
            yield number, words


def _words(line: str) -> Iterator[str]:
    """Words between blanks, or between quotes; nothing behind a semicolon."""
    for n, part in enumerate(line.split(";", 1)[0].split('"')):
        if n % 2:
            yield part
        else:
            yield from part.split()
