"""Registers that say who or where a device is, taken out of a recorded trace before anybody else sees it."""

from collections.abc import Iterable, Iterator, Sequence

from protocols.modbus.crc import crc16
from protocols.modbus.describe import READS, describe
from protocols.modbus.trace import Piece

Span = tuple[str, int, int]
"""Table, first and last address, as on the wire from 0."""


def redacted(pieces: Iterable[Piece], spans: Sequence[Span]) -> Iterator[Piece]:
    """The same traffic with zeros in these registers, checksums right again; a write to them is without its values.

    What is no whole answer, to a question that reaches into them or that nobody heard, is zeros behind its first bytes.
    """
    reach: tuple[int, int] | None = None  # first byte and behind the last of what is blanked of the answer's data
    whole, touches = 0, True
    for piece in pieces:
        data, kind = piece.data, describe(piece.data).kind
        writes = _writes(data, spans)
        if piece.sent or kind == "question":
            reach, whole = _reach(data, spans)
            touches = reach is not None or writes
        if writes:
            yield piece._replace(data=_unwritten(data))
        elif piece.sent or kind in ("question", "exception", "either"):
            yield piece
        elif kind == "answer" and reach is not None and data[2] == whole:
            first, end = reach
            body = data[3:-2]
            yield piece._replace(data=_summed(data[:3] + body[:first] + bytes(end - first) + body[end:]))
        elif touches or len(data) > whole + 5:
            yield piece._replace(data=data[:2] + bytes(len(data[2:])))
        else:
            yield piece


def _reach(frame: bytes, spans: Sequence[Span]) -> tuple[tuple[int, int] | None, int]:
    """Which bytes of a read's answer are blanked, from the first to behind the last, and how many it has in all."""
    if len(frame) != 8 or frame[1] not in READS:
        return None, 3  # the answer to a write is three bytes longer than that to a read of nothing
    table, address, count = READS[frame[1]], int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
    if frame[1] < 3:
        return None, (count + 7) // 8
    hit = [(max(first, address), min(last, address + count - 1)) for of, first, last in spans if of == table]
    hit = [(first, last) for first, last in hit if first <= last]
    if not hit:
        return None, 2 * count
    return (2 * (min(hit)[0] - address), 2 * (max(last for _, last in hit) + 1 - address)), 2 * count


def _writes(frame: bytes, spans: Sequence[Span]) -> bool:
    """Whether it writes to one of them."""
    if len(frame) < 8 or frame[1] not in (6, 16):
        return False
    address = int.from_bytes(frame[2:4], "big")
    count = int.from_bytes(frame[4:6], "big") if frame[1] == 16 else 1
    return any(of == "holding" and first < address + count and address <= last for of, first, last in spans)


def _unwritten(frame: bytes) -> bytes:
    """A write, or the answer to one, without its values: what is not whole is blank behind its address."""
    kept = 7 if frame[1] == 16 and len(frame) > 8 else 6 if frame[1] == 16 else 4
    return _summed(frame[:kept] + bytes(max(len(frame) - kept - 2, 0)))


def _summed(frame: bytes) -> bytes:
    return frame + crc16(frame)
