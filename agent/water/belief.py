"""How wrong a drawing of the mains may be, what readings say about that, and what is then believed of any flow.

A drawing's roughness, draws, elevations and sources are each off by so much (`Doubt`). Whatever can be read or asked
is, near the solution, a straight line over these; its slopes come from one more solution with the same factor (the
adjoint). So readings move the drawing (Gauss and Newton's steps), and what they leave open is the interval.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from operator import mul
from typing import NamedTuple

from agent.water.balance import HOLD
from agent.water.gauss import explained, shared, solved
from agent.water.headloss import KPA_M
from agent.water.hydraulics import Hydraulics
from agent.water.network import LinkKind, Status
from agent.water.system import NoBalance, Settings, Solved

OUTLET_KPA = 100.0
"""What must be left at a hydrant: 0.10 MPa above ground (GB 55036-2022 3.0.3)."""
MOST_READINGS = 90
STEPS = 3
METER = 0.02
"""Standard deviation of a drawn flow, as a share: a pitot gauge, a meter in its lower range."""
FARTHEST = 1.2
"""No readings move a roughness or a draw by more than this, as a logarithm: beyond it something else is wrong."""
LEFT_OPEN = 0.01
"""What readings never take away of a variance."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Standard deviations of what a drawing says: of each part for itself, and of all of them together.

    Of logarithms of a pipe's resistance and a node's draw; metres. Estimates, for roughness within 20 %, draws within
    30 %, elevations within 1 m: what may be anywhere within a bound has 0.58 of it as its deviation, and a resistance
    goes with the 1.852th power of roughness.
    """

    resistance: float = 0.22
    resistance_all: float = 0.20
    draw: float = 0.18
    draw_all: float = 0.16
    elevation_m: float = 0.6
    source_m: float = 0.7


class Reading(NamedTuple):
    """A pressure (kPa) at a node at a time of day (s), with so much drawn (m³/s by node); `error_kpa` is its own."""

    node: int
    at_s: float
    kpa: float
    error_kpa: float
    drawn: tuple[tuple[int, float], ...] = ()


class Miss(NamedTuple):
    """By how much a reading is above what is believed, kPa: before and after it was learned from."""

    reading: Reading
    before: float
    after: float


class Flow(NamedTuple):
    """m³/s together and of each outlet, and the standard deviation of the sum's logarithm."""

    m3_s: float
    spread: float
    each: tuple[float, ...] = ()


