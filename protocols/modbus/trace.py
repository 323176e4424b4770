"""A recorded stretch of RTU traffic: JSON lines, of the wire alone. No station, no line, no port, no time of day.

    {"trace": "hydronest modbus rtu 1", "baud": 9600, "parity": "E"}
    {"ms": 0.0, "sent": true, "data": "03040000000271e9"}
    {"ms": 14.2, "sent": false, "data": "0304044448000074a6"}

`ms` counts from the first piece to the first byte of each; `sent` is what the recording master said itself; `data` are
the bytes in hex, garbled ones as they came. `baud` is null where it was not known.
"""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeGuard

from protocols.errors import Reasoned
from protocols.foreign_json import BadJson, read_json
from protocols.modbus.crc import crc16
from protocols.modbus.describe import describe

FORM = "hydronest modbus rtu 1"
LONGEST_LINE = 16_384
MOST_PIECES = 1_000_000
MOST_DIGITS = 512_000_000
"""Of all data together, in hex: a million of the longest frame, 256 bytes."""
LONGEST_MS = 1e10
"""Away from the first piece: four months."""


class BadTrace(Reasoned):
    """No trace, or one that is cut or bent."""


class Piece(NamedTuple):
    """Bytes that passed together. `at_ns` of the first of them, on any clock that does not jump."""

    at_ns: int
    sent: bool
    data: bytes


class Trace(NamedTuple):
    """What was recorded; `baud` 0 where it was not known."""

    baud: int
    parity: str
    pieces: list[Piece]


class Exchange(NamedTuple):
    """A question's frame, all that was heard until the next (empty: silence), and when the first of it came."""

    question: bytes
    answer: bytes
    after_ns: int


def written(baud: int, parity: str, pieces: Iterable[Piece]) -> Iterator[str]:
    """A trace's lines, each as soon as its piece is there; `baud` 0 where it is not known."""
    yield json.dumps({"trace": FORM, "baud": baud or None, "parity": parity})
    began: int | None = None
    for piece in pieces:
        began = piece.at_ns if began is None else began
        yield json.dumps({"ms": round((piece.at_ns - began) / 1e6, 3), "sent": piece.sent, "data": piece.data.hex()})


def read(lines: Iterable[bytes]) -> Trace:
    """A trace from its lines. Raises BadTrace naming the line."""
    baud, parity, pieces = 0, "E", []
    number = size = 0
    for number, line in enumerate(lines, 1):
        try:
            told = read_json(line, LONGEST_LINE)
            if not isinstance(told, dict) or number > MOST_PIECES:
                raise BadTrace("trace.no_piece", line=number)
            if number == 1:
                baud, parity = told.get("baud") or 0, str(told.get("parity"))
                if told.get("trace") != FORM or not _speed(baud) or parity not in ("N", "E", "O"):
                    raise BadTrace("trace.no_trace")
                continue
            ms, sent, data = told.get("ms"), told.get("sent"), told.get("data")
            if not _moment(ms) or not isinstance(sent, bool) or not isinstance(data, str):
                raise BadTrace("trace.no_piece", line=number)
            pieces.append(Piece(round(ms * 1e6), sent, bytes.fromhex(data)))
            size += len(data)
            if size > MOST_DIGITS or not pieces[-1].data:
                raise BadTrace("trace.no_piece", line=number)
        except (BadJson, ValueError):
            raise BadTrace("trace.no_piece", line=number) from None
    if number == 0:
        raise BadTrace("trace.no_trace")
    return Trace(baud, parity, pieces)


def _speed(baud: object) -> bool:
    return isinstance(baud, int) and not isinstance(baud, bool) and (baud == 0 or 300 <= baud <= 1_000_000)


def _moment(ms: object) -> TypeGuard[float]:
    return isinstance(ms, int | float) and not isinstance(ms, bool) and abs(ms) < LONGEST_MS


def apart(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Frames that an adapter handed on in one lump, each by itself, at the lump's time; the rest stays whole."""
    for piece in pieces:
        rest = piece.data
        while not piece.sent and (size := _first(rest)):
            yield piece._replace(data=rest[:size])
            rest = rest[size:]
        if rest:
            yield piece._replace(data=rest)


def _first(data: bytes) -> int:
    """The length of the frame that the bytes begin with; 0 for none."""
    if len(data) < 5:
        return 0
    function = data[1]
    if function & 0x80:
        sizes = [5]
    elif function in (15, 16):
        sizes = [8, 9 + data[6]] if len(data) > 6 else []
    else:
        sizes = [8, 5 + data[2]]
    return next((size for size in sizes if size <= len(data) and crc16(data[: size - 2]) == data[size - 2 : size]), 0)


def exchanges(pieces: Iterable[Piece]) -> Iterator[Exchange]:
    """Who was asked what and what came of it, whether we asked ourselves or only listened to another master."""
    question: Piece | None = None
    answer, first_ns = bytearray(), 0  # grows in place, however long nobody asks anything
    for piece in apart(pieces):
        asks = piece.sent or (describe(piece.data).kind == "question" or (question is None and _either(piece.data)))
        if asks:
            if question is not None:
                yield Exchange(question.data, bytes(answer), first_ns)
            question, answer, first_ns = piece, bytearray(), 0
        elif question is not None:
            first_ns = first_ns or piece.at_ns - question.at_ns
            answer += piece.data
    if question is not None:
        yield Exchange(question.data, bytes(answer), first_ns)


def _either(data: bytes) -> bool:
    return describe(data).kind == "either"
