"""What one hydrant has shown: its usual pressure at each hour of the day, and what it gave when water was drawn."""

from array import array
from collections.abc import Mapping
from itertools import repeat
from typing import Any

from agent.judge.flow import FlowTest
from agent.water.curve import MOST_DRAWS, Draw, Hour

HOURS = 24
LONGEST = 250
"""Minutes of an hour that count: what is older than four days fades."""
USUAL_KPA = 8.0
"""What a day's pressure at an hour is off from the usual one, one standard deviation [estimate, docs/water.md]."""
FEWEST = 5
"""Minutes before an hour's pressure is taken as usual."""
_TENTHS = 10


class WaterRecord:
    """Of one hydrant. Pressures in kPa, by the hour of the gateway's own day."""

    __slots__ = ("_counts", "_kpa", "draws")

    def __init__(self) -> None:
        self._kpa = array("f", repeat(0.0, HOURS))
        self._counts = array("B", repeat(0, HOURS))
        self.draws: list[Draw] = []

    def stood(self, hour: int, kpa: float) -> None:
        """A minute's pressure, with nobody drawing near."""
        count = self._counts[hour] = min(LONGEST, self._counts[hour] + 1)
        self._kpa[hour] += (kpa - self._kpa[hour]) / count

    def drew(self, draw: Draw) -> None:
        """Water was drawn, and what it showed."""
        self.draws = sorted([*self.draws, draw], key=lambda one: one.at_s)[-MOST_DRAWS:]

    def tested(self, test: FlowTest) -> None:
        """A flow test is a draw as well; told twice, or read again at a start, it is one."""
        if all(draw.at_s != test.at_s for draw in self.draws):
            self.drew(draw_of(test))

    def usual(self, hour: int) -> float | None:
        """The pressure of an hour; None while too little was seen of it."""
        return self._kpa[hour] if self._counts[hour] >= FEWEST else None

    @property
    def top_kpa(self) -> float | None:
        """The highest pressure of any hour: next to nobody draws then."""
        known = [self._kpa[hour] for hour in range(HOURS) if self._counts[hour] >= FEWEST]
        return max(known, default=None)

    def at(self, hour: int | None, live_kpa: float | None, live_error_kpa: float) -> Hour | None:
        """The pressure to count on: what is read now, or what is usual at an hour; None where neither is known."""
        top = self.top_kpa
        if live_kpa is not None:
            return Hour(live_kpa, live_error_kpa, max(live_kpa, top or 0.0))
        usual = None if hour is None else self.usual(hour)
        return None if usual is None else Hour(usual, USUAL_KPA, max(usual, top or 0.0))

    def as_json(self) -> dict[str, Any]:
        """For keeping: tenths of a kPa, minutes."""
        hours = [[round(kpa * _TENTHS), count] for kpa, count in zip(self._kpa, self._counts, strict=True)]
        return {"hours": hours, "draws": [list(draw) for draw in self.draws]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "WaterRecord":
        """What `as_json` wrote. Raises ValueError, TypeError, KeyError or OverflowError where it is something else."""
        seen = cls()
        for hour, (tenths, count) in zip(range(HOURS), kept["hours"], strict=True):
            seen._kpa[hour], seen._counts[hour] = tenths / _TENTHS, min(LONGEST, count)
        seen.draws = [Draw(*map(float, draw)) for draw in kept["draws"][-MOST_DRAWS:]]
        if any(not 0 <= draw.residual_kpa < draw.static_kpa or draw.flow_l_s <= 0 for draw in seen.draws):
            raise ValueError("a draw that cannot have been")
        return seen


def draw_of(test: FlowTest) -> Draw:
    """What a flow test showed."""
    return Draw(test.at_s, test.static_kpa, test.residual_kpa, test.flow_l_s)


def draws_of(record: WaterRecord | None, test: FlowTest | None) -> list[Draw]:
    """Everything seen of a hydrant's water: its record, and its newest test where that is not in it."""
    draws = [] if record is None else list(record.draws)
    if test is not None and all(draw.at_s != test.at_s for draw in draws):
        draws.append(draw_of(test))
    return draws
