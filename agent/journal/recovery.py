"""Records found in damaged files without SQLite: every leaf page of the database and its log, row by row.

A row is believed because its own checksum matches, whatever the trees above it look like.
Format: sqlite.org/fileformat2.html.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Any, cast

from agent.journal.row import DamagedRow, Row, checked, mended
from agent.journal.schema import PAGE_BYTES
from agent.journal.tally import Tally, checked_json
from agent.journal.wal import FRAME_HEAD_BYTES, HEAD_BYTES
from agent.link.record import PriorityClass
from agent.runtime.clock.reckon import Fix
from agent.runtime.readable import Readable, read, read_part

_TABLE_LEAF = 0x0D
_INDEX_LEAF = 0x0A
_INTS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_HEAD = Struct(">HHH")
_MOST_PAYLOAD = 16 << 20
_AT_ONCE = 256 << 10
"""Bytes of the file, whole pages of the card."""

Marked = tuple[int, dict[str, list[list[int]]]]
"""An outbox as stored: the tick of its commit, lane code → unsent ranges."""

Columns = list[int | str | bytes | float | None]


@dataclass(slots=True)
class Found:
    """What could be saved besides the rows, which go to `keep` as they are met, possibly more than once.

    The newest whole account, and what every uplink still owed by it.
    """

    keep: Callable[[PriorityClass, Row, bool], None]  # the last: a flipped bit was put back
    unreadable: int = 0  # bytes that the card does not give
    tally: Tally | None = None
    outboxes: dict[str, Marked] = field(default_factory=dict)
    notes: dict[str, tuple[int, object]] = field(default_factory=dict)  # as stored: when, and the note
    kernel_boots: dict[int, str] = field(default_factory=dict)
    fixes: dict[Fix, int] = field(default_factory=dict)  # and the row it stood in: their order counts
    parked: dict[tuple[str, int], tuple[object, ...]] = field(default_factory=dict)  # without the row's own id


class _Pages:
    """Every version of every page: the database's own, then the log's in the order they were written."""

    def __init__(self, database: Path, log: Path) -> None:
        self._file = database.open("rb", buffering=0) if database.exists() else None
        self._size = database.stat().st_size if self._file else 0
        data, self.unreadable = read(log) if log.exists() else Readable(b"")
        self._log = data
        self.frames: list[tuple[int, int]] = []  # (page number, offset of its content)
        step = FRAME_HEAD_BYTES + PAGE_BYTES
        for at in range(HEAD_BYTES, len(data) - step + 1, step):
            number = int.from_bytes(data[at : at + 4], "big")
            if number:
                self.frames.append((number, at + FRAME_HEAD_BYTES))
        self._versions: dict[int, list[int]] = {}
        for i, (number, _) in enumerate(self.frames):
            self._versions.setdefault(number, []).append(i)

    def close(self) -> None:
        if self._file:
            self._file.close()

    def stored(self) -> Iterator[tuple[int, bytes]]:
        """(page number, content) of the database file."""
        if self._file is None:
            return
        for at in range(0, self._size, _AT_ONCE):
            part, unreadable = read_part(self._file.fileno(), at, _AT_ONCE)
            self.unreadable += unreadable
            for offset in range(0, len(part) - PAGE_BYTES + 1, PAGE_BYTES):
                yield (at + offset) // PAGE_BYTES + 1, part[offset : offset + PAGE_BYTES]

    def logged(self) -> Iterator[tuple[int, int, bytes]]:
        """(position, page number, content) of the log."""
        for i, (number, at) in enumerate(self.frames):
            yield i, number, self._log[at : at + PAGE_BYTES]

    def versions(self, number: int, near: int | None) -> Iterator[bytes]:
        """What a page may have held: nearest to log position `near` first, the database's own first for None."""
        places = self._versions.get(number, [])
        logged = [i for i in places if near is not None and i <= near][::-1]
        logged += [i for i in places if near is None or i > near]
        own: list[bytes] = []
        if self._file is not None and 0 < number <= self._size // PAGE_BYTES:
            own = [read_part(self._file.fileno(), (number - 1) * PAGE_BYTES, PAGE_BYTES).data]
        if near is None:
            yield from own
        for i in logged[:4]:
            yield self._log[self.frames[i][1] : self.frames[i][1] + PAGE_BYTES]
        if near is not None:
            yield from own


def carve(database: Path, log: Path, keep: Callable[[PriorityClass, Row, bool], None]) -> Found:
    """Read whatever is still readable of a journal. Never raises for damage, nor for bad spots of the card."""
    found = Found(keep)
    pages = _Pages(database, log)
    try:
        for number, page in pages.stored():
            _leaf(pages, found, page, None, 100 if number == 1 else 0)
        for i, number, page in pages.logged():
            _leaf(pages, found, page, i, 100 if number == 1 else 0)
    finally:
        pages.close()
    found.unreadable = pages.unreadable
    return found


def _leaf(pages: _Pages, found: Found, page: bytes, near: int | None, at: int) -> None:
    kind = page[at] if len(page) == PAGE_BYTES else 0
    if kind not in (_TABLE_LEAF, _INDEX_LEAF):
        return
    _free, cells, _start = _HEAD.unpack_from(page, at + 1)
    if cells > PAGE_BYTES // 4:
        return
    for i in range(cells):
        place = int.from_bytes(page[at + 8 + 2 * i : at + 10 + 2 * i], "big")
        try:
            _cell(pages, found, page, near, place, kind == _TABLE_LEAF)
        except (IndexError, ValueError):
            continue  # not a cell: a stale pointer, or the damage itself


