"""Nests, aircraft and flights over the control socket."""

import math
from typing import Any

from agent.control.request import AskError, Request
from agent.control.server import ControlServer
from agent.flight.authority import Refusal
from agent.flight.book import EXPORTS
from agent.flight.fleet import Fleet, incident_from
from agent.flight.post import Post
from agent.flight.record import verify

CURVE = 60


def register_flight(server: ControlServer, fleet: Fleet) -> None:
    """Answer the asks of `hydronest nest|drone|flight|dispatch`.

    A signed order is its own right: anyone who may connect can hand one in. An incident without one takes the right to
    operate, and a standing order.
    """
    asks = _Asks(fleet)
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


def nest_view(post: Post) -> dict[str, Any]:
    """One nest as it stands now; also for the live screen."""
    state, task = post.nest.state, post.task
    age = state.age_s(post.nest.now_ns())
    return {
        "id": post.settings.id, "name": post.settings.name, "phase": post.phase.value, "why": post.trouble,
        "cover": state.cover.value, "rods": state.rods.value, "charger_on": state.charger_on,
        "aircraft_present": state.aircraft_present, "emergency_stop": state.emergency_stop, "mains_ok": state.mains_ok,
        "wind_ms": shown(state.wind_ms), "gust_ms": shown(state.gust_ms), "rain": shown(state.rain),
        "temperature_c": shown(state.temperature_c), "age_s": shown(age), "place": [*reversed(post.settings.spot)],
        "flight": task.flight if task else "", "incident": task.incident if task else "",
        "target": [task.lon, task.lat] if task else None,
    }  # fmt: skip


def drone_view(post: Post) -> dict[str, Any]:
    """One aircraft as it stands now; also for the live screen."""
    state, now = post.drone.state, post.drone.aircraft.now_ns()
    return {
        "id": post.aircraft.id, "name": post.aircraft.name, "nest": post.settings.id, "link": state.link.value,
        "autopilot": state.autopilot, "mode": state.mode, "armed": state.armed, "landed": state.landed.value,
        "where": post.seen.aircraft if post.seen else "unknown", "lat": shown(state.lat), "lon": shown(state.lon),
        "height_m": shown(state.height_m), "speed_ms": shown(math.hypot(state.north_ms, state.east_ms)),
        "battery_percent": shown(state.battery_percent), "energy": post.seen.energy if post.seen else "unknown",
        "gps_fix": state.gps_fix, "satellites": state.satellites, "remote_id_ok": state.remote_id_ok,
        "age_s": shown(state.age_s("HEARTBEAT", now)),
    }  # fmt: skip


def nest_views(fleet: Fleet) -> list[dict[str, Any]]:
    """Every nest with its aircraft under `aircraft`: for the live screen."""
    return [nest_view(post) | {"aircraft": drone_view(post)} for post in fleet.posts.values()]


class _Asks:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def _post(self, request: Request) -> Post:
        name = request.text("nest", "")
        posts = self._fleet.posts
        if not name and len(posts) == 1:
            return next(iter(posts.values()))
        if name not in posts:
            raise AskError("not_found", f"there is no nest {name!r}", f"there are: {', '.join(posts) or 'none'}")
        return posts[name]

    async def nests(self, _request: Request) -> list[dict[str, Any]]:
        """Every nest, and whether it could launch."""
        return [nest_view(post) | {"ready": self._ready(post)["ready"]} for post in self._fleet.posts.values()]

    async def ready(self, request: Request) -> dict[str, Any]:
        """Yes or no, with the whole list."""
        return self._ready(self._post(request))

    def _ready(self, post: Post) -> dict[str, Any]:
        found = post.interlocks()
        locks = [lock._asdict() | {"age_s": None if lock.age_s is None else shown(lock.age_s)} for lock in found]
        resting = post.phase.value == "rest"
        ready = resting and post.may_move and not any(not lock.ok and not lock.on_the_way for lock in found)
        return {"nest": post.settings.id, "ready": ready, "phase": post.phase.value, "may_move": post.may_move,
                "interlocks": locks}  # fmt: skip

    async def drones(self, _request: Request) -> list[dict[str, Any]]:
        """Every aircraft, with the ledger's hours and cycles."""
        totals = self._fleet.desk.book.airframes()
        none = {"flights": 0, "hours": 0.0, "cycles": 0.0}
        return [drone_view(post) | totals.get(post.aircraft.id, none) for post in self._fleet.posts.values()]

    async def flights(self, request: Request) -> list[dict[str, Any]]:
        """The ledger, newest first."""
        limit = int(request.number("limit", 50, 1, 10_000))
        return self._fleet.desk.book.summaries()[::-1][:limit]

    async def show(self, request: Request) -> dict[str, Any]:
        """One flight: summary, log without the looks, curves of height and battery."""
        record = self._record(request)
        points = record.points()
        every = max(1, len(points) // CURVE)
        curves = {name: [float(p[name]) if p[name] else None for p in points[::every]]
                  for name in ("height_m", "battery_percent")}  # fmt: skip
        log = [{k: v for k, v in entry.items() if k not in {"seen", "hash", "decision"}} for entry in record.entries()]
        return {"summary": record.summary(), "log": log, **curves, "points": len(points)}

    async def export(self, request: Request) -> dict[str, str]:
        """The track as a file's text."""
        kind = request.text("format", "geojson")
        if kind not in EXPORTS:
            raise AskError("bad_request", f"there is no format {kind!r}", f"one of: {', '.join(EXPORTS)}")
        return {"format": kind, "text": EXPORTS[kind](self._record(request))}

    async def verify(self, request: Request) -> dict[str, Any]:
        """Whether the record is what it was."""
        record = self._record(request)
        wrong = verify(record.folder)
        return {"flight": record.id, "ok": not wrong, "wrong": wrong}

    def _record(self, request: Request) -> Any:
        flight = request.text("flight")
        record = self._fleet.desk.book.flight(flight)
        if record is None:
            raise AskError("not_found", f"there is no flight {flight!r}", "hydronest flight list")
        return record

    async def challenge(self, _request: Request) -> dict[str, str]:
        """A word to sign into one order."""
        gate = self._fleet.gate
        return {"challenge": gate.challenge(), "gateway": gate.gateway}

    async def order(self, request: Request) -> dict[str, Any]:
        """A signed order."""
        envelope = request.args.get("envelope")
        if not isinstance(envelope, dict):
            raise AskError("bad_request", "envelope: payload, key and signature are needed")
        return await self._fleet.submit(envelope)

    async def propose(self, request: Request) -> dict[str, Any]:
        """Would I, and why not. Changes nothing."""
        incident = self._incident(request)
        choices = [choice.told() for choice in self._fleet.propose(incident, signed=request.flag("signed"))]
        flown = self._fleet.flown_before(incident)
        return {"would_fly": bool(choices) and choices[0]["would_fly"] and not flown, "flown_before": flown,
                "choices": choices}  # fmt: skip

    async def incident(self, request: Request) -> dict[str, Any]:
        """An incident, to be flown to where a standing order allows it."""
        return await self._fleet.incident(self._incident(request))

    def _incident(self, request: Request) -> Any:
        args = request.args.get("incident")
        if not isinstance(args, dict):
            raise AskError("bad_request", "incident: an object with incident, lat and lon is needed")
        try:
            return incident_from(args, request.text("nest", ""))
        except Refusal as no:
            raise AskError("bad_request", no.message) from None
