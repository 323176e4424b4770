"""What the autopilot does by itself, whoever commands it: without ground, charge, place, or beyond its fence.

The words and the delay are those of real flights: PX4 flies on for five seconds in the mode it is in, then returns.
"""

from collections.abc import Mapping
from typing import Protocol

from hil.vehicle.fences import Fenced, breached
from hil.vehicle.orders import Faults, Result
from hil.vehicle.physics import Battery

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
DOES: Mapping[str, Mapping[str, tuple[str, Mapping[float, str]]]] = {
    "ardupilot": {
        "ground": ("FS_GCS_ENABLE", {1: "rtl", 3: "rtl", 4: "land", 5: "land", 7: "brake"}),
        "battery": ("BATT_FS_LOW_ACT", {1: "land", 2: "rtl", 3: "rtl", 4: "land"}),
        "fence": ("FENCE_ACTION", {1: "rtl", 2: "land", 3: "rtl", 4: "brake", 5: "land"}),
    },
    "px4": {
        "ground": ("NAV_DLL_ACT", {1: "hold", 2: "rtl", 3: "land"}),
        "battery": ("COM_LOW_BAT_ACT", {2: "land", 3: "rtl"}),
        "fence": ("GF_ACTION", {2: "hold", 3: "rtl", 5: "land"}),
    },
}
"""By which parameter, and what its values do; any other does nothing."""
LOW: Mapping[str, tuple[str, str]] = {"ardupilot": ("BATT_LOW_MAH", "BATT_LOW_VOLT"), "px4": ("BAT_CRIT_THR", "")}
EMPTY: Mapping[str, tuple[str, str]] = {
    "ardupilot": ("BATT_CRT_MAH", "BATT_CRT_VOLT"),
    "px4": ("BAT_EMERGEN_THR", ""),
}
"""At which charge, by its own count, and at which volts each takes its battery for low, and for empty."""


class Flying(Fenced, Protocol):
    """What its failsafes know of the autopilot, and change."""

    battery: Battery
    faults: Faults
    minds_battery: bool
    t: float
    mode: str
    on_ground: bool
    gps_lost_since: float | None
    low_since: dict[str, float]
    failing_since: float | None

    @property
    def gcs_lost(self) -> bool:
        """Its ground station has been silent for too long."""

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
    if auto.failing_since is not None and auto.t - auto.failing_since >= auto.params.get("COM_FAIL_ACT_T", 0.0):
        auto.failing_since = None
        auto.enter(_does(auto, why) or "rtl")
    if auto.mode != "land" and _must_land(auto):
        auto.enter("land")


def _why_home(auto: Flying) -> str | None:
    if auto.mode in {"rtl", "land"}:
        return None
    if auto.gcs_lost and not _goes_on(auto) and _does(auto, "ground") not in {None, auto.mode}:
        return "ground"
    if auto.minds_battery and _low(auto, *LOW[auto.profile.name]) and _does(auto, "battery"):
        return "battery"
    return "fence" if breached(auto) and _does(auto, "fence") not in {None, auto.mode} else None


def _low(auto: Flying, charge: str, volts: str) -> bool:
    """ArduPilot counts mAh, and waits while the volts are low; PX4 goes by percent."""
    share = auto.battery.said_percent / 100
    if not volts:
        return share < auto.params[charge]
    if share * auto.params["BATT_CAPACITY"] < auto.params[charge]:
        return True
    if not auto.battery.voltage_v < auto.params[volts]:
        auto.low_since.pop(volts, None)
        return False
    return 0 < auto.params["BATT_LOW_TIMER"] <= auto.t - auto.low_since.setdefault(volts, auto.t)


def _goes_on(auto: Flying) -> bool:
    """Set to go on without its ground in this mode: bit 1 of FS_OPTIONS, bits 0 and 1 of COM_DLL_EXCEPT."""
    if auto.profile.name == "ardupilot":
        return auto.mode == "auto" and bool(int(auto.params["FS_OPTIONS"]) & 2)
    return bool(int(auto.params["COM_DLL_EXCEPT"]) & (1 if auto.mode == "auto" else 2))


def _does(auto: Flying, why: str | None) -> str | None:
    """The mode it is set to take then; None for nothing."""
    if why is None:
        return None
    name, values = DOES[auto.profile.name][why]
    return values.get(auto.params[name])


def _must_land(auto: Flying) -> bool:
    if auto.minds_battery and _low(auto, *EMPTY[auto.profile.name]):
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
