"""A post's pen: the flight's record, the events others hear of, and the 1 Hz telemetry."""

import asyncio
import errno
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from agent.flight.desk import Desk, Task
from agent.flight.record import FlightRecord
from agent.flight.settings import Aircraft, Nest
from agent.flight.sight import Lookout, Seen
from agent.flight.table import Phase, Row
from drivers.drone.drone import Drone
from drivers.event import Event, EventKind, Severity, Turn
from drivers.nest.nest import Nest as NestDriver
from drivers.quality import Quality
from drivers.sample import Sample, Shape, Value

TRACK_EVERY_S = 1.0
AIRCRAFT = Shape(
    "aircraft",
    ("phase", "mode", "lat", "lon", "altitude", "height", "speed", "battery", "armed"),
    ("", "", "°", "°", "m", "m", "m/s", "%", ""),
)
NEST = Shape(
    "nest",
    ("phase", "cover", "rods", "charger", "wind", "gust", "rain", "temperature", "emergency_stop", "mains"),
    ("", "", "", "", "m/s", "m/s", "", "°C", "", ""),
)
BAD = {Phase.FAILED: Severity.ALARM, Phase.STOPPED: Severity.ALARM, Phase.MISSING: Severity.ALARM,
       Phase.AWAY: Severity.ALARM, Phase.DIVERTING: Severity.WARNING, Phase.LANDING: Severity.WARNING,
       Phase.BLOCKED: Severity.WARNING, Phase.HOLDING: Severity.WARNING, Phase.WATCHING: Severity.WARNING}  # fmt: skip
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
    desk: Desk
    lookout: Lookout
    phase: Phase
    task: Task | None
    seen: Seen | None
    trouble: str


