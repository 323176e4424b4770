"""The journal's files damaged while no agent runs, and the book that says afterwards what may be missing.

A hit in the log's very last commit looks like a power cut in that commit, and a log cut off like one before it: what
was only there is forgotten, unsaid (docs/journal.md). Everything else is delivered, or counted and told.
"""

import json
import os
import random
import shutil
import sqlite3
import zlib
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

from agent.journal.recovery import sum_of
from agent.runtime.clock.reckon import Fix
from hil.platform import Store

LANES = ("event", "telemetry", "summary")
LOG_HEAD_BYTES = 32
LOG_MAGIC = b"\x37\x7f\x06"  # and a bit for the checksums' byte order
FRAME_HEAD = Struct(">IIII")  # page, pages after a commit or 0, two salts

Key = tuple[str, int]
"""(boot, seq)."""


class Row(NamedTuple):
    """A record as the file holds it."""

    priority: str
    mono_ms: int
    n: int
    body: bytes

    def content(self) -> dict[str, Any]:
        """Its JSON."""
        content: dict[str, Any] = json.loads(zlib.decompress(self.body[1:]))
        return content


@dataclass
class Book:
    """Everything the journal was seen to hold, read by another SQLite than the agent's."""

    journal: Path
    scratch: Path
    rows: dict[Key, Row] = field(default_factory=dict)
    fixes: set[Fix] = field(default_factory=set)
    forgotten: set[Key] = field(default_factory=set)
    hurts: Counter[str] = field(default_factory=Counter)
    tally: list[list[Any]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """The write-ahead log."""
        return self.journal.with_name(self.journal.name + "-wal")

    def look(self) -> set[Key]:
        """Note what the files hold. No agent may have them open."""
        held = self._read(self.log.read_bytes() if self.log.exists() else b"")
        for key, row in held.items():
            assert self.rows.setdefault(key, row) == row, f"{key} was something else before"
        self.forgotten -= held.keys()
        return set(held)

    def _read(self, log: bytes) -> dict[Key, Row]:
        """What a copy with this log holds."""
        self.scratch.mkdir()
        try:
            copy = Path(shutil.copy(self.journal, self.scratch))
            copy.with_name(self.log.name).write_bytes(log)
            db = sqlite3.connect(copy)
            try:
                for (tally,) in db.execute("SELECT value FROM mark WHERE name = 'tally'"):
                    self.tally = json.loads(tally[8:])[2]
                fixes = db.execute("SELECT kernel_boot, mono_ms, wall_ms, err_ms, source, crc FROM clock")
                self.fixes.update(Fix(*fix) for *fix, crc in fixes if crc == sum_of(*fix))
                return {
                    (f"{boot:012x}", seq): Row(priority, *rest)
                    for priority in LANES
                    for boot, seq, *rest in db.execute(f"SELECT boot, seq, t0, n, body FROM {priority}")
                }
            finally:
                db.close()
        finally:
            shutil.rmtree(self.scratch)

    def hurt(self, dice: random.Random) -> None:
        """Flip bits, zero a page or cut off the log. No agent may have the files open."""
        held = self.look()
        log = self.log.read_bytes()
        size = 8 + 16 + int.from_bytes(log[8:12], "big")
        ends = [at + size for at in frames(log, size) if is_commit(log, at)]
        what = dice.choice(("bit", "bits", "page", "log bit", "log bits", "log page", "log cut")[: 7 if ends else 3])
        self.hurts[what] += 1
        if what == "log cut":
            cut = dice.randrange(ends[-1])
            self._forget(held, log[:cut])
            os.truncate(self.log, cut)
        else:
            path, used = (self.log, ends[-1]) if "log" in what else (self.journal, None)
            content = bytearray(path.read_bytes())
            used = used or len(content.rstrip(b"\0"))
            if "page" in what:
                at = dice.randrange(used) // 1024 * 1024
                content[at : at + 1024] = bytes(len(content[at : at + 1024]))
            for _ in range({"bit": 1, "bits": dice.randint(2, 9)}.get(what.removeprefix("log "), 0)):
                content[dice.randrange(used)] ^= 1 << dice.randrange(8)
            if "log" in what:
                self._forget(held, log[: unsaid(log, content, size)])
            path.write_bytes(content)

    def _forget(self, held: set[Key], log: bytes) -> None:
        """Only this much of the log counts."""
        try:
            self.forgotten |= held - set(self._read(log))
        except sqlite3.DatabaseError:  # written back just before: the file is ahead of what is left of its log
            self.forgotten |= held

    def account(self, stores: dict[str, Store]) -> dict[str, Any]:
        """Hold the journal to its own account, and what the platforms keep to the journal."""
        held = self.look()
        said = {key: row for key, row in self.rows.items() if key not in self.forgotten}
        losses = [
            event["evidence"]
            for row in self.rows.values()
            if row.priority == "event"
            for event in row.content()["events"]
            if event["kind"] == "data_lost" and "first_seq" in event["evidence"]
        ]

        def told(key: Key) -> bool:
            priority, seq = self.rows[key].priority, key[1]
            return any(loss["lane"] == priority and loss["first_seq"] <= seq <= loss["last_seq"] for loss in losses)

        gone = Counter[str]()
        for priority, (_, _, holds, taken, released, condensed, lost, _) in zip(LANES, self.tally, strict=True):
            in_lane = {key: row.n for key, row in said.items() if row.priority == priority}
            most = sum(row.n for row in self.rows.values() if row.priority == priority)
            assert holds == sum(n for key, n in in_lane.items() if key in held)
            assert sum(in_lane.values()) <= taken <= most, (
                f"{priority}: {taken} taken, {sum(in_lane.values())} in the book"
            )
            assert taken == holds + released + condensed + lost
            assert (
                released or condensed or all(told(key) for key in said.keys() - held if said[key].priority == priority)
            )
            gone[priority] = lost
        account: dict[str, Any] = {"committed": len(said), "forgotten": len(self.rows) - len(said)}
        for name, store in stores.items():
            kept = set()
            for message in store.messages():
                kept.add(key := (message["boot"], message["seq"]))
                row = self.rows.get(key)
                assert row is not None, f"{name} has {key}, which was never committed"
                assert (message["lane"], message["mono_ms"], message["n"]) == row[:3]
                assert row.content().items() <= message.items(), f"{name}: {key} says something else"
            missing = said.keys() - self.forgotten - kept
            assert all(told(key) for key in missing), f"{name} lacks {[key for key in missing if not told(key)][:5]}"
            in_order(store, self.forgotten)
            account[name] = {"kept": len(kept), "lacks": len(missing), "repeats": store.account().repeats}
        return {**account, "readings_lost": dict(+gone), "hurts": dict(self.hurts)}


def in_order(store: Store, forgotten: set[Key]) -> None:
    """By seq, whatever the wall clock said, every device's readings are in the order they were read."""
    newest: dict[tuple[str, str, str], int] = {}
    for message in sorted(store.messages("telemetry"), key=lambda message: int(message["seq"])):
        if (message["boot"], message["seq"]) in forgotten:
            continue  # its seq may have been given again
        for frame in message["frames"]:
            for device, at_ms in zip(frame["device"], frame["at_ms"], strict=True):
                name = (device, frame["profile"], str(frame["points"]))
                read_ms = message["mono_ms"] + at_ms
                assert newest.get(name, -1) < read_ms, f"{name} at seq {message['seq']}: before what came before it"
                newest[name] = read_ms


def frames(log: bytes | bytearray, size: int) -> range:
    """Where the frames of a log begin."""
    return range(LOG_HEAD_BYTES, len(log) - size + 1, size) if log[:3] == LOG_MAGIC else range(0)


def is_commit(log: bytes | bytearray, at: int) -> bool:
    """Whether this frame ends a commit of the log's own life, and not of one written over."""
    _, pages, *salts = FRAME_HEAD.unpack_from(log, at)
    return pages > 0 and _salts(log) == salts


def _salts(log: bytes | bytearray) -> list[int]:
    """The salts in the log's head."""
    return [int.from_bytes(log[at : at + 4], "big") for at in (16, 20)]


def unsaid(before: bytes, after: bytearray, size: int) -> int:
    """Up to where a log that was hit can still be vouched for.

    The account of the last whole commit counts all before it. But where fewer than two commits lie at or behind the
    first frame that was hit, that one and what follows are taken for a power cut.
    """
    hits = [at for at in frames(before, size) if before[at : at + size] != after[at : at + size]]
    commits = [at + size for at in frames(before, size) if is_commit(before, at)]
    if not hits or before[:LOG_HEAD_BYTES] != after[:LOG_HEAD_BYTES]:
        return len(before)
    whole = [end for begin, end in pairwise([LOG_HEAD_BYTES, *commits]) if not any(begin <= at < end for at in hits)]
    if sum(is_commit(after, at) for at in frames(after, size) if at >= hits[0]) < 2:
        whole = [end for end in whole if end <= hits[0]]
    return max(whole, default=LOG_HEAD_BYTES)
