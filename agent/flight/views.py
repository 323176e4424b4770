"""Nests and aircraft as they stand now, as JSON: for who asks flight itself, and for core twice a second."""

import math
from collections.abc import Iterator
from typing import Any

from agent.flight.control.conditions import height_doubt
from agent.flight.control.nest_controller import NestController
from agent.flight.control.status import Now
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.eligibility import eligibility
from agent.flight.orders.interlocks import interlocks
from agent.flight.service_due import due_in_h
from protocols.reason import Reason


def shown(value: float) -> float | None:
    """A number for JSON: none where there is none."""
    return round(value, 7) if math.isfinite(value) else None


def nest_view(controller: NestController) -> dict[str, Any]:
    """One nest."""
    state, mission = controller.nest.state, controller.mission
    age = state.age_s(controller.nest.now_ns())
    return {
        "id": controller.settings.id,
        "name": controller.settings.name,
        "phase": controller.phase.value,
        "why": controller.trouble,
        "attended": controller.attended,
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
    """One aircraft, with the ledger's hours and cycles."""
    state, now = controller.drone.state, controller.drone.aircraft.now_ns()
    totals = controller.context.logbook.totals(controller.aircraft.id)
    due_h = due_in_h(controller.aircraft.service, totals["hours"])
    return {
        "id": controller.aircraft.id,
        "name": controller.aircraft.name,
        "abilities": list(controller.aircraft.abilities),
        "nest": controller.settings.id,
        "link": state.link.value,
        "signed": controller.aircraft.signing_key_file is not None,
        "autopilot": state.autopilot,
        "mode": state.mode,
        "armed": state.armed,
        "landed": state.landed.value,
        "where": controller.seen.aircraft if controller.seen else "unknown",
        "lat": shown(state.lat),
        "lon": shown(state.lon),
        "height_m": shown(controller.drone.height_m),
        "speed_ms": shown(math.hypot(state.north_ms, state.east_ms)),
        "battery_percent": shown(state.battery_percent),
        "energy": controller.seen.energy if controller.seen else "unknown",
        "gps_fix": state.gps_fix,
        "satellites": state.satellites,
        "remote_id_ok": state.remote_id_ok,
        "age_s": shown(state.age_s("HEARTBEAT", now)),
        **totals,
        "service_in_h": None if due_h is None else shown(due_h),
    }


def audit_view(controller: NestController) -> dict[str, Any]:
    """What one aircraft is set to, parameter by parameter."""
    audit, now_ns = controller.auditor.found, controller.drone.aircraft.now_ns()
    return {
        "id": controller.aircraft.id,
        "nest": controller.settings.id,
        "autopilot": controller.drone.state.autopilot,
        "version": audit.version,
        "good": audit.good(now_ns),
        "age_s": shown(audit.age_s(now_ns)),
        "writing": controller.auditor.writing,
        "findings": [
            {"name": one.name, "value": None if one.raw is None else shown(one.raw), "ok": one.ok, "needed": one.needed,
             "why": one.why, "instead": one.instead}
            for one in audit.findings
        ],
    }  # fmt: skip


def ready_view(controller: NestController) -> dict[str, Any]:
    """Whether it would take an order to launch: yes, or every reason why not; with the whole list of interlocks."""
    status, now = controller.status(), controller.context.moment()
    found = interlocks(status, None, now)
    locks = [lock._asdict() | {"age_s": None if lock.age_s is None else shown(lock.age_s)} for lock in found]
    why_not = eligibility(status, None, now)
    return {
        "nest": controller.settings.id,
        "ready": not why_not,
        "why_not": why_not,
        "doubts": list(_doubts(controller, now)),
        "phase": controller.phase.value,
        "may_move": controller.may_move,
        "interlocks": locks,
    }


def _doubts(controller: NestController, now: Now) -> Iterator[Reason]:
    """What keeps nobody from flying, or not everybody, and should be known before."""
    left_s = now.restrained.rests_s.get(controller.settings.id, 0.0)
    if left_s > 0:
        yield Reason("order.rests", left_s=left_s)
    if now.restrained.forgotten_s > 0 and controller.settings.id not in now.restrained.lifted:
        yield Reason("order.restraint_forgotten", left_s=now.restrained.forgotten_s)
    if now.unadopted:
        yield Reason("standing_order.none_adopted")
    height = height_doubt(controller.drone.state, controller.settings)
    if height is not None and height.doubted and height.tolerable:
        yield Reason("flight.height_doubted", off_m=height.off_m, explained_m=height.explained_m)
    if controller.settings.id not in controller.context.terrain:
        yield Reason("flight.no_terrain")
    if controller.aircraft.cells is None:
        yield Reason("flight.pack_not_named")
    if not controller.aircraft.simulated and controller.aircraft.signing_key_file is None:
        yield Reason("flight.link_unsigned", url=controller.aircraft.url)


def fleet_view(fleet: Fleet) -> list[dict[str, Any]]:
    """Every nest, with its aircraft under `aircraft` and its interlocks."""
    return [
        nest_view(controller)
        | {key: value for key, value in ready_view(controller).items() if key != "nest"}
        | {"aircraft": drone_view(controller)}
        for controller in fleet.controllers.values()
    ]
