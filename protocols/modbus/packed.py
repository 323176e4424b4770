"""What is packed into registers more tightly than a number: BCD, parts of a register, dates. What is none is NaN."""

import math
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

NOT_ONE: Final = math.nan
"""What stands there is no number, or no date."""

BCD: Final = {"bcd16": 4, "bcd32": 8}
"""Types of decimal digits, four bits each, and how many."""

DATES: Final = {"unix": 2, "words": 6, "bytes": 3, "bcd": 3, "iec": 4}
"""Layouts of a date with time, and how many registers they take:

`unix` seconds since 1970, UTC · `words` year, month, day, hour, minute, second · `bytes` the same in two bytes a
register, `bcd` in two digits each, the year since 2000 · `iec` IEC 60870-5-4: year; month and day; hour and minute;
milliseconds.
"""

_CENTURY: Final = 2000


def bcd_of(word: int) -> float:
    """The number of decimal digits: 0x1234 is 1234; NaN where a digit is above nine."""
    text = f"{word:x}"
    return int(text) if text.isdecimal() else NOT_ONE


def bcd_word(number: int, digits: int) -> int:
    """A number as decimal digits; ValueError when it has more of them."""
    if not 0 <= number < 10**digits:
        raise ValueError(f"{number} has no {digits} decimal digits")
    return int(str(number), 16)


def part_of(word: int, first: int, last: int, *, signed: bool) -> int:
    """Bits `first` to `last` of a register (0 is the lowest) as a number; `signed`: two's complement."""
    width = last - first + 1
    number = word >> first & ((1 << width) - 1)
    return number - (1 << width) if signed and number >> (width - 1) else number


def part_word(number: int, first: int, last: int) -> int:
    """A register with the number in those bits and nothing elsewhere; ValueError where it does not fit."""
    width = last - first + 1
    if not -(1 << (width - 1)) <= number < 1 << width:
        raise ValueError(f"{number} does not fit {width} bits")
    return (number & ((1 << width) - 1)) << first


def date_of(layout: str) -> Callable[[bytes], str | float]:
    """How a layout's registers become `2026-11-30T08:00:00` (with Z where it is UTC); NaN for what is no date."""
    read = _READ[layout]

    def text(raw: bytes) -> str | float:
        try:
            return read(raw).isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError):
            return NOT_ONE

    return text


def date_words(layout: str, text: str) -> bytes:
    """The registers of a date with time; ValueError when it is none, or none that this layout can hold."""
    return _WRITE[layout](datetime.fromisoformat(text))


def _unix(raw: bytes) -> datetime:
    return datetime.fromtimestamp(int.from_bytes(raw), UTC)


def _words(raw: bytes) -> datetime:
    year, month, day, hour, minute, second = struct.unpack(">6H", raw)
    year += _CENTURY if year < 100 else 0
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # the device's own local time


def _bytes(raw: bytes) -> datetime:
    year, month, day, hour, minute, second = raw
    if year > 99:
        raise ValueError(year)
    return datetime(year + _CENTURY, month, day, hour, minute, second)  # noqa: DTZ001


def _bcd(raw: bytes) -> datetime:
    return _bytes(bytes(int(f"{byte:x}") for byte in raw))


def _iec(raw: bytes) -> datetime:
    year, day, hour, ms = struct.unpack(">4H", raw)
    if hour & 0x80:
        raise ValueError("the device calls it invalid")
    month, minute = day >> 8 & 15, hour & 63
    second, rest = divmod(ms, 1000)
    return datetime((year & 127) + _CENTURY, month, day & 31, hour >> 8 & 31, minute, second, rest * 1000)  # noqa: DTZ001


def _of_century(when: datetime) -> list[int]:
    if not 0 <= when.year - _CENTURY <= 99:
        raise ValueError(f"year {when.year}")
    return [when.year - _CENTURY, when.month, when.day, when.hour, when.minute, when.second]


def _to_iec(when: datetime) -> bytes:
    year = _of_century(when)[0]
    ms = when.second * 1000 + when.microsecond // 1000
    return struct.pack(">4H", year, when.month << 8 | when.day, when.hour << 8 | when.minute, ms)


_READ: Final[dict[str, Callable[[bytes], datetime]]] = {
    "unix": _unix, "words": _words, "bytes": _bytes, "bcd": _bcd, "iec": _iec,
}  # fmt: skip
_WRITE: Final[dict[str, Callable[[datetime], bytes]]] = {
    "unix": lambda when: int(when.replace(tzinfo=when.tzinfo or UTC).timestamp()).to_bytes(4),
    "words": lambda when: struct.pack(">6H", *when.timetuple()[:6]),
    "bytes": lambda when: bytes(_of_century(when)),
    "bcd": lambda when: bytes(bcd_word(number, 2) for number in _of_century(when)),
    "iec": _to_iec,
}
