"""UTC as a terminal's receiver has it, once several of its sentences agree on it."""

from collections import deque
from datetime import UTC, datetime
from typing import NamedTuple

from protocols.beidou.sentence import Sentence

AGREEING = 5
"""Sentences that must agree before one is believed; they come each second."""
WITHIN_NS = 60_000_000_000
AGREE_NS = 1_000_000_000
LATE_MS = 1_000
"""A receiver says the time of a second within that second (NMEA 0183 at 1 Hz), over a wire that adds milliseconds."""
EVERY_NS = 600_000_000_000


class Moment(NamedTuple):
    """At `mono_ms` (CLOCK_BOOTTIME) it was `wall_ms` (UTC), to `err_ms`."""

    wall_ms: int
    mono_ms: int
    err_ms: int


class TerminalTime:
    """`hear` each sentence with the moment it came; every ten minutes something to tell, while they agree."""

    def __init__(self) -> None:
        self._ahead: deque[tuple[int, int]] = deque(maxlen=AGREEING)
        self._due_ns = 0

    def hear(self, sentence: Sentence, mono_ns: int) -> Moment | None:
        """Only a position fix that the receiver calls valid has a time. What came late only makes it seem earlier, so
        the latest of those that agree is the nearest.
        """
        wall_ns = _utc_ns(sentence)
        if wall_ns is None:
            return None
        self._ahead.append((mono_ns, wall_ns - mono_ns))
        (first_ns, _), least, most = self._ahead[0], min(a for _, a in self._ahead), max(a for _, a in self._ahead)
        steady = len(self._ahead) == AGREEING and mono_ns - first_ns <= WITHIN_NS and most - least <= AGREE_NS
        if not steady or mono_ns < self._due_ns:
            return None
        self._due_ns = mono_ns + EVERY_NS
        return Moment((mono_ns + most) // 1_000_000, mono_ns // 1_000_000, LATE_MS + (most - least) // 1_000_000 + 1)


def _utc_ns(sentence: Sentence) -> int | None:
    """Of `xxRMC,hhmmss.ss,A,…,ddmmyy` (NMEA 0183); None for anything else, or without a fix."""
    if sentence.name[-3:] != "RMC" or sentence.field(1) != "A":
        return None
    clock, _, part = sentence.field(0).partition(".")
    try:
        at = datetime.strptime(sentence.field(8) + clock, "%d%m%y%H%M%S").replace(tzinfo=UTC)
        return int(at.timestamp()) * 1_000_000_000 + (int(f"{part:0<9.9}") if part else 0)
    except ValueError:
        return None
