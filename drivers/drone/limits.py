"""What an aircraft may be asked to do, decided before anything is sent: PX4 acknowledges a flight beyond its fence."""

import math
from dataclasses import dataclass
from enum import StrEnum

from drivers.drone.geometry import Place, edge_distance, inside
from protocols.reason import Reason


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one nest's flights. Heights are above the pad."""

    home: Place
    fence: tuple[Place, ...]
    max_height_m: float = 120.0  # true height at which controlled airspace starts
    min_height_m: float = 15.0
    max_distance_m: float = 5000.0
    fence_margin_m: float = 10.0
    landing_m: float = 1.5  # so far off the middle its nest still takes it in
    beside_m: float = 5.0  # further off than this it stands somewhere else

    def mistake(self, place: Place, height_m: float) -> Reason | None:
        """None when a flight to `place` at `height_m` above the pad is within bounds, else why not."""
        if not (place.valid and math.isfinite(height_m)):
            return Reason("flight.not_on_globe")
        if height_m > self.max_height_m:
            return Reason("flight.too_high", height_m=height_m, most_m=self.max_height_m)
        if height_m < self.min_height_m:
            return Reason("flight.too_low", height_m=height_m, least_m=self.min_height_m)
        away = self.home.distance(place)
        if away > self.max_distance_m:
            return Reason("flight.too_far", away_m=away, most_m=self.max_distance_m)
        if not inside(place, self.fence):
            return Reason("flight.outside_fence")
        if edge_distance(place, self.fence) < self.fence_margin_m:
            return Reason("flight.near_fence", margin_m=self.fence_margin_m)
        return None


class Energy(StrEnum):
    """What the battery still allows, worst first when compared by name in a table."""

    AMPLE = "ample"
    HOMEWARD = "homeward"  # just enough for the way home with its reserve
    CRITICAL = "critical"  # not enough for the way home
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EnergyModel:
    """Battery use of one type of aircraft, in percent of a full battery."""

    percent_per_s: float = 0.045  # at cruise; 37 minutes from full to empty
    cruise_ms: float = 10.0
    airspeed_limit_ms: float = 15.0
    climb_ms: float = 2.5
    sink_ms: float = 1.2
    reserve_percent: float = 15.0
    floor_percent: float = 10.0

    def ground_speed(self, wind_ms: float) -> float:
        """Speed over ground straight into the wind: the direction on the way home is not known beforehand."""
        return max(0.5, min(self.cruise_ms, self.airspeed_limit_ms - wind_ms))

    def leg_percent(self, metres: float, wind_ms: float, climb_m: float = 0.0) -> float:
        """Percent for a leg of so many metres, with a climb first."""
        return self.percent_per_s * (metres / self.ground_speed(wind_ms) + max(0.0, climb_m) / self.climb_ms)

    def home_percent(self, metres: float, height_m: float, wind_ms: float, return_height_m: float = 30.0) -> float:
        """Percent to come back from `metres` away and `height_m` up, and land."""
        high = max(height_m, return_height_m)
        down_s = high / self.sink_ms
        climb = return_height_m - height_m
        return self.leg_percent(metres, wind_ms, climb) + self.percent_per_s * down_s

    def judge(self, percent: float, metres: float, height_m: float, wind_ms: float) -> Energy:
        """What `percent` allows from here; UNKNOWN when the battery or the place is."""
        if not (math.isfinite(percent) and math.isfinite(metres) and math.isfinite(height_m)):
            return Energy.UNKNOWN
        need = self.home_percent(metres, height_m, wind_ms)
        if percent < min(self.floor_percent, need) or percent < need * 0.9:
            return Energy.CRITICAL
        return Energy.HOMEWARD if percent < need * 1.15 + self.reserve_percent else Energy.AMPLE

    def mission_percent(self, metres: float, height_m: float, wind_ms: float, on_scene_s: float) -> float:
        """Percent for going `metres` out at `height_m`, staying, coming home and keeping the reserve."""
        out = self.leg_percent(metres, min(0.0, wind_ms), height_m)
        stay = self.percent_per_s * on_scene_s
        return out + stay + self.home_percent(metres, height_m, wind_ms) * 1.15 + self.reserve_percent
