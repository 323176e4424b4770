"""What each minute said, a line a minute: of a thing only where it is not as the minute before. Pure.

A ledger kept at times and the lines since then are the ledger of every minute that was looked at to its end.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

from agent.judge.ledger import Ledger
from agent.judge.verdict import State

MOST_WAITING = 240
"""Lines that a hanging card may leave unwritten; beyond it the whole ledger is what has to be kept."""

Said = tuple[State, tuple[str, ...], tuple[str, ...]]
"""How a minute came out, below which limits, and why."""
Place = tuple[str, int]
"""A day, and which of its minutes."""
Stretch = tuple[str, int, int]
"""A day, from which of its minutes, up to and without which."""


class Line(NamedTuple):
    """The minutes that one look decided. Number 0 speaks of every thing, each later one of what turned since."""

    number: int
    at: tuple[Place, ...]
    things: Mapping[str, Said]

    def as_json(self) -> dict[str, Any]:
        """For keeping: things of which the same was said stand together."""
        alike: dict[Said, list[str]] = {}
        for asset, said in self.things.items():
            alike.setdefault(said, []).append(asset)
        return {"n": self.number, "at": self.at, "things": [[*said, names] for said, names in alike.items()]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Line":
        """What `as_json` wrote. Raises KeyError, ValueError, TypeError where it is something else."""
        at = tuple((date.fromisoformat(day).isoformat(), int(minute)) for day, minute in kept["at"])
        things: dict[str, Said] = {}
        for state, below, because, names in kept["things"]:
            said = State(state), tuple(map(str, below)), tuple(map(str, because))
            things.update(dict.fromkeys(map(str, names), said))
        if not at or min(minute for _day, minute in at) < 0:
            raise ValueError("minutes of no day")
        return cls(int(kept["n"]), at, things)


class MinuteLines:
    """`looked` at each thing, then `over`: a line more is `waiting`. `begin` where the ledger as it is now is kept."""

    def __init__(self) -> None:
        self.waiting: list[Line] = []
        self.gap = False
        """Minutes were counted of which no line tells: only the ledger, kept whole, has them."""
        self._last: dict[str, Said] = {}
        self._turned: dict[str, Said] = {}
        self._number = 0

    def begin(self) -> None:
        """The next line speaks of every thing again; those not taken yet are not needed."""
        self.waiting, self._number = [], 0

    def looked(self, asset: str, said: Said) -> None:
        """This was said of a thing, for the minutes that the look under way decides."""
        if self._last.get(asset) != said:
            self._last[asset] = self._turned[asset] = said

    def over(self, at: Iterable[Place], gap: bool = False) -> None:
        """Every thing was looked at: these minutes are decided. `gap`: earlier ones were counted as well."""
        self.gap |= gap
        if len(self.waiting) >= MOST_WAITING:
            self.begin()
            self.gap = True
        self.waiting.append(Line(self._number, tuple(at), self._turned if self._number else dict(self._last)))
        self._number += 1
        self._turned = {}


def refill(ledger: Ledger, lines: Iterable[Line]) -> None:
    """Count in what the lines say. Minutes that the ledger has already come out the same again.

    Behind a line that is missing nothing counts until one speaks of every thing.
    """
    filling = _Filling(ledger)
    for line in lines:
        filling.take(line)
    filling.pour()


class _Filling:
    """Minutes in a row that came out the same are put in at once: it costs little more than what turned in them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._next = 0
        self._at: list[Place] = []
        self._held: dict[str, tuple[int, Said]] = {}  # since which of these places, and what
        self._known: dict[tuple[int, int], list[Stretch]] = {}

    def take(self, line: Line) -> None:
        if line.number not in (0, self._next):
            self.pour()
            self._held, self._next = {}, 0
            return
        day = line.at[-1][0]
        if self._at and self._at[-1][0] > day:
            self.pour()
        self._ledger.nothing_after(day)
        here = len(self._at)
        if line.number == 0:
            for asset in self._held.keys() - line.things.keys():
                self._put(asset, here)
                del self._held[asset]
        for asset, said in line.things.items():
            held = self._held.get(asset)
            if held is None or held[1] != said:
                self._put(asset, here)
                self._held[asset] = here, said
        self._at += line.at
        self._next = line.number + 1

    def pour(self) -> None:
        """Put in what is held so far; what was said last goes on."""
        for asset, (_since, said) in self._held.items():
            self._put(asset, len(self._at))
            self._held[asset] = 0, said
        self._at.clear()
        self._known.clear()

    def _put(self, asset: str, end: int) -> None:
        if asset not in self._held:
            return
        since, (state, below, because) = self._held[asset]
        if (since, end) not in self._known:
            self._known[since, end] = list(_stretches(self._at[since:end]))
        for stretch in self._known[since, end]:
            self._ledger.put_stretch(*stretch, asset, state, below, because)


def _stretches(at: Sequence[Place]) -> Iterator[Stretch]:
    for (day, _lag), places in groupby(enumerate(at), lambda one: (one[1][0], one[1][1] - one[0])):
        minutes = [minute for _n, (_day, minute) in places]
        yield day, minutes[0], minutes[-1] + 1
