"""A point mass with wind and a battery: enough for climbs, legs and energy to come out as they do outdoors."""

import itertools
import math
import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Air:
    """Wind over the flight: steady, plus gusts that wander. Metres per second, blowing *towards* north and east."""

    north_ms: float = 0.0
    east_ms: float = 0.0
    gust_ms: float = 0.0
    seed: int = 1
    _gust: list[float] = field(default_factory=lambda: [0.0, 0.0])
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def at(self, dt: float) -> tuple[float, float]:
        """The wind over the next `dt` seconds; the gust is a first-order process with 3 s memory."""
        if self.gust_ms > 0:
            keep = math.exp(-dt / 3.0)
            kick = self.gust_ms * 0.5 * math.sqrt(1 - keep * keep)
            self._gust = [g * keep + self._random.gauss(0, kick) for g in self._gust]
        return self.north_ms + self._gust[0], self.east_ms + self._gust[1]


CELLS, CAPACITY_MAH = 6, 12_000
CELL = ((0, 3.3), (5, 3.6), (10, 3.69), (20, 3.74), (40, 3.8), (60, 3.88), (80, 4.03), (100, 4.2))
"""(percent, volts) of a cell that has rested."""
SAG_V_PER_W = 0.03 / 460.0
"""A cell's sag: 1.5 mΩ of a big pack, and its leads."""


@dataclass(slots=True)
class Battery:
    """Energy in watt hours. Hover draws `hover_w`; air resistance adds `drag_w` × airspeed³."""

    capacity_wh: float = 274.0
    left_wh: float = 274.0
    hover_w: float = 460.0
    drag_w: float = 0.12
    climb_w: float = 45.0
    charge_w: float = 260.0
    drawn_w: float = 0.0
    counts_off_percent: float = 0.0  # its autopilot's count says so much more: it was not full when that began

    @property
    def percent(self) -> float:
        """0 to 100."""
        return max(0.0, 100.0 * self.left_wh / self.capacity_wh)

    @property
    def said_percent(self) -> float:
        """What its autopilot counts."""
        return max(0.0, min(100.0, self.percent + self.counts_off_percent))

    @property
    def voltage_v(self) -> float:
        """A six-cell lithium polymer pack's voltage at this charge, under what is drawn."""
        percent = min(100.0, self.percent)
        (p0, v0), (p1, v1) = next(pair for pair in itertools.pairwise(CELL) if percent <= pair[1][0])
        return CELLS * (v0 + (v1 - v0) * (percent - p0) / (p1 - p0) - SAG_V_PER_W * self.drawn_w)


@dataclass(slots=True)
class Body:
    """Where it is: metres north, east and up of the pad, and how fast."""

    n: float = 0.0
    e: float = 0.0
    u: float = 0.0
    vn: float = 0.0
    ve: float = 0.0
    vu: float = 0.0
    airspeed_limit_ms: float = 17.0
    accel_ms2: float = 4.0

    def step(self, dt: float, want: tuple[float, float, float], air: tuple[float, float], battery: Battery) -> float:
        """Move for `dt` seconds towards velocity `want` (north, east, up); returns the power drawn in watts."""
        wn, we, wu = want
        an, ae = wn - air[0], we - air[1]
        airspeed = math.hypot(an, ae)
        if airspeed > self.airspeed_limit_ms:  # it cannot fly faster than this through the air: wind pushes it back
            shrink = self.airspeed_limit_ms / airspeed
            wn, we = air[0] + an * shrink, air[1] + ae * shrink
        limit = self.accel_ms2 * dt
        self.vn += max(-limit, min(limit, wn - self.vn))
        self.ve += max(-limit, min(limit, we - self.ve))
        self.vu += max(-limit, min(limit, wu - self.vu))
        self.n += self.vn * dt
        self.e += self.ve * dt
        self.u = max(0.0, self.u + self.vu * dt)
        through_air = math.hypot(self.vn - air[0], self.ve - air[1])
        power = battery.hover_w + battery.drag_w * through_air**3 + battery.climb_w * max(0.0, self.vu)
        battery.drawn_w = power
        battery.left_wh = max(0.0, battery.left_wh - power * dt / 3600.0)
        return power
