"""What a simulated autopilot is set to: as it must be in a nest, and as it comes from its maker.

Defaults as in ArduCopter 4.6's and PX4 1.18's parameter documentation. What each value does is acted out where it does
it: failsafes, fences, the way home.
"""

from collections.abc import Mapping

Settings = Mapping[str, tuple[float, bool]]
"""Name: (value, whether it is an int32)."""

ARDUPILOT: Settings = {
    "ARMING_CHECK": (1, True),
    "BATT_CAPACITY": (12_000, True),
    "BATT_CRT_MAH": (720, True),
    "BATT_CRT_VOLT": (0.0, False),
    "BATT_FS_CRT_ACT": (1, True),
    "BATT_FS_LOW_ACT": (2, True),
    "BATT_LOW_MAH": (1440, True),
    "BATT_LOW_TIMER": (10, True),
    "BATT_LOW_VOLT": (21.0, False),
    "DISARM_DELAY": (10, True),
    "FENCE_ACTION": (1, True),
    "FENCE_ALT_MAX": (130.0, False),
    "FENCE_ALT_MIN": (-10.0, False),
    "FENCE_ENABLE": (0, True),
    "FENCE_RADIUS": (6000.0, False),
    "FENCE_TYPE": (7, True),
    "FS_CRASH_CHECK": (1, True),
    "FS_EKF_ACTION": (1, True),
    "FS_GCS_ENABLE": (1, True),
    "FS_GCS_TIMEOUT": (5, False),
    "FS_OPTIONS": (16, True),
    "FS_THR_ENABLE": (1, True),
    "RALLY_TOTAL": (0, True),
    "RTL_ALT": (3000, True),
    "RTL_ALT_FINAL": (0, True),
    "RTL_ALT_TYPE": (0, True),
    "RTL_CLIMB_MIN": (0, True),
    "RTL_LOIT_TIME": (5000, True),
    "RTL_SPEED": (0, True),
    "SYSID_MYGCS": (255, True),
    "WPNAV_SPEED": (1000, False),
}
ARDUPILOT_NEW: Mapping[str, float] = {
    "BATT_CAPACITY": 3300,
    "BATT_CRT_MAH": 0,
    "BATT_FS_CRT_ACT": 0,
    "BATT_FS_LOW_ACT": 0,
    "BATT_LOW_MAH": 0,
    "BATT_LOW_VOLT": 10.5,
    "FENCE_ALT_MAX": 100.0,
    "FENCE_RADIUS": 300.0,
    "FS_GCS_ENABLE": 0,
    "RTL_ALT": 1500,
}
"""As delivered: what differs."""

PX4: Settings = {
    "BAT1_CAPACITY": (12_000.0, False),
    "BAT1_N_CELLS": (6, True),
    "BAT1_V_CHARGED": (4.05, False),
    "BAT1_V_EMPTY": (3.6, False),
    "BAT_CRIT_THR": (0.12, False),
    "BAT_EMERGEN_THR": (0.06, False),
    "COM_ARM_AUTH_ID": (255, True),
    "COM_ARM_AUTH_MET": (1, True),
    "COM_ARM_AUTH_REQ": (0, True),
    "COM_ARM_ON_BOOT": (0, True),
    "COM_DISARM_LAND": (2.0, False),
    "COM_DLL_EXCEPT": (0, True),
    "COM_DL_LOSS_T": (10, True),
    "COM_FAIL_ACT_T": (5.0, False),
    "COM_HOME_IN_AIR": (0, True),
    "COM_LOW_BAT_ACT": (3, True),
    "COM_TAKEOFF_ACT": (0, True),
    "GF_ACTION": (3, True),
    "GF_MAX_HOR_DIST": (0.0, False),
    "GF_MAX_VER_DIST": (0.0, False),
    "MIS_TAKEOFF_ALT": (2.5, False),
    "MPC_XY_CRUISE": (10.0, False),
    "NAV_DLL_ACT": (2, True),
    "NAV_RCL_ACT": (2, True),
    "RTL_LAND_DELAY": (0.0, False),
    "RTL_RETURN_ALT": (30.0, False),
    "RTL_TYPE": (0, True),
}
PX4_NEW: Mapping[str, float] = {
    "BAT1_CAPACITY": -1.0,
    "BAT1_N_CELLS": 0,
    "BAT_CRIT_THR": 0.07,
    "BAT_EMERGEN_THR": 0.05,
    "COM_ARM_AUTH_ID": 10,
    "COM_ARM_AUTH_MET": 0,
    "COM_LOW_BAT_ACT": 0,
    "GF_ACTION": 2,
    "MPC_XY_CRUISE": 5.0,
    "NAV_DLL_ACT": 0,
    "RTL_RETURN_ALT": 60.0,
}
