"""Nests, aircraft and flights over the control socket."""

import math
from typing import Any

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.flight.control.nest_controller import NestController
from agent.flight.logbook.logbook import EXPORTS
from agent.flight.logbook.record import verify
from agent.flight.orders.dispatch import Fleet, incident_from
from agent.flight.orders.gate import Refusal

CURVE = 60


def register_flight(server: ControlServer, fleet: Fleet) -> None:
    """Answer the asks of `hydronest nest|drone|flight|dispatch`.

    A signed order is its own right: anyone who may connect can hand one in. An incident without one takes the right to
    operate, and a standing order.
    """
    asks = _Handlers(fleet)
    server.register("nest.list", asks.nests, "read")
    server.register("nest.ready", asks.ready, "read")
    server.register("drone.list", asks.drones, "read")
    server.register("flight.list", asks.flights, "read")
    server.register("flight.show", asks.show, "read")
    server.register("flight.export", asks.export, "read")
    server.register("flight.verify", asks.verify, "read")
    server.register("flight.challenge", asks.challenge, "read")
    server.register("flight.order", asks.order, "read")
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
        totals = self._fleet.context.logbook.airframes()
        none = {"flights": 0, "hours": 0.0, "cycles": 0.0}
        return [
            drone_view(controller) | totals.get(controller.aircraft.id, none)
            for controller in self._fleet.controllers.values()
        ]

    async def flights(self, request: Request) -> list[dict[str, Any]]:
        """The ledger, newest first."""
        limit = int(request.number("limit", 50, 1, 10_000))
        return self._fleet.context.logbook.summaries()[::-1][:limit]

    async def show(self, request: Request) -> dict[str, Any]:
        """One flight: summary, log without the looks, curves of height and battery."""
        record = self._record(request)
        points = record.points()
        every = max(1, len(points) // CURVE)
        curves = {
            name: [float(p[name]) if p[name] else None for p in points[::every]]
            for name in ("height_m", "battery_percent")
        }
        log = [{k: v for k, v in entry.items() if k not in {"seen", "hash", "decision"}} for entry in record.entries()]
        return {"summary": record.summary(), "log": log, **curves, "points": len(points)}

    async def export(self, request: Request) -> dict[str, str]:
        """The track as a file's text."""
        kind = request.text("format", "geojson")
        if kind not in EXPORTS:
            raise RequestError("bad_request", f"there is no format {kind!r}", f"one of: {', '.join(EXPORTS)}")
        return {"format": kind, "text": EXPORTS[kind](self._record(request))}

    async def verify(self, request: Request) -> dict[str, Any]:
        """Whether the record is what it was."""
        record = self._record(request)
        wrong = verify(record.folder)
        return {"flight": record.id, "ok": not wrong, "wrong": wrong}

    def _record(self, request: Request) -> Any:
        flight = request.text("flight")
        record = self._fleet.context.logbook.flight(flight)
        if record is None:
            raise RequestError("not_found", f"there is no flight {flight!r}", "hydronest flight list")
        return record

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