class Log:
    """Written by one post only."""

    def __init__(self, post: Logged) -> None:
        self._post = post
        self._record: FlightRecord | None = None
        self._closed: FlightRecord | None = None  # of a flight that ended where a person is needed, and may go on
        self._tracked = -math.inf
        self._ready_s: float | None = None
        self._order_s = 0.0
        self._unfiled: tuple[FlightRecord, dict[str, Any]] | None = None  # a summary the disk did not take yet

    @property
    def _t_s(self) -> float:
        return self._post.desk.now_ns() / 1e9

    def open(self, task: Task, decision: Mapping[str, Any]) -> None:
        """Begin a flight's record with what it is for and why it was allowed. OSError where it cannot be written."""
        post = self._post
        self._record = record = post.desk.book.begin(post.settings.id)
        task.flight = record.id
        task.start_percent = post.drone.state.battery_percent
        self._order_s, self._ready_s = self._t_s, None
        flight = {**self._head(task), "order": task.order}
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

    def reopen(self, task: Task) -> None:
        """Go on with a record after a restart."""
        self._record = self._post.desk.book.flight(task.flight)

    def abandon(self) -> None:
        """The flight just opened was not taken: nothing of it moved."""
        self.note("not_taken")
        if self._record is not None:
            self._file(self._record, {"id": self._record.id, "outcome": "not taken", "launched": False})
        self._record = None

    def note(self, kind: str, **what: Any) -> None:
        """One line of the flight's log; nothing where no flight is in hand."""
        if self._record is not None:
            self._record.note(kind, self._t_s, self._post.desk.wall().text, **what)

    def conditions(self, seen: Seen) -> None:
        """Take down when the last thing waited for came about: from there on the delay is ours alone."""
        post = self._post
        if seen.cover == "open" and seen.berth == "free" and seen.prepared and seen.green and self._ready_s is None:
            latest = max(post.nest.state.read_ns, *post.drone.state.arrived_ns.values(), 0) / 1e9
            self._ready_s = min(self._t_s, max(latest, self._order_s))

    def began(self, phase: Phase) -> None:
        """The phase is kept and its orders are given from now on."""
        task = self._post.task
        if task is None:
            return
        if phase is Phase.PREPARING:
            task.timing["order_to_nest_s"] = self._t_s - self._order_s
        elif phase is Phase.LAUNCHING and self._ready_s is not None:
            task.timing["ready_to_arm_s"] = self._t_s - self._ready_s

    def phase(self, row: Row, reason: str, seen: Seen) -> None:
        """A row was taken."""
        post = self._post
        task = post.task
        if self._record is None and row.at is not Phase.REST:
            self._record = self._closed
        texts = post.drone.aircraft.texts.since(post.desk.now_ns() - 2_000_000_000)
        self.note("phase", at=row.at.value, to=row.to.value, why=list(row.guards), reason=reason, seen=asdict(seen),
                  texts=list(texts))  # fmt: skip
        evidence: dict[str, Value] = {"phase": row.to.value, "why": ", ".join(row.guards)}
        if task is not None:
            evidence |= {"flight": task.flight, "class": task.class_, "incident": task.incident}
        if reason:
            evidence["reason"] = reason
        severity = BAD.get(row.to, Severity.INFO)
        event = Event(EventKind.FLIGHT, post.settings.id, severity, Turn.NOTED, post.desk.now_ns(), evidence)
        post.desk.on_event(event)

    def track(self) -> None:
        """Once a second: the track of a flight in hand, and both things' telemetry."""
        now = asyncio.get_running_loop().time()
        if now - self._tracked < TRACK_EVERY_S - 0.01:
            return
        post, state, nest = self._post, self._post.drone.state, self._post.nest.state
        span = min(5.0, now - self._tracked)
        self._tracked = now
        if self._unfiled is not None:
            self._file(*self._unfiled)
        speed = math.hypot(state.north_ms, state.east_ms)
        if self._record is not None:
            if post.task is not None and post.seen is not None and post.seen.aircraft in AIRBORNE:
                post.task.launched = True
                post.task.air_s += span
                used = post.task.start_percent - state.battery_percent
                post.task.used_percent = max(post.task.used_percent, used if math.isfinite(used) else 0.0)
            self._record.track(
                {"t_s": round(self._t_s, 2), "utc": post.desk.wall().text, "phase": post.phase.value, "lat": state.lat,
                 "lon": state.lon, "altitude_m": state.altitude_m, "height_m": state.height_m, "speed_ms": speed,
                 "battery_percent": state.battery_percent, "wind_ms": nest.wind_ms, "gust_ms": nest.gust_ms,
                 "rain": nest.rain}
            )  # fmt: skip
        phase = post.phase.value
        self._sample(
            post.aircraft.id, AIRCRAFT,
            (phase, state.mode, state.lat, state.lon, state.altitude_m, state.height_m, speed, state.battery_percent,
             state.armed), post.lookout.link(post.phase),
        )  # fmt: skip
        self._sample(
            post.settings.id, NEST,
            (phase, nest.cover.value, nest.rods.value, nest.charger_on, nest.wind_ms, nest.gust_ms, nest.rain,
             nest.temperature_c, nest.emergency_stop, nest.mains_ok), post.lookout.nest_known(post.phase),
        )  # fmt: skip

    def _sample(self, device: str, shape: Shape, values: tuple[Value, ...], fresh: bool) -> None:
        told = tuple(None if isinstance(v, float) and math.isnan(v) else v for v in values)
        bad = Quality.NO_ANSWER if fresh else Quality.STALE
        quality = bytes(bad if v is None or not fresh else Quality.GOOD for v in told)
        post = self._post
        quality = bytes([Quality.GOOD]) + quality[1:]  # the phase is our own and always known
        post.desk.on_sample(
            Sample(device, shape, post.desk.now_ns(), told, shape.good if not any(quality) else quality)
        )

    def close(self, phase: Phase) -> None:
        """The flight came to an allowed end."""
        post, record, task = self._post, self._record, self._post.task
        if record is None or task is None:
            return
        outcome = {Phase.REST: "home", Phase.AWAY: "landed away"}.get(phase, phase.value)
        if phase is Phase.REST and not task.launched:
            outcome = "stood down"
        self._file(
            record,
            {**self._head(task), "id": record.id, "outcome": outcome, "reason": post.trouble, "launched": task.launched,
             "air_s": round(task.air_s, 1), "battery_used_percent": round(task.used_percent, 1),
             "timing": {name: round(value, 4) for name, value in task.timing.items()},
             "ended_utc": post.desk.wall().text}
        )  # fmt: skip
        self._record, self._closed = None, record
        if phase is Phase.REST:
            post.task = self._closed = None
        self._report(task, phase, outcome)

    def _file(self, record: FlightRecord, summary: dict[str, Any]) -> None:
        """Close a record; tried again every second while the disk fails."""
        try:
            record.close(summary)
            self._unfiled = None
        except OSError as error:
            if self._unfiled is None:
                _log.error("the flight %s cannot be filed yet: %s", record.id, error)
            self._unfiled = record, summary

    def _report(self, task: Task, phase: Phase, outcome: str) -> None:
        """Tell whoever ordered it how it ended; a missing aircraft's end is not known."""
        if not task.order:
            return
        status = {Phase.REST: "done" if task.launched else "failed", Phase.MISSING: "unknown"}.get(phase, "failed")
        evidence: dict[str, Value] = {"status": status, "outcome": outcome, "flight": task.flight}
        at = self._post.desk.now_ns()
        self._post.desk.on_event(Event(EventKind.ORDER, task.order, Severity.INFO, Turn.NOTED, at, evidence))

    def _head(self, task: Task) -> dict[str, Any]:
        post = self._post
        return {
            "id": task.flight, "nest": post.settings.id, "aircraft": post.aircraft.id, "operator": task.operator,
            "class": task.class_, "incident": task.incident, "permit": task.permit, "lat": task.lat, "lon": task.lon,
            "height_m": task.height_m, "begun_utc": post.desk.wall().text,
        }  # fmt: skip
