"""What is worked out beforehand: every hydrant alone, and groups about some, at the hours that tell the day."""

from collections.abc import Callable, Iterator, Sequence
from math import hypot
from typing import NamedTuple

from agent.water.belief import Belief, Flow
from agent.water.enough import spread_of
from agent.water.system import NoBalance
from agent.water.table import Given, Group, Moment, Row

SIZES = (2, 3, 4, 6, 8, 11, 15, 20)
"""How many are opened together. Between two sizes the larger stands."""
FARTHEST_M = 900.0
"""No group reaches farther than hoses and a relay pump do."""
APART_M = 120.0
"""Groups are worked out about hydrants so far apart; who asks between two is answered by the nearer."""
ENOUGH_L_S = 650.0
"""Beyond the largest level that is asked of a station (490 L/s) with its interval: larger groups are not wanted."""
LEAST_L_S = 1.0
SMALL_NODES = 150
"""Networks up to this are worked out at five hours, larger ones at two and a middle one."""

Looked = Callable[[int, int], None]


class Stand(NamedTuple):
    """A hydrant at its node; metres on a plane."""

    id: str
    node: int
    lon: float
    lat: float
    x: float
    y: float


def hours_of(belief: Belief) -> tuple[list[int], list[Moment]]:
    """The hours that are worked out, from least to most drawn, and where every hour of the day lies between them."""
    drawn = [sum(belief.hydraulics.at(hour * 3600.0).draws) for hour in range(24)]
    order = sorted(range(24), key=lambda hour: drawn[hour])
    if drawn[order[-1]] - drawn[order[0]] < 1e-6 and not belief.hydraulics.hours:
        return [0], [Moment(0, 0, 0.0)] * 24
    count = 5 if len(belief.elevations) <= SMALL_NODES else 3
    chosen = [order[round(n * 23 / (count - 1))] for n in range(count)]
    moments = []
    for hour in range(24):
        if hour in chosen:
            at = chosen.index(hour)
            moments.append(Moment(at, at, 0.0))
            continue
        second = next((n for n, one in enumerate(chosen) if drawn[one] >= drawn[hour] and n), count - 1)
        a, b = drawn[chosen[second - 1]], drawn[chosen[second]]
        moments.append(Moment(second - 1, second, (drawn[hour] - a) / (b - a) if b > a else 0.0))
    return chosen, moments


def rows(
    belief: Belief, stands: Sequence[Stand], hours: Sequence[int], looked: Looked, done: frozenset[str] = frozenset()
) -> Iterator[Row]:
    """A row each, but for those `done`. `looked` hears how far it is, and may raise to end it."""
    centres = {stand.id for stand in centres_of(stands)}
    for n, stand in enumerate(stands):
        looked(n, len(stands))
        if stand.id not in done:
            yield _row(belief, stand, stands if stand.id in centres else (), hours)


def centres_of(stands: Sequence[Stand]) -> list[Stand]:
    """Those that groups are worked out about."""
    cells: dict[tuple[int, int], list[Stand]] = {}
    chosen: list[Stand] = []
    for stand in stands:
        column, line = int(stand.x // APART_M), int(stand.y // APART_M)
        near = (
            one for c in (-1, 0, 1) for r in (-1, 0, 1) for one in cells.get((column + c, line + r), ())
        )  # fmt: skip
        if all(hypot(one.x - stand.x, one.y - stand.y) >= APART_M for one in near):
            cells.setdefault((column, line), []).append(stand)
            chosen.append(stand)
    return chosen


def _row(belief: Belief, stand: Stand, about: Sequence[Stand], hours: Sequence[int]) -> Row:
    found = [_alone(belief, stand.node, hour * 3600.0) for hour in hours]
    groups = tuple(_groups(belief, stand, about, hours))
    static, alone = tuple(kpa for kpa, _ in found), tuple(given for _, given in found)
    return Row(stand.id, stand.lon, stand.lat, static, alone, groups)


def _alone(belief: Belief, node: int, at_s: float) -> tuple[float, Given]:
    try:
        return belief.pressure_kpa(node, belief.moment(at_s)[1]), _given(belief.flow([node], at_s)[0])
    except NoBalance:
        return 0.0, Given(0.0, 0.0)


def _given(flow: Flow) -> Given:
    each = tuple(1000 * one for one in flow.each) if len(flow.each) > 1 else ()
    return Given(1000 * flow.m3_s, spread_of(flow) if flow.m3_s else 0.0, each)


def _groups(belief: Belief, stand: Stand, about: Sequence[Stand], hours: Sequence[int]) -> Iterator[Group]:
    """Ever larger groups about one hydrant, nearest first, until more add nothing that is wanted."""
    distances = ((hypot(one.x - stand.x, one.y - stand.y), one) for one in about)
    near = sorted((d, one.id, one) for d, one in distances if d <= FARTHEST_M)[: SIZES[-1]]
    least = 0.0
    for size in SIZES:
        taken = [one for _, _, one in near[:size]]
        if len(taken) < 2 or least > ENOUGH_L_S:
            return
        given: list[Given] = []
        for hour in hours:
            try:
                given.append(_given(belief.flow([one.node for one in taken], hour * 3600.0)[0]))
            except NoBalance:
                given.append(Given(0.0, 0.0, (0.0,) * len(taken)))
        yield Group(tuple(one.id for one in taken), tuple(_whole(one, len(taken)) for one in given))
        least = min(one.l_s for one in given)
        if len(taken) < size:
            return


def _whole(given: Given, count: int) -> Given:
    """With an entry each, of nothing too."""
    return given if len(given.each) == count else given._replace(each=(0.0,) * count)
