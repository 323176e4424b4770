"""What the autopilot does by itself, whoever commands it: without ground, charge, place, or beyond its fence.

The words and the delay are those of real flights: PX4 flies on for five seconds in the mode it is in, then returns.
"""

from collections.abc import Mapping
from typing import Protocol

from drivers.drone.geometry import Place, edge_distance
from hil.vehicle.orders import Faults, Result
from hil.vehicle.physics import Battery
from hil.vehicle.profile import Profile

Words = tuple[tuple[int, str], ...]
SAYS: Mapping[str, Mapping[str, Words]] = {
    "ardupilot": {
        "ground": ((4, "GCS Failsafe"),),
        "battery": ((4, "Battery 1 is low"), (4, "Battery Failsafe")),
        "fence": ((5, "Fence Breached"),),
    },
    "px4": {
        "ground": ((2, "Failsafe activated: entering Hold for 5 seconds"),),
        "battery": ((2, "Critical battery"), (2, "Failsafe activated: entering Hold for 5 seconds")),
        "fence": (
            (2, "Geofence: exceeding maximum distance to Home"),
            (2, "Failsafe activated: entering Hold for 5 seconds"),
        ),
    },
}
"""Severity and text, as each begins to act."""
WHERE_LOST: Mapping[float, str] = {4: "land", 5: "land", 7: "brake"}
"""By FS_GCS_ENABLE."""


class Flying(Protocol):
    """What its failsafes know of the autopilot, and change."""

    profile: Profile
    battery: Battery
    faults: Faults
    params: dict[str, float]
    fence: list[Place]
    minds_battery: bool
    t: float
    mode: str
    on_ground: bool
    gps_lost_since: float | None
    failing_since: float | None

    @property
    def place(self) -> Place:
        """Where it truly is."""

    @property
    def gcs_lost(self) -> bool:
        """Its ground station has been silent for too long."""

    def outside(self, place: Place) -> bool:
        """Of the fence it watches."""

    def enter(self, mode: str) -> Result:
        """Change the mode."""

    def say(self, severity: int, text: str) -> None:
        """Send a text."""


def act(auto: Flying) -> None:
    """One look; changes the mode where one of them says so."""
    if auto.on_ground:
        auto.failing_since = None
        return
    why = _why_home(auto)
    if why is None:
        auto.failing_since = None
    elif auto.failing_since is None:
        auto.failing_since = auto.t
        for severity, text in SAYS[auto.profile.name][why]:
            auto.say(severity, text)
    if auto.failing_since is not None and auto.t - auto.failing_since >= auto.profile.acts_after_s:
        auto.failing_since = None
        auto.enter(_whither(auto, why))
    if auto.mode != "land" and _must_land(auto):
        auto.enter("land")


def _why_home(auto: Flying) -> str | None:
    if auto.mode in {"rtl", "land"}:
        return None
    if auto.gcs_lost and auto.mode != _whither(auto, "ground"):
        return "ground"
    if auto.minds_battery and auto.battery.percent < 12:
        return "battery"
    return "fence" if auto.outside(auto.place) and edge_distance(auto.place, auto.fence) > 5 else None


def _whither(auto: Flying, why: str | None) -> str:
    """Home, unless ArduPilot was set to land or to stand still where the ground is lost."""
    return WHERE_LOST.get(auto.params.get("FS_GCS_ENABLE", 1), "rtl") if why == "ground" else "rtl"


def _must_land(auto: Flying) -> bool:
    if auto.minds_battery and auto.battery.percent < 6:
        auto.say(1, "Battery critical: landing")
        return True
    if not auto.faults.gps_lost:
        auto.gps_lost_since = None
        return False
    auto.gps_lost_since = auto.t if auto.gps_lost_since is None else auto.gps_lost_since
    if auto.t - auto.gps_lost_since > 8.0:
        auto.say(1, "EKF failsafe: landing")
        return True
    return False
