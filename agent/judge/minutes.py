"""One thing's minutes of one day: which were judged, how each came out, and why."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from agent.judge.marks import Marks, counts, counts_within, cut, mark, marked, marks_from
from agent.judge.tally import Tally
from agent.judge.verdict import State

STATES = (State.SERVICEABLE, State.NOT_SERVICEABLE, State.UNKNOWN)
_CODES = {state: code for code, state in enumerate(STATES)}
_NOT_JUDGED = 3
_CODE_BITS = 2
_NONE: Marks = {}
"""What most days have; never changed."""


def counted(runs: Sequence[int], runs_end: int, start: int, end: int) -> tuple[int, int, int]:
    """(serviceable, not, unknown) minutes from `start` up to and without `end`, of stretches as they are kept."""
    counts = [0, 0, 0, 0]
    stop = min(end, runs_end)
    for at in range(len(runs) - 1, -1, -1):
        first = runs[at] >> _CODE_BITS
        if first < stop:
            counts[runs[at] & _NOT_JUDGED] += max(0, stop - max(first, start))
            stop = first
            if first <= start:
                break
    return counts[0], counts[1], counts[2]


class Run(NamedTuple):
    """Judged minutes in a row that came out the same: from `start` up to and without `end`."""

    start: int
    end: int
    state: State


class Judged(NamedTuple):
    """One minute: how it came out, below which limits it was, and which rules say so."""

    minute: int
    state: State
    below: tuple[str, ...]
    because: tuple[str, ...]


class Minutes:
    """Minutes are counted from the day's beginning; one that was never judged is in no run."""

    __slots__ = ("_because", "_below", "_runs", "end")

    def __init__(self) -> None:
        self._runs: list[int] = []  # first minute and code of each stretch, in one number
        self.end = 0  # the minute after the last judged
        self._below: Marks = _NONE
        self._because: Marks = _NONE

    @property
    def below_min(self) -> dict[str, int]:
        """Minutes below each limit."""
        return counts(self._below)

    @property
    def because_min(self) -> dict[str, int]:
        """Minutes that each rule's failure, or what it could not answer (`id?`), made not serviceable or unknown."""
        return counts(self._because)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Minutes) and self.as_json() == other.as_json()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def put(self, minute: int, state: State, below: Sequence[str] = (), because: Sequence[str] = ()) -> None:
        """This minute was judged. What was said of it or of later ones before was said by a clock that ran ahead."""
        if minute < self.end:
            self.cut(minute)
        if minute > self.end:
            self._turn(self.end, _NOT_JUDGED)
        self._turn(minute, _CODES[state])
        self.end = minute + 1
        if below:
            self._below = self._below or {}
            mark(self._below, minute, below)
        if because:
            self._because = self._because or {}
            mark(self._because, minute, because)

    def put_stretch(
        self, start: int, end: int, state: State, below: Sequence[str] = (), because: Sequence[str] = ()
    ) -> None:
        """As `put`, of every minute from `start` up to and without `end`."""
        self.put(start, state, below, because)
        self.end = end
        for marks, names in ((self._below, below), (self._because, because)):
            for name in names:
                marks[name][-1] = end

    def cut(self, minute: int) -> None:
        """Forget this minute and all later ones."""
        cut(self._below, minute)
        cut(self._because, minute)
        while self._runs and self._runs[-1] >> _CODE_BITS >= minute:
            self._runs.pop()
        self.end = min(self.end, minute)
        if self._runs and self._runs[-1] & _NOT_JUDGED == _NOT_JUDGED:
            self.end = self._runs.pop() >> _CODE_BITS

    def judged(self, since: int = 0) -> Iterator[Judged]:
        """Every minute from there on that was, in order."""
        for run in self.runs():
            for minute in range(max(run.start, since), run.end):
                yield Judged(minute, run.state, marked(self._below, minute), marked(self._because, minute))

    def newest(self, number: int) -> list[Judged]:
        """The last so many minutes, in order; fewer where there are not as many."""
        return list(self.judged(self.end - number))

    def _turn(self, minute: int, code: int) -> None:
        if not self._runs or self._runs[-1] & _NOT_JUDGED != code:
            self._runs.append(minute << _CODE_BITS | code)

    def runs(self) -> Iterator[Run]:
        """In order."""
        for this, following in pairwise([*self._runs, self.end << _CODE_BITS]):
            if (code := this & _NOT_JUDGED) != _NOT_JUDGED:
                yield Run(this >> _CODE_BITS, following >> _CODE_BITS, STATES[code])

    @property
    def tally(self) -> Tally:
        """All that were judged."""
        return self.within(0, self.end)

    def within(self, start: int, end: int) -> Tally:
        """Those judged from `start` up to and without `end`."""
        return Tally(*counted(self._runs, self.end, start, end))

    def because_within(self, start: int, end: int) -> dict[str, int]:
        """As `because_min`, of those from `start` up to and without `end`."""
        return counts_within(self._because, start, end)

    def as_json(self) -> list[Any]:
        """For keeping."""
        return [self._runs, self.end, self._below, self._because]

    @classmethod
    def from_json(cls, kept: list[Any]) -> "Minutes":
        """What `as_json` wrote. Of a day of an earlier version only the sums are known: good ones are put first.

        Raises ValueError or TypeError where it is something else.
        """
        minutes = cls()
        because: dict[str, Any] = {}
        if is_of_sums(kept):
            *sums, below = kept
            for state, n in zip(STATES, sums, strict=True):
                if n > 0:
                    minutes._turn(minutes.end, _CODES[state])
                    minutes.end += int(n)
        else:
            runs, end, below, *more = kept
            because = more[0] if more else {}
            minutes._runs, minutes.end = [int(run) for run in runs], int(end)
            turns = [*(run >> _CODE_BITS for run in minutes._runs), minutes.end]
            if turns != sorted(set(turns)) or turns[0] < 0:
                raise ValueError("stretches of minutes that do not follow each other")
        minutes._below, minutes._because = marks_from(below) or _NONE, marks_from(because) or _NONE
        return minutes


def is_of_sums(kept: Sequence[Any]) -> bool:
    """Whether a day is as the first version kept it: three sums, and how many were below each limit."""
    return len(kept) == 4 and isinstance(kept[0], int)
