"""One stored row: a record's header, its checksum and its packed body. Pure but for the key."""

import zlib
from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import NamedTuple

from agent.journal.encryption import Encryption, KeyTrouble
from agent.journal.start_name import start_text
from agent.link.record import PriorityClass
from protocols.errors import Reasoned

_HEADER = Struct(">BQQQQqI")


class DamagedRow(Reasoned):
    """A stored row does not match its checksum or cannot be unpacked. The reason says what was found."""


class Row(NamedTuple):
    """A row of a lane's table. `cum` is how many readings the lane ever took, this row's `n` included: a hole shows.

    `boot` is the run that gave it its name, `base` the run whose kernel boot `t0` (ms) counts in, None for the same.
    """

    seq: int
    cum: int
    boot: int
    base: int | None
    t0: int
    n: int
    crc: int
    body: bytes


def header(priority: PriorityClass, row: Row) -> bytes:
    """What the checksum and the seal cover besides the body."""
    return _HEADER.pack(priority, row.seq, row.cum, row.boot, row.base or 0, row.t0, row.n)


def pack(priority: PriorityClass, row: Row, json: bytes, seal: Encryption | None) -> Row:
    """`row` with `json` as its body, compressed, sealed where there is a key, and summed."""
    packed = zlib.compress(json, 1)
    head = header(priority, row)
    body = b"\x01" + packed if seal is None else b"\x02" + seal.close(row.boot, row.seq, head, packed)
    return row._replace(crc=zlib.crc32(body, zlib.crc32(head)), body=body)


def intact(priority: PriorityClass, row: Row) -> bool:
    """Whether header and body are what was stored."""
    return zlib.crc32(row.body, zlib.crc32(header(priority, row))) == row.crc


def checked(priority: PriorityClass, columns: tuple[object, ...]) -> Row:
    """A row from the table, its types and its checksum verified. Raises DamagedRow."""
    seq, cum, boot, base, t0, n, crc, body = columns
    numbers = (seq, cum, boot, t0, n, crc)
    if not (isinstance(body, bytes) and all(isinstance(v, int) for v in numbers) and isinstance(base, int | None)):
        raise DamagedRow("journal.column_types")
    row = Row(*columns)  # type: ignore[arg-type]  # checked just above
    try:
        if intact(priority, row):
            return row
    except StructError:
        raise DamagedRow("journal.header_range") from None
    raise DamagedRow("journal.checksum")


def mended(priority: PriorityClass, columns: tuple[object, ...]) -> Row | None:
    """The row with the one flipped bit of its body or numbers put back, None where it is not one bit.

    CRC32 tells every one-bit error from every other; the body's own check (Adler-32 or the seal) must agree as well.
    """
    numbers = [value if isinstance(value, int) else 0 for value in columns[:7]]
    body = columns[7]
    if not isinstance(body, bytes) or any(value < 0 for value in numbers) or len(body) > 1 << 20:
        return None
    base = None if columns[3] is None else numbers[3]
    row = Row(numbers[0], numbers[1], numbers[2], base, numbers[4], numbers[5], numbers[6], body)
    try:
        whole = header(priority, row) + body
    except StructError:
        return None
    error = zlib.crc32(whole) ^ row.crc
    if error.bit_count() == 1:
        return _proven(priority, row._replace(crc=zlib.crc32(whole)))
    at = _flipped_bit(error, len(whole))
    if at is None:
        return None
    fixed = bytearray(whole)
    fixed[at // 8] ^= 1 << at % 8
    head = _HEADER.unpack_from(fixed)
    if head[0] != priority:
        return None
    base = None if columns[3] is None else head[4]
    return _proven(
        priority, Row(head[1], head[2], head[3], base, head[5], head[6], row.crc, bytes(fixed[_HEADER.size :]))
    )


def _proven(priority: PriorityClass, row: Row) -> Row | None:
    if row.body[:1] == b"\x01":
        try:
            zlib.decompress(row.body[1:])
        except zlib.error:
            return None
    return row if intact(priority, row) else None


def _flipped_bit(error: int, size: int) -> int | None:
    """The bit of `size` bytes whose flip changes their CRC32 by `error`, None if it is not one bit."""
    # walking back from the last bit: each step is one shift of the CRC register, reflected polynomial
    register = 0xEDB88320
    for at in range(size * 8 - 1, -1, -1):
        if register == error:
            return at // 8 * 8 + at % 8
        register = register >> 1 ^ (0xEDB88320 if register & 1 else 0)
    return None


def unpack(priority: PriorityClass, row: Row, seal: Encryption | None) -> bytes:
    """The JSON of a row that is intact. Raises KeyTrouble where the key is missing or wrong, DamagedRow otherwise."""
    try:
        return zlib.decompress(_packed(priority, row, seal))
    except zlib.error as trouble:
        raise DamagedRow("journal.body_unpacks", text=str(trouble)) from None


def unsealed(priority: PriorityClass, row: Row, seal: Encryption | None) -> Row:
    """The same row as it would stand without a key, summed anew. Raises as `unpack` does."""
    body = b"\x01" + _packed(priority, row, seal)
    return row._replace(crc=zlib.crc32(body, zlib.crc32(header(priority, row))), body=body)


def _packed(priority: PriorityClass, row: Row, seal: Encryption | None) -> bytes:
    kind = row.body[:1]
    if kind == b"\x01":
        return row.body[1:]
    if kind != b"\x02":
        raise DamagedRow("journal.body_kind", kind=kind.hex())
    if seal is None:
        raise KeyTrouble("journal.sealed", record=f"{start_text(row.boot)}/{row.seq}")
    return seal.open(row.boot, row.seq, header(priority, row), row.body[1:])