class Belief:
    """A network with its doubts. `fit` takes readings; `flow` says what outlets give. `close` shuts links besides."""

    def __init__(self, hydraulics: Hydraulics, doubt: Doubt | None = None) -> None:
        self.hydraulics = hydraulics
        self.doubt = doubt or Doubt()
        net = hydraulics.network
        self.pipes = [n for n, link in enumerate(net.links) if link.kind <= LinkKind.CHECK]
        self.elevations = [node.elev_m for node in net.nodes]
        self.moved: list[float] = []
        """How far readings moved each doubt, in standard deviations: of the pipes first, in the order of `pipes`."""
        self.misses: list[Miss] = []
        self.misfit = 0.0
        """Twice the negative logarithm of how likely drawing and readings are together."""
        self._sources = [n for n, node in enumerate(net.nodes) if node.head_m is not None]
        nodes = len(net.nodes)
        self._counts = (len(self.pipes), 1, nodes, 1, nodes, len(self._sources))
        self._first_elevation = len(self.pipes) + 1 + nodes + 1
        self._draw = [1.0] * nodes
        self._source = [0.0] * nodes
        self._shut: frozenset[int] = frozenset()
        self._known: list[list[float]] = []
        self._factor: list[list[float]] = []
        self._base: dict[float, tuple[Settings, Solved]] = {}

    def close(self, links: Iterable[int]) -> None:
        """Take just these for closed, and forget what was learned."""
        self._shut = frozenset(links)
        self._known, self._factor, self.misses, self.misfit = [], [], [], 0.0
        self._move([0.0] * sum(self._counts))

    def moment(self, at_s: float) -> tuple[Settings, Solved]:
        """The network as believed at a time of day, with no hydrant open. Raises NoBalance."""
        known = self._base.get(at_s)
        if known is None:
            moment = self.hydraulics.at(at_s)
            for node, factor in enumerate(self._draw):
                moment.draws[node] *= factor
            for node in self._sources:
                head = moment.heads[node]
                moment.heads[node] = None if head is None else head + self._source[node]
            for link in self._shut:
                moment.status[link] = Status.CLOSED
            known = self._base[at_s] = moment, self.hydraulics.solve(moment)
        return known

    def pressure_kpa(self, node: int, at: Solved) -> float:
        """Of a node in a solution."""
        return (at.heads[node] - self.elevations[node]) / KPA_M

    def flow(self, nodes: Sequence[int], at_s: float, like: Solved | None = None) -> tuple[Flow, Solved]:
        """What these give together, each held at 0.10 MPa, and how sure that is. Raises NoBalance."""
        moment, base = self.moment(at_s)
        outlets = [(node, self.elevations[node] + OUTLET_KPA * KPA_M) for node in nodes]
        found = self.hydraulics.solve(moment, outlets, like=like or base)
        together, each = found.together, tuple(found.gives)
        if together <= 1e-5:
            return Flow(0.0, 0.0, each), found
        return Flow(together, self._spread(self._given(found, at_s)) / together, each), found

    def fit(self, readings: Sequence[Reading], steps: int = STEPS) -> None:
        """Move the drawing to where these readings and its doubts put it. What cannot be solved is left out."""
        taken, moved, before = list(readings)[:MOST_READINGS], [0.0] * sum(self._counts), list[float]()
        for _ in range(steps):
            read = [(one, found) for one in taken if (found := self._read(one)) is not None]
            if not read:
                return
            taken = [one for one, _ in read]
            rows, errors = [found[0] for _, found in read], [found[2] for _, found in read]
            off = [found[1] for _, found in read]
            before = before or off
            wanted = [miss + sum(map(mul, row, moved)) for miss, row in zip(off, rows, strict=True)]
            factor = shared(rows, errors)
            weights = solved(factor, wanted)
            moved = [sum(map(mul, weights, column)) for column in zip(*rows, strict=True)]
            self._move(moved)
            self._known, self._factor, self.moved = rows, factor, moved
        self.misses, self.misfit = [], sum(map(mul, moved, moved))
        for one, was in zip(taken, before, strict=False):
            found = self._read(one)
            if found is not None:
                self.misses.append(Miss(one, was, found[1]))
                self.misfit += (found[1] / found[2]) ** 2

    def _read(self, reading: Reading) -> tuple[list[float], float, float] | None:
        """A reading's slopes (kPa a standard deviation), by how much it is missed and its own error (kPa)."""
        try:
            moment, base = self.moment(reading.at_s)
            drawn = dict(reading.drawn)
            at = self.hydraulics.solve(moment, drawn=drawn, like=base) if drawn else base
        except NoBalance:
            return None
        place = self.hydraulics.unknown[reading.node]
        slopes, weigh = self._slopes(at, reading.at_s, {place: 1.0 / KPA_M})
        slopes[self._first_elevation + reading.node] = -self.doubt.elevation_m / KPA_M
        metered = METER * sum(weigh[self.hydraulics.unknown[node]] * flow for node, flow in reading.drawn)
        miss = reading.kpa - self.pressure_kpa(reading.node, at)
        return slopes, miss, sqrt(reading.error_kpa**2 + metered**2)

    def _given(self, at: Solved, at_s: float) -> list[float]:
        """The slopes of what all open outlets give."""
        places = {
            self.hydraulics.unknown[node]: HOLD
            for (node, _), is_open in zip(at.outlets, at.open_outlets, strict=True)
            if is_open
        }
        slopes, weigh = self._slopes(at, at_s, places)
        for (node, _), is_open in zip(at.outlets, at.open_outlets, strict=True):
            if is_open:
                higher = HOLD * (weigh[self.hydraulics.unknown[node]] - 1.0)
                slopes[self._first_elevation + node] = higher * self.doubt.elevation_m
        return slopes

    def _spread(self, slopes: list[float]) -> float:
        """The standard deviation of what has these slopes, in its own unit."""
        whole = sum(map(mul, slopes, slopes))
        if not self._known:
            return sqrt(whole)
        side = [sum(map(mul, slopes, known)) for known in self._known]
        return sqrt(max(whole - explained(self._factor, side), LEFT_OPEN * whole))

    def _slopes(self, at: Solved, at_s: float, weights: Mapping[int, float]) -> tuple[list[float], list[float]]:
        """Of a sum of heads (weights by junction place) over every doubt in standard deviations (elevations left at
        nothing), and over the draw at each junction place, turned round."""
        hydraulics, doubt = self.hydraulics, self.doubt
        weigh = hydraulics.slope(at, weights)
        unknown, links = hydraulics.unknown, hydraulics.network.links
        pipes: list[float] = []
        for n in self.pipes:
            link = links[n]
            a, b = unknown[link.a], unknown[link.b]
            fall = (weigh[a] if a >= 0 else 0.0) - (weigh[b] if b >= 0 else 0.0)
            lost = at.heads[link.a] - at.heads[link.b]
            pipes.append(fall * at.slopes[n] * lost if at.states[n] == 0 else 0.0)
        moment = self.moment(at_s)[0]
        draws = [-weigh[u] * draw if u >= 0 else 0.0 for u, draw in zip(unknown, moment.draws, strict=True)]
        sources = [
            sum(weigh[unknown[other]] * at.slopes[n] for n, other in hydraulics.joined[node] if unknown[other] >= 0)
            for node in self._sources
        ]
        slopes = [
            *(value * doubt.resistance for value in pipes),
            sum(pipes) * doubt.resistance_all,
            *(value * doubt.draw for value in draws),
            sum(draws) * doubt.draw_all,
            *([0.0] * len(unknown)),
            *(value * doubt.source_m for value in sources),
        ]
        return slopes, weigh

    def _move(self, moved: list[float]) -> None:
        """Take the drawing to `moved`, in standard deviations from what the file says."""
        doubt, net = self.doubt, self.hydraulics.network
        parts, at = [], 0
        for count in self._counts:
            parts.append(moved[at : at + count])
            at += count
        pipes, all_pipes, draws, all_draws, elevations, sources = parts
        factors = [1.0] * len(net.links)
        for n, value in zip(self.pipes, pipes, strict=True):
            factors[n] = _factor(value * doubt.resistance + all_pipes[0] * doubt.resistance_all)
        self._draw = [_factor(value * doubt.draw + all_draws[0] * doubt.draw_all) for value in draws]
        self.elevations = [
            node.elev_m + value * doubt.elevation_m for node, value in zip(net.nodes, elevations, strict=True)
        ]
        for node, value in zip(self._sources, sources, strict=True):
            self._source[node] = value * doubt.source_m
        self.hydraulics.rough(factors)
        self._base.clear()


def _factor(logarithm: float) -> float:
    return exp(max(-FARTHEST, min(FARTHEST, logarithm)))