def _cell(pages: _Pages, found: Found, page: bytes, near: int | None, at: int, table: bool) -> None:
    size, at = _varint(page, at)
    rowid = 0
    if table:
        rowid, at = _varint(page, at)
    most = PAGE_BYTES - 35 if table else (PAGE_BYTES - 12) * 64 // 255 - 23
    if not 0 < size < _MOST_PAYLOAD:
        return
    local = size
    if size > most:
        least = (PAGE_BYTES - 12) * 32 // 255 - 23
        local = least + (size - least) % (PAGE_BYTES - 4)
        local = local if local <= most else least
    head = page[at : at + local]
    if size == local:
        _record(found, rowid, head, table)
        return
    overflow = int.from_bytes(page[at + local : at + local + 4], "big")
    for payload in _chains(pages, overflow, near, size - local):
        if _record(found, rowid, head + payload, table):
            return


def _chains(pages: _Pages, first: int, near: int | None, size: int) -> Iterator[bytes]:
    """Ways to read an overflow chain: beside its leaf, then as the database has it, then as the log has it last."""
    for choose in (near, None, len(pages.frames)):
        parts: list[bytes] = []
        number, left = first, size
        while left > 0 and number:
            page = next(pages.versions(number, choose), None)
            if page is None or len(parts) > size // (PAGE_BYTES - 4) + 1:
                break
            number = int.from_bytes(page[:4], "big")
            parts.append(page[4 : 4 + min(left, PAGE_BYTES - 4)])
            left -= PAGE_BYTES - 4
        if left <= 0:
            yield b"".join(parts)


def _record(found: Found, rowid: int, payload: bytes, table: bool) -> bool:
    """Take one record for what it is by its form; returns whether it was worth something."""
    columns = _columns(payload)
    if not table:
        return _mark(found, columns)
    if len(columns) == 8 and columns[0] is None and isinstance(columns[7], bytes):
        return _row(found, rowid, columns)
    if len(columns) == 12 and columns[0] is None:
        return _parked(found, columns)
    if len(columns) == 5 and columns[0] is None:
        return _run(found, columns)
    if len(columns) == 7 and columns[0] is None:
        return _clock(found, rowid, columns)
    return False


def _row(found: Found, rowid: int, columns: Columns) -> bool:
    values = (rowid, *columns[1:])
    for priority in PriorityClass:
        try:
            row = checked(priority, values)
        except DamagedRow:
            continue
        found.keep(priority, row, False)
        return True
    for priority in PriorityClass:
        fixed = mended(priority, values)
        if fixed is not None:
            found.keep(priority, fixed, True)
            return True
    return False


def _parked(found: Found, columns: Columns) -> bool:
    uplink, priority, seq = columns[1:4]
    if not (
        isinstance(uplink, str)
        and isinstance(priority, int)
        and isinstance(seq, int)
        and priority in list(PriorityClass)
    ):
        return False
    try:
        checked(PriorityClass(priority), tuple(columns[3:11]))
    except DamagedRow:
        return False
    found.parked[uplink, seq] = tuple(columns[1:])
    return True


def _run(found: Found, columns: Columns) -> bool:
    _, boot, kernel_boot, mono, crc = columns
    if isinstance(boot, int) and isinstance(kernel_boot, str) and crc == sum_of(boot, kernel_boot, mono):
        found.kernel_boots[boot] = kernel_boot
        return True
    return False


def _clock(found: Found, rowid: int, columns: Columns) -> bool:
    _, boot, mono, wall, err, source, crc = columns
    if not (isinstance(boot, str) and isinstance(mono, int) and isinstance(wall, int) and isinstance(source, str)):
        return False
    if crc != sum_of(boot, mono, wall, err, source) or not (err is None or isinstance(err, int)):
        return False
    found.fixes[Fix(boot, mono, wall, err, source)] = rowid
    return True


def _mark(found: Found, columns: Columns) -> bool:
    name, text = columns if len(columns) == 2 else (None, None)
    if not isinstance(name, str) or not isinstance(text, str):
        return False
    if name == "tally":
        tally = Tally.parse(text)
        if found.tally is None or tally.tick > found.tally.tick:
            found.tally = tally
        return True
    kind, _, rest = name.partition(":")
    if kind not in ("outbox", "note"):
        return False
    kept: dict[str, Any] = found.outboxes if kind == "outbox" else found.notes
    marked = cast("tuple[int, Any]", checked_json(text))
    if rest not in kept or marked[0] > kept[rest][0]:
        kept[rest] = marked
    return True


def sum_of(*values: object) -> int:
    """The checksum of a small row, over its values as text."""
    return zlib.crc32(repr(values).encode())


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(8):
        byte = data[at + i]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + i + 1
    return value << 8 | data[at + 8], at + 9


def _columns(payload: bytes) -> Columns:
    """A record's values. Raises ValueError or IndexError where it is none."""
    size, at = _varint(payload, 0)
    if size > len(payload) or size > 200:
        raise ValueError("not a record")
    kinds = []
    while at < size:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    at = size
    out: Columns = []
    for kind in kinds:
        if kind == 0:
            out.append(None)
        elif kind in _INTS:
            out.append(int.from_bytes(payload[at : at + _INTS[kind]], "big", signed=True))
            at += _INTS[kind]
        elif kind in (8, 9):
            out.append(kind - 8)
        elif kind >= 12:
            length = (kind - 12) // 2
            piece = payload[at : at + length]
            if len(piece) != length:
                raise ValueError("cut short")
            out.append(piece if kind % 2 == 0 else piece.decode())
            at += length
        else:
            raise ValueError("a kind the journal does not store")
    return out
