"""The nests and their aircraft: what a person has to mend, not what the weather or the hour forbids."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from agent.cli.doctor.answers import Answers
from agent.cli.doctor.finding import Finding, doubt, fault, told
from agent.cli.doctor.remedies import BY_CODE
from protocols.reason import Reason, from_json, word

SOON_DAYS = 14
MENDED_BY = {
    "nest_answers": "doctor.do_nest_power",
    "emergency_stop": "doctor.do_emergency_stop",
    "cover_switches": "doctor.do_switches",
    "rods_switches": "doctor.do_switches",
    "aircraft_link": "doctor.do_aircraft",
    "autopilot_settings": "doctor.do_drone_audit",
    "remote_id": "doctor.do_remote_id",
    "airspace_permit": "doctor.do_permit",
    "operator_on_duty": "doctor.do_operator",
}
"""Interlocks that a person mends: weather, daylight and what a flight brings about itself are none."""
NOT_YET = frozenset({"audit.not_read", "nest.not_read_yet"})
"""What flight is still about to find out; where it cannot, the link is what fails."""
DOUBTS = {
    "flight.link_unsigned": "doctor.do_sign_link",
    "standing_order.none_adopted": "doctor.do_adopt",
}


def judged(seen: Answers, today: date | None) -> list[Finding]:
    """Of each nest; `today` None while the clock is not to be believed."""
    standing = seen.standing or {}
    found = [
        one
        for name, ready in (seen.nests or {}).items()
        for one in told(
            "nest", name, [*_of_a_nest(name, ready), *_of_permits(name, standing.get("permits", ()), today)]
        )
    ]
    if seen.nests is None and any(part["child"] == "flight" for part in seen.parts) and not seen.denied:
        found.append(fault("nest", "", Reason("flight.silent"), Reason("doctor.do_log")))
    return found


def _of_a_nest(name: str, ready: Mapping[str, Any]) -> Iterator[Finding]:
    at_rest = ready["phase"] == "rest"
    for lock in ready["interlocks"]:
        if lock["ok"] or lock["name"] not in MENDED_BY or not at_rest:
            continue
        value = from_json(lock["value"])
        if value is not None and value.code in NOT_YET:
            continue
        remedy = BY_CODE.get(value.code, "") if value is not None else ""
        facts = {
            "interlock": word(lock["name"]),
            "value": value or str(lock["value"]),
            "needed": from_json(lock["limit"]),
        }
        yield fault("nest", name, Reason("interlock.not_met", **facts), Reason(remedy or MENDED_BY[lock["name"]]))
    for given in ready["doubts"]:
        why = from_json(given)
        if why is not None and why.code in DOUBTS:
            yield doubt("nest", name, why, Reason(DOUBTS[why.code]))


def _of_permits(nest: str, permits: Any, today: date | None) -> Iterator[Finding]:
    for permit in permits if today is not None else ():
        days = (date.fromisoformat(permit["until"]) - today).days if today is not None else 0
        if permit["nest"] == nest and 0 <= days < SOON_DAYS:
            why = Reason("doctor.permit_ends", permit=permit["id"], days=days)
            yield doubt("nest", nest, why, Reason("doctor.do_permit"))
