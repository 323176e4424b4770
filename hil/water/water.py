"""The network through a day: give it a time, it gives every hydrant's pressure, flow and a pond's level."""

from collections import OrderedDict
from dataclasses import dataclass, field
from math import floor, sqrt

from hil.water.demand import pattern
from hil.water.network import KPA_PER_M, Network
from hil.water.solve import Link, Solution, solve

_OPEN_AIR = "air:"
_REMEMBERED = 8
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Opening:
    """Water leaving through a hole of a discharge `l_s_per_root_kpa` (L/s at 1 kPa) at a junction for some time.

    It opens evenly over `ramp_s`, as a person turns a valve.
    """

    id: str
    junction: str
    l_s_per_root_kpa: float
    from_s: float
    until_s: float = _FOREVER
    ramp_s: float = 0.0

    def share(self, t: float) -> float:
        """How far open it is at t, 0…1."""
        if not self.from_s <= t < self.until_s:
            return 0.0
        return 1.0 if self.ramp_s <= 0 else min(1.0, (t - self.from_s) / self.ramp_s)


@dataclass(frozen=True, slots=True)
class Pond:
    """A natural source: its level above the bed, and what pumping takes out of it."""

    id: str
    area_m2: float
    level_m: float
    draws: tuple[tuple[float, float, float], ...] = ()
    """(from s, until s, L/s)"""


@dataclass(slots=True)
class Water:
    """The water of one town. Time is seconds since the start; the start is `start_of_day_s` after midnight.

    The same questions always get the same answers: there is no clock and no chance in it. Between two steps of
    `step_s` heads are interpolated, so a question costs at most two solutions and mostly none.
    """

    network: Network
    start_of_day_s: float = 0.0
    step_s: float = 1.0
    openings: list[Opening] = field(default_factory=list)
    shut: list[tuple[str, float, float]] = field(default_factory=list)
    ponds: dict[str, Pond] = field(default_factory=dict)
    _known: OrderedDict[int, Solution] = field(default_factory=OrderedDict, repr=False)
    _points: list[str] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self._points = list(self.network.junctions)

    def fire_flow(
        self, hydrant: str, from_s: float, until_s: float = _FOREVER, *, nozzle_mm: float = 65.0, ramp_s: float = 20.0
    ) -> None:
        """Open a hydrant's outlet: Q[L/min] = 0.0666·0.9·d²·√p, so its flow follows the pressure left."""
        per_root_kpa = 0.0666 * 0.9 * nozzle_mm**2 / 60
        self._open(Opening(f"hydrant:{hydrant}", self._junction(hydrant), per_root_kpa, from_s, until_s, ramp_s))

    def burst(self, junction: str, from_s: float, until_s: float = _FOREVER, *, hole_mm: float = 80.0) -> None:
        """Break a main at a junction: an orifice with c = 0.6."""
        self._open(Opening(f"burst:{junction}", junction, 0.0666 * 0.6 * hole_mm**2 / 60, from_s, until_s))

    def leak(self, hydrant: str, from_s: float, until_s: float = _FOREVER, *, hole_mm: float = 6.0) -> None:
        """A hydrant's valve that does not close: a small orifice that counts as that hydrant's flow."""
        per_root_kpa = 0.0666 * 0.6 * hole_mm**2 / 60
        self._open(Opening(f"hydrant:{hydrant}", self._junction(hydrant), per_root_kpa, from_s, until_s))

    def shut_pipe(self, pipe: str, from_s: float, until_s: float = _FOREVER) -> None:
        """Close the valve of a main."""
        if pipe not in self.network.pipes:
            raise KeyError(f"no pipe {pipe}")
        self.shut.append((pipe, from_s, until_s))
        self._known.clear()

    def pressure_kpa(self, hydrant: str, t: float) -> float:
        """Gauge pressure at a hydrant's outlet, never below 0: a main that runs empty shows no suction here."""
        junction = self.network.junctions[self._junction(hydrant)]
        return max(0.0, (self._between(junction.id, t) - junction.elevation_m) * KPA_PER_M)

    def flow_l_s(self, hydrant: str, t: float) -> float:
        """What leaves the mains through this hydrant."""
        root = sqrt(self.pressure_kpa(hydrant, t))
        mine = f"hydrant:{hydrant}"
        return sum(o.l_s_per_root_kpa * o.share(t) * root for o in self.openings if o.id == mine)

    def level_m(self, pond: str, t: float) -> float:
        """A pond's level above its bed, after what was pumped."""
        p = self.ponds[pond]
        drawn_l = sum(l_s * max(0.0, min(t, until) - start) for start, until, l_s in p.draws)
        return max(0.0, p.level_m - drawn_l / 1000 / p.area_m2)

    def solution(self, t: float) -> Solution:
        """The whole network at rest at t, without interpolation."""
        return self._solve(t, None)

    def _open(self, opening: Opening) -> None:
        if opening.junction not in self.network.junctions:
            raise KeyError(f"no junction {opening.junction}")
        self.openings.append(opening)
        self._known.clear()

    def _junction(self, hydrant: str) -> str:
        try:
            return self.network.hydrants[hydrant]
        except KeyError:
            raise KeyError(f"no hydrant {hydrant} in this network") from None

    def _between(self, junction: str, t: float) -> float:
        before = floor(t / self.step_s)
        share = t / self.step_s - before
        head = self._step(before).head[junction]
        return head if share == 0 else head + share * (self._step(before + 1).head[junction] - head)

    def _step(self, step: int) -> Solution:
        known = self._known.get(step)
        if known is None:
            near = self._known.get(step - 1)
            known = self._solve(step * self.step_s, near.flow if near else None)
            self._known[step] = known
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return known

    def _solve(self, t: float, guess: list[float] | None) -> Solution:
        shut = {pipe for pipe, start, until in self.shut if start <= t < until}
        links = [
            Link(pipe.start, pipe.end, pipe.resistance, 1.852)
            for pipe in self.network.pipes.values()
            if pipe.id not in shut
        ]
        fixed = {source.id: source.head_m for source in self.network.sources.values()}
        for opening in self.openings:
            if share := opening.share(t):
                ground = self.network.junctions[opening.junction].elevation_m
                air = f"{_OPEN_AIR}{len(links)}"
                fixed[air] = ground
                # q[L/s] = k·√p[kPa]  →  h[m] = q[m³/s]² · (1000/k)² / KPA_PER_M
                k = opening.l_s_per_root_kpa * share
                links.append(Link(opening.junction, air, (1000 / k) ** 2 / KPA_PER_M, 2.0))
        now = pattern(self.start_of_day_s + t) / 1000
        demand = {junction.id: junction.demand_l_s * now for junction in self.network.junctions.values()}
        return solve(self._points, fixed, links, demand, guess)
