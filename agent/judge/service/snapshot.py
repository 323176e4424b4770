"""The newest verdicts on disk: all of them now and then, and between only those that turned, a line each time."""

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from agent.judge.near import AssetStatus, standing_as_json
from agent.judge.service.files import CHANGE, CHANGES, SNAPSHOT, VERDICTS
from agent.runtime.durable import append_line, write_whole
from agent.runtime.envelope import enclosed
from agent.runtime.slices import in_slices

MOST_ADDED = 0.5
"""Of the whole: once the lines are longer than that, everything is written anew."""

Key = tuple[object, ...]
"""What of a thing is a change: its verdict and what stands. A newer reading alone waits for the next whole."""


class Part(NamedTuple):
    """What is to be written next: everything, or the things that turned."""

    whole: bool
    base: str
    text: bytes
    keys: dict[str, Key]


class SnapshotWriter:
    """`made` on the loop, `write` on a thread of its own, one after the other."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / SNAPSHOT
        self._changes = directory / CHANGES
        self._base = ""
        self._keys: dict[str, Key] = {}
        self._size = self._added = 0

    async def made(self, head: Mapping[str, Any], standings: Iterable[AssetStatus], *, whole: bool) -> Part:
        """`whole` also where nothing was written yet, or changes became many."""
        whole = whole or not self._base or self._added > MOST_ADDED * self._size
        keys: dict[str, Key] = {}
        base = secrets.token_hex(4) if whole else self._base

        def row(one: AssetStatus) -> bytes:
            keys[one.id] = key = (one.state, one.reasons, one.events, one.test, one.inspected_s)
            return orjson.dumps(standing_as_json(one)) if whole or self._keys.get(one.id) != key else b""

        rows = [text for text in await in_slices(map(row, standings)) if text]
        things = orjson.Fragment(b"[" + b",".join(rows) + b"]")
        return Part(whole, base, orjson.dumps({**head, "base": base, "things": things}) if rows or whole else b"", keys)

    def write(self, part: Part) -> bool:
        """False where the whole that a change belongs to is gone: what is made next is whole. Raises OSError."""
        if not part.text:
            return True
        base, self._base = self._base, ""
        if part.whole:
            write_whole(self._file, enclosed(VERDICTS, part.text) + b"\n")
            self._changes.unlink(missing_ok=True)
            self._size, self._added = len(part.text), 0
        elif base != part.base or not self._file.exists():
            return False
        else:
            line = enclosed(CHANGE, part.text).decode()
            append_line(self._changes, line, sync=True)
            self._added += len(line)
        self._base, self._keys = part.base, part.keys
        return True
