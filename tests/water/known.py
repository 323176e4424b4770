"""What a gateway in a town would know: the company's drawing, what the terminals showed each hour, some flow tests."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.water.belief import Belief, Reading
from agent.water.closed import Suspect, learn
from agent.water.day import live_through
from agent.water.hydraulics import Hydraulics
from agent.water.inp import Read
from agent.water.tanks import set_by_readings
from tests.water.networks import Town, otherwise, shut_one
from tests.water.referee import Referee

NOISE_KPA = 3.0
"""Of a terminal and of a gauge, one standard deviation."""
TESTED_AT = 10
"""The hour of every flow test: none is asked about."""
FITTED = (3, 8, 13, 19)


@dataclass
class Test:
    """One flow test as it was written down: kPa and L/s."""

    hydrant: str
    static: float
    residual: float
    flow: float


@dataclass
class Known:
    """`hours` are kPa by hydrant, by hour of the day; `drawing` the company's file."""

    drawing: Town
    hours: list[dict[str, float]] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)


def of(truth: Town, judge: Referee, seed: int, *, tests: int, each: bool = True, hours: bool = True) -> Known:
    """What is known of a town: everything read is `NOISE_KPA` off, every measured flow 2 %."""
    chance = random.Random(seed)
    known = Known(otherwise(truth, seed * 7 + 1, each=each))
    hydrants = list(truth.hydrants)
    for hour in range(24) if hours else ():
        judge.at(hour)
        known.hours.append({name: kpa + chance.gauss(0, NOISE_KPA) for name, kpa in judge.pressures(hydrants).items()})
    judge.at(TESTED_AT)
    static = judge.pressures(hydrants)
    for name in chance.sample(hydrants, min(tests, len(hydrants))):
        drawn = max(5.0, min(30.0, 0.6 * judge.gives([name])[name]))
        residual = judge.pressures([name], {name: drawn})[name]
        if residual > 20:
            known.tests.append(
                Test(
                    name,
                    static[name] + chance.gauss(0, NOISE_KPA),
                    residual + chance.gauss(0, NOISE_KPA),
                    drawn * (1 + chance.gauss(0, 0.02)),
                )
            )
    return known


def believed(known: Known) -> tuple[Belief, Callable[[str], int], list[Suspect]]:
    """The product's belief of it, what turns a hydrant's name into its node, and the pipes taken for closed."""
    network = Read(known.drawing.text().encode()).network
    place = {node.id: n for n, node in enumerate(network.nodes)}
    hydraulics = Hydraulics(network)
    live_through(hydraulics)
    read = {hour: {place[name]: kpa for name, kpa in then.items()} for hour, then in enumerate(known.hours)}
    set_by_readings(hydraulics, read)
    readings: list[Reading] = []
    for test in known.tests:
        node, at_s = place[test.hydrant], TESTED_AT * 3600.0
        readings.append(Reading(node, at_s, test.residual, 3.5, ((node, test.flow / 1000),)))
        readings.append(Reading(node, at_s, test.static, 3.5))
    readings += [Reading(node, hour * 3600.0, kpa, 4.0) for hour in FITTED for node, kpa in read.get(hour, {}).items()]
    belief = Belief(hydraulics)
    return belief, place.__getitem__, learn(belief, readings)


def ground(make: Callable[[int], Town], seed: int) -> Town:
    """What lies in the ground: the town with one valve closed."""
    return shut_one(make(seed), seed)


def shut(town: Town) -> Sequence[str]:
    """The pipes that are closed in it."""
    return [pipe.id for pipe in town.pipes if pipe.closed]
