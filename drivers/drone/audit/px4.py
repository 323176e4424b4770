"""PX4's table, for multicopters. Values as in its parameter reference for 1.14 to 1.18; `RALLY_TOTAL` is the number of
rally points stored, which it has no parameter for."""

from drivers.drone.audit.rules import Bits, Bounds, Need, OneOf, Within, need

REQUIRED = ("COM_ARM_AUTH_REQ", 1)


def _battery(b: Bounds) -> tuple[Need, ...]:
    """Percent is reckoned from volts a cell, so these must be those of this pack; a smart one counts for itself."""
    if b.pack is None:
        return ()
    of, why = b.pack.of, "audit.why_battery_counts"
    rows = (
        need("BAT1_N_CELLS", OneOf((b.pack.cells,)), why),
        need("BAT1_V_EMPTY", Within(*of.empty, "V"), why),
        need("BAT1_V_CHARGED", Within(*of.charged, "V"), why),
    )
    if b.pack.capacity_mah is None:
        return rows
    full = b.pack.capacity_mah
    return (*rows, need("BAT1_CAPACITY", Within(0.7 * full, 1.05 * full, "mAh"), why))


def needs(b: Bounds) -> tuple[Need, ...]:
    """What a PX4 in a nest with these bounds must be set to; the first that is not so is named first."""
    return (
        need("NAV_DLL_ACT", OneOf((2,)), "audit.why_ground_lost"),  # 1 holds, 3 lands, 5, 6 stop
        need("COM_DL_LOSS_T", Within(5, 30, "s"), "audit.why_ground_late"),
        need("COM_DLL_EXCEPT", Bits(off=3), "audit.why_ground_ignored", absent_ok=True),  # missions, auto modes
        need("COM_FAIL_ACT_T", Within(0, 10, "s"), "audit.why_acts_late", absent_ok=True),
        need("NAV_RCL_ACT", OneOf((2, 0)), "audit.why_radio_lost"),
        need("COM_LOW_BAT_ACT", OneOf((3,)), "audit.why_battery_low"),
        need("BAT_CRIT_THR", Within(0.07, max(0.07, b.reserve_percent / 100)), "audit.why_battery_early"),
        need("BAT_EMERGEN_THR", Within(0.02, 0.06), "audit.why_battery_early"),  # lands: below the return
        *_battery(b),
        need("GF_ACTION", OneOf((3, 2)), "audit.why_fence_action"),  # 4 stops the motors
        need("GF_MAX_HOR_DIST", Within(b.farthest_m, unit="m", or_zero=True), "audit.why_fence_narrow"),
        need("GF_MAX_VER_DIST", Within(b.highest_m, unit="m", or_zero=True), "audit.why_fence_low"),
        need("RTL_TYPE", OneOf((0,)), "audit.why_return_direct"),
        need("RALLY_TOTAL", OneOf((0,)), "audit.why_rally"),
        need("RTL_RETURN_ALT", Within(b.return_m, b.highest_m, "m"), "audit.why_return_height"),
        need("RTL_LAND_DELAY", Within(0, 15, "s"), "audit.why_return_lands"),  # -1 hovers over home for ever
        *((need("RTL_PLD_MD", OneOf((1, 2)), "audit.why_lands_precisely"),) if b.precise else ()),
        need("MPC_XY_CRUISE", Within(b.cruise_ms, unit="m/s"), "audit.why_slower"),
        need("COM_DISARM_LAND", Within(0.5, 30, "s"), "audit.why_disarms"),
        need("COM_HOME_IN_AIR", OneOf((0,)), "audit.why_home_moves", absent_ok=True),
        need("COM_TAKEOFF_ACT", OneOf((0,)), "audit.why_takeoff_goes_on", absent_ok=True),
        need("COM_ARM_ON_BOOT", OneOf((0,)), "audit.why_arms_itself", absent_ok=True),
        need("COM_ARM_AUTH_REQ", OneOf((float(b.authorises),)), "audit.why_authorised"),
        need("COM_ARM_AUTH_MET", OneOf((1,)), "audit.why_authorised", when=REQUIRED),
        need("COM_ARM_AUTH_ID", OneOf((b.ground_id,)), "audit.why_authorised", when=REQUIRED),
    )
