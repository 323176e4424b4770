"""A network made ready to be solved, what a moment sets, and what a solution is. Metres and m³/s."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.water.headloss import Loss, loss_of, power
from agent.water.network import LinkKind, Network, Status
from agent.water.sparse import Factor, Pattern

OPEN, CLOSED, ACTIVE, SHUT_OFF = range(4)
"""How a link stands in a solution: as a pipe, closed, a valve at its setting, a pump that cannot lift so high."""


class NoBalance(Exception):
    """No heads and flows were found that fit together."""


@dataclass(slots=True)
class Settings:
    """What a moment sets: draws by node, fixed heads (None of junctions), status and setting by link."""

    draws: list[float]
    heads: list[float | None]
    status: list[Status]
    setting: list[float]
    one_way: dict[int, float] = field(default_factory=dict)
    """Links at a tank that is full (or empty): 1 where water may only go from their beginning to their end, else -1."""


@dataclass(slots=True)
class Solved:
    """Heads by node, flows by link, what each outlet gives; the factor it ended with, its slopes (m²/s) and states."""

    heads: list[float]
    flows: list[float]
    gives: list[float]
    factor: Factor
    slopes: list[float]
    states: list[int]
    outlets: tuple[tuple[int, float], ...]
    open_outlets: list[bool]
    rounds: int

    @property
    def together(self) -> float:
        """What all outlets give, m³/s."""
        return sum(self.gives)


class System:
    """What of a network is the same at every moment."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.ends = [(link.a, link.b) for link in network.links]
        self.junctions = [n for n, node in enumerate(network.nodes) if node.head_m is None]
        unknown = self.unknown = [-1] * len(network.nodes)
        """Of each node its place among the junctions; -1 of a reservoir or tank."""
        for place, node in enumerate(self.junctions):
            unknown[node] = place
        joined = [(unknown[a], unknown[b]) for a, b in self.ends]
        self.pattern = Pattern(len(self.junctions), ((a, b) for a, b in joined if a >= 0 and b >= 0))
        self.slot = [self.pattern.slots.get((min(a, b), max(a, b)), -1) for a, b in joined]
        self._as_drawn = [loss_of(link, network) for link in network.links]
        self.loss: list[Loss] = list(self._as_drawn)
        self.hours: list[Settings] = []
        """What was lived through (agent/water/day.py), by hour of the day: tanks and pumps as they stand then."""
        self.joined: list[list[tuple[int, int]]] = [[] for _ in network.nodes]
        """Of each node its links and what is at their other end."""
        for n, (a, b) in enumerate(self.ends):
            self.joined[a].append((n, b))
            self.joined[b].append((n, a))
        high = 1.0 / network.emitter_exponent
        self.emitters = [
            (unknown[n], node.elev_m, power(node.emitter**-high, high, 0.0))
            for n, node in enumerate(network.nodes)
            if node.emitter > 0.0 and unknown[n] >= 0
        ]

    def rough(self, factors: Sequence[float]) -> None:
        """Let every pipe cost so many times the head that it costs as drawn."""
        for n, link in enumerate(self.network.links):
            if link.kind <= LinkKind.CHECK:
                self.loss[n] = _scaled(self._as_drawn[n], factors[n])

    def at(self, at_s: float) -> Settings:
        """What holds at `at_s` of a day: tanks as the day brings them, or at their first level; the caller's own."""
        if self.hours:
            then = self.hours[int(at_s // 3600) % 24]
            return Settings(list(then.draws), list(then.heads), list(then.status), list(then.setting), then.one_way)
        network = self.network
        return Settings(
            network.demands_at(at_s),
            network.heads_at(at_s),
            [link.status for link in network.links],
            [
                link.setting * (network.factor(link.pattern, at_s) if link.kind is LinkKind.PUMP else 1.0)
                for link in network.links
            ],
        )


def _scaled(loss: Loss, factor: float) -> Loss:
    def scaled(flow: float) -> tuple[float, float]:
        lost, steep = loss(flow)
        return lost * factor, steep * factor

    return scaled
