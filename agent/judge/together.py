"""Which hydrants together can feed a wanted flow at 0.10 MPa, yes or no, and what is missing.

With a model: groups that were solved together beforehand (`agent.water.work`). Without one nobody knows how much
hydrants draw each other down: together they give at least what the best of them gives alone, and at most the sum.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from agent.judge.near import SERVICEABLE, Found, Modelled, Water, left, live_of
from agent.judge.place import distance_m
from agent.water.curve import interval
from agent.water.enough import surely
from agent.water.table import Given, Moment, Row, Table

LEVELS = (160.0, 270.0, 330.0, 490.0)
"""L/s of a supply chain that are asked of stations by class (Zhejiang's plan for 2021 to 2025)."""
CENTRE_M = 400.0
"""A group that was worked out about a hydrant so near speaks for a place."""
LEAST_L_S = 1.0
WATER_POINTS = 5
REACH_M = 1300.0
"""How far hydrants and water points are looked for: a group reaches 900 m about one that is up to 400 m away."""
MOST_HYDRANTS = 60
NEAR_M = 3000.0
"""So far about a place what was worked out is read; beyond it hydrants count by what was seen of them."""
UNKNOWN_HIGH_L_S = 175.0
"""What a hydrant may give of which nothing is known: the high end of any."""
Levels = Sequence[float]


class Together(NamedTuple):
    """What a group gives: L/s with its interval; each one's part where it was solved. `spread` 0 without a model."""

    ids: tuple[str, ...]
    flow_l_s: float
    low_l_s: float
    high_l_s: float
    spread: float
    each: dict[str, float]


class Answer(NamedTuple):
    """Of one wanted flow: enough or not (None where nobody knows), by which group, and what is missing, L/s."""

    wanted_l_s: float
    enough: bool | None
    group: Together
    missing_l_s: float

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "wanted_l_s": self.wanted_l_s,
            "enough": self.enough,
            "hydrants_together": len(self.group.ids),
            "flow_l_s": round(self.group.flow_l_s, 1),
            "flow_low_l_s": round(self.group.low_l_s, 1),
            "flow_high_l_s": round(self.group.high_l_s, 1),
            "missing_l_s": round(self.missing_l_s, 1),
        }


def modelled(table: Table | None, hour: int | None) -> dict[str, Modelled]:
    """What a table says of each hydrant alone at an hour; of an unknown hour the one in which most is drawn."""
    if table is None:
        return {}
    moment = moment_of(table, hour)
    found = {}
    for row in table.rows:
        alone = moment.given(row.alone)
        found[row.id] = Modelled(alone.l_s, alone.spread, moment.of(row.static_kpa))
    return found


def moment_of(table: Table, hour: int | None) -> Moment:
    """Where an hour lies in a table; the one in which most is drawn where it is not known."""
    if hour is not None:
        return table.moments[hour]
    return max(table.moments, key=lambda moment: (moment.second, moment.share))


def answers(
    found: Sequence[Found], lon: float, lat: float, table: Table | None, water: Water, wanted: Levels
) -> tuple[list[Answer], bool]:
    """An answer for each wanted flow, and whether the model gave it. `found` are the working things near the place."""
    hydrants = [one for one in found if one.standing.kind != "water_point"]
    groups = None if table is None else _solved(hydrants, lon, lat, table, water)
    if groups:
        return [_by_model(groups, flow) for flow in wanted], True
    return [_by_bounds(hydrants, flow) for flow in wanted], False


def _by_model(groups: Sequence[Together], wanted: float) -> Answer:
    for group in groups:
        if surely(group.flow_l_s, group.spread, wanted):
            return Answer(wanted, True, group, 0.0)
    most = max(groups, key=lambda group: group.flow_l_s)
    return Answer(wanted, False, most, max(0.0, wanted - most.flow_l_s))


def _solved(hydrants: Sequence[Found], lon: float, lat: float, table: Table, water: Water) -> list[Together]:
    """The groups about the nearest hydrant that has some, at this moment, without those that do not work now.

    Who drops out takes his part with him: the others would give more then, so this is the least there is.
    """
    centres = [(distance_m(lon, lat, row.lon, row.lat), row) for row in table.rows if row.groups]
    if not centres:
        return []
    metres, centre = min(centres, key=lambda one: one[0])
    if metres > CENTRE_M:
        return []
    moment = moment_of(table, water.hour)
    works = {one.standing.id: one for one in hydrants if one.standing.state == SERVICEABLE and not one.below}
    rows = {row.id: row for row in table.rows}
    first = next((one for one in hydrants if one.standing.id in works and one.standing.id in rows), None)
    alone = [] if first is None else [_alone(first, rows, water, moment)]
    groups = [_now(group.ids, moment.given(group.given), works, rows, water, moment) for group in centre.groups]
    return [group for group in (*alone, *groups) if group.ids]


