"""Nests, aircraft and flights over the control socket."""

import math
from typing import Any

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.flight.control.nest_controller import NestController
from agent.flight.orders.dispatch import Fleet, incident_from
from agent.flight.orders.gate import Refusal


def register_flight(server: ControlServer, fleet: Fleet) -> None:
    """Answer what flight itself is asked by `hydronest nest|drone|flight|dispatch`; none of it opens a file.

    A signed order is its own right: anyone who may connect can hand one in. An incident without one takes the right to
    operate, and a standing order. To recall and to stop takes the right to operate, and no key.
    """
    asks = _Handlers(fleet)
    server.register("nest.list", asks.nests, "read")
    server.register("nest.ready", asks.ready, "read")
    server.register("drone.list", asks.drones, "read")
    server.register("flight.challenge", asks.challenge, "read")
    server.register("flight.order", asks.order, "read")
    server.register("flight.recall", asks.recall, "operate")
    server.register("flight.stop", asks.stop, "operate")
    server.register("dispatch.propose", asks.propose, "read")
    server.register("dispatch.incident", asks.incident, "operate")


def shown(value: float) -> float | None:
    """A number for JSON: none where there is none."""
    return round(value, 7) if math.isfinite(value) else None


def nest_view(controller: NestController) -> dict[str, Any]:
    """One nest as it stands now; also for the live screen."""
    state, mission = controller.nest.state, controller.mission
    age = state.age_s(controller.nest.now_ns())
    return {
        "id": controller.settings.id,
        "name": controller.settings.name,
        "phase": controller.phase.value,
        "why": controller.trouble,
        "cover": state.cover.value,
        "rods": state.rods.value,
        "charger_on": state.charger_on,
        "aircraft_present": state.aircraft_present,
        "emergency_stop": state.emergency_stop,
        "mains_ok": state.mains_ok,
        "wind_ms": shown(state.wind_ms),
        "gust_ms": shown(state.gust_ms),
        "rain": shown(state.rain),
        "temperature_c": shown(state.temperature_c),
        "age_s": shown(age),
        "place": [*reversed(controller.settings.spot)],
        "flight": mission.flight if mission else "",
        "incident": mission.incident if mission else "",
        "target": [mission.lon, mission.lat] if mission else None,
    }


def drone_view(controller: NestController) -> dict[str, Any]:
    """One aircraft as it stands now; also for the live screen."""
    state, now = controller.drone.state, controller.drone.aircraft.now_ns()
    return {
        "id": controller.aircraft.id,
        "name": controller.aircraft.name,
        "nest": controller.settings.id,
        "link": state.link.value,
        "autopilot": state.autopilot,
        "mode": state.mode,
        "armed": state.armed,
        "landed": state.landed.value,
        "where": controller.seen.aircraft if controller.seen else "unknown",
        "lat": shown(state.lat),
        "lon": shown(state.lon),
        "height_m": shown(state.height_m),
        "speed_ms": shown(math.hypot(state.north_ms, state.east_ms)),
        "battery_percent": shown(state.battery_percent),
        "energy": controller.seen.energy if controller.seen else "unknown",
        "gps_fix": state.gps_fix,
        "satellites": state.satellites,
        "remote_id_ok": state.remote_id_ok,
        "age_s": shown(state.age_s("HEARTBEAT", now)),
    }


def nest_views(fleet: Fleet) -> list[dict[str, Any]]:
    """Every nest with its aircraft under `aircraft`: for the live screen."""
    return [nest_view(controller) | {"aircraft": drone_view(controller)} for controller in fleet.controllers.values()]


class _Handlers:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def _controller(self, request: Request) -> NestController:
        name = request.text("nest", "")
        controllers = self._fleet.controllers
        if not name and len(controllers) == 1:
            return next(iter(controllers.values()))
        if name not in controllers:
            raise RequestError(
                "not_found", f"there is no nest {name!r}", f"there are: {', '.join(controllers) or 'none'}"
            )
        return controllers[name]

    async def nests(self, _request: Request) -> list[dict[str, Any]]:
        """Every nest, and whether it could launch."""
        return [
            nest_view(controller) | {"ready": self._ready(controller)["ready"]}
            for controller in self._fleet.controllers.values()
        ]

    async def ready(self, request: Request) -> dict[str, Any]:
        """Yes or no, with the whole list."""
        return self._ready(self._controller(request))

    def _ready(self, controller: NestController) -> dict[str, Any]:
        found = controller.interlocks()
        locks = [lock._asdict() | {"age_s": None if lock.age_s is None else shown(lock.age_s)} for lock in found]
        resting = controller.phase.value == "rest"
        ready = resting and controller.may_move and not any(not lock.ok and not lock.on_the_way for lock in found)
        return {
            "nest": controller.settings.id,
            "ready": ready,
            "phase": controller.phase.value,
            "may_move": controller.may_move,
            "interlocks": locks,
        }

    async def drones(self, _request: Request) -> list[dict[str, Any]]:
        """Every aircraft, with the ledger's hours and cycles."""
        logbook = self._fleet.context.logbook
        return [
            drone_view(controller) | dict(logbook.totals(controller.aircraft.id))
            for controller in self._fleet.controllers.values()
        ]

    async def challenge(self, _request: Request) -> dict[str, str]:
        """A word to sign into one order."""
        verifier = self._fleet.verifier
        return {"challenge": verifier.challenge(), "gateway": verifier.gateway}

    async def order(self, request: Request) -> dict[str, Any]:
        """A signed order."""
        envelope = request.args.get("envelope")
        if not isinstance(envelope, dict):
            raise RequestError("bad_request", "envelope: payload, key and signature are needed")
        return await self._fleet.submit(envelope)

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
        """Would I, and why not. Changes nothing."""
        incident = self._incident(request)
        choices = [choice.told() for choice in self._fleet.propose(incident, signed=request.flag("signed"))]
        flown = self._fleet.flown_before(incident)
        return {
            "would_fly": bool(choices) and choices[0]["would_fly"] and not flown,
            "flown_before": flown,
            "choices": choices,
        }

    async def incident(self, request: Request) -> dict[str, Any]:
        """An incident, to be flown to where a standing order allows it."""
        return await self._fleet.incident(self._incident(request))

    def _incident(self, request: Request) -> Any:
        args = request.args.get("incident")
        if not isinstance(args, dict):
            raise RequestError("bad_request", "incident: an object with incident, lat and lon is needed")
        try:
            return incident_from(args, request.text("nest", ""))
        except Refusal as no:
            raise RequestError("bad_request", no.message) from None
