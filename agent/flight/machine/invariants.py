"""What must hold at every look, said of the true world and not of the table; each named after the harm it prevents."""

from collections.abc import Callable, Mapping

from agent.flight.machine.causes import CAUSES
from agent.flight.machine.guards import ACTS
from agent.flight.machine.hops import HOPS
from agent.flight.machine.stepping import hindrances
from agent.flight.machine.table import STAYS, Do
from agent.flight.machine.transition import EN_ROUTE, FLIGHT, FLOWN_BY_ANOTHER, GROUND_MOTION, PERSON, P, TableStep


def _arms_safely(k: TableStep) -> bool:
    if P.LAUNCHING not in k.entered:
        return True
    v, c = k.view, k.core
    return bool(
        v.plc and v.link and c.cover == "open" and c.berth == "free" and c.aircraft == "docked" and v.prepared
        and v.raw("papers") and v.raw("weather") and v.raw("pad") and v.raw("power") and v.raw("gnss")
        and not v.raw("estop") and not v.pilot and c.energy == "ample"
    )  # fmt: skip


def _cover_moves_safely(k: TableStep) -> bool:
    orders = STAYS[k.after].orders
    if Do.OPEN_COVER not in orders and Do.CLOSE_COVER not in orders:
        return True
    known = k.view.plc and k.view.link and not k.view.raw("estop") and k.view.raw("pad")
    centred = k.core.berth == "clamped" or Do.CLOSE_COVER not in orders
    return bool(known and k.core.aircraft == "docked" and centred and k.core.cover != "abnormal")


def _berth_moves_safely(k: TableStep) -> bool:
    if not {Do.FREE_BERTH, Do.CLAMP_BERTH} & set(STAYS[k.after].orders):
        return True
    v = k.view
    return bool(v.plc and v.link and not v.raw("estop") and v.raw("pad") and k.core.aircraft == "docked")


def _only_a_person_ends(k: TableStep) -> bool:
    if k.core.phase not in {*PERSON, P.AIRCRAFT_LOST} or not k.taken:
        return True
    return bool(k.view.aircraft == "airborne" or k.view.clear)


def _nest_receives(k: TableStep) -> bool:
    if k.after is not P.RETURNING:
        return True
    v, c = k.view, k.core
    open_and_free = v.plc and c.cover == "open" and c.berth == "free"
    return bool(open_and_free and v.raw("pad") and v.raw("power") and not v.raw("estop"))


def _low_battery(k: TableStep) -> bool:
    if k.after not in FLIGHT or not k.view.link:
        return True
    if k.core.energy == "critical":
        return k.after is P.LANDING
    if k.core.energy != "homeward" or k.after not in {*EN_ROUTE, P.HOLDING}:
        return True
    return k.after is P.HOLDING and k.view.gnss is False


def _weather(k: TableStep) -> bool:
    return (k.after is not P.PREPARING and k.after not in EN_ROUTE) or k.view.weather is True


def _home_is_kept(k: TableStep) -> bool:
    """Its own way home, were it left alone, would lead elsewhere."""
    return k.after not in EN_ROUTE or k.view.home_kept is not False


def _no_position(k: TableStep) -> bool:
    return k.after not in {*EN_ROUTE, P.RETURNING, P.DIVERTING} or k.view.gnss is not False


def _person_orders(k: TableStep) -> bool:
    order = k.view.order
    if order == "recall":
        if k.after is P.AUTOPILOT_ACTS:
            return bool(k.view.owner == "lands_by_itself")
        blind = k.after is P.HOLDING and k.view.gnss is False
        return k.after not in {P.PREPARING, *EN_ROUTE, P.HOLDING} or blind
    if order == "stop":  # only a battery running down ends a hold a person asked for
        low = k.view.energy != "ample"
        return k.after not in {P.PREPARING, *EN_ROUTE} and (low or k.after not in {P.RETURNING, P.DIVERTING})
    return True


def _commands(k: TableStep) -> bool:
    """Whether orders go to an aircraft in the air; a launch's do once it is up."""
    return k.after in FLIGHT or (k.after in {P.LAUNCHING, P.HOPPING} and k.view.aircraft == "airborne")


def _pilot(k: TableStep) -> bool:
    return not _commands(k) or k.view.pilot is not True


def _own_acts_are_followed(k: TableStep) -> bool:
    """Only a person's recall, and time after a mere stop, take over from it; nothing from its landing."""
    if not _commands(k) or k.view.owner not in ACTS:
        return True
    if k.view.owner == "lands_by_itself" or not k.passed(P.AUTOPILOT_ACTS, P.RETURNING):
        return False
    return bool(k.view.order == "recall" or k.view.owner == "own_stop_over")


