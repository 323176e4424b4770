"""Why a phase may be entered: none is entered without what it is for. Part of `invariants.py`."""

from collections.abc import Callable, Mapping

from agent.flight.machine.transition import GROUND_MOTION, PERSON, P, TableStep


def _failure_has_a_cause(k: TableStep) -> bool:
    if P.FAILED not in k.entered:
        return True
    v, c = k.view, k.core
    ground = v.plc and (c.cover == "abnormal" or c.berth != "clamped")
    if c.phase in {*GROUND_MOTION, *PERSON, P.BLOCKED}:
        return bool(ground or v.timed_out_or_failed or v.aircraft not in {"docked", "unknown"})
    return bool(v.aircraft == "docked" and ground)  # in its nest, but it cannot be secured


def _blocked_has_a_cause(k: TableStep) -> bool:
    return P.BLOCKED not in k.entered or k.view.pad is not True or k.view.aircraft == "unknown"


def _stop_has_a_cause(k: TableStep) -> bool:
    return P.STOPPED not in k.entered or k.view.estop is True


def _diversion_has_a_cause(k: TableStep) -> bool:
    if P.DIVERTING not in k.entered:
        return True
    v, c = k.view, k.core
    open_and_free = v.plc and c.cover == "open" and c.berth == "free"
    return not open_and_free or not v.raw("pad") or v.raw("estop") or not v.raw("power")


def _landing_has_a_cause(k: TableStep) -> bool:
    if P.LANDING not in k.entered or k.view.energy == "critical":
        return True
    return bool(k.view.timed_out_or_failed) and not (k.passed(P.HOLDING, P.LANDING) and k.view.gnss is True)


def _holding_has_a_cause(k: TableStep) -> bool:
    return P.HOLDING not in k.entered or k.view.gnss is False or k.view.order == "stop"


def _watching_has_a_cause(k: TableStep) -> bool:
    return P.REASSESSING not in k.entered or not k.view.link or bool(k.view.timed_out_or_failed)


def _missing_has_a_cause(k: TableStep) -> bool:
    return P.AIRCRAFT_LOST not in k.entered or bool(k.view.timed_out_or_failed)


def _return_has_a_cause(k: TableStep) -> bool:
    """A hold, a watch or a hand flight ends in a return for a reason, or because its time is over."""
    v = k.view
    if k.passed(P.HOLDING, P.RETURNING):
        called = v.order == "recall" or v.energy != "ample" or v.timed_out_or_failed or not v.held
        return bool(called and v.gnss is True)
    if k.passed(P.MANUAL_OVERRIDE, P.RETURNING):
        return v.pilot is False
    if k.passed(P.AUTOPILOT_ACTS, P.RETURNING):
        return v.order == "recall" or v.owner == "ours" or (v.owner == "own_stop_over" and v.gnss is True)
    return True


def _stood_down_has_a_cause(k: TableStep) -> bool:
    if not k.passed(P.PREPARING, P.SECURING):
        return True
    v = k.view
    return v.order in {"recall", "stop"} or v.weather is not True or bool(v.timed_out_or_failed)


CAUSES: Mapping[str, Callable[[TableStep], bool]] = {
    "a failure has a cause": _failure_has_a_cause,
    "a blocked pad has a cause": _blocked_has_a_cause,
    "a stop has a cause": _stop_has_a_cause,
    "a diversion has a cause": _diversion_has_a_cause,
    "a landing on the spot has a cause": _landing_has_a_cause,
    "a hold has a cause": _holding_has_a_cause,
    "reassessing has a cause": _watching_has_a_cause,
    "missing has a cause": _missing_has_a_cause,
    "a return from hold or hand flight has a cause": _return_has_a_cause,
    "standing down has a cause": _stood_down_has_a_cause,
}
