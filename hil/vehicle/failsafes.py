"""What the autopilot does by itself, whoever commands it: without ground, charge, place, or beyond its fence."""

from typing import TYPE_CHECKING

from drivers.drone.geometry import edge_distance

if TYPE_CHECKING:
    from hil.vehicle.autopilot import Autopilot


def act(auto: "Autopilot") -> None:
    """One look; changes the mode where one of them says so."""
    if auto.on_ground:
        return
    bound = auto.mode in {"rtl", "land"}
    if auto.gcs_lost and not bound:
        auto.say(3, "GCS failsafe on: returning")
        auto.enter("rtl")
    percent = auto.battery.percent if auto.minds_battery else 100.0
    if percent < 12 and not bound:
        auto.say(2, "Battery failsafe: returning")
        auto.enter("rtl")
    if percent < 6 and auto.mode != "land":
        auto.say(1, "Battery critical: landing")
        auto.enter("land")
    if not auto.faults.gps_lost:
        auto.gps_lost_since = None
    else:
        auto.gps_lost_since = auto.t if auto.gps_lost_since is None else auto.gps_lost_since
        if auto.t - auto.gps_lost_since > 8.0 and auto.mode != "land":
            auto.say(1, "EKF failsafe: landing")
            auto.enter("land")
    if auto.outside(auto.place) and edge_distance(auto.place, auto.fence) > 5 and auto.mode not in {"rtl", "land"}:
        auto.say(2, "Fence breach: returning")
        auto.enter("rtl")
