"""How everything stands in one short message: counts, nests, and the worst that stands, as much as fits.

Each digest tells the whole picture anew, so a lost one costs nothing once the next has come. Names are numbers on a
list that both ends have from elsewhere; the digest carries that list's fingerprint, and a reader with another list
names nobody. `docs/beidou.md` has the layout byte by byte.
"""

import math
import struct
from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from hashlib import sha256
from typing import NamedTuple

FORMAT = 0xD1
LEAST = 40
"""Bytes a digest needs at the least; a BeiDou-2 message has 78."""
LONGEST = 1750
"""Bytes of the longest message there is, 14,000 bits of BeiDou-3."""
MOST = 0x0FFF_FFFF
"""Greatest number of four bytes of seven bits."""
KINDS = 63
_HEAD = struct.Struct(">BB3sIB")
_PLACE_BITS = 24
_AT, _URGENT = 0x80, 0x40


class BadDigest(ValueError):
    """Bytes that are no digest of ours; names the part that shows it."""


class Mark(IntFlag):
    """What is to be known of the whole."""

    JOURNAL_FAILING = 1
    CLOCK_SURE = 2
    PICTURE_OLD = 4
    """The gateway has not heard everything from its own core since that began: what stands may have ended."""
    MORE = 8
    """More stands than is told."""


