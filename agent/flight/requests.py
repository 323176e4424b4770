"""What flight is asked and ordered over its own socket: nests, aircraft, orders."""

from typing import Any

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.flight.control.nest_controller import NestController
from agent.flight.orders.choice import best_first
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.gate import Refusal
from agent.flight.orders.incident import Incident, incident_from
from agent.flight.orders.two_people import alone_in_s
from agent.flight.views import audit_view, drone_view, nest_view, ready_view
from agent.runtime.slices import in_slices
from drivers.profile.plain import plain
from protocols.reason import Reason


def register_flight(server: ControlServer, fleet: Fleet) -> None:
    """Answer what flight itself is asked by `hydronest nest|drone|flight|dispatch`; none of it opens a file.

    A signed order is its own right: anyone who may connect can hand one in. An incident without one takes the right to
    operate, and a standing order. To recall and to stop takes the right to operate, and no key. Orders are urgent: no
    crowd of those who ask is in their way.
    """
    asks = _Handlers(fleet)
    server.register("nest.list", asks.nests, "read")
    server.register("nest.ready", asks.ready, "read")
    server.register("drone.list", asks.drones, "read")
    server.register("drone.audit", asks.audit, "read")
    server.register("flight.challenge", asks.challenge, "read", urgent=True)
    server.register("flight.order", asks.order, "read", urgent=True)
    server.register("flight.held", asks.held, "read", urgent=True)
    server.register("flight.standing", asks.standing, "read")
    server.register("flight.recall", asks.recall, "operate", urgent=True)
    server.register("flight.stop", asks.stop, "operate", urgent=True)
    server.register("dispatch.propose", asks.propose, "read")
    server.register("dispatch.incident", asks.incident, "operate")


class _Handlers:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def _controller(self, request: Request) -> NestController:
        name = request.text("nest", "")
        controllers = self._fleet.controllers
        if not name and len(controllers) == 1:
            return next(iter(controllers.values()))
        if name not in controllers:
            there = Reason("order.nests_here", nests=tuple(controllers)) if controllers else None
            raise RequestError("not_found", Reason("order.no_such_nest", nest=name), there)
        return controllers[name]

    async def nests(self, _request: Request) -> list[dict[str, Any]]:
        """Every nest, and whether it could launch."""
        return [
            nest_view(controller) | {"ready": ready_view(controller)["ready"]}
            for controller in self._fleet.controllers.values()
        ]

    async def ready(self, request: Request) -> dict[str, Any]:
        """Yes or no, with the whole list."""
        return ready_view(self._controller(request)) | {"epoch": self._fleet.verifier.epoch}

    async def drones(self, _request: Request) -> list[dict[str, Any]]:
        """Every aircraft, with the ledger's hours and cycles."""
        return [drone_view(controller) for controller in self._fleet.controllers.values()]

    async def audit(self, request: Request) -> dict[str, Any]:
        """What one aircraft is set to, and what it must be."""
        name = request.text("drone", "")
        for controller in self._fleet.controllers.values():
            if name in {controller.aircraft.id, controller.settings.id}:
                return audit_view(controller)
        there = Reason("order.aircraft_here", aircraft=tuple(c.aircraft.id for c in self._fleet.controllers.values()))
        raise RequestError("not_found", Reason("order.no_such_aircraft", aircraft=name), there)

    async def challenge(self, request: Request) -> dict[str, str]:
        """A word to sign into one order."""
        verifier = self._fleet.verifier
        word = verifier.challenge(request.peer.uid)
        return {"challenge": word, "gateway": verifier.gateway, "epoch": verifier.epoch}

    async def order(self, request: Request) -> dict[str, Any]:
        """A signed order."""
        envelope = request.args.get("envelope")
        if not isinstance(envelope, dict):
            raise RequestError("bad_request", Reason("order.no_envelope"))
        return await self._fleet.submit(envelope)

    async def held(self, _request: Request) -> list[dict[str, Any]]:
        """Orders that wait for a second person; `text` is what was signed, `of` its SHA-256."""
        now = self._fleet.context.now_ns()
        return [
            {"of": one.of, "what": one.what, "verb": one.order.verb, "nest": one.order.nest, "by": one.order.person,
             "waited_s": round((now - one.since_ns) / 1e9), "alone_in_s": alone_in_s(one, now), "text": one.text}
            for one in self._fleet.two_people.waiting()
        ]  # fmt: skip

    async def standing(self, _request: Request) -> dict[str, Any]:
        """The standing orders and permits, their digest, and whether they were signed for."""
        adopted = self._fleet.adopted
        return {
            "digest": adopted.here if adopted is not None else "",
            "adopted": adopted is not None and adopted.holds,
            "needed": self._fleet.two_people.needed("standing_orders"),
            "standing_orders": [plain(one) for one in self._fleet.standing],
            "permits": [plain(one) for one in self._fleet.context.permits],
        }

    async def recall(self, request: Request) -> dict[str, Any]:
        """Home, by whoever may operate here."""
        return self._on_site("recall", request)

    async def stop(self, request: Request) -> dict[str, Any]:
        """Stay, by whoever may operate here."""
        return self._on_site("stop", request)

    def _on_site(self, verb: str, request: Request) -> dict[str, Any]:
        nest = self._controller(request).settings.id
        return self._fleet.on_site(verb, nest, f"uid {request.peer.uid}")

    async def propose(self, request: Request) -> dict[str, Any]:
        """Would I, and why not. Changes nothing; one nest after the other, for each walks the ground of its way."""
        incident = self._incident(request)
        asked = self._fleet.choices(incident, signed=request.flag("signed"), key=request.text("key", ""))
        choices = [choice.told() for choice in best_first(await in_slices(asked))]
        flown = (why for why in self._fleet.against_all(incident) if why.code == "order.flown_before")
        return {
            "would_fly": bool(choices) and choices[0]["would_fly"],
            "flown_before": next(flown, None),
            "two_people": request.flag("signed") and self._fleet.two_people.needed("fly"),
            "choices": choices,
        }

    async def incident(self, request: Request) -> dict[str, Any]:
        """An incident, to be flown to where a standing order allows it."""
        return await self._fleet.incident(self._incident(request), by=f"uid {request.peer.uid}")

    def _incident(self, request: Request) -> Incident:
        args = request.args.get("incident")
        if not isinstance(args, dict):
            raise RequestError("bad_request", Reason("order.no_incident"))
        try:
            return incident_from(args, request.text("nest", ""))
        except Refusal as no:
            raise RequestError("bad_request", no.reason) from None
