"""The journal's account: what every lane took, what it still holds and what became of the rest. Pure."""

import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

import orjson

from agent.link.record import PriorityClass
from protocols.reason import plain


class Fate(StrEnum):
    """What became of readings that are no longer rows."""

    RELEASED = "released"  # every uplink confirmed them
    CONDENSED = "condensed"  # a summary stands for them
    LOST = "lost"  # counted and reported


@dataclass(slots=True)
class PriorityTally:
    """One lane. Readings: taken = held + released + condensed + lost, always and exactly."""

    rows: int = 0
    size: int = 0  # bytes of the bodies held
    held: int = 0
    taken: int = 0
    released: int = 0
    condensed: int = 0
    lost: int = 0
    gone: list[list[int]] = field(default_factory=list)  # [first seq, last seq, readings] that are no longer rows

    def copy(self) -> "PriorityTally":
        """An independent copy."""
        gone = [[*span] for span in self.gone]
        return PriorityTally(
            self.rows, self.size, self.held, self.taken, self.released, self.condensed, self.lost, gone
        )

    def add(self, size: int, n: int) -> None:
        """A row came."""
        self.rows += 1
        self.size += size
        self.held += n
        self.taken += n

    def remove(self, lo: int, hi: int, rows: int, size: int, n: int, fate: Fate) -> None:
        """The rows from `lo` to `hi`, and no other row between them, went."""
        self.rows -= rows
        self.size -= size
        self.held -= n
        setattr(self, fate.value, getattr(self, fate.value) + n)
        self.mark_gone(lo, hi, n)

    def mark_gone(self, lo: int, hi: int, n: int) -> None:
        """Note a removed range, joined with what touches it."""
        before = [span for span in self.gone if span[1] < lo - 1]
        after = [span for span in self.gone if span[0] > hi + 1]
        touching = self.gone[len(before) : len(self.gone) - len(after)]
        joined = [
            min([lo, *[span[0] for span in touching]]),
            max([hi, *[span[1] for span in touching]]),
            n + sum(span[2] for span in touching),
        ]
        self.gone = [*before, joined, *after]

    def join_gone(self, lo: int, hi: int) -> None:
        """No row lies between `lo` and `hi`: removed ranges there are one."""
        inner = [span for span in self.gone if span[1] >= lo and span[0] <= hi]
        if len(inner) > 1:
            outer = [span for span in self.gone if not (span[1] >= lo and span[0] <= hi)]
            joined = [inner[0][0], inner[-1][1], sum(span[2] for span in inner)]
            self.gone = sorted([*outer, joined])

    def covers(self, seq: int) -> bool:
        """Whether this seq lies in a removed range: then what follows it cannot be checked against it."""
        return any(lo <= seq <= hi for lo, hi, _ in self.gone)

    def gone_between(self, after: int, before: int) -> int:
        """Readings known to be removed strictly between two seqs."""
        return sum(n for lo, hi, n in self.gone if lo > after and hi < before)

    @property
    def balanced(self) -> bool:
        """Whether the account adds up."""
        parts = self.held + self.released + self.condensed + self.lost
        return self.taken == parts and min(self.rows, self.size, self.held) >= 0


@dataclass(slots=True)
class Tally:
    """All lanes, the next seq, and a count of commits that tells an older copy from a newer one."""

    tick: int = 0
    next_seq: int = 1
    priorities: dict[PriorityClass, PriorityTally] = field(
        default_factory=lambda: {priority: PriorityTally() for priority in PriorityClass}
    )

    def __getitem__(self, priority: PriorityClass) -> PriorityTally:
        return self.priorities[priority]

    def copy(self) -> "Tally":
        """An independent copy."""
        return Tally(self.tick, self.next_seq, {priority: one.copy() for priority, one in self.priorities.items()})

    def text(self) -> str:
        """As stored: JSON with its own checksum, so that a salvaged copy can be trusted."""
        priorities = [
            [t.rows, t.size, t.held, t.taken, t.released, t.condensed, t.lost, t.gone] for t in self.priorities.values()
        ]
        return summed([self.tick, self.next_seq, priorities])

    @classmethod
    def parse(cls, text: str) -> "Tally":
        """Raises ValueError where the text is damaged."""
        tick, next_seq, priorities = cast("tuple[int, int, list[list[Any]]]", checked_json(text))
        return cls(
            tick,
            next_seq,
            {priority: PriorityTally(*parts) for priority, parts in zip(PriorityClass, priorities, strict=True)},
        )


def summed(value: object) -> str:
    """JSON text with its CRC32 in front; reasons as they pass on every wire."""
    text = orjson.dumps(value, default=plain)
    return f"{zlib.crc32(text):08x}{text.decode()}"


def checked_json(text: str) -> object:
    """What `summed` wrote. Raises ValueError where it is damaged."""
    body = text[8:].encode()
    if text[:8] != f"{zlib.crc32(body):08x}":
        raise ValueError(f"a mark does not match its checksum: {text[:60]!r}")
    value: object = orjson.loads(body)
    return value