class Place(NamedTuple):
    """WGS 84, degrees. As it comes through it is off by 1.2 m north and 2.4 m east at the most."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Nest:
    """`name` is a number on the list, `phase` one of 0 to 127; `aircraft` is where its aircraft is while it is out."""

    name: int
    phase: int
    aircraft: Place | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """What stands. `kind` 1 to 63; `name` on the list, None for what is not on it; `minutes` since it began."""

    kind: int
    name: int | None
    minutes: int | None = None
    urgent: bool = False
    place: Place | None = None


class Counts(NamedTuple):
    """Assets by verdict; all alarms that stand, and those of severity alarm."""

    serviceable: int
    not_serviceable: int
    unknown: int
    alarms: int
    urgent: int


@dataclass(frozen=True, slots=True)
class Digest:
    """`counter` 0 to 255, one more each time; `utc_s` 0 where nobody knows. `items` are the first of what stands."""

    counter: int
    names: bytes
    utc_s: int
    marks: Mark
    counts: Counts
    nests: tuple[Nest, ...] = ()
    items: tuple[Item, ...] = ()


def fingerprint(names: Sequence[str]) -> bytes:
    """Of the list, in its order: the first three bytes of SHA-256 of the names, each ended by a line feed."""
    return sha256(b"".join(name.encode() + b"\n" for name in names)).digest()[:3]


def encode(digest: Digest, size: int) -> tuple[bytes, int]:
    """At most `size` bytes (LEAST or more), and how many items are in it: the first, with places while there is room.

    Nests that do not fit are left out, the last first. ValueError for what no digest can say.
    """
    if size < LEAST:
        raise ValueError(f"{size} bytes are less than {LEAST}")
    room = size - 2
    told: list[bytes] = []
    counts = b"".join(map(_number, digest.counts))
    nests: list[bytes] = []
    for nest in digest.nests:
        spelled = _nest(nest)
        if _HEAD.size + len(counts) + 1 + sum(map(len, nests)) + len(spelled) <= room and len(nests) < 127:
            nests.append(spelled)
    room -= _HEAD.size + len(counts) + 1 + sum(map(len, nests))
    for item in digest.items:
        spelled = _item(item, with_place=False)
        if len(spelled) > room:
            break
        room -= len(spelled)
        told.append(spelled)
    for at in range(len(told)):
        more = _item(digest.items[at], with_place=True)
        if len(more) - len(told[at]) <= room:
            room -= len(more) - len(told[at])
            told[at] = more
    more_stands = len(told) < len(digest.items) or len(nests) < len(digest.nests)
    marks = digest.marks | (Mark.MORE if more_stands else Mark(0))
    head = _HEAD.pack(FORMAT, digest.counter & 0xFF, digest.names, digest.utc_s, marks)
    body = head + counts + _number(len(nests)) + b"".join(nests) + b"".join(told)
    return body + crc_hqx(body, 0xFFFF).to_bytes(2, "big"), len(told)


def decode(data: bytes) -> Digest:
    """The digest in these bytes. BadDigest for anything that is not one, to the last bit."""
    if not LEAST - 22 <= len(data) <= LONGEST or data[0] != FORMAT:
        raise BadDigest("format")
    body = data[:-2]
    if crc_hqx(body, 0xFFFF) != int.from_bytes(data[-2:], "big"):
        raise BadDigest("check")
    _format, counter, names, utc_s, marks = _HEAD.unpack_from(body)
    if marks & ~sum(Mark):
        raise BadDigest("marks")
    reader = _Reader(body, _HEAD.size)
    counts = Counts(*(reader.number() for _ in Counts._fields))
    nests = tuple(reader.nest() for _ in range(reader.number()))
    items = []
    while reader.at < len(body):
        items.append(reader.item())
    return Digest(counter, names, utc_s, Mark(marks), counts, nests, tuple(items))


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data, self.at = data, at

    def byte(self) -> int:
        if self.at >= len(self._data):
            raise BadDigest("length")
        self.at += 1
        return self._data[self.at - 1]

    def number(self) -> int:
        value = 0
        for shift in (0, 7, 14, 21):
            one = self.byte()
            value |= (one & 0x7F) << shift
            if one < 0x80:
                if shift and not one:
                    raise BadDigest("number")
                return value
        raise BadDigest("number")

    def place(self) -> Place:
        if self.at + 6 > len(self._data):
            raise BadDigest("length")
        lat, lon = (int.from_bytes(self._data[at : at + 3], "big", signed=True) for at in (self.at, self.at + 3))
        self.at += 6
        return Place(lon * 360 / (1 << _PLACE_BITS), lat * 180 / (1 << _PLACE_BITS))

    def nest(self) -> Nest:
        phase = self.byte()
        name = self.number()
        return Nest(name, phase & 0x7F, self.place() if phase & _AT else None)

    def item(self) -> Item:
        head = self.byte()
        if not head & KINDS:
            raise BadDigest("kind")
        name, since = self.number(), self.number()
        place = self.place() if head & _AT else None
        return Item(head & KINDS, name - 1 if name else None, since - 1 if since else None, bool(head & _URGENT), place)


def _number(value: int) -> bytes:
    if not 0 <= value <= MOST:
        raise ValueError(f"{value} is not from 0 to {MOST}")
    told = bytearray()
    while value > 0x7F:
        told.append(value & 0x7F | 0x80)
        value >>= 7
    told.append(value)
    return bytes(told)


def _place(place: Place) -> bytes:
    if not (math.isfinite(place.lon) and math.isfinite(place.lat) and abs(place.lon) <= 180 and abs(place.lat) <= 90):
        raise ValueError(f"{place} is no place")
    most = (1 << _PLACE_BITS - 1) - 1
    parts = (round(place.lat * (1 << _PLACE_BITS) / 180), round(place.lon * (1 << _PLACE_BITS) / 360))
    return b"".join(min(part, most).to_bytes(3, "big", signed=True) for part in parts)


def _nest(nest: Nest) -> bytes:
    if not 0 <= nest.phase <= 0x7F:
        raise ValueError(f"phase {nest.phase} is not from 0 to 127")
    at = nest.aircraft
    return bytes([nest.phase | (_AT if at else 0)]) + _number(nest.name) + (_place(at) if at else b"")


def _item(item: Item, *, with_place: bool) -> bytes:
    if not 1 <= item.kind <= KINDS:
        raise ValueError(f"kind {item.kind} is not from 1 to {KINDS}")
    place = item.place if with_place else None
    head = item.kind | (_AT if place else 0) | (_URGENT if item.urgent else 0)
    name = _number(0 if item.name is None else item.name + 1)
    since = _number(0 if item.minutes is None else item.minutes + 1)
    return bytes([head]) + name + since + (_place(place) if place else b"")
