"""How often somebody may launch, and the rest after a recall: a right that was stolen or went mad is bounded.

What was kept and cannot be read bounds as if it were the most: for an hour nobody launches but who is on site.

Nothing here holds up a recall, a stop or whoever stands at the nest.
"""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import orjson

from agent.runtime.durable import write_whole
from agent.runtime.envelope import enclosed, opened
from agent.runtime.write_behind import Writer
from protocols.clock import NowNs
from protocols.foreign_json import BadJson

HOUR_NS = 3600 * 10**9
STANDING = ""
"""All standing orders are one who launches."""
LONGEST_BYTES = 64 << 10
KIND = "restraint"
_log = logging.getLogger("hydronest")


class Restrained(NamedTuple):
    """As it stands now: launches of the last hour by key, and the seconds left of each nest's rest."""

    launches: Mapping[str, int] = {}
    most: int = 1000
    rests_s: Mapping[str, float] = {}
    forgotten_s: float = 0.0
    """So long it is not known what was launched or recalled before."""
    lifted: frozenset[str] = frozenset()
    """Nests of which somebody on site has said since that they may fly."""


FREE = Restrained()


class Restraint:
    """`load` first, off the loop. Times are CLOCK_BOOTTIME; what an earlier start of the machine left is no older than
    it looks, so that a restart shortens nothing.
    """

    def __init__(self, path: Path, writer: Writer, now_ns: NowNs, *, per_hour: int, rest_s: float) -> None:
        self._path = path
        self._writer = writer
        self._now_ns = now_ns
        self._per_hour = per_hour
        self._rest_ns = round(rest_s * 1e9)
        self._launches: list[tuple[str, int]] = []
        self._recalled: dict[str, int] = {}
        self._forgotten_ns: int | None = None
        self._lifted: set[str] = set()

    def load(self) -> None:
        """Read what is kept: for the writer's thread."""
        now = self._now_ns()
        try:
            kept = opened(self._path.read_bytes(), KIND, LONGEST_BYTES)
            launches = [(str(key), int(at_ns)) for key, at_ns in kept["launches"]]
            recalled = {str(nest): int(at_ns) for nest, at_ns in kept["recalled"].items()}
            forgotten = kept.get("forgotten")
            forgotten_ns = None if forgotten is None else min(int(forgotten), now)
        except FileNotFoundError:
            return
        except (OSError, BadJson, KeyError, TypeError, ValueError, AttributeError) as error:
            _log.error("%s cannot be read: for an hour only who is on site launches: %s", self._path, error)
            self._forgotten_ns = now
            self._keep()
            return
        self._forgotten_ns = forgotten_ns
        self._launches[:0] = [(key, min(at_ns, now)) for key, at_ns in launches]
        self._recalled = {nest: min(at_ns, now) for nest, at_ns in recalled.items()} | self._recalled

    def now(self) -> Restrained:
        """Pure as an answer: it holds for this moment."""
        now = self._now_ns()
        counts: dict[str, int] = {}
        for key in self._lately(now):
            counts[key] = counts.get(key, 0) + 1
        left = {nest: (at_ns + self._rest_ns - now) / 1e9 for nest, at_ns in self._recalled.items()}
        rests = {nest: left_s for nest, left_s in left.items() if left_s > 0}
        forgotten_s = 0.0 if self._forgotten_ns is None else max(0.0, (self._forgotten_ns + HOUR_NS - now) / 1e9)
        return Restrained(counts, self._per_hour, rests, forgotten_s, frozenset(self._lifted))

    def launched(self, key: str) -> None:
        """By this key, or by a standing order."""
        now = self._now_ns()
        self._launches = [one for one in self._launches if now - one[1] < HOUR_NS]
        self._launches.append((key, now))
        self._keep()

    def recalled(self, nest: str) -> None:
        """Somebody wanted its flight ended: from now on it rests."""
        self._recalled[nest] = self._now_ns()
        self._keep()

    def lift(self, nest: str) -> bool:
        """Somebody on site says that it may fly again; whether it rested."""
        restrained = self.now()
        forgotten = restrained.forgotten_s > 0 and nest not in self._lifted
        rested = nest in restrained.rests_s or forgotten
        if forgotten:
            self._lifted.add(nest)
        if self._recalled.pop(nest, None) is not None:
            self._keep()
        return rested

    def _lately(self, now_ns: int) -> Iterable[str]:
        return (key for key, at_ns in self._launches if now_ns - at_ns < HOUR_NS)

    def _keep(self) -> None:
        """Behind whoever acts: a card that hangs delays nobody."""
        kept = {"launches": self._launches[-1000:], "recalled": self._recalled, "forgotten": self._forgotten_ns}
        text = enclosed(KIND, orjson.dumps(kept))
        self._writer.later(lambda: write_whole(self._path, text))
