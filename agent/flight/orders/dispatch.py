"""All nests of this gateway: which one flies to an incident, and the one gate orders come in by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from agent.control.acts import Act
from agent.control.keys import REVOKE
from agent.flight.control.context import FlightContext
from agent.flight.control.mission import Mission
from agent.flight.control.nest_controller import NestController
from agent.flight.control.status import Now
from agent.flight.machine.table import Phase
from agent.flight.orders.adopted import Adopted
from agent.flight.orders.audit import STRANGER, OrderAudit, brief, claimed_id
from agent.flight.orders.choice import Choice, best_first, lies_in_the_place
from agent.flight.orders.eligibility import authority, eligibility, of_the_gateway
from agent.flight.orders.gate import ENDING, FUTURE_S, RANK, Order, OrderVerifier, Refusal
from agent.flight.orders.incident import Incident, Wanted, incident_from
from agent.flight.orders.interlocks import interlocks
from agent.flight.orders.restraint import STANDING, Restraint
from agent.flight.orders.settling import Settling
from agent.flight.orders.two_people import COUNTERSIGN, TwoPeople, asks_for_another
from agent.settings.flight import StandingOrder, TwoPeopleFor
from protocols.reason import Reason
from protocols.system import os_reason

INCIDENT_FRESH_S = 600.0
"""An incident told longer ago (UTC s) is not flown to by a standing order; an order by a person may."""


class Fleet:
    """Posts by nest id. `submit` takes signed orders, `incident` what standing orders allow, `choices` asks only."""

    def __init__(
        self,
        controllers: Sequence[NestController],
        verifier: OrderVerifier,
        context: FlightContext,
        standing: Sequence[StandingOrder] = (),
        restraint: Restraint | None = None,
        two_people: TwoPeople | None = None,
        adopted: Adopted | None = None,
    ) -> None:
        self._restraint = restraint
        self.two_people = two_people or TwoPeople((), context.now_ns)
        self.adopted = adopted
        self.controllers = {controller.settings.id: controller for controller in controllers}
        self.verifier = verifier
        self.context = context
        self.standing = tuple(standing)
        self._audit = OrderAudit(context)
        self._settling = Settling(self.controllers, verifier, context)

    # -- orders
    async def submit(self, envelope: Mapping[str, Any]) -> dict[str, Any]:
        """A signed order: accepted or refused, with the reason; kept and reported either way.

        What ends a flight is obeyed before this first waits for anything.
        """
        order: Order | None = None
        more: dict[str, str] = {}
        try:
            order = await self._settling.admitted(envelope)
            more = {"args": brief(order.args), "was": self._phase(order.nest)}
            answer = {"status": "accepted", **await self._obey(order, envelope)}
        except Refusal as no:
            answer = {"status": "refused", "code": no.code, "reason": no.reason}
        order_id = order.id if order is not None else claimed_id(envelope)
        by = order.person if order else STRANGER
        told = {"order": order_id, "by": by, "verb": order.verb if order else "", "nest": order.nest if order else ""}
        self._audit.keep({**told, **more, **answer}, by, again=order is not None and order.again)
        return {"order": order_id, **answer}

    async def _obey(self, order: Order, envelope: Mapping[str, Any]) -> dict[str, Any]:
        if order.verb in ENDING:
            return self._end(order)
        if order.verb == COUNTERSIGN:
            return await self._with(order)
        await self._settling.known(order)
        best = self._foreseen(order)
        what = self._class(order, best)
        if self.two_people.needed(what):
            held = self.two_people.hold(order, envelope, what)
            return {"status": "held", "code": "second_needed", "of": held.of, "reason": asks_for_another(held)}
        return await self._begin(order, order, best)

    def _end(self, order: Order) -> dict[str, Any]:
        controller = self._controller(order.nest)
        self.two_people.ended(order.nest, order.given_ns)
        if order.verb == "stop":
            controller.stop(order.rank, order.person, again=order.again)
        else:
            if order.rank < controller.rank:
                raise Refusal("outranked", "order.outranked")
            controller.recall(order.rank, order.person, again=order.again)
        if not order.again:
            self._rest(order.nest)
        return {"nest": order.nest, "phase": controller.phase.value, "flight": controller.flying}

    def _foreseen(self, order: Order) -> Choice | None:
        """Which nest would fly; for what is no flight, only that it could be meant. Refusal."""
        if order.verb == "fly":
            if self.two_people.overtaken(order):
                # else whoever withholds it until its recall has come, found nothing flying and gone, launches
                raise Refusal("overtaken", "order.overtaken")
            return self._best(incident_from(order.args, order.nest), order)
        if order.verb == "adopt":
            if self.adopted is None or order.args != {"digest": self.adopted.here}:
                raise Refusal("not_taken", "order.other_standing_orders")
        else:
            self._controller(order.nest)
        return None

    def _class(self, order: Order, best: Choice | None) -> TwoPeopleFor:
        """What kind of act it is, as things stand."""
        if order.verb == "adopt":
            return "standing_orders"
        if order.verb == "adjust":
            return "adjust"
        nest = best.controller.settings.id if best is not None else order.nest
        rests = self._restraint is not None and nest in self._restraint.now().rests_s
        if order.verb == "clear":
            return "override" if rests and not self._troubled(nest) else "clear"
        return "override" if rests and self.two_people.needed("override") else "fly"

    def _troubled(self, nest: str) -> bool:
        return self._controller(nest).doubted or self._controller(nest).phase is not Phase.REST

    async def _with(self, order: Order) -> dict[str, Any]:
        """Carry out what was held until somebody else signed for it, as things stand by now."""
        await self._settling.known(self.two_people.seconded(order).held.order)
        seconded = self.two_people.seconded(order)
        first = seconded.held.order
        if self.verifier.signer(first.key) is None:
            raise Refusal("revoked_key", "order.revoked_key", key=first.key)
        self.verifier.carry_out(seconded.held.text)
        try:
            done = await self._begin(first, order, self._foreseen(first))
        except Refusal:
            self.verifier.not_carried_out(seconded.held.text)
            raise
        self.two_people.done(seconded.held)
        about = {"first": first.id, "given_by": first.person, "act": first.verb, "of": seconded.held.of}
        return {**about, "waited_s": round(seconded.waited_s), "alone": seconded.alone, **done}

    async def _begin(self, order: Order, last: Order, best: Choice | None) -> dict[str, Any]:
        """What begins something; `last` is the order that makes it complete, and has to be on the card."""
        by = order.person if last is order else f"{order.person} + {last.person}"
        if best is not None:
            told = best.told() | {"ordered_by": by}
            flight = await best.controller.fly(best.mission, told, lambda: self.verifier.kept(last))
            self._launched(best, flight, order.key)
            return {"flight": flight, "nest": best.controller.settings.id}
        await self.verifier.kept(last)
        if order.verb == "adopt" and self.adopted is not None:
            try:
                await self.adopted.adopt()
            except OSError as error:
                raise Refusal("not_kept", "order.not_kept", why=os_reason(error)) from None
            return {"nest": order.nest, "digest": self.adopted.here}
        controller = self._controller(order.nest)
        if order.verb == "adjust":
            controller.adjust(last.id, by)
        else:
            rested = self._restraint is not None and self._restraint.lift(order.nest)
            if not rested or self._troubled(order.nest):
                controller.clear(by)
        return {"nest": order.nest, "phase": controller.phase.value}

    def on_site(self, verb: str, nest: str, person: str) -> dict[str, Any]:
        """`recall` or `stop` by somebody at the gateway itself: needs no key, and nobody outranks it. Refusal."""
        controller, was = self._controller(nest), self._phase(nest)
        self.two_people.ended(nest, self.context.now_ns())
        try:
            (controller.recall if verb == "recall" else controller.stop)(RANK["emergency"], person)
            self._rest(nest)
            answer: dict[str, Any] = {"status": "accepted", "phase": controller.phase.value}
            answer["flight"] = controller.flying
        except Refusal as no:
            answer = {"status": "refused", "code": no.code, "reason": no.reason}
        told = {"order": f"{verb} {nest}", "by": person, "verb": verb, "nest": nest, "was": was}
        self._audit.keep({**told, **answer}, person)
        return {"nest": nest, **answer}

    def acted(self, act: Act) -> None:
        """What was asked of flight's socket; orders are told of elsewhere, here what else was done, or may not be."""
        if act.outcome == "no_permission" or act.what == REVOKE:
            status = "accepted" if act.outcome == "done" else "refused"
            told = {"order": act.what, "by": act.by, "verb": act.what, "status": status, "code": act.outcome}
            self._audit.keep({**told, "args": brief(act.args), "reason": act.reason}, act.by)

    def _phase(self, nest: str) -> str:
        return self.controllers[nest].phase.value if nest in self.controllers else ""

    def _controller(self, nest: str) -> NestController:
        if nest not in self.controllers:
            raise self._no_nest(nest)
        return self.controllers[nest]

    def _no_nest(self, nest: str) -> Refusal:
        return Refusal("unknown_nest", "order.no_nest", nest=nest, known=tuple(self.controllers))

    async def incident(self, incident: Incident, at_s: float | None = None, by: str = "") -> dict[str, Any]:
        """An incident with no order: flown only where a standing order allows it.

        `at_s` (UTC s) says when it was told and by whom, where it was not told here and now.
        """
        try:
            await self._settling.to_fly(incident.nest)
            self._told_lately(at_s)
            best = self._best(incident, None)
            flight = await best.controller.fly(best.mission, best.told())
            self._launched(best, flight, STANDING)
            answer: dict[str, Any] = {"status": "accepted", "flight": flight}
            answer |= {"nest": best.controller.settings.id, "standing_order": best.standing_order}
        except Refusal as no:
            answer = {"status": "refused", "code": no.code, "reason": no.reason}
        told = {"order": f"incident {incident.id}", "verb": "fly", "by": by, "args": brief(asdict(incident))}
        self._audit.keep({**told, **answer}, "incidents")
        return answer

    def _launched(self, best: Choice, flight: str, key: str) -> None:
        """Counted, unless it leads an aircraft on that is out; somebody on site ends the rest of his nest by it."""
        if self._restraint is not None and flight != best.flying:
            self._restraint.launched(key)
            self._restraint.lift(best.controller.settings.id)

    def _rest(self, nest: str) -> None:
        if self._restraint is not None:
            self._restraint.recalled(nest)

    def _told_lately(self, at_s: float | None) -> None:
        """One that waited for a day at a broker is no reason to fly. Without a trusted time no standing order holds."""
        wall = self.context.wall()
        if at_s is None or not wall.trusted:
            return
        age_s = wall.utc_s - at_s
        if not -FUTURE_S <= age_s <= INCIDENT_FRESH_S:
            raise Refusal("stale", "order.old_incident", age_s=age_s, most_s=INCIDENT_FRESH_S)

    def choices(
        self, incident: Incident, order: Order | None = None, *, signed: bool = False, key: str = ""
    ) -> Iterator[Choice]:
        """Would I, and why not: nest by nest, each of which walks the ground of its way. Changes nothing.

        `signed`: as if somebody with the right to had ordered it, by this `key`; else a standing order must allow it.
        """
        if order is None and signed and (signer := self.verifier.signer(key)) is not None:
            order = Order("", "fly", incident.nest, {}, signer.person, signer.role, signer.id)
        wanted, now = self._wanted(incident, order, signed or order is not None), self._now()
        for controller in self.controllers.values():
            if incident.nest in {"", "*", controller.settings.id}:
                yield self._choice(controller, wanted, now, order.id if order is not None else "")

    def against_all(self, incident: Incident) -> list[Reason]:
        """Why no nest of this gateway would fly to it, whatever the nest."""
        return of_the_gateway(self._wanted(incident, None, True), self._now())

    def _now(self) -> Now:
        return self.context.moment(self.standing)

    def _wanted(self, incident: Incident, order: Order | None, signed: bool) -> Wanted:
        flown = "" if incident.again or incident.training else self.context.logbook.of_incident(incident.id) or ""
        if order is None:
            return Wanted(incident, signed, flown=flown)
        person = "" if order.role == "platform" else order.person
        return Wanted(incident, signed, order.rank, person, flown, order.key)

    def _best(self, incident: Incident, order: Order | None) -> Choice:
        """The nest that would fly. Refusal with every nest's reasons where none would."""
        if against := self.against_all(incident):
            code = "flown_before" if against[0].code == "order.flown_before" else "not_ready"
            raise Refusal(code, against[0])
        choices = best_first(self.choices(incident, order))
        if not choices:
            raise self._no_nest(incident.nest)
        best = choices[0]
        if best.reasons:
            code = "out_of_area" if lies_in_the_place(best.reasons[0]) else "not_ready"
            nests = [(c.controller.settings.id, reason) for c in choices for reason in c.reasons]
            told = tuple(Reason("order.of_nest", nest=nest, why=reason) for nest, reason in nests)
            raise Refusal(code, "order.why_not", reasons=told)
        return best

    def _choice(self, controller: NestController, wanted: Wanted, now: Now, order: str) -> Choice:
        status, incident = controller.status(), wanted.incident
        by = authority(status, wanted, now)
        mission = Mission(
            "", incident.place.lat, incident.place.lon, incident.height_m, operator=by.operator,
            training=incident.training, incident=incident.id, permit=by.permit, order=order,
            orbit_m=incident.orbit_m, rank=wanted.rank,
        )  # fmt: skip
        away = controller.settings.spot.distance(incident.place)
        reasons = tuple(eligibility(status, wanted, now))
        found = tuple(interlocks(status, wanted._replace(operator=by.operator), now))
        return Choice(controller, mission, away, reasons, by.standing_order, found, controller.flying)
