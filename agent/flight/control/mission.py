"""The flight in hand: what it is for, and what has become of it so far. Kept with the phase for a restarted agent."""

import math
from dataclasses import dataclass, field

from agent.flight.control.wall import Wall
from drivers.drone.geometry import Place


@dataclass(slots=True)
class Mission:
    """One flight. Moments are taken down when they are: nothing of them can be worked out again at its end."""

    flight: str
    lat: float
    lon: float
    height_m: float
    operator: str
    training: bool = False
    incident: str = ""
    permit: str = ""
    order: str = ""
    orbit_m: float = 0.0
    rank: int = 0
    launched: bool = False
    start_percent: float = 0.0
    used_percent: float = 0.0
    begun_utc: str = ""
    ended_by: str = ""  # who recalled or stopped it last
    air_s: float = 0.0  # of the times in the air that are over
    aloft_ns: int = 0  # since when it is in the air now, CLOCK_BOOTTIME; 0 when it is not
    aloft_utc_s: float | None = None  # the same by a clock that was vouched for: it counts when the machine began anew
    timing: dict[str, float] = field(default_factory=dict)
    pad: list[float] | None = None  # where it began, as `drivers.drone.watched.Pad`

    @property
    def place(self) -> Place:
        """Where it flies."""
        return Place(self.lat, self.lon)

    @property
    def class_(self) -> str:
        """训练 or 实战."""
        return "training" if self.training else "live"

    def took_off(self, now_ns: int, wall: Wall) -> None:
        """It is in the air from now on."""
        self.launched = True
        self.aloft_ns, self.aloft_utc_s = now_ns, wall.utc_s if wall.trusted else None

    def came_down(self, now_ns: int, wall: Wall) -> None:
        """It is down."""
        self.air_s = self.air_time_s(now_ns, wall)
        self.aloft_ns, self.aloft_utc_s = 0, None

    def air_time_s(self, now_ns: int, wall: Wall) -> float:
        """Seconds in the air until now; across a start of the machine only as far as a vouched clock tells them."""
        if not self.aloft_ns:
            return self.air_s
        now_s = (now_ns - self.aloft_ns) / 1e9
        if self.aloft_utc_s is not None and wall.trusted:
            by_wall_s = wall.utc_s - self.aloft_utc_s
            if now_s < 0 or abs(by_wall_s - now_s) > 60.0:  # another boot: its clock began anew
                now_s = by_wall_s
        return self.air_s + max(0.0, now_s)

    def used(self, left_percent: float) -> None:
        """The battery stands at so many percent."""
        used = self.start_percent - left_percent
        if math.isfinite(used):
            self.used_percent = max(self.used_percent, used)
