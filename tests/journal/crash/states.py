"""Every state the two files can be in after a power cut: what was synced, plus any part of what was not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from tests.journal.crash.recorder import Log, Op

SECTOR = 512


class State(NamedTuple):
    """Both files as found after the cut, and the last commit that had been acknowledged before it."""

    files: dict[str, bytes]
    acked: int
    name: tuple[int, ...]  # tells distinct states apart


def crash_states(log: Log, base: dict[str, bytes], acked: int, rng: random.Random, each: int) -> Iterator[State]:
    """Cuts after every entry of the log; up to `each` of them per entry where unsynced writes leave a choice."""
    durable = {name: bytearray(content) for name, content in base.items()}
    version = 0
    pending: dict[str, list[Op]] = {"db": [], "wal": []}
    for entry in log.entries:
        if isinstance(entry, Op):
            pending[entry.file].append(entry)
        elif entry[0] == "sync":
            for op in pending[str(entry[1])]:
                _apply(durable[op.file], op, None)
            pending[str(entry[1])] = []
            version += 1
        else:
            acked = int(entry[1])
        unsynced = pending["db"] + pending["wal"]
        for choice in _choices(unsynced, rng, each):
            files = {name: bytearray(content) for name, content in durable.items()}
            for op, sectors in zip(unsynced, choice, strict=True):
                if sectors:
                    _apply(files[op.file], op, sectors)
            name = (version, acked, len(unsynced), hash(choice))
            yield State({name: bytes(content) for name, content in files.items()}, acked, name)


def _apply(content: bytearray, op: Op, sectors: int | None) -> None:
    """Write an op, or only those of its sectors whose bit is set in `sectors`."""
    if op.data is None:
        del content[op.offset :]
        return
    end = op.offset + len(op.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if sectors is None or sectors == _whole(op):
        content[op.offset : end] = op.data
        return
    at = op.offset
    bit = 0
    while at < end:
        stop = min(end, (at // SECTOR + 1) * SECTOR)
        if sectors >> bit & 1:
            content[at:stop] = op.data[at - op.offset : stop - op.offset]
        at, bit = stop, bit + 1


def _parts(op: Op) -> int:
    if op.data is None or not op.data:
        return 1
    return (op.offset + len(op.data) - 1) // SECTOR - op.offset // SECTOR + 1


def _whole(op: Op) -> int:
    return (1 << _parts(op)) - 1


def _choices(unsynced: list[Op], rng: random.Random, each: int) -> Iterator[tuple[int, ...]]:
    """Which sectors of which unsynced writes reached the disk: none, all, in order, all but one, any, torn."""
    count = len(unsynced)
    whole = tuple(_whole(op) for op in unsynced)
    seen: set[tuple[int, ...]] = set()
    candidates = [(0,) * count, whole]
    if count:
        candidates.append((*whole[:-1], 0))
        candidates.append((*whole[:-1], rng.randrange(1, whole[-1] + 1)))
    for _ in range(each):
        kind = rng.randrange(4)
        if kind == 0:  # any subset
            choice = tuple(part if rng.random() < 0.5 else 0 for part in whole)
        elif kind == 1:  # all but one: reordering
            gone = rng.randrange(count) if count else 0
            choice = tuple(0 if i == gone else part for i, part in enumerate(whole))
        elif kind == 2:  # any sectors of any write
            choice = tuple(rng.randrange(part + 1) for part in whole)
        else:  # in order, the last one torn
            stop = rng.randrange(count + 1)
            torn = whole[stop] & rng.getrandbits(8) if stop < count else 0
            choice = (*whole[:stop], *([torn] if stop < count else []), *([0] * (count - stop - 1)))
        candidates.append(choice)
    for choice in candidates:
        if choice not in seen:
            seen.add(choice)
            yield choice
