"""The nest's state machine as one table. The agent executes these rows, the suite checks these rows, the document shows
these rows; nothing else decides what moves or flies.

Rows of a phase are tried from the top and the first whose guards all hold is taken, again and again until none does.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Phase(StrEnum):
    """Where a nest and its aircraft are. Stored: never rename one."""

    REST = "rest"
    PREPARING = "preparing"
    LAUNCHING = "launching"
    OUTBOUND = "outbound"
    ON_SCENE = "on_scene"
    RETURNING = "returning"
    DIVERTING = "diverting"
    LANDING = "landing"
    HOPPING = "hopping"
    HOLDING = "holding"
    MANUAL_OVERRIDE = "manual_override"
    AUTOPILOT_ACTS = "autopilot_acts"
    REASSESSING = "reassessing"
    SECURING = "securing"
    CLOSING = "closing"
    BLOCKED = "blocked"
    AIRCRAFT_LOST = "aircraft_lost"
    LANDED_OFF_SITE = "landed_off_site"
    STOPPED = "stopped"
    FAILED = "failed"


class Do(StrEnum):
    """Standing orders of a phase: begun when it is entered, withdrawn when it is left."""

    OPEN_COVER = "open_cover"
    FREE_BERTH = "free_berth"  # charger off, then rods free
    PREPARE_AIRCRAFT = "prepare_aircraft"  # fence uploaded and read back, failsafe checked
    LAUNCH = "launch"  # arm and climb: once, never again in this phase
    GO = "go"
    STAY = "stay"
    COME_HOME = "come_home"
    HOP_IN = "hop_in"  # arm beside the nest and climb: once, never again in this phase
    LAND_AWAY = "land_away"
    LAND_NOW = "land_now"
    HOLD = "hold"
    CLAMP_BERTH = "clamp_berth"
    CLOSE_COVER = "close_cover"
    CHARGE = "charge"
    STOP_NEST = "stop_nest"


class Row(NamedTuple):
    """From `at`, when all `guards` hold, to `to`."""

    at: Phase
    guards: tuple[str, ...]
    to: Phase


class Stay(NamedTuple):
    """What holds while in a phase. `within_s` None: it may last, for it waits for an order or a person."""

    orders: tuple[Do, ...]
    within_s: float | None
    restart: Phase  # where a restarted agent goes on
    end: bool = False  # an allowed end: nothing of ours is in the air and nothing moves


P = Phase
STAYS: Mapping[Phase, Stay] = {
    P.REST: Stay((Do.CHARGE,), None, P.REST, end=True),
    P.PREPARING: Stay((Do.OPEN_COVER, Do.FREE_BERTH, Do.PREPARE_AIRCRAFT), 90, P.REASSESSING),
    P.LAUNCHING: Stay((Do.LAUNCH,), 90, P.REASSESSING),  # never a second arming: look first
    P.OUTBOUND: Stay((Do.GO,), 900, P.OUTBOUND),
    P.ON_SCENE: Stay((Do.STAY,), 1800, P.ON_SCENE),
    P.RETURNING: Stay((Do.COME_HOME,), 900, P.RETURNING),
    P.DIVERTING: Stay((Do.LAND_AWAY,), 600, P.DIVERTING),
    P.LANDING: Stay((Do.LAND_NOW,), 300, P.LANDING),
    P.HOPPING: Stay((Do.HOP_IN,), 60, P.REASSESSING),  # never a second arming: whoever comes may stand there by now
    P.HOLDING: Stay((Do.HOLD,), 120, P.HOLDING),
    P.MANUAL_OVERRIDE: Stay((), None, P.MANUAL_OVERRIDE),
    P.AUTOPILOT_ACTS: Stay((), None, P.AUTOPILOT_ACTS),  # followed, never cancelled
    P.REASSESSING: Stay((), 600, P.REASSESSING),
    P.SECURING: Stay((Do.CLAMP_BERTH,), 60, P.REASSESSING),  # a person may stand at the nest by now: look first
    P.CLOSING: Stay((Do.CLOSE_COVER,), 60, P.REASSESSING),
    P.BLOCKED: Stay((Do.STOP_NEST,), 300, P.REASSESSING),  # somebody's hand may be where the nest would move
    P.AIRCRAFT_LOST: Stay((), None, P.AIRCRAFT_LOST, end=True),
    P.LANDED_OFF_SITE: Stay((), None, P.LANDED_OFF_SITE, end=True),
    P.STOPPED: Stay((Do.STOP_NEST,), None, P.STOPPED, end=True),
    P.FAILED: Stay((Do.STOP_NEST,), None, P.FAILED, end=True),
}
"""Per phase: its orders, its time, where a restart leads."""

ROWS: tuple[Row, ...] = (
    Row(P.REST, ("airborne", "may_lead"), P.RETURNING),
    Row(P.REST, ("emergency_stop",), P.STOPPED),
    Row(P.REST, ("ordered_to_fly", "interlocks_ok", "cover_closed", "berth_clamped", "docked"), P.PREPARING),
    #
    Row(P.PREPARING, ("emergency_stop",), P.STOPPED),
    Row(P.PREPARING, ("cover_abnormal",), P.FAILED),
    Row(P.PREPARING, ("not_in_place",), P.FAILED),
    Row(P.PREPARING, ("unseen",), P.BLOCKED),
    Row(P.PREPARING, ("pad_blocked",), P.BLOCKED),
    Row(P.PREPARING, ("withdrawn",), P.SECURING),
    Row(P.PREPARING, ("weather_bad",), P.SECURING),
    Row(P.PREPARING, ("cover_open", "berth_free", "aircraft_ready", "interlocks_ok"), P.LAUNCHING),
    Row(P.PREPARING, ("timed_out_or_failed", "cover_open", "berth_free"), P.SECURING),
    Row(P.PREPARING, ("timed_out_or_failed",), P.FAILED),
    #
    Row(P.LAUNCHING, ("goal_reached",), P.OUTBOUND),
    Row(P.LAUNCHING, ("airborne", "pilot_flies"), P.MANUAL_OVERRIDE),
    Row(P.LAUNCHING, ("airborne", "acts_by_itself"), P.AUTOPILOT_ACTS),
    Row(P.LAUNCHING, ("emergency_stop", "docked"), P.STOPPED),
    Row(P.LAUNCHING, ("timed_out_or_failed",), P.REASSESSING),
    #
    Row(P.OUTBOUND, ("landed_off_site",), P.LANDED_OFF_SITE),
    Row(P.OUTBOUND, ("docked",), P.SECURING),
    Row(P.OUTBOUND, ("pilot_flies",), P.MANUAL_OVERRIDE),
    Row(P.OUTBOUND, ("acts_by_itself",), P.AUTOPILOT_ACTS),
    Row(P.OUTBOUND, ("gnss_lost",), P.HOLDING),
    Row(P.OUTBOUND, ("told_to_stop",), P.HOLDING),
    Row(P.OUTBOUND, ("recalled",), P.RETURNING),
    Row(P.OUTBOUND, ("energy_not_ample",), P.RETURNING),
    Row(P.OUTBOUND, ("weather_bad",), P.RETURNING),
    Row(P.OUTBOUND, ("home_moved",), P.RETURNING),
    Row(P.OUTBOUND, ("goal_reached",), P.ON_SCENE),
    Row(P.OUTBOUND, ("timed_out_or_failed",), P.RETURNING),
    #
    Row(P.ON_SCENE, ("landed_off_site",), P.LANDED_OFF_SITE),
    Row(P.ON_SCENE, ("docked",), P.SECURING),
    Row(P.ON_SCENE, ("pilot_flies",), P.MANUAL_OVERRIDE),
    Row(P.ON_SCENE, ("acts_by_itself",), P.AUTOPILOT_ACTS),
    Row(P.ON_SCENE, ("gnss_lost",), P.HOLDING),
    Row(P.ON_SCENE, ("told_to_stop",), P.HOLDING),
    Row(P.ON_SCENE, ("recalled",), P.RETURNING),
    Row(P.ON_SCENE, ("energy_not_ample",), P.RETURNING),
    Row(P.ON_SCENE, ("weather_bad",), P.RETURNING),
    Row(P.ON_SCENE, ("home_moved",), P.RETURNING),
    Row(P.ON_SCENE, ("ordered_to_fly",), P.OUTBOUND),
    Row(P.ON_SCENE, ("timed_out_or_failed",), P.RETURNING),
    #
    Row(P.RETURNING, ("link_lost",), P.REASSESSING),
    Row(P.RETURNING, ("landed_off_site", "may_hop", "not_withdrawn"), P.HOPPING),
    Row(P.RETURNING, ("landed_off_site",), P.LANDED_OFF_SITE),
    Row(P.RETURNING, ("docked",), P.SECURING),
    Row(P.RETURNING, ("pilot_flies",), P.MANUAL_OVERRIDE),
    Row(P.RETURNING, ("acts_by_itself",), P.AUTOPILOT_ACTS),
    Row(P.RETURNING, ("energy_critical",), P.LANDING),
    Row(P.RETURNING, ("gnss_lost",), P.HOLDING),
    Row(P.RETURNING, ("told_to_stop",), P.HOLDING),
    Row(P.RETURNING, ("cover_not_open",), P.DIVERTING),
    Row(P.RETURNING, ("berth_not_free",), P.DIVERTING),
    Row(P.RETURNING, ("pad_blocked",), P.DIVERTING),
    Row(P.RETURNING, ("emergency_stop",), P.DIVERTING),
    Row(P.RETURNING, ("power_out",), P.DIVERTING),
    Row(P.RETURNING, ("timed_out_or_failed",), P.LANDING),
    #
    Row(P.DIVERTING, ("link_lost",), P.REASSESSING),
    Row(P.DIVERTING, ("landed_off_site",), P.LANDED_OFF_SITE),
    Row(P.DIVERTING, ("docked",), P.SECURING),
    Row(P.DIVERTING, ("pilot_flies",), P.MANUAL_OVERRIDE),
    Row(P.DIVERTING, ("acts_by_itself",), P.AUTOPILOT_ACTS),
    Row(P.DIVERTING, ("energy_critical",), P.LANDING),
    Row(P.DIVERTING, ("gnss_lost",), P.HOLDING),
    Row(P.DIVERTING, ("told_to_stop",), P.HOLDING),
    Row(P.DIVERTING, ("timed_out_or_failed",), P.LANDING),
    #
    Row(P.LANDING, ("link_lost",), P.REASSESSING),
    Row(P.LANDING, ("landed_off_site",), P.LANDED_OFF_SITE),
    Row(P.LANDING, ("docked",), P.SECURING),
    Row(P.LANDING, ("pilot_flies",), P.MANUAL_OVERRIDE),
    Row(P.LANDING, ("acts_by_itself",), P.AUTOPILOT_ACTS),
    Row(P.LANDING, ("timed_out_or_failed",), P.AIRCRAFT_LOST),
    #
    Row(P.HOPPING, ("goal_reached",), P.RETURNING),
    Row(P.HOPPING, ("airborne", "pilot_flies"), P.MANUAL_OVERRIDE),
    Row(P.HOPPING, ("airborne", "acts_by_itself"), P.AUTOPILOT_ACTS),
    Row(P.HOPPING, ("landed_off_site", "withdrawn"), P.LANDED_OFF_SITE),
    Row(P.HOPPING, ("landed_off_site", "may_not_hop"), P.LANDED_OFF_SITE),
    Row(P.HOPPING, ("timed_out_or_failed",), P.REASSESSING),
    #
    Row(P.HOLDING, ("link_lost",), P.REASSESSING),
    Row(P.HOLDING, ("landed_off_site",), P.LANDED_OFF_SITE),
    Row(P.HOLDING, ("docked",), P.SECURING),
    Row(P.HOLDING, ("pilot_flies",), P.MANUAL_OVERRIDE),
    Row(P.HOLDING, ("acts_by_itself",), P.AUTOPILOT_ACTS),
    Row(P.HOLDING, ("energy_critical",), P.LANDING),
    Row(P.HOLDING, ("recalled", "gnss_good"), P.RETURNING),
    Row(P.HOLDING, ("energy_not_ample", "gnss_good"), P.RETURNING),
    Row(P.HOLDING, ("nobody_holds_it", "gnss_good"), P.RETURNING),
    Row(P.HOLDING, ("timed_out_or_failed", "gnss_good"), P.RETURNING),
    Row(P.HOLDING, ("timed_out_or_failed",), P.LANDING),
    #
    Row(P.MANUAL_OVERRIDE, ("link_lost",), P.REASSESSING),
    Row(P.MANUAL_OVERRIDE, ("landed_off_site",), P.LANDED_OFF_SITE),
    Row(P.MANUAL_OVERRIDE, ("docked",), P.SECURING),
    Row(P.MANUAL_OVERRIDE, ("pilot_gone",), P.RETURNING),
    #
    Row(P.AUTOPILOT_ACTS, ("link_lost",), P.REASSESSING),
    Row(P.AUTOPILOT_ACTS, ("landed_off_site",), P.LANDED_OFF_SITE),
    Row(P.AUTOPILOT_ACTS, ("docked",), P.SECURING),
    Row(P.AUTOPILOT_ACTS, ("pilot_flies",), P.MANUAL_OVERRIDE),
    Row(P.AUTOPILOT_ACTS, ("recalled", "not_landing_itself"), P.RETURNING),
    Row(P.AUTOPILOT_ACTS, ("own_stop_over", "gnss_good"), P.RETURNING),
    Row(P.AUTOPILOT_ACTS, ("ours_again",), P.RETURNING),
    #
    Row(P.REASSESSING, ("airborne",), P.RETURNING),
    Row(P.REASSESSING, ("landed_off_site",), P.LANDED_OFF_SITE),
    Row(P.REASSESSING, ("docked",), P.SECURING),
    Row(P.REASSESSING, ("timed_out_or_failed",), P.AIRCRAFT_LOST),
    #
    Row(P.SECURING, ("emergency_stop",), P.STOPPED),
    Row(P.SECURING, ("not_in_place",), P.FAILED),
    Row(P.SECURING, ("unseen",), P.BLOCKED),
    Row(P.SECURING, ("pad_blocked",), P.BLOCKED),
    Row(P.SECURING, ("berth_clamped",), P.CLOSING),
    Row(P.SECURING, ("timed_out_or_failed",), P.FAILED),
    #
    Row(P.CLOSING, ("emergency_stop",), P.STOPPED),
    Row(P.CLOSING, ("not_in_place",), P.FAILED),
    Row(P.CLOSING, ("unseen",), P.BLOCKED),
    Row(P.CLOSING, ("pad_blocked",), P.BLOCKED),
    Row(P.CLOSING, ("berth_not_clamped",), P.FAILED),
    Row(P.CLOSING, ("cover_abnormal",), P.FAILED),
    Row(P.CLOSING, ("cover_closed",), P.REST),
    Row(P.CLOSING, ("timed_out_or_failed",), P.FAILED),
    #
    Row(P.BLOCKED, ("airborne", "may_lead"), P.RETURNING),
    Row(P.BLOCKED, ("emergency_stop",), P.STOPPED),
    Row(P.BLOCKED, ("pad_free", "seen"), P.SECURING),
    Row(P.BLOCKED, ("timed_out_or_failed",), P.FAILED),
    #
    Row(P.AIRCRAFT_LOST, ("airborne", "may_lead"), P.RETURNING),
    Row(P.AIRCRAFT_LOST, ("cleared_by_person", "landed_off_site"), P.LANDED_OFF_SITE),
    Row(P.AIRCRAFT_LOST, ("cleared_by_person", "docked"), P.SECURING),
    #
    Row(P.LANDED_OFF_SITE, ("airborne", "may_lead"), P.RETURNING),
    Row(P.LANDED_OFF_SITE, ("cleared_by_person", "docked"), P.SECURING),
    Row(P.STOPPED, ("airborne", "may_lead"), P.RETURNING),
    Row(P.STOPPED, ("cleared_by_person",), P.SECURING),
    Row(P.FAILED, ("airborne", "may_lead"), P.RETURNING),
    Row(P.FAILED, ("cleared_by_person", "landed_off_site"), P.LANDED_OFF_SITE),
    Row(P.FAILED, ("cleared_by_person",), P.SECURING),
)
"""The machine."""
