"""A water network as its company draws it: nodes, links, demands and patterns. Metres, m³/s, seconds, unless said."""

from dataclasses import dataclass, field
from enum import IntEnum


class LinkKind(IntEnum):
    """What a link does."""

    PIPE = 0
    CHECK = 1  # a pipe that lets water through one way
    PUMP = 2
    PRV = 3
    PSV = 4
    PBV = 5
    FCV = 6
    TCV = 7
    GPV = 8


class Status(IntEnum):
    """How a link stands before anything is solved."""

    OPEN = 0
    CLOSED = 1
    FREE = 2
    """A valve that finds its own position."""


@dataclass(slots=True)
class Node:
    """A junction, or (`head_m` given) a reservoir or tank. Elevation in metres; `lon`, `lat` WGS 84 where known."""

    id: str
    elev_m: float
    demands: list[tuple[float, str]] = field(default_factory=list)
    """(base m³/s, pattern or '')."""
    head_m: float | None = None
    head_pattern: str = ""
    lon: float | None = None
    lat: float | None = None
    emitter: float = 0.0
    """m³/s at one metre of pressure."""


@dataclass(slots=True)
class Tank:
    """A tank at a node: levels over its floor, metres."""

    node: int
    level_m: float
    least_m: float
    most_m: float
    area_m2: float


@dataclass(slots=True)
class Link:
    """A pipe, pump or valve between two nodes, by their indices. `roughness` as the head-loss formula wants it."""

    id: str
    kind: LinkKind
    a: int
    b: int
    diameter_m: float = 0.3
    length_m: float = 1.0
    roughness: float = 100.0
    minor: float = 0.0
    status: Status = Status.OPEN
    setting: float = 0.0
    """Of a pump its speed, of a valve its own: metres of head (PRV, PSV, PBV), m³/s (FCV), a loss coefficient (TCV)."""
    curve: tuple[tuple[float, float], ...] = ()
    """(m³/s, m) of a pump or a general purpose valve."""
    power_w: float = 0.0
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A simple control: sets a link when a tank's level or a junction's pressure passes, or at a time."""

    link: int
    status: Status
    setting: float | None
    node: int | None = None
    above: bool = False
    limit_m: float = 0.0
    """Over the node's elevation."""
    at_s: float | None = None
    """Since the beginning."""
    clock_s: float | None = None
    """Of every day."""


@dataclass(slots=True)
class Network:
    """Everything of one file."""

    nodes: list[Node]
    links: list[Link]
    tanks: list[Tank] = field(default_factory=list)
    patterns: dict[str, tuple[float, ...]] = field(default_factory=dict)
    controls: list[Control] = field(default_factory=list)
    formula: str = "H-W"
    viscosity_m2_s: float = 1.022e-6
    demand_factor: float = 1.0
    emitter_exponent: float = 0.5
    pattern_step_s: float = 3600.0
    pattern_start_s: float = 0.0
    clock_start_s: float = 0.0
    title: str = ""

    def factor(self, pattern: str, at_s: float) -> float:
        """A pattern's multiplier at `at_s` of a day (wall clock of the network's own); 1 without a pattern."""
        values = self.patterns.get(pattern)
        if not values:
            return 1.0
        elapsed_s = (at_s - self.clock_start_s) % 86400.0 + self.pattern_start_s
        return values[int(elapsed_s // self.pattern_step_s) % len(values)]

    def demands_at(self, at_s: float) -> list[float]:
        """What every node draws at `at_s` of a day, m³/s."""
        return [
            sum((base * self.factor(pattern, at_s) for base, pattern in node.demands), 0.0) * self.demand_factor
            for node in self.nodes
        ]

    def heads_at(self, at_s: float) -> list[float | None]:
        """The fixed heads at `at_s` of a day, a tank's at its first level; None of junctions."""
        return [
            None if node.head_m is None else node.head_m * self.factor(node.head_pattern, at_s) for node in self.nodes
        ]
