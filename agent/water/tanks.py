"""Whether a tank took part at an hour: a float valve that has shut lifts a whole zone, and the drawing may be wrong.

The day that was lived through (`agent.water.day`) says when a tank is full; a little more or less drawn, and it says so
an hour too early or late. Where pressures were read at an hour, they say it better.
"""

from collections.abc import Mapping
from statistics import median

from agent.water.day import outwards
from agent.water.headloss import KPA_M
from agent.water.hydraulics import Hydraulics
from agent.water.system import NoBalance, Settings

CLEARLY = 0.7
"""Another state is believed where it misses less than this part of what the drawing's own misses."""
LEAST_KPA = 4.0
MOST_TANKS = 4


def set_by_readings(hydraulics: Hydraulics, read: Mapping[int, Mapping[int, float]]) -> list[tuple[int, int]]:
    """Put each hour's tanks as the pressures (kPa by node, by hour) say. (hour, tank) of those that stand otherwise."""
    network = hydraulics.network
    changed: list[tuple[int, int]] = []
    if not hydraulics.hours or not network.tanks or len(network.tanks) > MOST_TANKS:
        return changed
    for hour, pressures in sorted(read.items()):
        moment = hydraulics.hours[hour]
        if len(pressures) < 2 or (miss := _miss(hydraulics, moment, pressures)) is None:
            continue
        for n, tank in enumerate(network.tanks):
            links = {link for link, _ in hydraulics.joined[tank.node]}
            without = {link: way for link, way in moment.one_way.items() if link not in links}
            for one_way in (without, without | outwards(hydraulics, tank.node, 1.0)):
                other = Settings(moment.draws, moment.heads, moment.status, moment.setting, one_way)
                found = _miss(hydraulics, other, pressures)
                if found is not None and found < min(CLEARLY * miss, miss - LEAST_KPA):
                    moment, miss = other, found
                    changed.append((hour, n))
        hydraulics.hours[hour] = moment
    return changed


def _miss(hydraulics: Hydraulics, moment: Settings, pressures: Mapping[int, float]) -> float | None:
    """The median of what is missed, kPa; None where nothing fits together."""
    try:
        solved = hydraulics.solve(moment)
    except NoBalance:
        return None
    nodes = hydraulics.network.nodes
    return median(abs(kpa - (solved.heads[node] - nodes[node].elev_m) / KPA_M) for node, kpa in pressures.items())
