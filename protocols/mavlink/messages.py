"""From a message's fields to the state, without I/O. Modes are read from the raw heartbeat: mavsdk shows BRAKE and
LOITER both as HOLD, and GUIDED as OFFBOARD."""

import math
from collections.abc import Mapping
from typing import Any

from protocols.mavlink.state import LANDED, PAYLOAD, Landed, PackSaid, VehicleState

Fields = Mapping[str, Any]

ARDUPILOT_MODES = {
    0: "stabilize", 2: "alt_hold", 3: "auto", 4: "guided", 5: "loiter", 6: "rtl", 9: "land", 16: "poshold",
    17: "brake", 21: "smart_rtl", 27: "auto_rtl",
}  # fmt: skip
PX4_MODES = {
    (1, 0): "manual", (2, 0): "altctl", (3, 0): "posctl", (4, 1): "ready", (4, 2): "takeoff", (4, 3): "hold",
    (4, 4): "auto", (4, 5): "rtl", (4, 6): "land", (4, 9): "precland", (6, 0): "offboard", (7, 0): "stabilize",
}  # fmt: skip
AUTOPILOTS = {3: "ardupilot", 12: "px4"}
PREARM_BIT = 0x1000_0000
"""In the health mask it is the pre-arm check's answer. PX4 sets it there only, ArduPilot also says present, enabled."""
MOST_PACKS = 16
GCS_TYPE = 6
BACK_MS = 2000
"""So far an aircraft's clock goes back by messages that overtake each other; further only by starting anew."""


def mode_name(autopilot: str, custom: int) -> str:
    """The mode's name from HEARTBEAT.custom_mode; `mode_<n>` for one not listed."""
    if autopilot == "px4":
        main, sub = custom >> 16 & 0xFF, custom >> 24 & 0xFF
        return PX4_MODES.get((main, sub), f"mode_{main}_{sub}")
    return ARDUPILOT_MODES.get(custom, f"mode_{custom}")


def _heartbeat(state: VehicleState, f: Fields) -> bool:
    if f["type"] == GCS_TYPE or f["autopilot"] == 8:  # another ground station, or a gimbal under the same id
        return False
    state.autopilot = AUTOPILOTS.get(f["autopilot"], "")
    state.armed = bool(int(f["base_mode"]) & 0x80)
    state.mode = mode_name(state.autopilot, int(f["custom_mode"]))
    return True


def _sys_status(state: VehicleState, f: Fields) -> bool:
    state.armable = bool(int(f["onboard_control_sensors_health"]) & PREARM_BIT)
    return True


def _position(state: VehicleState, f: Fields) -> bool:
    state.lat, state.lon = f["lat"] / 1e7, f["lon"] / 1e7
    state.altitude_m, state.height_m = f["alt"] / 1e3, f["relative_alt"] / 1e3
    state.north_ms, state.east_ms, state.up_ms = f["vx"] / 100, f["vy"] / 100, -f["vz"] / 100
    since_boot_ms = int(f.get("time_boot_ms", state.boot_ms))
    if since_boot_ms + BACK_MS < state.boot_ms:
        state.boots, state.packs = state.boots + 1, {}  # it may have been given others
    state.boot_ms = since_boot_ms
    return True


def _attitude(state: VehicleState, f: Fields) -> bool:
    upright = math.cos(f["roll"]) * math.cos(f["pitch"])
    state.tilt_deg = math.degrees(math.acos(upright))
    return True


def _gps(state: VehicleState, f: Fields) -> bool:
    state.gps_fix, state.satellites = int(f["fix_type"]), int(f["satellites_visible"])
    state.gnss_altitude_m = f["alt"] / 1e3 if state.gps_fix >= 3 else math.nan
    over_ellipsoid_mm, error_mm = f.get("alt_ellipsoid") or 0, f.get("v_acc") or 0  # 0: it does not say
    state.gnss_ellipsoid_m = over_ellipsoid_mm / 1e3 if over_ellipsoid_mm else math.nan
    state.gnss_error_m = error_mm / 1e3 if error_mm else math.nan
    return True


def _mission(state: VehicleState, f: Fields) -> bool:
    state.mission_seq, state.mission_total = int(f["seq"]), int(f.get("total", 0))
    state.mission_done = int(f.get("mission_state", 0)) == 5
    return True


def _battery(state: VehicleState, f: Fields) -> bool:
    """The worst counts; one that is for something else is kept, and says nothing of the flight."""
    remaining, current = f["battery_remaining"], f["current_battery"]
    volts = tuple(v / 1e3 for v in f["voltages"] if v not in {0, 65535})
    percent, current_a = math.nan if remaining < 0 else float(remaining), math.nan if current < 0 else current / 100
    said = PackSaid(percent, volts, current_a, int(f.get("battery_function", 0)))
    number = int(f.get("id", 0))
    if number not in state.packs and len(state.packs) >= MOST_PACKS:
        return False
    state.packs = {**state.packs, number: said}
    fly = [one for one in state.packs.values() if one.function not in PAYLOAD]
    if said.function in PAYLOAD:
        return False
    worst = min(fly, key=lambda one: -math.inf if math.isnan(one.percent) else one.percent)
    state.battery_percent, state.voltage_v, state.current_a = worst.percent, worst.voltage_v, worst.current_a
    return True


def _home(state: VehicleState, f: Fields) -> bool:
    state.home = (f["latitude"] / 1e7, f["longitude"] / 1e7, f["altitude"] / 1e3)
    return True


def _landed(state: VehicleState, f: Fields) -> bool:
    number = int(f["landed_state"])
    state.landed = LANDED[number] if number < len(LANDED) else Landed.UNKNOWN
    return True


def _remote_id(state: VehicleState, f: Fields) -> bool:
    state.remote_id_ok, state.remote_id_text = int(f["status"]) == 0, str(f.get("error", ""))
    return True


_TAKE = {
    "HEARTBEAT": _heartbeat, "SYS_STATUS": _sys_status, "GLOBAL_POSITION_INT": _position, "GPS_RAW_INT": _gps,
    "MISSION_CURRENT": _mission, "BATTERY_STATUS": _battery, "HOME_POSITION": _home, "EXTENDED_SYS_STATE": _landed,
    "OPEN_DRONE_ID_ARM_STATUS": _remote_id, "ATTITUDE": _attitude,
}  # fmt: skip


def take(state: VehicleState, name: str, fields: Fields, now_ns: int) -> bool:
    """Put one message into the state and stamp its stream; False when it was not for us or not whole."""
    try:
        mine = _TAKE[name](state, fields)
    except (KeyError, TypeError, ValueError):
        return False
    if mine:
        state.heard_at(name, now_ns)
        if name == "BATTERY_STATUS":
            pack = int(fields.get("id", 0))
            state.packs = {**state.packs, pack: state.packs[pack]._replace(at_ns=now_ns)}
    return mine
