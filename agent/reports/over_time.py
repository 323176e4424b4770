"""The rate over days, months and years: every minute of everything that existed, as it was. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import add
from typing import Any, NamedTuple

from agent.judge.asset import Asset
from agent.judge.days import Days
from agent.judge.life import Lives, Stretch
from agent.judge.minutes import Minutes
from agent.judge.rate import By, group_of
from agent.judge.service.day_index import DaySums
from agent.judge.tally import Tally
from agent.settings.rules import Counted

DAY = timedelta(days=1)


class OneDay(NamedTuple):
    """One day: its first UTC minute, how many have gone by, its sums, and what gives each thing's own minutes."""

    day: date
    begin_min: int
    elapsed_min: int
    sums: DaySums | None
    minutes: Callable[[], Mapping[str, Minutes]]


@dataclass(slots=True)
class Missing:
    """What nobody judged: whole days as [first, last], and the minutes missing of others."""

    days: list[list[str]] = field(default_factory=list)
    of_days: dict[str, int] = field(default_factory=dict)
    minutes: int = 0
    _last: date | None = None

    def note(self, day: date, missing_min: int, elapsed_min: int) -> None:
        """One day after the other."""
        if missing_min <= 0:
            return
        self.minutes += missing_min
        if missing_min < elapsed_min:
            self.of_days[day.isoformat()] = missing_min
        elif self._last is not None and (day - self._last).days == 1:
            self.days[-1][1] = day.isoformat()
            self._last = day
        else:
            self.days.append([day.isoformat()] * 2)
            self._last = day

    def as_json(self) -> dict[str, Any]:
        """For an answer."""
        return {"days": self.days, "of_days": self.of_days, "minutes": self.minutes}


class _Whole(NamedTuple):
    """A stretch's days from midnight to midnight (or to now), and what its columns had summed up to when they began."""

    thing: Asset
    good: int
    bad: int
    elapsed_min: int


