"""Sentences as terminals speak them: `$NAME,field,…*hh`, hh the exclusive or of what stands between `$` and `*`."""

from functools import reduce
from operator import xor
from typing import NamedTuple

LONGEST = 4096
"""Bytes of one sentence. The longest that terminals say is a received message of 14,000 bits, 3,500 digits."""


class Sentence(NamedTuple):
    """One that came whole: its name without the talker's `$`, and what follows between commas."""

    name: str
    fields: tuple[str, ...]

    def field(self, at: int) -> str:
        """One field, empty where there is none."""
        return self.fields[at] if 0 <= at < len(self.fields) else ""

    def number(self, at: int, most: int) -> int | None:
        """One field as a number of decimal digits from 0 to `most`, None where it is none."""
        text = self.field(at)
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            return None
        number = int(text)
        return number if number <= most else None


def spoken(body: str) -> bytes:
    """`body` (ASCII without `$`, `*`, or ends of line) as it goes over the wire."""
    text = body.encode("ascii")
    return b"$%b*%02X\r\n" % (text, reduce(xor, text, 0))


class Sentences:
    """Takes bytes as they come and gives sentences. What is no whole sentence is dropped and counted in `bent`."""

    def __init__(self) -> None:
        self.bent = 0
        self._line = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> list[Sentence]:
        """Those that are whole now. Holds `LONGEST` bytes at the most, whatever comes."""
        found = []
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._take(line)
            sentence = None if self._overlong else _read(bytes(self._line).strip(b"\r"))
            if sentence is not None:
                found.append(sentence)
            elif self._line or self._overlong:
                self.bent += 1
            self._line.clear()
            self._overlong = False
        self._take(rest)
        return found

    def _take(self, part: bytes) -> None:
        if len(self._line) + len(part) > LONGEST:
            self._overlong = True
            self._line.clear()
        elif not self._overlong:
            self._line += part


def _read(line: bytes) -> Sentence | None:
    start = line.rfind(b"$")  # what stands before it was cut off by a restart of the terminal
    body, star, check = line[start + 1 :].partition(b"*")
    if start < 0 or not star or check.upper() != b"%02X" % reduce(xor, body, 0):
        return None
    try:
        name, *fields = body.decode("ascii").split(",")
    except UnicodeDecodeError:
        return None
    return Sentence(name, tuple(fields))
