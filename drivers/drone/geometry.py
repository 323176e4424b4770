"""Places within a few kilometres of a nest, on a flat earth: 10 km off the error is below 0.1 %."""

import math
from collections.abc import Sequence
from typing import NamedTuple

METRES_PER_DEGREE = 111_319.49
"""One degree of latitude on the WGS 84 sphere of radius 6 378 137 m."""


class Place(NamedTuple):
    """Latitude and longitude in degrees, WGS 84."""

    lat: float
    lon: float

    def moved(self, north_m: float, east_m: float) -> "Place":
        """The place that many metres north and east of here."""
        lat = self.lat + north_m / METRES_PER_DEGREE
        return Place(lat, self.lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(self.lat))))

    def to(self, other: "Place") -> tuple[float, float]:
        """(north, east) in metres from here to `other`."""
        east = (other.lon - self.lon) * METRES_PER_DEGREE * math.cos(math.radians(self.lat))
        return (other.lat - self.lat) * METRES_PER_DEGREE, east

    def distance(self, other: "Place") -> float:
        """Metres over ground."""
        return math.hypot(*self.to(other))

    def bearing(self, other: "Place") -> float:
        """Degrees clockwise from north, 0 up to 360."""
        north, east = self.to(other)
        return math.degrees(math.atan2(east, north)) % 360.0

    @property
    def valid(self) -> bool:
        """Whether both are finite and on the globe."""
        return -90 <= self.lat <= 90 and -180 <= self.lon <= 180


def inside(place: Place, ring: Sequence[Place]) -> bool:
    """Whether `place` lies within the closed ring (even-odd rule); a ring of fewer than three corners holds nothing."""
    if len(ring) < 3:
        return False
    within = False
    for here, there in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (here.lat > place.lat) != (there.lat > place.lat):
            crossing = here.lon + (place.lat - here.lat) / (there.lat - here.lat) * (there.lon - here.lon)
            within ^= place.lon < crossing
    return within


def edge_distance(place: Place, ring: Sequence[Place]) -> float:
    """Metres from `place` to the nearest point of the ring's edge."""
    best = math.inf
    for here, there in zip(ring, (*ring[1:], ring[0]), strict=True):
        an, ae = place.to(here)
        bn, be = place.to(there)
        length2 = (bn - an) ** 2 + (be - ae) ** 2
        along = 0.0 if length2 == 0 else max(0.0, min(1.0, -(an * (bn - an) + ae * (be - ae)) / length2))
        best = min(best, math.hypot(an + along * (bn - an), ae + along * (be - ae)))
    return best


def square(centre: Place, half_side_m: float) -> tuple[Place, ...]:
    """Four corners round `centre`, for a fence given as a distance."""
    return tuple(
        centre.moved(n * half_side_m, e * half_side_m) for n, e in ((1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0))
    )
