"""A day of a network: how full its tanks are at each hour, and what its simple controls have switched by then."""

from agent.water.hydraulics import Hydraulics
from agent.water.network import Control, LinkKind
from agent.water.system import NoBalance, Settings, Solved

STEPS_AN_HOUR = 4
HOUR_S = 3600.0
NEAR_M = 1e-3
"""A level so near its end stands there: a full tank takes nothing in, an empty one gives nothing."""


def live_through(hydraulics: Hydraulics) -> None:
    """From the file's first moment on through 24 h, in quarters of an hour; `hydraulics.at` tells of it from then on.

    A network without tanks and controls needs none of it. An hour that cannot be solved stays as the one before it.
    """
    network = hydraulics.network
    if not network.tanks and not network.controls:
        return
    levels = [tank.level_m for tank in network.tanks]
    switched = Settings([], [], [link.status for link in network.links], [link.setting for link in network.links])
    first_s = network.clock_start_s
    hours: dict[int, Settings] = {}
    like: Solved | None = None
    for step in range(24 * STEPS_AN_HOUR):
        elapsed_s = step * HOUR_S / STEPS_AN_HOUR
        clock_s = (first_s + elapsed_s) % 86400.0
        _switch(hydraulics, switched, levels, like, elapsed_s, clock_s)
        moment = _moment(hydraulics, switched, levels, clock_s)
        try:
            like = hydraulics.solve(moment, like=like)
        except NoBalance:
            like = None
        if step % STEPS_AN_HOUR == 0:
            hours[int(clock_s // HOUR_S)] = moment
        if like is not None:
            _fill(hydraulics, like, levels, HOUR_S / STEPS_AN_HOUR)
    hydraulics.hours = [hours[hour] for hour in range(24)]


def _moment(hydraulics: Hydraulics, switched: Settings, levels: list[float], clock_s: float) -> Settings:
    network = hydraulics.network
    moment = hydraulics.at(clock_s)
    for tank, level in zip(network.tanks, levels, strict=True):
        moment.heads[tank.node] = network.nodes[tank.node].elev_m + level
        if level >= tank.most_m - NEAR_M:
            moment.one_way |= outwards(hydraulics, tank.node, 1.0)
        elif level <= tank.least_m + NEAR_M:
            moment.one_way |= outwards(hydraulics, tank.node, -1.0)
    moment.status = list(switched.status)
    moment.setting = [
        setting * (network.factor(link.pattern, clock_s) if link.kind is LinkKind.PUMP else 1.0)
        for link, setting in zip(network.links, switched.setting, strict=True)
    ]
    return moment


def outwards(hydraulics: Hydraulics, node: int, way: float) -> dict[int, float]:
    """The links at a tank, with the way in which water leaves it; `way` -1 the way it comes in."""
    return {link: way if hydraulics.ends[link][0] == node else -way for link, _ in hydraulics.joined[node]}


def _switch(
    hydraulics: Hydraulics,
    switched: Settings,
    levels: list[float],
    last: Solved | None,
    elapsed_s: float,
    clock_s: float,
) -> None:
    """Obey the controls that hold now."""
    for control in hydraulics.network.controls:
        if _holds(hydraulics, control, levels, last, elapsed_s, clock_s):
            switched.status[control.link] = control.status
            if control.setting is not None:
                switched.setting[control.link] = control.setting


def _holds(
    hydraulics: Hydraulics,
    control: Control,
    levels: list[float],
    last: Solved | None,
    elapsed_s: float,
    clock_s: float,
) -> bool:
    network, step_s = hydraulics.network, HOUR_S / STEPS_AN_HOUR
    if control.at_s is not None:
        return elapsed_s <= control.at_s < elapsed_s + step_s
    if control.clock_s is not None:
        return clock_s <= control.clock_s < clock_s + step_s
    for tank, level in zip(network.tanks, levels, strict=True):
        if tank.node == control.node:
            return level >= control.limit_m if control.above else level <= control.limit_m
    if last is None or control.node is None:
        return False
    pressure_m = last.heads[control.node] - network.nodes[control.node].elev_m
    return pressure_m >= control.limit_m if control.above else pressure_m <= control.limit_m


def _fill(hydraulics: Hydraulics, solved: Solved, levels: list[float], seconds: float) -> None:
    for n, tank in enumerate(hydraulics.network.tanks):
        flows_in = sum(
            solved.flows[link] if hydraulics.ends[link][1] == tank.node else -solved.flows[link]
            for link, _ in hydraulics.joined[tank.node]
        )
        levels[n] = min(tank.most_m, max(tank.least_m, levels[n] + flows_in * seconds / max(tank.area_m2, 0.01)))
