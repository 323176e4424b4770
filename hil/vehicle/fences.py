"""The fences it watches: the drawn one, and those about home that come alive with it."""

import math
from typing import Protocol

from drivers.drone.geometry import Place, edge_distance, inside
from hil.vehicle.physics import Body
from hil.vehicle.profile import Profile

CEILING, CIRCLE, DRAWN = 1, 2, 4
"""Of FENCE_TYPE."""
BEYOND_M = 5.0


class Fenced(Protocol):
    """What its fences know of the autopilot."""

    profile: Profile
    params: dict[str, float]
    fence: list[Place]
    home: Place
    body: Body

    @property
    def place(self) -> Place:
        """Where it truly is."""


def watched(auto: Fenced) -> bool:
    """Whether the drawn one is: on PX4 by being there, on ArduPilot only once FENCE_ENABLE is 1."""
    return bool(auto.fence) and (auto.profile.fence_active_on_upload or _on(auto, DRAWN))


def forbids(auto: Fenced, place: Place) -> bool:
    """Whether an order to that place is refused."""
    drawn = watched(auto) and not inside(place, auto.fence)
    return drawn or place.distance(auto.home) > _radius_m(auto)


def breached(auto: Fenced) -> bool:
    """Whether it is beyond one: some metres from what was drawn, at once from what it keeps about home."""
    drawn = watched(auto) and not inside(auto.place, auto.fence) and edge_distance(auto.place, auto.fence) > BEYOND_M
    return drawn or auto.body.u > _ceiling_m(auto) or auto.place.distance(auto.home) > _radius_m(auto)


def _on(auto: Fenced, kind: int) -> bool:
    return auto.params.get("FENCE_ENABLE", 0) >= 1 and bool(int(auto.params.get("FENCE_TYPE", 0)) & kind)


def _radius_m(auto: Fenced) -> float:
    if auto.profile.name == "ardupilot":
        return auto.params["FENCE_RADIUS"] if _on(auto, CIRCLE) else math.inf
    return auto.params["GF_MAX_HOR_DIST"] or math.inf


def _ceiling_m(auto: Fenced) -> float:
    if auto.profile.name == "ardupilot":
        return auto.params["FENCE_ALT_MAX"] if _on(auto, CEILING) else math.inf
    return auto.params["GF_MAX_VER_DIST"] or math.inf
