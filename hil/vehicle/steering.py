"""The velocity each mode asks for: climbs, legs, returns, missions, item by item."""

import math
from collections import deque
from typing import Protocol

from drivers.drone.geometry import Place
from hil.vehicle.orders import JUMP, LAND, LOITER_TIME, RTL, TAKEOFF, WAYPOINT, Faults, Item, Result
from hil.vehicle.physics import Air, Body
from hil.vehicle.profile import Profile


class Steered(Protocol):
    """What steering knows of the autopilot it steers, and moves on."""

    profile: Profile
    pad: Place
    home: Place
    home_altitude_m: float
    pad_altitude_m: float
    air: Air
    body: Body
    faults: Faults
    params: dict[str, float]
    reached: deque[int]
    mission: list[Item]
    t: float
    mode: str
    on_ground: bool
    target: tuple[float, float, float] | None
    climb_to: float | None
    speed_ms: float
    seq: int
    hold_until: float | None
    jumps: dict[int, int]
    mission_done: bool
    rally: list[Place]
    over_home_since: float | None
    return_off_m: float

    @property
    def place(self) -> Place:
        """Where it truly is."""

    def enter(self, mode: str) -> Result:
        """Change the mode."""

    def say(self, severity: int, text: str) -> None:
        """A status text."""


def wanted(auto: Steered, dt: float) -> tuple[float, float, float]:
    """The velocity (north, east, up) this mode asks for now; moves mode or mission on where one has come to an end."""
    if auto.climb_to is not None:
        if auto.body.u >= auto.climb_to - 0.1:
            auto.climb_to = None
            auto.target = (auto.body.n, auto.body.e, auto.body.u)
            if auto.mode == "takeoff":
                auto.mode = "hold"
        else:
            return 0.0, 0.0, _climb(auto, auto.climb_to, dt)
    if auto.mode == "land":
        if auto.faults.gps_lost:  # no position to hold against the wind
            wind = auto.air.north_ms, auto.air.east_ms
            return wind[0] * 0.3, wind[1] * 0.3, _sink(auto, dt)
        north, east, _ = (auto.body.n, auto.body.e, 0.0) if auto.target is None else auto.target
        return north - auto.body.n, east - auto.body.e, _sink(auto, dt)
    if auto.mode == "rtl":
        return _return(auto, dt)
    if auto.mode == "auto":
        return _mission(auto, dt)
    if auto.on_ground or auto.target is None:
        return 0.0, 0.0, 0.0
    return _towards(auto, auto.target, dt)


def _climb(auto: Steered, up: float, dt: float) -> float:
    return max(-2.0, min(3.0, (up - auto.body.u) / max(dt, 0.5)))


def _sink(auto: Steered, dt: float) -> float:
    return -0.8 if auto.body.u < 5 else -max(0.8, min(2.0, (auto.body.u - 4.0) / max(dt, 0.5)))


def _towards(auto: Steered, target: tuple[float, float, float], dt: float) -> tuple[float, float, float]:
    dn, de = target[0] - auto.body.n, target[1] - auto.body.e
    far = math.hypot(dn, de)
    speed = min(auto.speed_ms, math.sqrt(2 * 2.0 * far), far / max(dt, 0.3))
    ratio = speed / far if far > 0.01 else 0.0
    return dn * ratio, de * ratio, _climb(auto, target[2], dt)


def _return(auto: Steered, dt: float) -> tuple[float, float, float]:
    hn, he = auto.pad.to(min([auto.home, *auto.rally], key=auto.place.distance))  # rally points beat home
    hn += auto.return_off_m + auto.faults.lands_off_m
    far = math.hypot(hn - auto.body.n, he - auto.body.e)
    if far < 0.6:
        auto.over_home_since = auto.t if auto.over_home_since is None else auto.over_home_since
        dn, de = hn - auto.body.n, he - auto.body.e
        stays, until = _stays_above(auto)
        if auto.body.u <= stays or auto.t - auto.over_home_since < until:
            return dn, de, 0.0
        return dn, de, _sink(auto, dt)
    height = auto.params["RTL_ALT"] / 100.0 if "RTL_ALT" in auto.params else auto.params["RTL_RETURN_ALT"]
    height += auto.home_altitude_m - auto.pad_altitude_m  # it is over home
    up = max(auto.body.u, height) if far > 5 else auto.body.u
    if far > 5 and auto.body.u < height - 1:
        return 0.0, 0.0, _climb(auto, height, dt)
    return _towards(auto, (hn, he, up), dt)


def _stays_above(auto: Steered) -> tuple[float, float]:
    """The height over home it does not leave, and for how many seconds it waits there before it lands."""
    if auto.profile.name == "ardupilot":
        return auto.params["RTL_ALT_FINAL"] / 100.0, auto.params["RTL_LOIT_TIME"] / 1000.0
    delay_s = auto.params["RTL_LAND_DELAY"]
    return 0.0, math.inf if delay_s < 0 else delay_s


def _mission(auto: Steered, dt: float) -> tuple[float, float, float]:
    if auto.seq >= len(auto.mission):
        return _end_mission(auto)
    item = auto.mission[auto.seq]
    if item.command == TAKEOFF:
        if auto.body.u >= item.z - 0.3:
            _next(auto)
        return 0.0, 0.0, _climb(auto, item.z, dt)
    if item.command in {WAYPOINT, LOITER_TIME}:
        north, east = auto.pad.to(item.place)
        up = (item.z + auto.home_altitude_m if item.frame in {3, 6} else item.z) - auto.pad_altitude_m
        away = math.dist((auto.body.n, auto.body.e, auto.body.u), (north, east, up))
        if away < 1.5:
            auto.hold_until = auto.t + item.params[0] if auto.hold_until is None else auto.hold_until
            if auto.t >= auto.hold_until:
                _next(auto)
        return _towards(auto, (north, east, up), dt)
    if item.command == RTL:
        auto.enter("rtl")
    elif item.command == LAND:
        auto.enter("land")
    elif item.command == JUMP:
        done = auto.jumps.get(item.seq, 0)
        if done < item.params[1]:
            auto.jumps[item.seq] = done + 1
            auto.reached.append(item.seq)
            auto.seq = int(item.params[0])
        else:
            _next(auto)
    else:
        _next(auto)
    return 0.0, 0.0, 0.0


def _next(auto: Steered) -> None:
    auto.reached.append(auto.seq)
    if auto.profile.name == "ardupilot":
        auto.say(6, f"Reached command #{auto.seq}")
    auto.hold_until = None
    auto.seq += 1


def _end_mission(auto: Steered) -> tuple[float, float, float]:
    if not auto.mission_done:
        auto.mission_done = True
        auto.target = (auto.body.n, auto.body.e, auto.body.u)
        if auto.profile.after_mission:
            auto.say(6, "Mission finished, loitering")
            auto.mode = auto.profile.after_mission
    return (0.0, 0.0, 0.0) if auto.target is None else _towards(auto, auto.target, 0.5)
