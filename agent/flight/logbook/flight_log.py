"""What is written of a flight while it goes on, and what others hear of it: its record, its events, its end."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from agent.flight.control.context import FlightContext
from agent.flight.control.mission import Mission
from agent.flight.control.observation import Observation
from agent.flight.logbook.filing import Filing
from agent.flight.logbook.record import FlightRecord
from agent.flight.machine.table import Phase, Row
from agent.settings.flight import Aircraft, Nest
from drivers.drone.drone import Drone
from drivers.event import Event, EventKind, Severity, Transition
from drivers.nest.nest import Nest as NestDriver
from drivers.sample import Value
from protocols.reason import Reason, from_json

TRACK_EVERY_S = 1.0
IDENTIFIED_S = 5.0
"""An identification module says every second how it is; silent for so long nobody knows."""
BAD = {
    Phase.FAILED: Severity.ALARM,
    Phase.STOPPED: Severity.ALARM,
    Phase.AIRCRAFT_LOST: Severity.ALARM,
    Phase.LANDED_OFF_SITE: Severity.ALARM,
    Phase.DIVERTING: Severity.WARNING,
    Phase.LANDING: Severity.WARNING,
    Phase.BLOCKED: Severity.WARNING,
    Phase.HOPPING: Severity.WARNING,
    Phase.HOLDING: Severity.WARNING,
    Phase.REASSESSING: Severity.WARNING,
    Phase.AUTOPILOT_ACTS: Severity.WARNING,
}


def _nothing() -> None:
    """No flight is in hand."""


class Logged(Protocol):
    """What a log is told of its post."""

    nest: NestDriver
    drone: Drone
    settings: Nest
    aircraft: Aircraft
    context: FlightContext
    phase: Phase
    mission: Mission | None
    trouble: Reason | None


class FlightLog:
    """Written by one post only. Nothing here waits for the card but `open`."""

    def __init__(self, controller: Logged) -> None:
        self._controller = controller
        self._record: FlightRecord | None = None
        self._closed: FlightRecord | None = None  # of a flight that ended where a person is needed, and may go on
        self._filing = Filing(controller.context.logbook, controller.context.writer)
        self._tracked = -math.inf
        self._ready_s: float | None = None
        self._order_s = 0.0
        self._texts = 0
        self._mode = ""
        self._identified: tuple[bool | None, str] | None = None  # by its module; None: not written down yet

    @property
    def _t_s(self) -> float:
        return self._controller.context.now_ns() / 1e9

    @property
    def trouble(self) -> Reason | None:
        """Why the flight in hand cannot be written down; None when it is, or there is none."""
        return self._record.trouble if self._record is not None else None

    def syncing(self) -> Callable[[], None]:
        """What waits, off the loop, until the log as it stands is on the disk; it raises OSError."""
        record = self._record
        return record.sync if record is not None else _nothing

    # -- from order to end
    async def open(self, mission: Mission, decision: Mapping[str, Any]) -> FlightRecord:
        """A new flight's record on the card, with what it is for and why it was allowed. OSError where it cannot be.

        The mission has its id from here on; the flight begins with `take_up`, or is `abandoned`.
        """
        controller = self._controller
        wall = controller.context.wall()
        record = controller.context.logbook.begin(controller.settings.id)
        mission.flight, mission.begun_utc = record.id, wall.text
        mission.start_percent = controller.drone.state.battery_percent
        controller.context.logbook.enter({**self._head(mission), "outcome": "open"})
        flight = {**self._head(mission), "order": mission.order}
        try:
            await record.make()
            record.note("flight", self._t_s, wall.text, flight=flight, decision=decision)
            await record.written()
        except BaseException:  # cancelled too: nothing of it moved
            controller.context.logbook.enter({"id": record.id, "outcome": "not taken"})
            raise
        return record

    def take_up(self, record: FlightRecord, ordered_s: float) -> None:
        """The flight of this record is in hand; it was ordered at `ordered_s`, CLOCK_BOOTTIME."""
        self._record = record
        self._order_s, self._ready_s, self._identified = ordered_s, None, None

    def abandoned(self, record: FlightRecord) -> None:
        """The flight of this record was not taken: nothing of it moved."""
        record.note("not_taken", self._t_s, self._controller.context.wall().text)
        self._filing.file(record, {"id": record.id, "outcome": "not taken", "launched": False})
        if self._record is record:
            self._record = None

    def goes_on_with(self, record: FlightRecord, was: Phase, goes_on: Phase) -> None:
        """A flight is in hand again after a restart."""
        self._record = record
        self.note("restarted", was=was.value, goes_on=goes_on.value)

    def close(self, phase: Phase) -> None:
        """The flight came to an allowed end."""
        controller, record, mission = self._controller, self._record, self._controller.mission
        if record is None or mission is None:
            return
        outcome = {Phase.REST: "home", Phase.LANDED_OFF_SITE: "landed away"}.get(phase, phase.value)
        if phase is Phase.REST and not mission.launched:
            outcome = "stood down"
        now_ns, wall = controller.context.now_ns(), controller.context.wall()
        summary = {
            **self._head(mission),
            "outcome": outcome,
            "reason": controller.trouble,
            "launched": mission.launched,
            "led_from": mission.led_from,
            "reached": mission.reached,
            "on_scene_s": round(mission.on_scene_s(now_ns, wall), 1),
            "left": None if mission.left is None else from_json(mission.left),
            "air_s": round(mission.air_time_s(now_ns, wall), 1),
            "battery_used_percent": round(mission.used_percent, 1),
            "timing": {name: round(value, 4) for name, value in mission.timing.items()},
            "ended_by": mission.ended_by,
            "ended_utc": wall.text,
        }
        seal = record.end(self._t_s, wall.text, summary)
        self._filing.file(record, summary)
        self._record, self._closed = None, record
        if phase is Phase.REST:
            controller.mission = self._closed = None
        self._report(mission, phase, outcome)
        told = {"head": seal, "outcome": outcome}
        ended = Event(EventKind.AUDIT, mission.flight, Severity.INFO, Transition.NOTED, now_ns, told)
        controller.context.on_event(ended)

    # -- what happens
    def note(self, kind: str, **what: Any) -> None:
        """One line of the flight's log; nothing where no flight is in hand."""
        if self._record is not None:
            self._record.note(kind, self._t_s, self._controller.context.wall().text, **what)

    def conditions(self, seen: Observation) -> None:
        """Take down when the last thing waited for came about: from there on the delay is ours alone."""
        controller = self._controller
        ready = seen.cover == "open" and seen.berth == "free" and seen.prepared and seen.interlocks_ok
        if ready and self._ready_s is None:
            latest = max(controller.nest.state.read_ns, *controller.drone.state.arrived_ns.values(), 0) / 1e9
            self._ready_s = min(self._t_s, max(latest, self._order_s))

    def observed(self, seen: Observation) -> bool:
        """Take down its words, its modes, when it takes off and comes down. True where the last is news, to be kept."""
        mission, context = self._controller.mission, self._controller.context
        self._words(seen)
        if mission is None or self._record is None:
            return False
        if seen.aircraft == "airborne" and not mission.aloft_ns:
            mission.took_off(context.now_ns(), context.wall())
            self.note("airborne")
        elif seen.aircraft in {"docked", "armed", "landed_off_site"} and mission.aloft_ns:
            mission.came_down(context.now_ns(), context.wall())
            self.note("down", air_s=round(mission.air_s, 1))
        else:
            return False
        return True

    def _words(self, seen: Observation) -> None:
        """Every status text, every change of the mode with whose it is, and of what its identification module says."""
        drone, now_ns = self._controller.drone, self._controller.context.now_ns()
        texts, mode = drone.aircraft.texts, drone.state.mode
        for text in texts.newest(texts.heard - self._texts):
            self.note("said", text=text)
        self._texts = texts.heard
        if mode != self._mode:
            self.note("mode", mode=mode, owner=seen.owner)
            self._mode = mode
        heard = drone.state.age_s("OPEN_DRONE_ID_ARM_STATUS", now_ns) <= IDENTIFIED_S
        identified = (drone.state.remote_id_ok, drone.state.remote_id_text) if heard else (None, "")
        if identified != self._identified:
            self.note("remote_id", ok=identified[0], text=identified[1])
            self._identified = identified

    def began(self, phase: Phase) -> None:
        """The phase's orders are given from now on."""
        mission = self._controller.mission
        if mission is None:
            return
        if phase is Phase.PREPARING:
            mission.timing["order_to_nest_s"] = self._t_s - self._order_s
        elif phase is Phase.LAUNCHING and self._ready_s is not None:
            mission.timing["ready_to_arm_s"] = self._t_s - self._ready_s

    def phase(self, row: Row, reason: Reason | None, seen: Observation) -> None:
        """A row was taken."""
        controller = self._controller
        mission, now_ns = controller.mission, controller.context.now_ns()
        if mission is not None:
            mission.stepped(row.at, row.to, controller.trouble, now_ns, controller.context.wall())
        if self._record is None and row.at is not Phase.REST:
            self._record = self._closed
        texts = controller.drone.aircraft.texts.since(now_ns - 2_000_000_000)
        what = {"at": row.at.value, "to": row.to.value, "why": list(row.guards), "reason": reason}
        self.note("phase", **what, seen=asdict(seen), texts=list(texts))
        evidence: dict[str, Value | Reason] = {"phase": row.to.value}
        if controller.trouble is not None:
            evidence["reason"] = controller.trouble
        if mission is not None:
            evidence |= {"flight": mission.flight, "class": mission.class_, "incident": mission.incident}
        severity = BAD.get(row.to, Severity.INFO)
        event = Event(EventKind.FLIGHT, controller.settings.id, severity, Transition.NOTED, now_ns, evidence)
        controller.context.on_event(event)

    def track(self) -> bool:
        """Once a second, and then True: one point of the track of the flight in hand."""
        now = asyncio.get_running_loop().time()
        if now - self._tracked < TRACK_EVERY_S - 0.01:
            return False
        self._tracked = now
        self._filing.again()
        controller, state, nest = self._controller, self._controller.drone.state, self._controller.nest.state
        if self._record is None:
            return True
        if controller.mission is not None and controller.mission.aloft_ns:
            controller.mission.used(state.battery_percent)
        self._record.track(
            {
                "t_s": round(self._t_s, 2),
                "utc": controller.context.wall().text,
                "phase": controller.phase.value,
                "lat": state.lat,
                "lon": state.lon,
                "altitude_m": state.altitude_m,
                "height_m": controller.drone.height_m,
                "speed_ms": math.hypot(state.north_ms, state.east_ms),
                "battery_percent": state.battery_percent,
                "wind_ms": nest.wind_ms,
                "gust_ms": nest.gust_ms,
                "rain": nest.rain,
            }
        )
        return True

    def _report(self, mission: Mission, phase: Phase, outcome: str) -> None:
        """Tell whoever ordered it how it ended; a missing aircraft's end is not known."""
        if not mission.order:
            return
        status = {Phase.REST: "done" if mission.reached else "failed", Phase.AIRCRAFT_LOST: "unknown"}.get(
            phase, "failed"
        )
        at, wall = self._controller.context.now_ns(), self._controller.context.wall()
        evidence: dict[str, Value | Reason] = {
            "status": status,
            "outcome": outcome,
            "flight": mission.flight,
            "reached": mission.reached,
            "on_scene_s": round(mission.on_scene_s(at, wall), 1),
        }
        if mission.left is not None and (left := from_json(mission.left)) is not None:
            evidence["reason"] = left
        self._controller.context.on_event(
            Event(EventKind.ORDER, mission.order, Severity.INFO, Transition.NOTED, at, evidence)
        )

    def _head(self, mission: Mission) -> dict[str, Any]:
        controller = self._controller
        return {
            "id": mission.flight,
            "nest": controller.settings.id,
            "aircraft": controller.aircraft.id,
            "operator": mission.operator,
            "class": mission.class_,
            "incident": mission.incident,
            "permit": mission.permit,
            "lat": mission.lat,
            "lon": mission.lon,
            "height_m": mission.height_m,
            "begun_utc": mission.begun_utc,
        }
