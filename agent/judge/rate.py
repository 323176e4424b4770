"""完好率: how many are serviceable, now and over days and months, and the minutes below each limit."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from agent.judge.asset import Asset
from agent.judge.verdict import State, Verdict

By = Literal["all", "station", "district", "kind", "asset"]
DAY_MIN = 1440
UNDATED = "undated"
"""The day of what is judged while the time is not known."""


@dataclass(slots=True)
class Tally:
    """Things, or thing-minutes, by verdict."""

    serviceable: int = 0
    not_serviceable: int = 0
    unknown: int = 0

    def add(self, state: State, n: int = 1) -> None:
        """Count n more."""
        if state is State.SERVICEABLE:
            self.serviceable += n
        elif state is State.NOT_SERVICEABLE:
            self.not_serviceable += n
        else:
            self.unknown += n

    def join(self, other: "Tally") -> None:
        """Count another tally's in."""
        self.serviceable += other.serviceable
        self.not_serviceable += other.not_serviceable
        self.unknown += other.unknown

    @property
    def total(self) -> int:
        """All of them."""
        return self.serviceable + self.not_serviceable + self.unknown

    @property
    def strict(self) -> float | None:
        """Serviceable of all, 0…1; None where there is nothing to count."""
        return self.serviceable / self.total if self.total else None

    @property
    def of_known(self) -> float | None:
        """Serviceable of those known, 0…1; None where nothing is known."""
        known = self.serviceable + self.not_serviceable
        return self.serviceable / known if known else None

    def as_json(self) -> dict[str, Any]:
        """Counts and both rates."""
        return {
            "serviceable": self.serviceable,
            "not_serviceable": self.not_serviceable,
            "unknown": self.unknown,
            "total": self.total,
            "strict": self.strict,
            "of_known": self.of_known,
        }


def group_of(asset: Asset, by: By) -> str:
    """The name of the group an asset is counted in."""
    if by == "all":
        return ""
    return {"station": asset.station, "district": asset.district, "kind": asset.kind, "asset": asset.id}[by]


def rate_now(assets: Iterable[Asset], verdicts: Mapping[str, Verdict], by: By = "all") -> dict[str, Tally]:
    """One count of each thing per group; a thing without a verdict is unknown."""
    groups: dict[str, Tally] = {}
    for asset in assets:
        verdict = verdicts.get(asset.id)
        groups.setdefault(group_of(asset, by), Tally()).add(State.UNKNOWN if verdict is None else verdict.state)
    return groups


@dataclass(slots=True)
class DayOfAsset:
    """One asset's day: minutes by verdict, minutes below each limit."""

    tally: Tally = field(default_factory=Tally)
    below_min: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> list[Any]:
        """For keeping."""
        return [self.tally.serviceable, self.tally.not_serviceable, self.tally.unknown, self.below_min]


@dataclass(slots=True)
class Ledger:
    """Minutes by day and asset. A minute the agent was not there for is added as unknown when a day is read.

    `changed` are the days counted in since whoever keeps them last took note.
    """

    days: dict[str, dict[str, DayOfAsset]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set, compare=False)

    def minute(self, day: str, asset: str, state: State, below: Iterable[str] = ()) -> None:
        """Count one judged minute."""
        self.changed.add(day)
        entry = self.days.setdefault(day, {}).setdefault(asset, DayOfAsset())
        entry.tally.add(state)
        for limit in below:
            entry.below_min[limit] = entry.below_min.get(limit, 0) + 1

    def rate(
        self, assets: Iterable[Asset], day_or_month: str, elapsed_min: Callable[[str], int], by: By = "all"
    ) -> dict[str, Tally]:
        """Time-weighted: minutes of every asset in every day that starts with `day_or_month` (2026-11 or 2026-11-21).

        `elapsed_min(day)` says how many minutes of a day have gone by: all of them must be accounted for.
        """
        days = [day for day in self.days if day == day_or_month or day.startswith(day_or_month + "-")]
        groups: dict[str, Tally] = {}
        for asset in assets:
            group = groups.setdefault(group_of(asset, by), Tally())
            for day in days:
                entry = self.days[day].get(asset.id)
                judged = 0
                if entry is not None:
                    group.join(entry.tally)
                    judged = entry.tally.total
                group.add(State.UNKNOWN, max(0, elapsed_min(day) - judged))
        return groups

    def below(self, day_or_month: str) -> dict[str, dict[str, int]]:
        """Minutes below each limit: {asset: {limit id: minutes}}."""
        found: dict[str, dict[str, int]] = {}
        for day, entries in self.days.items():
            if day == day_or_month or day.startswith(day_or_month + "-"):
                for asset, entry in entries.items():
                    for limit, minutes in entry.below_min.items():
                        mine = found.setdefault(asset, {})
                        mine[limit] = mine.get(limit, 0) + minutes
        return found

    def join(self, other: "Ledger") -> None:
        """Count another ledger's minutes in."""
        for day, entries in other.days.items():
            mine = self.days.setdefault(day, {})
            for asset, entry in entries.items():
                here = mine.setdefault(asset, DayOfAsset())
                here.tally.join(entry.tally)
                for limit, minutes in entry.below_min.items():
                    here.below_min[limit] = here.below_min.get(limit, 0) + minutes

    def forget(self, day: str) -> None:
        """Drop a day."""
        self.days.pop(day, None)

    def as_json(self) -> dict[str, Any]:
        """Everything, for keeping."""
        return {day: {asset: entry.as_json() for asset, entry in entries.items()} for day, entries in self.days.items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Ledger":
        """The ledger that `as_json` wrote."""
        return cls(
            {
                day: {asset: DayOfAsset(Tally(s, n, u), dict(below)) for asset, (s, n, u, below) in entries.items()}
                for day, entries in kept.items()
            }
        )


def elapsed_min(day: str, utc_ns: int | None, zone: ZoneInfo) -> int:
    """How many minutes of a local day have gone by: 1,440 of a past one; of what nobody knows the time of, 0."""
    if day == UNDATED or utc_ns is None:
        return 0
    start = datetime.fromisoformat(day).replace(tzinfo=zone).timestamp()
    return max(0, min(DAY_MIN, int((utc_ns / 1e9 - start) // 60)))
