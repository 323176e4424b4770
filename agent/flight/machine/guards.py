"""Every condition a row of the table may name, as a look at its inputs."""

from collections.abc import Callable, Mapping

from agent.flight.machine.inputs import Inputs

ACTS = frozenset({"returns_by_itself", "lands_by_itself", "stops_by_itself", "own_stop_over", "another_station"})
"""Owners of the mode that are neither we nor a pilot: the autopilot itself, or a ground station that is not ours."""

GUARDS: Mapping[str, Callable[[Inputs], bool]] = {
    "ordered_to_fly": lambda v: v.order == "fly",
    "recalled": lambda v: v.order == "recall",
    "told_to_stop": lambda v: v.order == "stop",
    "withdrawn": lambda v: v.order in {"recall", "stop"},
    "not_withdrawn": lambda v: v.order not in {"recall", "stop"},
    "cleared_by_person": lambda v: v.clear,
    "timed_out_or_failed": lambda v: v.timed_out_or_failed,
    "goal_reached": lambda v: v.goal_reached,
    "interlocks_ok": lambda v: v.interlocks_ok,
    "cover_closed": lambda v: v.cover == "closed",
    "cover_open": lambda v: v.cover == "open",
    "cover_not_open": lambda v: v.cover != "open",
    "cover_abnormal": lambda v: v.cover == "abnormal",
    "berth_free": lambda v: v.berth == "free",
    "berth_clamped": lambda v: v.berth == "clamped",
    "berth_not_clamped": lambda v: v.berth != "clamped",
    "berth_not_free": lambda v: v.berth != "free",
    "emergency_stop": lambda v: v.estop is True,
    "pad_blocked": lambda v: v.pad is not True,
    "pad_free": lambda v: v.pad is True,
    "power_out": lambda v: v.power is not True,
    "weather_bad": lambda v: v.weather is not True,
    "link_lost": lambda v: not v.link,
    "docked": lambda v: v.aircraft == "docked",
    "not_in_place": lambda v: v.aircraft not in {"docked", "unknown"},
    "unseen": lambda v: v.aircraft == "unknown",
    "seen": lambda v: v.aircraft != "unknown",
    "airborne": lambda v: v.aircraft == "airborne",
    "may_lead": lambda v: v.may_lead,
    "may_hop": lambda v: v.may_hop,
    "may_not_hop": lambda v: not v.may_hop,
    "landed_off_site": lambda v: v.aircraft == "landed_off_site",
    "aircraft_ready": lambda v: v.prepared,
    "energy_critical": lambda v: v.energy == "critical",
    "energy_not_ample": lambda v: v.energy != "ample",
    "home_moved": lambda v: v.home_kept is False,
    "gnss_lost": lambda v: v.gnss is False,
    "gnss_good": lambda v: v.gnss is True,
    "nobody_holds_it": lambda v: not v.held and v.order != "stop",
    "pilot_flies": lambda v: v.pilot is True,
    "pilot_gone": lambda v: v.pilot is False,
    "acts_by_itself": lambda v: v.owner in ACTS,
    "not_landing_itself": lambda v: v.owner != "lands_by_itself",
    "own_stop_over": lambda v: v.owner == "own_stop_over",
    "ours_again": lambda v: v.owner == "ours",
}
"""Every condition a row may name."""
