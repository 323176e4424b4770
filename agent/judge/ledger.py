"""The ledger: minutes by day and thing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.judge.days import UNDATED
from agent.judge.minutes import Minutes
from agent.judge.verdict import State


@dataclass(slots=True)
class Ledger:
    """A minute the agent was not there for stands nowhere: whoever sums up a day knows how many it has.

    `changed` are the days counted in since whoever keeps them last took note.
    """

    days: dict[str, dict[str, Minutes]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set, compare=False)

    def put(
        self, day: str, minute: int, asset: str, state: State, below: Sequence[str] = (), because: Sequence[str] = ()
    ) -> None:
        """One judged minute of a day; it takes the place of what was said of it, and of later ones, before."""
        self._entry(day, asset).put(minute, state, below, because)

    def put_stretch(
        self, day: str, start: int, end: int, asset: str, state: State, below: Sequence[str], because: Sequence[str]
    ) -> None:
        """As `put`, of every minute from `start` up to and without `end`."""
        self._entry(day, asset).put_stretch(start, end, state, below, because)

    def _entry(self, day: str, asset: str) -> Minutes:
        """To be counted in."""
        self.changed.add(day)
        entries = self.days.setdefault(day, {})
        entry = entries.get(asset)
        if entry is None:
            entry = entries[asset] = Minutes()
        return entry

    def put_undated(self, asset: str, state: State, below: Sequence[str] = (), because: Sequence[str] = ()) -> None:
        """One judged minute of which nobody knows when it was."""
        known = self.days.get(UNDATED, {}).get(asset)
        self.put(UNDATED, known.end if known is not None else 0, asset, state, below, because)

    def date(self, asset: str, places: Sequence[tuple[str, int]]) -> None:
        """The newest undated minutes of a thing turn out to have been these; what is known already stays."""
        undated = self.days.get(UNDATED, {}).get(asset)
        if undated is None or not places:
            return
        judged = undated.newest(len(places))
        undated.cut(undated.end - len(judged))
        self.changed.add(UNDATED)
        for (day, minute), one in zip(places[len(places) - len(judged) :], judged, strict=True):
            entry = self.days.get(day, {}).get(asset)
            if entry is None or minute >= entry.end:
                self.put(day, minute, asset, one.state, one.below, one.because)

    def nothing_after(self, day: str) -> None:
        """Empty every later day: it has not come yet."""
        for later in [one for one in self.days if one != UNDATED and one > day and self.days[one]]:
            self.empty(later)

    def empty(self, day: str) -> None:
        """Nothing of a day was so."""
        self.days[day] = {}
        self.changed.add(day)

    def add_missing(self, other: "Ledger") -> None:
        """Take over what another ledger knows of things and days this one knows nothing of, and the minutes before."""
        for day, entries in other.days.items():
            mine = self.days.setdefault(day, {})
            for asset, entry in entries.items():
                newer = mine.get(asset)
                mine[asset] = entry
                if newer is not None:
                    for one in newer.judged():
                        entry.put(*one)

    def forget(self, day: str) -> None:
        """Drop a day."""
        self.days.pop(day, None)

    def as_json(self) -> dict[str, Any]:
        """Everything, for keeping."""
        return {day: {asset: entry.as_json() for asset, entry in entries.items()} for day, entries in self.days.items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Ledger":
        """The ledger that `as_json` wrote. Raises ValueError, TypeError, AttributeError."""
        return cls({day: minutes_from(entries) for day, entries in kept.items()})


def minutes_from(entries: Mapping[str, Any]) -> dict[str, Minutes]:
    """One day's minutes by thing, as they are kept. Raises ValueError, TypeError, AttributeError."""
    return {asset: Minutes.from_json(entry) for asset, entry in entries.items()}


def below_of(entries: Iterable[tuple[str, Minutes]]) -> dict[str, dict[str, int]]:
    """Minutes below each limit: {thing: {limit id: minutes}}."""
    return {asset: below for asset, entry in entries if (below := entry.below_min)}


def because_of(entries: Iterable[tuple[str, Minutes]]) -> dict[str, dict[str, int]]:
    """Minutes by reason: {thing: {rule id: minutes}}."""
    return {asset: because for asset, entry in entries if (because := entry.because_min)}
