"""What a flight is wanted for, and by whose word."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from agent.flight.control.mission import Mission
from agent.flight.orders.gate import Refusal
from agent.flight.orders.restraint import STANDING
from drivers.drone.abilities import ABILITIES
from drivers.drone.geometry import Place
from protocols.datum import BadDatum, placed


@dataclass(frozen=True, slots=True)
class Incident:
    """警情: where something burns, and what is asked of the nest. Heights above the pad."""

    id: str
    place: Place
    kind: str = "fire"
    height_m: float = 60.0
    orbit_m: float = 0.0
    training: bool = False
    nest: str = ""  # empty: whichever is nearest and ready
    again: bool = False  # fly although this incident was flown before
    redirect: bool = False  # lead an aircraft already on scene elsewhere to it
    needs: tuple[str, ...] = ()  # abilities; an aircraft without one of them does not fly to it


class Wanted(NamedTuple):
    """A flight somebody wants. `signed`: somebody with the right to ordered it; else a standing order must allow it."""

    incident: Incident
    signed: bool = False
    rank: int = 0
    operator: str = ""  # who answers for it where nobody is on duty
    flown: str = ""  # the flight that this incident was flown in before; empty where that is no hindrance
    key: str = STANDING  # whose order it is; a standing order's where it is nobody's

    @classmethod
    def of(cls, mission: Mission) -> Self:
        """The flight in hand, once it was allowed."""
        incident = Incident(mission.incident, mission.place, height_m=mission.height_m, training=mission.training)
        return cls(incident, signed=True, rank=mission.rank, operator=mission.operator)


def incident_from(args: Mapping[str, Any], nest: str = "") -> Incident:
    """The args of an order to fly, or of a question whether it would be. Refusal names what is wrong."""

    def number(name: str, default: float | None, low: float, high: float) -> float:
        value = args.get(name, default)
        good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not good or not low <= float(value) <= high:
            raise Refusal("malformed", "request.number", argument=name, least=low, most=high)
        return float(value)

    try:
        args = placed(args)
    except BadDatum as error:
        raise Refusal("malformed", error.reason) from None
    incident = args.get("incident")
    if not isinstance(incident, str) or not 1 <= len(incident) <= 80 or not incident.isprintable():
        raise Refusal("malformed", "order.incident_id")
    flags = {name: args.get(name, False) for name in ("training", "again", "redirect")}
    if wrong := [name for name, value in flags.items() if not isinstance(value, bool)]:
        raise Refusal("malformed", "request.flag", argument=wrong[0])
    unknown = set(args) - {"incident", "lat", "lon", "kind", "height_m", "orbit_m", "needs", *flags}
    if unknown:
        raise Refusal("malformed", "order.unknown_argument", argument=min(unknown))
    place = Place(number("lat", None, -90, 90), number("lon", None, -180, 180))
    return Incident(incident, place, str(args.get("kind", "fire")), number("height_m", 60.0, 5, 1000),
                    number("orbit_m", 0.0, 0, 500), nest=nest, needs=_needs(args), **flags)  # fmt: skip


def _needs(args: Mapping[str, Any]) -> tuple[str, ...]:
    """The abilities that are asked for. Refusal where one is none."""
    needs = args.get("needs", [])
    if not isinstance(needs, list) or len(needs) > len(ABILITIES) or any(one not in ABILITIES for one in needs):
        raise Refusal("malformed", "order.no_ability", known=ABILITIES)
    return tuple(needs)
