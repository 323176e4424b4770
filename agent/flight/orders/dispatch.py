"""All nests of this gateway: which one flies to an incident, and the one gate orders come in by."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.flight.control.context import FlightContext
from agent.flight.control.mission import Mission
from agent.flight.control.nest_controller import NestController
from agent.flight.machine.table import Phase
from agent.flight.orders.gate import LONGEST, RANK, Order, OrderVerifier, Refusal
from agent.flight.orders.interlocks import blocked
from agent.flight.orders.permits import duty_operator, permit_for, standing_order_for
from agent.runtime.buffered_appender import BufferedAppender
from agent.settings.flight import StandingOrder
from drivers.drone.geometry import Place
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Reason, plain, word

OUT_OF_AREA = frozenset(
    {"flight.not_on_globe", "flight.outside_fence", "flight.near_fence", "flight.too_far", "permit.place_outside"}
)
"""Reasons that lie in the place, not in the nest."""


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


@dataclass(frozen=True, slots=True)
class Choice:
    """One nest's answer: the task it would fly, and every reason why not."""

    controller: NestController
    mission: Mission
    away_m: float
    reasons: tuple[Reason, ...]
    standing_order: str = ""

    def told(self) -> dict[str, Any]:
        """As it goes into the record and to whoever asks."""
        found = self.controller.interlocks(self.mission)
        return {
            "nest": self.controller.settings.id, "would_fly": not self.reasons, "why_not": list(self.reasons),
            "away_m": round(self.away_m), "standing_order": self.standing_order, "operator": self.mission.operator,
            "permit": self.mission.permit, "interlocks": [lock._asdict() for lock in found],
        }  # fmt: skip