class Counter:
    """Counts day after day. `begin_min` and `end_min` bound the period in UTC minutes; what has not come yet is none.

    Whole days are summed up by columns; only where a life turns within a day, that thing's own minutes are asked for.
    """

    def __init__(
        self, lives: Lives, counting: Mapping[str, Counted], by: By, days: Days, begin_min: int, end_min: int
    ) -> None:
        self._counting = counting
        self._by: By = by
        self._days = days
        self._end_min = end_min
        self.groups: dict[str, Tally] = {}
        self.not_counted_min = 0
        self.below: dict[str, dict[str, int]] = {}
        self.because: dict[str, dict[str, int]] = {}
        self.missing = Missing()
        self._known: set[str] = set()
        self._columns: dict[str, _Columns] = {}
        self._elapsed_min = 0
        self._begins: dict[int, list[tuple[str, Asset]]] = {}
        self._ends: dict[int, list[str]] = {}
        self._parts: dict[int, list[tuple[str, Stretch]]] = {}
        self._whole: dict[str, _Whole] = {}
        for asset in lives.assets:
            for stretch in lives.stretches(asset, begin_min, end_min):
                self._known.add(asset)
                self._plan(asset, stretch)

    def _plan(self, asset: str, stretch: Stretch) -> None:
        """On which days it is to be looked at, and how."""
        if self._counting[stretch.state] != "judged":
            self._flat(asset, stretch, self._counting[stretch.state])
            return
        begin, end, days = stretch.from_min, stretch.to_min, self._days
        first = days.day_of(begin)
        whole_from = begin if begin == days.begin_min(first) else days.begin_min(first + DAY)
        whole_to = end if end == self._end_min else days.begin_min(days.day_of(end))
        parts = [(begin, end)]
        if whole_from <= whole_to:
            parts = [(begin, whole_from), (whole_to, end)]
        if whole_from < whole_to:
            self._begins.setdefault(whole_from, []).append((asset, stretch.thing))
            self._ends.setdefault(whole_to, []).append(asset)
        for part_from, part_to in parts:
            if part_from < part_to:
                day = days.begin_min(days.day_of(part_from))
                part = stretch._replace(from_min=part_from, to_min=part_to)
                self._parts.setdefault(day, []).append((asset, part))

    def day(self, one: OneDay) -> None:
        """The next day."""
        self._close(one.begin_min)
        for asset, thing in self._begins.pop(one.begin_min, ()):
            self._whole[asset] = _Whole(thing, *self._summed(asset), self._elapsed_min)
        judged = 0
        if one.sums is not None:
            judged = min(one.sums.judged, one.elapsed_min)
            columns = self._columns.get(one.sums.ids)
            if columns is None:
                columns = self._columns[one.sums.ids] = _Columns(one.sums)
            columns.add(one.sums)
            self._add(self.below, one.sums.below, self._known)
            self._add(self.because, one.sums.because, self._whole.keys())
        self._elapsed_min += one.elapsed_min
        self.missing.note(one.day, one.elapsed_min - judged, one.elapsed_min)
        for asset, part in self._parts.pop(one.begin_min, ()):
            mine = one.minutes().get(asset)
            minutes = part.to_min - part.from_min
            judged_part = Tally()
            if mine is not None:
                of_day = part.from_min - one.begin_min, part.to_min - one.begin_min
                judged_part = mine.within(*of_day)
                self._add(self.because, {asset: mine.because_within(*of_day)}, (asset,))
            self._count(part.thing, judged_part.serviceable, judged_part.not_serviceable, minutes)

    def finish(self) -> dict[str, Tally]:
        """Minutes by group."""
        for end_min in list(self._ends):
            self._close(end_min)
        return self.groups

    def _close(self, end_min: int) -> None:
        for asset in self._ends.pop(end_min, ()):
            whole = self._whole.pop(asset)
            good, bad = self._summed(asset)
            minutes = self._elapsed_min - whole.elapsed_min
            self._count(whole.thing, good - whole.good, bad - whole.bad, minutes)

    def _summed(self, asset: str) -> tuple[int, int]:
        """What the columns have of a thing so far."""
        good = bad = 0
        for columns in self._columns.values():
            at = columns.at.get(asset)
            if at is not None:
                good += columns.good[at]
                bad += columns.bad[at]
        return good, bad

    def _count(self, thing: Asset, good: int, bad: int, minutes: int) -> None:
        self._group(thing).join(Tally(good, bad, max(0, minutes - good - bad)))

    def _flat(self, asset: str, stretch: Stretch, counted: Counted) -> None:
        """Minutes that count as somebody said: that, and no rule, is why."""
        minutes = stretch.to_min - stretch.from_min
        if counted == "not_counted":
            self.not_counted_min += minutes
            return
        self._add(self.because, {asset: {stretch.state.value: minutes}}, (asset,))
        if counted == "not_serviceable":
            self._count(stretch.thing, 0, minutes, minutes)
        else:
            self._count(stretch.thing, 0, 0, minutes)

    def _group(self, thing: Asset) -> Tally:
        return self.groups.setdefault(group_of(thing, self._by), Tally())

    @staticmethod
    def _add(whole: dict[str, dict[str, int]], more: Mapping[str, Mapping[str, int]], of: Collection[str]) -> None:
        for asset in more.keys() & of:
            mine = whole.setdefault(asset, {})
            for name, minutes in more[asset].items():
                mine[name] = mine.get(name, 0) + minutes


class _Columns:
    """The sums of days that had the same things."""

    def __init__(self, sums: DaySums) -> None:
        self.at = {asset: position for position, asset in enumerate(sums.assets)}
        self.good = [0] * len(self.at)
        self.bad = [0] * len(self.at)

    def add(self, sums: DaySums) -> None:
        """One more day."""
        self.good = list(map(add, self.good, sums.serviceable))
        self.bad = list(map(add, self.bad, sums.not_serviceable))
