"""The write-ahead log read without SQLite: whole, cut short by a power cut, or damaged; and one-bit damage undone.

SQLite takes the first frame that does not match as the end of the log and says nothing, so one flipped bit silently
takes every later commit with it. A power cut can only touch the frames of the one transaction that was not yet synced;
two commits after a broken frame mean damage. Format: sqlite.org/fileformat2.html#the_write_ahead_log.
"""

import sys
from array import array
from dataclasses import dataclass, field
from operator import mul
from pathlib import Path
from struct import Struct

_HEAD = Struct(">IIIIIIII")
_FRAME = Struct(">IIIIII")
_MAGICS = (0x377F0682, 0x377F0683)  # checksum words little-endian, big-endian
_MASK = 0xFFFFFFFF
HEAD_BYTES = 32
FRAME_HEAD_BYTES = 24

Sums = tuple[int, int]


def _coefficients(words: int) -> tuple[list[int], list[int], tuple[int, int, int, int]]:
    """The checksum after `words` words is linear in them: two rows of factors, and how the seed enters."""
    pairs = words // 2
    # one pair: s1 += x + s2; s2 += y + s1, that is (s1, s2) -> (s1 + s2 + x, s1 + 2 s2 + x + y)
    a, b, c, d = 1, 0, 0, 1
    first: list[int] = []
    second: list[int] = []
    for _ in range(pairs):
        # what a pair adds, (x, x + y), is carried through the pairs after it by [[a, b], [c, d]]
        first[:0] = [(a + b) & _MASK, b]
        second[:0] = [(c + d) & _MASK, d]
        a, b, c, d = (a + b) & _MASK, (a + 2 * b) & _MASK, (c + d) & _MASK, (c + 2 * d) & _MASK
    return first, second, (a, b, c, d)


class _Checksum:
    def __init__(self, words: int, big_endian: bool) -> None:
        self.first, self.second, self._seed = _coefficients(words)
        self._swap = big_endian != (sys.byteorder == "big")

    def words(self, data: bytes) -> "array[int]":
        out = array("I", data)
        if self._swap:
            out.byteswap()
        return out

    def __call__(self, data: bytes, seed: Sums) -> Sums:
        words = self.words(data)
        a, b, c, d = self._seed
        s1 = a * seed[0] + b * seed[1] + sum(map(mul, self.first, words))
        s2 = c * seed[0] + d * seed[1] + sum(map(mul, self.second, words))
        return s1 & _MASK, s2 & _MASK

    def flipped(self, data: bytes, got: Sums, wanted: Sums) -> list[tuple[int, int]]:
        """Every (word, bit) whose flip alone turns `got` into `wanted`; high bits can look alike in several words."""
        d1, d2 = (wanted[0] - got[0]) & _MASK, (wanted[1] - got[1]) & _MASK
        words = self.words(data)
        found = []
        for i, (f1, f2) in enumerate(zip(self.first, self.second, strict=True)):
            for bit in range(32):
                sign = -1 if words[i] >> bit & 1 else 1
                if sign * (f1 << bit) & _MASK == d1 and sign * (f2 << bit) & _MASK == d2:
                    found.append((i, bit))
        return found


@dataclass(slots=True)
class WalState:
    """What was found. `frames` are whole from the start; `repaired` are (offset, bit); `damaged` is for certain."""

    frames: int = 0
    repaired: list[tuple[int, int]] = field(default_factory=list)
    certain: bool = False  # a repaired bit had flipped for certain: it was not a write that a power cut left undone
    damaged: bool = False
    commits_cut: int = 0