def _alone(one: Found, rows: dict[str, Row], water: Water, moment: Moment) -> Together:
    given, fall = moment.given(rows[one.standing.id].alone), _left(one, rows, water, moment)
    return Together((one.standing.id,), *_range(given, fall), {one.standing.id: round(given.l_s * fall, 1)})


def _now(
    ids: Sequence[str],
    given: Given,
    works: dict[str, Found],
    rows: dict[str, Row],
    water: Water,
    moment: Moment,
) -> Together:
    taken = [(name, each) for name, each in zip(ids, given.each, strict=True) if name in works and each >= LEAST_L_S]
    whole = sum(given.each) or 1.0
    fall = min((_left(works[name], rows, water, moment) for name, _ in taken), default=1.0)
    share = fall * sum(each for _, each in taken) / whole
    flow, low, high, spread = _range(given, share)
    each = {name: round(part * fall, 1) for name, part in taken}
    return Together(tuple(each), flow, low, high, spread, each)


def _left(one: Found, rows: dict[str, Row], water: Water, moment: Moment) -> float:
    row = rows.get(one.standing.id)
    return 1.0 if row is None else left(live_of(one.standing, water), moment.of(row.static_kpa))


def _range(given: Given, share: float) -> tuple[float, float, float, float]:
    flow = given.l_s * share
    return flow, *interval(flow, given.spread), given.spread


def _by_bounds(hydrants: Sequence[Found], wanted: float) -> Answer:
    """Without a model: yes where one alone is enough, no where even the sum is not; else nobody knows."""
    works = [one for one in hydrants if one.standing.state == SERVICEABLE and not one.below]
    if not works:
        return Answer(wanted, False, Together((), 0.0, 0.0, 0.0, 0.0, {}), wanted)
    low = max((one.low_l_s or 0.0 for one in works), default=0.0)
    flow = max((one.counted_l_s for one in works), default=0.0)
    for count, one in enumerate(works, 1):
        if (one.low_l_s or 0.0) >= wanted:
            high = _sum(works[:count])
            return Answer(wanted, True, Together((one.standing.id,), one.counted_l_s, low, high, 0.0, {}), 0.0)
    high = _sum(works)
    taken: list[str] = []
    reach = 0.0
    for one in works:
        taken.append(one.standing.id)
        reach += one.counted_l_s
        if reach >= wanted:
            break
    group = Together(tuple(taken), flow, low, high, 0.0, {})
    return Answer(wanted, False if high < wanted else None, group, max(0.0, wanted - flow))


def _sum(works: Iterable[Found]) -> float:
    return sum(UNKNOWN_HIGH_L_S if one.high_l_s is None else one.high_l_s for one in works)


def water_points(found: Sequence[Found]) -> list[dict[str, Any]]:
    """The nearest that work, with what they hold and how high it is to be lifted."""
    points = [one for one in found if one.standing.kind == "water_point" and one.standing.state == SERVICEABLE]
    return [one.as_json() for one in points[:WATER_POINTS]]


def supply_json(
    found: Sequence[Found], lon: float, lat: float, table: Table | None, water: Water, wanted: float | None
) -> dict[str, Any]:
    """Everything `supply` answers. Without a wanted flow the largest level leads, and all four stand."""
    asked = wanted or LEVELS[-1]
    every, by_model = answers(found, lon, lat, table, water, (asked, *LEVELS))
    first, *levels = every
    by_id = {one.standing.id: one for one in found}
    rows = [
        {**by_id[name].as_json(), "gives_l_s": first.group.each.get(name)} for name in first.group.ids if name in by_id
    ]
    return {
        **first.as_json(),
        "by": "model" if by_model else "tests" if any(not one.assumed for one in found) else "rule",
        "hour": water.hour,
        "made_s": None if table is None else table.head.get("made_s"),
        "hydrants": rows,
        "water_points": water_points(found),
        "levels": [level.as_json() for level in levels],
    }