def _hold_of_nobodys_is_ended(k: TableStep) -> bool:
    """It stopped because it did not know where it is; two minutes of its battery were waited out."""
    waits = k.core.phase is P.HOLDING and k.after is P.HOLDING
    return not waits or k.view.gnss is not True or k.view.held or k.view.order == "stop"


def _own_stop_is_ended(k: TableStep) -> bool:
    over = k.core.phase is P.AUTOPILOT_ACTS and k.view.owner == "own_stop_over" and k.view.gnss is True
    return not over or k.after is not P.AUTOPILOT_ACTS


def _followed_only_while_it_acts(k: TableStep) -> bool:
    return P.AUTOPILOT_ACTS not in {k.after, *k.entered} or k.view.owner in ACTS


def _blind_orders(k: TableStep) -> bool:
    return k.after not in FLIGHT | FLOWN_BY_ANOTHER or bool(k.view.link)


def _landed_is_noticed(k: TableStep) -> bool:
    if k.after not in FLIGHT | FLOWN_BY_ANOTHER | {P.REASSESSING}:
        return True
    return k.view.aircraft not in {"docked", "landed_off_site"}


def _seen_flying_is_led(k: TableStep) -> bool:
    """From every phase, whatever was believed before; but where nothing may be ordered, nothing is begun."""
    if k.view.aircraft != "airborne":
        return True
    return k.after in {*FLIGHT, *FLOWN_BY_ANOTHER, P.LAUNCHING, P.HOPPING} or not k.view.may_lead


def _nothing_is_led_unasked(k: TableStep) -> bool:
    """Without a yes for this run nobody's aircraft is taken out of its pilot's or another station's hands."""
    idle = {P.REST, P.BLOCKED, *PERSON, P.AIRCRAFT_LOST}
    return k.core.phase not in idle or k.after not in FLIGHT or k.view.may_lead


def _piloted_only_by_a_pilot(k: TableStep) -> bool:
    return P.MANUAL_OVERRIDE not in {k.after, *k.entered} or k.view.pilot is True


def _nothing_waits_for_ever(k: TableStep) -> bool:
    return bool(k.taken) or STAYS[k.core.phase].within_s is None or not k.view.timed_out_or_failed


def _emergency_stop(k: TableStep) -> bool:
    on_ground = k.after in {*GROUND_MOTION, P.REST, P.BLOCKED} or (
        k.after is P.LAUNCHING and k.view.aircraft == "docked"
    )
    return not on_ground or k.view.estop is not True


def _rest_is_rest(k: TableStep) -> bool:
    rest = k.core.cover == "closed" and k.core.berth == "clamped" and k.view.aircraft == "docked"
    return P.REST not in k.entered or (rest and k.view.plc)


def _away_is_away(k: TableStep) -> bool:
    return P.LANDED_OFF_SITE not in k.entered or k.view.aircraft == "landed_off_site"


def _stuck_with_all_done_stands_down(k: TableStep) -> bool:
    if k.core.phase is not P.PREPARING or not k.view.timed_out_or_failed or P.FAILED not in k.entered:
        return True
    opened = k.core.cover == "open" and k.core.berth == "free"
    return not (opened and k.view.plc and k.view.aircraft == "docked")


def _half_opened_is_a_failure(k: TableStep) -> bool:
    if k.core.phase is not P.PREPARING or not k.view.timed_out_or_failed or k.view.pad is not True:
        return True
    half = (k.core.cover != "open" or k.core.berth != "free") and k.view.weather is True and k.view.order == "none"
    half = half and k.view.aircraft != "unknown"
    return not half or k.after in {P.FAILED, P.STOPPED}


def _free_pad_leads_on(k: TableStep) -> bool:
    waits = k.view.pad is not True or k.view.aircraft == "unknown"
    return k.core.phase is not P.BLOCKED or waits or bool(k.taken)


def _silence_is_no_failure(k: TableStep) -> bool:
    """4.5 s without its heartbeat while the cover opened took a nest out of service."""
    if P.FAILED not in k.entered or k.core.phase not in GROUND_MOTION or k.view.aircraft != "unknown":
        return True
    return bool(k.view.timed_out_or_failed or k.view.cover == "abnormal")


def _opens_with_all_green(k: TableStep) -> bool:
    if P.PREPARING not in k.entered:
        return True
    v, c = k.view, k.core
    return bool(v.interlocks_ok and c.cover == "closed" and c.berth == "clamped" and c.aircraft == "docked")


def _unlaunched_is_secured(k: TableStep) -> bool:
    """What the autopilot would not arm is clamped and covered, ready for the next fire."""
    stays = k.core.phase is P.LAUNCHING and k.view.timed_out_or_failed and k.view.aircraft == "docked"
    return not stays or k.after is P.STOPPED or P.SECURING in k.entered


