"""ArduCopter's table. Values as in its parameter documentation for 4.5, 4.6 and 4.7; names new in 4.7 stand first.

Not here: FENCE_ENABLE, which is set with each fence, and what decides no way home.
"""

from drivers.drone.audit.rules import Bits, Bounds, Named, Need, OneOf, Within, need

ALTITUDE, CIRCLE, POLYGON, FLOOR = 1, 2, 4, 8
"""Of FENCE_TYPE."""
CM, MS = "*0.01", "*0.001"


def _battery(b: Bounds) -> tuple[Need, ...]:
    """By volts it comes home, and lands, where this pack needs it; by charge not before our own reserve."""
    if b.pack is None:
        return (need("BATT_LOW_VOLT", Within(1, unit="V"), "audit.why_battery_low"),)
    low, critical = b.pack.volts(b.pack.of.low), b.pack.volts(b.pack.of.critical)
    rows = (
        need("BATT_LOW_VOLT", Within(*low, "V"), "audit.why_battery_kind"),
        need("BATT_CRT_VOLT", Within(*critical, "V", or_zero=True), "audit.why_battery_kind"),
        need("BATT_LOW_TIMER", Within(1, 30, "s"), "audit.why_battery_low"),  # 0: volts are not looked at
    )
    if b.pack.capacity_mah is None:
        return rows
    full, reserve = b.pack.capacity_mah, b.pack.capacity_mah * b.reserve_percent / 100
    return (
        *rows,
        need("BATT_CAPACITY", Within(0.7 * full, 1.05 * full, "mAh"), "audit.why_battery_counts"),
        need("BATT_LOW_MAH", Within(0, reserve, "mAh"), "audit.why_battery_early"),
        need("BATT_CRT_MAH", Within(0, reserve / 2, "mAh"), "audit.why_battery_early"),
    )


def _precisely(b: Bounds) -> tuple[Need, ...]:
    """What never lands without its target hovers over its nest until its battery is empty."""
    lands = need("PLND_STRICT", OneOf((1, 0)), "audit.why_return_lands", absent_ok=True)
    if not b.precise:
        return (lands,)
    why = "audit.why_lands_precisely"
    return (need("PLND_ENABLED", OneOf((1,)), why), need("PLND_TYPE", Within(1, 4), why), lands)


def needs(b: Bounds) -> tuple[Need, ...]:
    """What an ArduCopter in a nest with these bounds must be set to; the first that is not so is named first."""
    return (
        need("FS_GCS_ENABLE", OneOf((1, 3)), "audit.why_ground_lost"),  # 4, 5 land, 7 brakes
        need("FS_GCS_TIMEOUT", Within(3, 30, "s"), "audit.why_ground_late", absent_ok=True),
        need("FS_OPTIONS", Bits(off=2), "audit.why_ground_ignored", absent_ok=True),  # bit 1: goes on with a mission
        need("MAV_GCS_SYSID|SYSID_MYGCS", OneOf((b.ground_id,)), "audit.why_ground_id"),
        need("FS_THR_ENABLE", OneOf((1, 4, 0)), "audit.why_radio_lost"),
        need("BATT_FS_LOW_ACT", OneOf((2, 3)), "audit.why_battery_low"),
        *_battery(b),
        need("BATT_FS_CRT_ACT", OneOf((1, 0, 2, 3, 4)), "audit.why_battery_critical"),  # 5 stops the motors
        need("FS_EKF_ACTION", OneOf((1, 3)), "audit.why_place_lost"),  # 2 drifts, 0 goes on
        need("FS_CRASH_CHECK", OneOf((1,)), "audit.why_fallen"),
        need("FENCE_TYPE", Bits(on=POLYGON), "audit.why_fence_kind"),
        need("FENCE_ACTION", OneOf((1, 3)), "audit.why_fence_action"),
        need("FENCE_RADIUS", Within(b.farthest_m, unit="m"), "audit.why_fence_narrow", when=("FENCE_TYPE", CIRCLE)),
        need("FENCE_ALT_MAX", Within(b.highest_m, unit="m"), "audit.why_fence_low", when=("FENCE_TYPE", ALTITUDE)),
        need("FENCE_ALT_MIN", Within(-100, 0, "m"), "audit.why_fence_floor", when=("FENCE_TYPE", FLOOR)),
        need(f"RTL_ALT_M|RTL_ALT{CM}", Within(b.return_m, b.highest_m, "m"), "audit.why_return_height"),
        need("RTL_ALT_TYPE", OneOf((0,)), "audit.why_return_over_home", absent_ok=True),
        need(f"RTL_CLIMB_MIN_M|RTL_CLIMB_MIN{CM}", Within(0, 10, "m"), "audit.why_return_climb", absent_ok=True),
        need(f"RTL_ALT_FINAL_M|RTL_ALT_FINAL{CM}", OneOf((0,)), "audit.why_return_lands"),
        *_precisely(b),
        need(f"RTL_LOIT_TIME{MS}", Within(0, 15, "s"), "audit.why_return_waits"),
        need(f"RTL_SPEED_MS|RTL_SPEED{CM}", Within(b.cruise_ms, unit="m/s", or_zero=True), "audit.why_slower"),
        need(f"WP_SPD|WPNAV_SPEED{CM}", Within(b.cruise_ms, unit="m/s"), "audit.why_slower"),
        need("RALLY_TOTAL", OneOf((0,)), "audit.why_rally"),
        need("DISARM_DELAY", Within(1, 30, "s"), "audit.why_disarms"),
        Need((Named("ARMING_SKIPCHK"), Named("ARMING_CHECK", rule=OneOf((1,)))), OneOf((0,)), "audit.why_checks"),
    )