class Fleet:
    """Posts by nest id. `submit` takes signed orders, `incident` what standing orders allow, `propose` asks only."""

    def __init__(
        self,
        controllers: Sequence[NestController],
        verifier: OrderVerifier,
        context: FlightContext,
        standing: Sequence[StandingOrder] = (),
    ) -> None:
        self.controllers = {controller.settings.id: controller for controller in controllers}
        self.verifier = verifier
        self.context = context
        self._standing = tuple(standing)
        self._file = BufferedAppender(context.state_dir / "orders.jsonl", context.writer, sync=True)

    # -- orders
    async def submit(self, envelope: Mapping[str, Any]) -> dict[str, Any]:
        """A signed order: accepted or refused, with the reason; kept and reported either way.

        What ends a flight is obeyed before this first waits for anything.
        """
        order: Order | None = None
        try:
            order = self.verifier.admit(envelope)
            answer = {"status": "accepted", **await self._obey(order)}
        except Refusal as no:
            answer = {"status": "refused", "code": no.code, "reason": no.reason}
        order_id = order.id if order is not None else _claimed_id(envelope)
        self._keep({"order": order_id, "by": order.person if order else "", "verb": order.verb if order else "",
                    "nest": order.nest if order else "", **answer})  # fmt: skip
        return {"order": order_id, **answer}

    async def _obey(self, order: Order) -> dict[str, Any]:
        if order.verb == "fly":
            best = self._best(_incident(order.args, order.nest), order)
            flight = await best.controller.fly(best.mission, best.told(), lambda: self.verifier.kept(order))
            return {"flight": flight, "nest": best.controller.settings.id}
        controller = self._controller(order.nest)
        if order.verb == "clear":
            await self.verifier.kept(order)
            controller.clear(order.person)
        elif order.verb == "stop":
            controller.stop(order.rank, order.person, again=order.again)
        else:
            if order.rank < controller.rank:
                raise Refusal("outranked", "order.outranked")
            controller.recall(order.rank, order.person, again=order.again)
        return {"nest": order.nest, "phase": controller.phase.value}

    def on_site(self, verb: str, nest: str, person: str) -> dict[str, Any]:
        """`recall` or `stop` by somebody at the gateway itself: needs no key, and nobody outranks it. Refusal."""
        controller = self._controller(nest)
        try:
            (controller.recall if verb == "recall" else controller.stop)(RANK["emergency"], person)
            answer: dict[str, Any] = {"status": "accepted", "phase": controller.phase.value}
        except Refusal as no:
            answer = {"status": "refused", "code": no.code, "reason": no.reason}
        self._keep({"order": f"{verb} {nest}", "by": person, "verb": verb, "nest": nest, **answer})
        return {"nest": nest, **answer}

    def _controller(self, nest: str) -> NestController:
        controller = self.controllers.get(nest)
        if controller is None:
            raise self._no_nest(nest)
        return controller

    def _no_nest(self, nest: str) -> Refusal:
        return Refusal("unknown_nest", "order.no_nest", nest=nest, known=tuple(self.controllers))

    async def incident(self, incident: Incident) -> dict[str, Any]:
        """An incident with no order: flown only where a standing order allows it."""
        try:
            best = self._best(incident, None)
            flight = await best.controller.fly(best.mission, best.told())
            answer: dict[str, Any] = {"status": "accepted", "flight": flight}
            answer |= {"nest": best.controller.settings.id, "standing_order": best.standing_order}
        except Refusal as no:
            answer = {"status": "refused", "code": no.code, "reason": no.reason}
        self._keep({"order": f"incident {incident.id}", "verb": "fly", "by": "", **answer})
        return answer

    def propose(self, incident: Incident, order: Order | None = None, *, signed: bool = False) -> list[Choice]:
        """Would I, and why not: every nest's answer, the best first. Changes nothing.

        `signed`: as if somebody with the right to had ordered it; else a standing order must allow it.
        """
        asked = [
            controller for controller in self.controllers.values() if incident.nest in {"", "*", controller.settings.id}
        ]
        choices = [self._choice(controller, incident, order, signed or order is not None) for controller in asked]
        return sorted(choices, key=lambda choice: (bool(choice.reasons), choice.away_m))

    def flown_before(self, incident: Incident) -> Reason | None:
        """Why this incident is not flown once more; None when it may be."""
        flight = None if incident.again or incident.training else self.context.logbook.of_incident(incident.id)
        return Reason("order.flown_before", incident=incident.id, flight=flight) if flight else None

    def _best(self, incident: Incident, order: Order | None) -> Choice:
        """The nest that would fly. Refusal with every nest's reasons where none would."""
        if (ending := self.context.no_launch()) is not None:
            raise Refusal("not_ready", ending)
        if not self.context.logbook.loaded:
            raise Refusal("not_ready", "order.flights_not_read_yet")
        if why := self.flown_before(incident):
            raise Refusal("flown_before", why)
        choices = self.propose(incident, order)
        if not choices:
            raise self._no_nest(incident.nest)
        best = choices[0]
        if best.reasons:
            code = "out_of_area" if _lies_in_the_place(best.reasons[0]) else "not_ready"
            nests = [(c.controller.settings.id, reason) for c in choices for reason in c.reasons]
            told = tuple(Reason("order.of_nest", nest=nest, why=reason) for nest, reason in nests)
            raise Refusal(code, "order.why_not", reasons=told)
        return best

    def _choice(self, controller: NestController, incident: Incident, order: Order | None, signed: bool) -> Choice:
        wall, zone, settings = self.context.wall(), self.context.timezone, controller.settings
        reasons: list[Reason | None] = []
        if mistake := settings.limits().mistake(incident.place, incident.height_m):
            reasons.append(mistake)
        standing: StandingOrder | None = None
        if not signed:
            standing, why = standing_order_for(self._standing, settings, wall, zone, incident.kind, incident.place)
            if standing is None:
                reasons.append(why)
        operator = standing.operator if standing else duty_operator(settings, wall, zone)
        permit, unpermitted = permit_for(self.context.permits, settings, wall, zone, incident.place, incident.height_m)
        mission = Mission(
            "", incident.place.lat, incident.place.lon, incident.height_m, operator=operator or _person(order),
            training=incident.training, incident=incident.id, permit=permit.id if permit else "",
            order=order.id if order else "", orbit_m=incident.orbit_m, rank=order.rank if order else 0,
        )  # fmt: skip
        if controller.phase is Phase.ON_SCENE and incident.redirect:
            if mission.rank < controller.rank:
                reasons.append(Reason("order.outranked"))
            if permit is None and settings.permit_needed:
                reasons.append(unpermitted)
        else:
            if controller.phase is not Phase.REST:
                flown = controller.mission.incident if controller.mission else ""
                phase = word(controller.phase.value)
                busy = Reason("order.busy_for", phase=phase, incident=flown) if flown else None
                reasons.append(busy or Reason("order.busy", phase=phase))
            elif controller.opening:
                reasons.append(Reason("order.busy", phase=word(Phase.PREPARING)))
            if not controller.may_move:
                reasons.append(Reason("order.no_motion"))
            reasons += [lock.why_not for lock in blocked(controller.interlocks(mission))]
        away = settings.spot.distance(incident.place)
        found = tuple(reason for reason in reasons if reason is not None)
        return Choice(controller, mission, away, found, standing.id if standing else "")

    def _keep(self, line: Mapping[str, Any]) -> None:
        """Every order and its answer, in a file of its own and as an event."""
        at = self.context.now_ns()
        told = {"t_s": round(at / 1e9, 3), "utc": self.context.wall().text, **line}
        self._file.add(json.dumps(told, ensure_ascii=False, default=plain))
        evidence: dict[str, Value | Reason] = {
            name: value if isinstance(value, Reason) else str(value) for name, value in line.items() if name != "order"
        }
        severity = Severity.INFO if line["status"] == "accepted" else Severity.WARNING
        self.context.on_event(Event(EventKind.ORDER, str(line["order"])[:64], severity, Transition.NOTED, at, evidence))


