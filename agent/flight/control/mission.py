"""The flight in hand: what it is for, and what has become of it so far. Kept with the phase for a restarted agent."""

import math
from dataclasses import dataclass, field
from typing import Any

from agent.flight.control.wall import Wall
from agent.flight.machine.table import Phase
from drivers.drone.geometry import Place
from protocols.reason import Reason

TOWARDS = frozenset({Phase.PREPARING, Phase.LAUNCHING, Phase.OUTBOUND, Phase.ON_SCENE})
"""Phases of a flight that goes to its scene or is there."""


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
    held: bool = False  # a person has stopped it where it is
    reached: bool = False  # it was on scene
    scene_s: float = 0.0  # of the stays on scene that are over
    scene_ns: int = 0  # since when it is there now, as `aloft_ns`
    scene_utc_s: float | None = None
    left: dict[str, Any] | None = None  # why it did not go on to the scene, or did not stay: a Reason as JSON
    timing: dict[str, float] = field(default_factory=dict)
    led_from: list[str] = field(default_factory=list)  # incidents it was flown for before it was led on
    hops: int = 0  # how often it was armed beside its nest to come in
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
        return self.air_s + _since_s(self.aloft_ns, self.aloft_utc_s, now_ns, wall)

    def stepped(self, at: Phase, to: Phase, why: Reason | None, now_ns: int, wall: Wall) -> None:
        """A row was taken: whether it got to the scene, how long it stays, the first cause that it does no more."""
        if to is Phase.ON_SCENE:
            self.reached, self.left = True, None
            self.scene_ns, self.scene_utc_s = now_ns, wall.utc_s if wall.trusted else None
        elif at is Phase.ON_SCENE:
            self.scene_s = self.on_scene_s(now_ns, wall)
            self.scene_ns, self.scene_utc_s = 0, None
        if at in TOWARDS and to not in TOWARDS and self.left is None and why is not None:
            self.left = why.as_json()

    def on_scene_s(self, now_ns: int, wall: Wall) -> float:
        """Seconds on scene until now."""
        return self.scene_s + _since_s(self.scene_ns, self.scene_utc_s, now_ns, wall)

    def used(self, left_percent: float) -> None:
        """The battery stands at so many percent."""
        used = self.start_percent - left_percent
        if math.isfinite(used):
            self.used_percent = max(self.used_percent, used)


def _since_s(since_ns: int, since_utc_s: float | None, now_ns: int, wall: Wall) -> float:
    """Seconds since then; 0 where that is no time. A machine that began anew counts by a clock that was vouched for."""
    if not since_ns:
        return 0.0
    now_s = (now_ns - since_ns) / 1e9
    if since_utc_s is not None and wall.trusted:
        by_wall_s = wall.utc_s - since_utc_s
        if now_s < 0 or abs(by_wall_s - now_s) > 60.0:
            now_s = by_wall_s
    return max(0.0, now_s)