def inspect(path: Path, repair: bool = True) -> WalState:
    """Read the log beside a closed database and undo one-bit damage in place. Costs about 25 µs a frame here."""
    state = WalState()
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            if len(head) < HEAD_BYTES or not any(head):
                return state  # empty, or closed cleanly
            data = bytearray(head + file.read())
    except FileNotFoundError:
        return state
    _check_head(data, state)
    magic, _version, page, _n, salt1, salt2, s1, s2 = _HEAD.unpack_from(data)
    if magic not in _MAGICS or page < 512 or page > 65536:
        state.damaged = any(data[HEAD_BYTES : HEAD_BYTES + 4])
        return state
    _check_frames(data, state, page, (salt1, salt2), (s1, s2), _Checksum((8 + page) // 4, magic == _MAGICS[1]))
    if state.repaired and repair and not state.damaged:
        with path.open("r+b") as file:
            for offset, _bit in state.repaired:
                file.seek(offset)
                file.write(data[offset : offset + 1])
    return state


def _check_head(data: bytearray, state: WalState) -> None:
    for at in range(HEAD_BYTES * 8 + 1):
        if at:
            data[(at - 1) // 8] ^= 1 << (at - 1) % 8
        magic = int.from_bytes(data[:4], "big")
        if magic in _MAGICS:
            check = _Checksum(6, magic == _MAGICS[1])
            if check(bytes(data[:24]), (0, 0)) == _HEAD.unpack_from(data)[6:]:
                if at:
                    state.repaired.append(((at - 1) // 8, (at - 1) % 8))
                return
        if at:
            data[(at - 1) // 8] ^= 1 << (at - 1) % 8
    state.damaged = any(data[HEAD_BYTES + 8 : HEAD_BYTES + 16])


def _check_frames(data: bytearray, state: WalState, page: int, salts: Sums, seed: Sums, check: _Checksum) -> None:
    size = FRAME_HEAD_BYTES + page
    count = (len(data) - HEAD_BYTES) // size
    i = 0
    last_commit = before_last = 0
    while i < count:
        at = HEAD_BYTES + i * size
        pgno, truncate, salt1, salt2, s1, s2 = _FRAME.unpack_from(data, at)
        covered = bytes(data[at : at + 8]) + bytes(data[at + FRAME_HEAD_BYTES : at + size])
        sums = check(covered, seed)
        if (salt1, salt2) == salts and sums == (s1, s2) and pgno:
            seed = sums
            i += 1
            if truncate:
                before_last, last_commit = last_commit, at
            continue
        fixes = _fixes(data, at, covered, sums, salts, check)
        if len(fixes) != 1:
            break
        offset, bit = fixes[0]
        data[offset] ^= 1 << bit
        state.repaired.append((offset, bit))
    state.frames = i
    state.commits_cut = sum(
        1
        for at in range(HEAD_BYTES + i * size, HEAD_BYTES + count * size, size)
        if _FRAME.unpack_from(data, at)[1] and _FRAME.unpack_from(data, at)[2:4] == salts
    )
    # in the last transaction a lost write over an older copy of the same page can look like one flipped bit
    state.certain = any(at < before_last for at, _ in state.repaired)
    state.damaged = state.damaged or state.commits_cut >= 2


def _fixes(
    data: bytearray, at: int, covered: bytes, sums: Sums, salts: Sums, check: _Checksum
) -> list[tuple[int, int]]:
    """Every (offset, bit) in the frame at `at` whose flip alone makes it right: salts, stored sums, what they cover."""
    stored = _FRAME.unpack_from(data, at)
    salt_bits = _differing(at + 8, stored[2:4], salts)
    if salt_bits:
        return salt_bits if len(salt_bits) == 1 and stored[4:6] == sums else []
    sum_bits = _differing(at + 16, stored[4:6], sums)
    found = sum_bits if len(sum_bits) == 1 else []
    little = check.words(b"\1\0\0\0")[0] == 1
    for word, bit in check.flipped(covered, sums, (stored[4], stored[5])):
        byte = word * 4 + (bit // 8 if little else 3 - bit // 8)
        found.append((at + byte if byte < 8 else at + FRAME_HEAD_BYTES + byte - 8, bit % 8))
    return found


def _differing(at: int, got: tuple[int, ...], wanted: Sums) -> list[tuple[int, int]]:
    out = []
    for i, (a, b) in enumerate(zip(got, wanted, strict=True)):
        out += [(at + 4 * i + 3 - bit // 8, bit % 8) for bit in range(32) if (a ^ b) >> bit & 1]
    return out