def _person(order: Order | None) -> str:
    return order.person if order is not None and order.role != "platform" else ""


def _lies_in_the_place(reason: Reason) -> bool:
    value = reason.facts.get("value")  # of an interlock
    return (value if isinstance(value, Reason) else reason).code in OUT_OF_AREA


def _claimed_id(envelope: Mapping[str, Any]) -> str:
    """What an order that was not let through calls itself."""
    try:
        claimed = read_json_object(str(envelope.get("payload")), LONGEST)["id"]
    except (BadJson, KeyError):
        return "?"
    return "".join(c for c in str(claimed) if c.isprintable())[:64]


def _incident(args: Mapping[str, Any], nest: str) -> Incident:
    """The args of an order to fly. Refusal names what is wrong."""

    def number(name: str, default: float | None, low: float, high: float) -> float:
        value = args.get(name, default)
        good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not good or not low <= float(value) <= high:
            raise Refusal("malformed", "request.number", argument=name, least=low, most=high)
        return float(value)

    incident = args.get("incident")
    if not isinstance(incident, str) or not 1 <= len(incident) <= 80 or not incident.isprintable():
        raise Refusal("malformed", "order.incident_id")
    flags = {name: args.get(name, False) for name in ("training", "again", "redirect")}
    if wrong := [name for name, value in flags.items() if not isinstance(value, bool)]:
        raise Refusal("malformed", "request.flag", argument=wrong[0])
    unknown = set(args) - {"incident", "lat", "lon", "kind", "height_m", "orbit_m", *flags}
    if unknown:
        raise Refusal("malformed", "order.unknown_argument", argument=min(unknown))
    place = Place(number("lat", None, -90, 90), number("lon", None, -180, 180))
    return Incident(incident, place, str(args.get("kind", "fire")), number("height_m", 60.0, 5, 1000),
                    number("orbit_m", 0.0, 0, 500), nest=nest, **flags)  # fmt: skip


def incident_from(args: Mapping[str, Any], nest: str = "") -> Incident:
    """The same, for asks that come over the control socket."""
    return _incident(args, nest)
