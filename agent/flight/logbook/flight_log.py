"""A post's pen: the flight's record, the events others hear of, and the 1 Hz telemetry."""

import asyncio
import errno
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from agent.flight.control.context import FlightContext, Mission
from agent.flight.control.observation import Observation, Observer
from agent.flight.logbook.record import FlightRecord
from agent.flight.machine.table import Phase, Row
from agent.settings.flight import Aircraft, Nest
from drivers.drone.drone import Drone
from drivers.event import Event, EventKind, Severity, Transition
from drivers.nest.nest import Nest as NestDriver
from drivers.quality import Quality
from drivers.sample import Layout, Sample, Value

TRACK_EVERY_S = 1.0
AIRCRAFT = Layout(
    "aircraft",
    ("phase", "mode", "lat", "lon", "altitude", "height", "speed", "battery", "armed"),
    ("", "", "°", "°", "m", "m", "m/s", "%", ""),
)
NEST = Layout(
    "nest",
    ("phase", "cover", "rods", "charger", "wind", "gust", "rain", "temperature", "emergency_stop", "mains"),
    ("", "", "", "", "m/s", "m/s", "", "°C", "", ""),
)
BAD = {
    Phase.FAILED: Severity.ALARM,
    Phase.STOPPED: Severity.ALARM,
    Phase.AIRCRAFT_LOST: Severity.ALARM,
    Phase.LANDED_OFF_SITE: Severity.ALARM,
    Phase.DIVERTING: Severity.WARNING,
    Phase.LANDING: Severity.WARNING,
    Phase.BLOCKED: Severity.WARNING,
    Phase.HOLDING: Severity.WARNING,
    Phase.REASSESSING: Severity.WARNING,
}
AIRBORNE = frozenset({"airborne"})
_log = logging.getLogger(__name__)


def _nothing() -> None:
    """No flight is in hand."""


class Logged(Protocol):
    """What a log is told of its post."""

    nest: NestDriver
    drone: Drone
    settings: Nest
    aircraft: Aircraft
    context: FlightContext
    observer: Observer
    phase: Phase
    mission: Mission | None
    seen: Observation | None
    trouble: str