def _arming_is_over_first(k: TableStep) -> bool:
    """An arming may be on its way to an aircraft that still stands there disarmed."""
    under_way = k.core.phase in {P.LAUNCHING, P.HOPPING} and not k.view.timed_out_or_failed
    return not under_way or k.view.aircraft != "docked" or P.SECURING not in k.entered


def _never_left_in_the_air(k: TableStep) -> bool:
    """The phases that look after no aircraft are entered from a flight only once it is seen docked."""
    airborne = {*FLIGHT, *FLOWN_BY_ANOTHER, P.LAUNCHING, P.HOPPING, P.REASSESSING, P.AIRCRAFT_LOST}
    left = k.core.phase in airborne and k.after in {P.STOPPED, P.FAILED, P.REST}
    return not left or k.view.aircraft == "docked"


def _new_place(k: TableStep) -> bool:
    return not (k.core.phase is P.ON_SCENE and k.after is P.ON_SCENE) or k.view.order != "fly"


def _clearing_leads_on(k: TableStep) -> bool:
    if k.core.phase not in {*PERSON, P.AIRCRAFT_LOST} or not k.view.clear:
        return True
    if k.core.phase in {P.AIRCRAFT_LOST, P.FAILED} and k.view.aircraft == "landed_off_site":
        return k.after is P.LANDED_OFF_SITE
    return bool(k.taken) or k.view.aircraft != "docked"


def _away_is_not_a_failure(k: TableStep) -> bool:
    return k.core.phase is not P.LANDED_OFF_SITE or not k.taken or k.view.aircraft in {"docked", "airborne"}


def _eligible_is_taken(k: TableStep) -> bool:
    """Whoever asks beforehand is told what the table then does, and what it began goes on being begun."""
    if k.view.order != "fly":
        return True
    found = hindrances(k.core.phase, k.view, k.table)
    eligible = found is not None and not found.first and not found.needed
    begun = {P.REST: {P.PREPARING}, P.ON_SCENE: {P.OUTBOUND}}.get(k.core.phase, set())
    return (k.after in begun) if eligible else not begun & set(k.entered)


INVARIANTS: Mapping[str, Callable[[TableStep], bool]] = {
    "never arm unless cover open, berth free, pad clear, aircraft ready and every interlock green": _arms_safely,
    "never move the cover with an aircraft or a person in its way, unknown, or emergency stop": _cover_moves_safely,
    "never move the rods at a person, or at an armed, absent or unknown aircraft": _berth_moves_safely,
    "never open the cover unless every interlock is green": _opens_with_all_green,
    "failed, stopped, away and missing end only by a person or by an aircraft in the air": _only_a_person_ends,
    "never come home to a nest that is not proven able to receive": _nest_receives,
    "a battery that only just brings it home, or no longer does, is acted upon at once": _low_battery,
    "bad or unknown weather: neither prepare nor stay out": _weather,
    "no flight goes on whose way home was moved by others": _home_is_kept,
    "no flight to a place without knowing where it is": _no_position,
    "a person's recall or stop is acted upon at once": _person_orders,
    "never order against a pilot at the sticks": _pilot,
    "never cancel what the autopilot does by itself": _own_acts_are_followed,
    "a hold that no person asked for ends when it knows where it is": _hold_of_nobodys_is_ended,
    "a stop of the autopilot's own ends in a return": _own_stop_is_ended,
    "the autopilot is followed only while it acts": _followed_only_while_it_acts,
    "no orders into the dark: a lost link is watched": _blind_orders,
    "an aircraft that has landed is noticed": _landed_is_noticed,
    "an aircraft seen flying is led home, from every phase": _seen_flying_is_led,
    "where no motion is allowed, no aircraft is taken up": _nothing_is_led_unasked,
    "hand flight only while a hand flies": _piloted_only_by_a_pilot,
    "nothing that has a time waits beyond it": _nothing_waits_for_ever,
    "an emergency stop latches": _emergency_stop,
    "rest is closed, clamped and docked": _rest_is_rest,
    "away means seen on the ground elsewhere": _away_is_away,
    "a nest that opened but may not launch stands down": _stuck_with_all_done_stands_down,
    "a nest that did not open in time has failed": _half_opened_is_a_failure,
    "a pad that is free again leads on": _free_pad_leads_on,
    "an aircraft that is not seen is waited for": _silence_is_no_failure,
    "a launch that never left the pad is secured": _unlaunched_is_secured,
    "never clamp what is just being armed": _arming_is_over_first,
    "an aircraft that may be in the air is never left alone": _never_left_in_the_air,
    "a new order on scene leads to the new place": _new_place,
    "what a person cleared leads on": _clearing_leads_on,
    "an aircraft still away leaves the nest as it is": _away_is_not_a_failure,
    "an order to fly is taken exactly where nothing was said against it": _eligible_is_taken,
    **HOPS,
    **CAUSES,
}
"""Checked at every look of every reachable state."""
