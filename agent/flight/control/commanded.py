"""The modes each standing order puts an aircraft into, kept with its phase so that a restarted agent knows its own;
and what is told of a mode that is not ours."""

from collections.abc import Mapping

from agent.flight.control.observation import Observation, Observer
from agent.flight.machine.table import STAYS, Do, Phase, Row
from drivers.drone.drone import Drone
from drivers.drone.ownership import GONE_TO, HELD, LANDING, LAUNCHED, ON_ROUTE, RETURNING, Owner
from protocols.reason import Reason, word

MODES: Mapping[Do, frozenset[str]] = {
    Do.LAUNCH: LAUNCHED,
    Do.HOP_IN: LAUNCHED,
    Do.GO: GONE_TO,
    Do.STAY: GONE_TO | ON_ROUTE | HELD,
    Do.COME_HOME: RETURNING,
    Do.LAND_AWAY: GONE_TO | LANDING,
    Do.LAND_NOW: LANDING,
    Do.HOLD: HELD,
}
WORDS_NS = 5_000_000_000
"""An autopilot says why it acts this shortly before its heartbeat shows that it does."""


def of(phase: Phase) -> frozenset[str]:
    """What the orders of this phase make of the mode."""
    return frozenset().union(*(MODES.get(order, frozenset()) for order in STAYS[phase].orders))


def kept(drone: Drone, phase: Phase) -> list[str]:
    """What is ours from here on, in this phase."""
    return sorted({*drone.ownership.kept(), *of(phase)})


def own_act(drone: Drone, owner: str) -> Reason:
    """What the autopilot does by itself, with the words it gave for it; or that another ground station flies it."""
    aircraft, mode = drone.aircraft, drone.state.mode
    if owner == Owner.ANOTHER:
        return Reason("flight.another_station", mode=mode)
    said = aircraft.texts.since(aircraft.now_ns() - WORDS_NS)
    if said:
        return Reason("flight.autopilot_acts_saying", what=word(owner), mode=mode, said=said)
    return Reason("flight.autopilot_acts", what=word(owner), mode=mode)


def why(row: Row, seen: Observation, observer: Observer, failed: Reason | None) -> Reason | None:
    """What stands behind a row's guards, where there is more to say of it than they do."""
    drone = observer.drone
    if row.to is Phase.AUTOPILOT_ACTS:
        return own_act(drone, seen.owner)
    if "home_moved" in row.guards:
        return drone.home_moved
    if {"energy_not_ample", "energy_critical"} & set(row.guards):
        return observer.energy_told(seen.link)
    if "cover_abnormal" in row.guards:
        return observer.nest.state.cover_doubt
    return failed if "timed_out_or_failed" in row.guards else None