class FlightLog:
    """Written by one post only."""

    def __init__(self, controller: Logged) -> None:
        self._controller = controller
        self._record: FlightRecord | None = None
        self._closed: FlightRecord | None = None  # of a flight that ended where a person is needed, and may go on
        self._tracked = -math.inf
        self._ready_s: float | None = None
        self._order_s = 0.0
        self._unfiled: tuple[FlightRecord, dict[str, Any]] | None = None  # a summary the disk did not take yet

    @property
    def _t_s(self) -> float:
        return self._controller.context.now_ns() / 1e9

    def open(self, mission: Mission, decision: Mapping[str, Any]) -> None:
        """Begin a flight's record with what it is for and why it was allowed. OSError where it cannot be written."""
        controller = self._controller
        self._record = record = controller.context.logbook.begin(controller.settings.id)
        mission.flight = record.id
        mission.start_percent = controller.drone.state.battery_percent
        self._order_s, self._ready_s = self._t_s, None
        flight = {**self._head(mission), "order": mission.order}
        self.note("flight", flight=flight, decision=decision)
        if record.trouble:
            self._record = None
            raise OSError(errno.EIO, record.trouble)

    @property
    def trouble(self) -> str:
        """Why the flight in hand cannot be written down; empty when it is, or there is none."""
        return self._record.trouble if self._record is not None else ""

    def syncing(self) -> Callable[[], None]:
        """What waits, off the loop, until the log as it stands is on the disk; it raises OSError."""
        record = self._record
        return record.sync if record is not None else _nothing

    def reopen(self, mission: Mission) -> None:
        """Go on with a record after a restart."""
        self._record = self._controller.context.logbook.flight(mission.flight)

    def abandon(self) -> None:
        """The flight just opened was not taken: nothing of it moved."""
        self.note("not_taken")
        if self._record is not None:
            self._file(self._record, {"id": self._record.id, "outcome": "not taken", "launched": False})
        self._record = None

    def note(self, kind: str, **what: Any) -> None:
        """One line of the flight's log; nothing where no flight is in hand."""
        if self._record is not None:
            self._record.note(kind, self._t_s, self._controller.context.wall().text, **what)

    def conditions(self, seen: Observation) -> None:
        """Take down when the last thing waited for came about: from there on the delay is ours alone."""
        controller = self._controller
        if (
            seen.cover == "open"
            and seen.berth == "free"
            and seen.prepared
            and seen.interlocks_ok
            and self._ready_s is None
        ):
            latest = max(controller.nest.state.read_ns, *controller.drone.state.arrived_ns.values(), 0) / 1e9
            self._ready_s = min(self._t_s, max(latest, self._order_s))

    def began(self, phase: Phase) -> None:
        """The phase is kept and its orders are given from now on."""
        mission = self._controller.mission
        if mission is None:
            return
        if phase is Phase.PREPARING:
            mission.timing["order_to_nest_s"] = self._t_s - self._order_s
        elif phase is Phase.LAUNCHING and self._ready_s is not None:
            mission.timing["ready_to_arm_s"] = self._t_s - self._ready_s

    def phase(self, row: Row, reason: str, seen: Observation) -> None:
        """A row was taken."""
        controller = self._controller
        mission = controller.mission
        if self._record is None and row.at is not Phase.REST:
            self._record = self._closed
        texts = controller.drone.aircraft.texts.since(controller.context.now_ns() - 2_000_000_000)
        self.note(
            "phase",
            at=row.at.value,
            to=row.to.value,
            why=list(row.guards),
            reason=reason,
            seen=asdict(seen),
            texts=list(texts),
        )
        evidence: dict[str, Value] = {"phase": row.to.value, "why": ", ".join(row.guards)}
        if mission is not None:
            evidence |= {"flight": mission.flight, "class": mission.class_, "incident": mission.incident}
        if reason:
            evidence["reason"] = reason
        severity = BAD.get(row.to, Severity.INFO)
        event = Event(
            EventKind.FLIGHT, controller.settings.id, severity, Transition.NOTED, controller.context.now_ns(), evidence
        )
        controller.context.on_event(event)

    def track(self) -> None:
        """Once a second: the track of a flight in hand, and both things' telemetry."""
        now = asyncio.get_running_loop().time()
        if now - self._tracked < TRACK_EVERY_S - 0.01:
            return
        controller, state, nest = self._controller, self._controller.drone.state, self._controller.nest.state
        span = min(5.0, now - self._tracked)
        self._tracked = now
        if self._unfiled is not None:
            self._file(*self._unfiled)
        speed = math.hypot(state.north_ms, state.east_ms)
        if self._record is not None:
            if controller.mission is not None and controller.seen is not None and controller.seen.aircraft in AIRBORNE:
                controller.mission.launched = True
                controller.mission.air_s += span
                used = controller.mission.start_percent - state.battery_percent
                controller.mission.used_percent = max(
                    controller.mission.used_percent, used if math.isfinite(used) else 0.0
                )
            self._record.track(
                {
                    "t_s": round(self._t_s, 2),
                    "utc": controller.context.wall().text,
                    "phase": controller.phase.value,
                    "lat": state.lat,
                    "lon": state.lon,
                    "altitude_m": state.altitude_m,
                    "height_m": state.height_m,
                    "speed_ms": speed,
                    "battery_percent": state.battery_percent,
                    "wind_ms": nest.wind_ms,
                    "gust_ms": nest.gust_ms,
                    "rain": nest.rain,
                }
            )
        phase = controller.phase.value
        self._sample(
            controller.aircraft.id,
            AIRCRAFT,
            (
                phase,
                state.mode,
                state.lat,
                state.lon,
                state.altitude_m,
                state.height_m,
                speed,
                state.battery_percent,
                state.armed,
            ),
            controller.observer.link(controller.phase),
        )
        self._sample(
            controller.settings.id,
            NEST,
            (
                phase,
                nest.cover.value,
                nest.rods.value,
                nest.charger_on,
                nest.wind_ms,
                nest.gust_ms,
                nest.rain,
                nest.temperature_c,
                nest.emergency_stop,
                nest.mains_ok,
            ),
            controller.observer.nest_known(controller.phase),
        )

    def _sample(self, device: str, layout: Layout, values: tuple[Value, ...], fresh: bool) -> None:
        told = tuple(None if isinstance(v, float) and math.isnan(v) else v for v in values)
        bad = Quality.NO_ANSWER if fresh else Quality.STALE
        quality = bytes(bad if v is None or not fresh else Quality.GOOD for v in told)
        controller = self._controller
        quality = bytes([Quality.GOOD]) + quality[1:]  # the phase is our own and always known
        controller.context.on_sample(
            Sample(device, layout, controller.context.now_ns(), told, layout.good if not any(quality) else quality)
        )

    def close(self, phase: Phase) -> None:
        """The flight came to an allowed end."""
        controller, record, mission = self._controller, self._record, self._controller.mission
        if record is None or mission is None:
            return
        outcome = {Phase.REST: "home", Phase.LANDED_OFF_SITE: "landed away"}.get(phase, phase.value)
        if phase is Phase.REST and not mission.launched:
            outcome = "stood down"
        self._file(
            record,
            {
                **self._head(mission),
                "id": record.id,
                "outcome": outcome,
                "reason": controller.trouble,
                "launched": mission.launched,
                "air_s": round(mission.air_s, 1),
                "battery_used_percent": round(mission.used_percent, 1),
                "timing": {name: round(value, 4) for name, value in mission.timing.items()},
                "ended_utc": controller.context.wall().text,
            },
        )
        self._record, self._closed = None, record
        if phase is Phase.REST:
            controller.mission = self._closed = None
        self._report(mission, phase, outcome)

    def _file(self, record: FlightRecord, summary: dict[str, Any]) -> None:
        """Close a record; tried again every second while the disk fails."""
        try:
            record.close(summary)
            self._unfiled = None
        except OSError as error:
            if self._unfiled is None:
                _log.error("the flight %s cannot be filed yet: %s", record.id, error)
            self._unfiled = record, summary

    def _report(self, mission: Mission, phase: Phase, outcome: str) -> None:
        """Tell whoever ordered it how it ended; a missing aircraft's end is not known."""
        if not mission.order:
            return
        status = {Phase.REST: "done" if mission.launched else "failed", Phase.AIRCRAFT_LOST: "unknown"}.get(
            phase, "failed"
        )
        evidence: dict[str, Value] = {"status": status, "outcome": outcome, "flight": mission.flight}
        at = self._controller.context.now_ns()
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
            "begun_utc": controller.context.wall().text,
        }
