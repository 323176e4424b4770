"""What the aircraft says unasked or at a rate it was asked for, one function per message."""

import math
from collections.abc import Callable
from typing import Any

from pymavlink.dialects.v20 import common as mv

from hil.vehicle.autopilot import Autopilot
from hil.vehicle.physics import CELLS

Message = Any  # pymavlink's message classes are generated and untyped
PREARM = 0x1000_0000
GEOID_MM = 9_000
"""By so much the ellipsoid lies below mean sea level here."""
FITTED = 0x1 | 0x2 | 0x4 | 0x8 | 0x20 | 0x200_0000


def heartbeat(auto: Autopilot) -> Message:
    """HEARTBEAT: mode and armed."""
    base = mv.MAV_MODE_FLAG_CUSTOM_MODE_ENABLED | (mv.MAV_MODE_FLAG_SAFETY_ARMED if auto.armed else 0)
    state = mv.MAV_STATE_ACTIVE if auto.armed else mv.MAV_STATE_STANDBY
    mode = auto.profile.modes[auto.mode]
    return mv.MAVLink_heartbeat_message(mv.MAV_TYPE_QUADROTOR, auto.profile.autopilot, base, mode, state, 3)


def sys_status(auto: Autopilot) -> Message:
    """SYS_STATUS: sensors, pre-arm check, battery."""
    fitted = FITTED | PREARM if auto.profile.prearm_present else FITTED
    health = FITTED | PREARM if auto.says_armable else FITTED
    if auto.faults.gps_lost:
        health &= ~0x20
    current = int(auto.power_w / auto.battery.voltage_v * 100) if auto.profile.keeps_current else -1
    millivolts, percent = int(auto.battery.voltage_v * 1000), int(auto.battery.said_percent)
    return mv.MAVLink_sys_status_message(
        fitted, fitted, health, 200, millivolts, current, percent, 0, 0, 0, 0, 0, 0
    )  # fmt: skip


def position(auto: Autopilot) -> Message:
    """GLOBAL_POSITION_INT."""
    place, body = auto.place, auto.body
    return mv.MAVLink_global_position_int_message(
        _ms(auto), int(place.lat * 1e7), int(place.lon * 1e7), int(auto.altitude_m * 1000), int(auto.height_m * 1000),
        int(body.vn * 100), int(body.ve * 100), int(-body.vu * 100), 0,
    )  # fmt: skip


def local_position(auto: Autopilot) -> Message:
    """LOCAL_POSITION_NED."""
    b = auto.body
    return mv.MAVLink_local_position_ned_message(_ms(auto), b.n, b.e, -b.u, b.vn, b.ve, -b.vu)


def home(auto: Autopilot) -> Message:
    """HOME_POSITION."""
    lat, lon = int(auto.home.lat * 1e7), int(auto.home.lon * 1e7)
    return mv.MAVLink_home_position_message(
        lat, lon, int(auto.home_altitude_m * 1000), 0, 0, 0, [1, 0, 0, 0], 0, 0, 0, _ms(auto) * 1000
    )


def landed(auto: Autopilot) -> Message:
    """EXTENDED_SYS_STATE."""
    sinking = auto.mode == "land" or (auto.mode == "rtl" and auto.over_home_since is not None)
    state = 1 if auto.on_ground else 4 if sinking else 3 if auto.climb_to is not None else 2
    return mv.MAVLink_extended_sys_state_message(0, state)


def battery(auto: Autopilot) -> Message:
    """BATTERY_STATUS; what it is for PX4 says of every pack, ArduPilot of none."""
    cell = int(auto.battery.voltage_v * 1000 / CELLS)
    current = int(auto.power_w / auto.battery.voltage_v * 100) if auto.profile.keeps_current else -1
    used = int((auto.battery.capacity_wh - auto.battery.left_wh) / 22.2 * 1000)
    return mv.MAVLink_battery_status_message(
        0, auto.profile.battery_function, 1, 2500, [cell] * CELLS + [65535] * (10 - CELLS), current, used, -1,
        int(auto.battery.said_percent),
    )  # fmt: skip


def gps(auto: Autopilot) -> Message:
    """GPS_RAW_INT."""
    fix, seen = (auto.profile.gps_fix, 14) if auto.fixed else (1, 0)
    place, up_mm = auto.place, int((auto.pad_altitude_m + auto.body.u + auto.gnss_off_m) * 1000)
    return mv.MAVLink_gps_raw_int_message(
        _ms(auto) * 1000, fix, int(place.lat * 1e7), int(place.lon * 1e7), up_mm, 80, 120, 0, 0, seen,
        up_mm + GEOID_MM, 900, int(auto.gnss_error_m * 1000), 200,
    )  # fmt: skip


def mission_current(auto: Autopilot) -> Message:
    """MISSION_CURRENT: state 5 is complete, 3 active, 2 not started."""
    state = 5 if auto.mission_done else 3 if auto.mode == "auto" else 2 if auto.mission else 1
    last = max(0, len(auto.mission) - 1)
    return mv.MAVLink_mission_current_message(min(auto.seq, last), len(auto.mission), state, 1)


def attitude(auto: Autopilot) -> Message:
    """ATTITUDE: level, or as it lies."""
    return mv.MAVLink_attitude_message(_ms(auto), math.radians(auto.tilt_deg), 0, 0, 0, 0, 0)


def remote_id(auto: Autopilot) -> Message:
    """OPEN_DRONE_ID_ARM_STATUS: 0 is good to arm."""
    down = auto.faults.remote_id_down
    return mv.MAVLink_open_drone_id_arm_status_message(1 if down else 0, b"RID: module silent" if down else b"")


def version(_auto: Autopilot) -> Message:
    """AUTOPILOT_VERSION with the abilities a ground station looks for."""
    able = 0x4 | 0x8 | 0x2000 | 0x2 | 0x20
    return mv.MAVLink_autopilot_version_message(able, 0x040700FF, 0, 0, 0, [0] * 8, [0] * 8, [0] * 8, 0, 0, 4711)


def _ms(auto: Autopilot) -> int:
    return int(auto.t * 1000) & 0xFFFF_FFFF


STREAMS: dict[int, Callable[[Autopilot], Message]] = {
    0: heartbeat, 1: sys_status, 33: position, 32: local_position, 242: home, 245: landed, 147: battery,
    24: gps, 42: mission_current, 30: attitude, 12918: remote_id, 148: version,
}  # fmt: skip
"""By message id; what MAV_CMD 511 and 512 may ask for."""
