"""One nest at work: it looks, takes the table's rows, keeps where it is, and has the standing orders carried out."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from agent.flight.control import beside, commanded
from agent.flight.control.actions import Actions
from agent.flight.control.arrival import reached
from agent.flight.control.auditing import Auditor, bounds, stands
from agent.flight.control.checkpoint import Checkpoint
from agent.flight.control.context import FlightContext
from agent.flight.control.executor import Executor
from agent.flight.control.mission import Mission
from agent.flight.control.observation import ON_GROUND, Observation, Observer
from agent.flight.control.status import NestStatus
from agent.flight.control.taken_up import TakenUp, taken_up
from agent.flight.logbook.flight_log import FlightLog
from agent.flight.logbook.telemetry import Telemetry
from agent.flight.machine.stepping import ORDERS, TAKES_OVER, step
from agent.flight.machine.table import STAYS, Do, Phase, Row
from agent.flight.orders.eligibility import unmet
from agent.flight.orders.incident import Wanted
from agent.settings.flight import Aircraft, Nest
from drivers.drone.drone import Drone
from drivers.drone.ownership import EVERY, Owner
from drivers.drone.watched import Pad
from drivers.nest.nest import Nest as NestDriver
from drivers.outcome import Report
from protocols.reason import Reason, word

LOOK_EVERY_S = 0.5
FIRST_SIGHT_S = 10.0
"""After a start, so long the card, and then both ends, are waited for: a look too early would call home.
An aircraft in the air waits for no card."""
OUT = frozenset(set(Phase) - ON_GROUND - {Phase.AIRCRAFT_LOST, Phase.LANDED_OFF_SITE})
"""Phases that look after an aircraft that left its nest, or may have."""
_log = logging.getLogger("hydronest")


class Attending:
    """`run()` for ever; `attended` while it does. What happens is the table's doing."""

    def __init__(
        self, nest: NestDriver, drone: Drone, settings: Nest, aircraft: Aircraft, context: FlightContext
    ) -> None:
        self.nest = nest
        self.drone = drone
        self.settings = settings
        self.aircraft = aircraft
        self.context = context
        self.phase = Phase.REASSESSING  # until it is known where the last run left off
        self.mission: Mission | None = None
        self.seen: Observation | None = None
        self.trouble: Reason | None = None
        self.opening = False  # a launch waits for the card
        self.plain = False  # this run saw the flight begin, and nobody and nothing came between since
        self.log = FlightLog(self)
        self.observer = Observer(nest, drone, settings, aircraft)
        self.auditor = Auditor(drone.aircraft, bounds(settings, aircraft), lambda: stands(self.phase, self.seen))
        self.attended = False
        self.attached = asyncio.Event()
        self.begun_ns = context.now_ns()  # when `run` was called last
        self._telemetry = Telemetry(settings.id, aircraft.id, nest, drone, self.observer, context)
        self._path = context.state_dir / f"nest-{settings.id}.json"
        self._checkpoint = Checkpoint(self._path, context.writer, partial(commanded.kept, drone))
        leave_to_rise = partial(beside.leave_to_rise, self)
        self._executor = Executor(
            Actions(nest, drone, settings, lambda: self.mission, self.may_arm, leave_to_rise, self.log.note),
            self.log,
            self._checkpoint,
            lambda: self.may_move,
            self._order_done,
            self._phase_failed,
        )
        self._order, self._clear, self._prepared = "none", False, False
        self._failed: Reason | None = None
        self._restored, self._entered = False, 0.0
        self._wake = asyncio.Event()

    @property
    def rank(self) -> int:
        """Of whoever ordered the flight in hand last."""
        return self.mission.rank if self.mission is not None and not STAYS[self.phase].end else 0

    @property
    def doubted(self) -> bool:
        """Whether what was kept of it could not be read, and nobody on site has cleared it since."""
        return self._checkpoint.doubted

    @property
    def out(self) -> bool:
        """Whether its aircraft is not in its nest, or may not be."""
        return self.phase in OUT or (self.seen is not None and self.seen.aircraft in {"armed", "airborne"})

    @property
    def at_work(self) -> bool:
        """Whether something of it flies or moves, or has not been looked at yet."""
        return self.out or not STAYS[self.phase].end or not self._restored

    @property
    def may_move(self) -> bool:
        """Whether anything may move: on simulators always, on anything else with a yes for this run."""
        return self.context.allow_motion or (self.settings.simulated and self.aircraft.simulated)

    def may_arm(self) -> Reason | None:
        """Leave to arm, right now: None for yes, else what forbids it."""
        return beside.leave_to_arm(self)

    # -- life
    async def run(self) -> None:
        """Take up where the last run left off, then look at every change and twice a second."""
        self.attached.clear()
        self.attended, self.plain, self.begun_ns = True, False, self.context.now_ns()
        try:
            begun = await self._restore()
            self._entered = asyncio.get_running_loop().time()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._relay(self.nest.change))
                group.create_task(self._relay(self.drone.aircraft.change))
                group.create_task(self.auditor.run())
                await self._first_sight()
                self.attached.set()
                self.phase = begun
                self._begin(begun)
                self.look()
                if STAYS[self.phase].end:
                    self._order = "none"  # it came before the first look, and nothing flies
                await self._look_for_ever()
        finally:
            self.attended = False
            await self._executor.end()

    async def _look_for_ever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()
            self._wake.clear()
            if self.log.track():
                self._telemetry.tell(self.phase)
            self.look()

    async def _relay(self, change: Callable[[], object]) -> None:
        while True:
            await change()  # type: ignore[misc]  # both ends' `change` are coroutine functions of other protocols
            self._wake.set()

    async def _first_sight(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SIGHT_S):
                while not (self.observer.nest_known(Phase.REST) and self.observer.aircraft_known()):
                    await self._wake.wait()
                    self._wake.clear()

    async def _restore(self) -> Phase:
        """Where to go on: by memory after a fault of this run, else by the card. What cannot be read: look first."""
        if self._restored:
            return STAYS[self.phase].restart
        self._restored = True
        found: list[TakenUp] = []
        try:
            async with asyncio.timeout(FIRST_SIGHT_S):
                await self.context.writer.done(lambda: found.append(taken_up(self._path, self.context)))
        except (TimeoutError, OSError, ValueError) as error:
            _log.error("%s cannot be read (%s): looking first", self._path, error or "the card does not answer")
            self.drone.ownership.restore(EVERY)
            self._checkpoint.doubted = not isinstance(error, TimeoutError)
            return Phase.REASSESSING
        kept = found[0]
        self._checkpoint.doubted = kept.doubted
        self.drone.ownership.restore(kept.modes)
        self.phase, self.mission = kept.phase, kept.mission
        if kept.mission is not None and kept.mission.pad is not None:
            self.drone.pad, self.drone.hopped = Pad(*kept.mission.pad), kept.mission.hops > 0
        goes_on = STAYS[kept.phase].restart
        if kept.record is not None:
            self.log.goes_on_with(kept.record, kept.phase, goes_on)
        return goes_on

    # -- looking
    def look(self) -> list[Row]:
        """One look at the world, and what the table makes of it."""
        self.seen = seen = self._see()
        rows = step(self.phase, seen)
        if self.phase is Phase.PREPARING:
            self.log.conditions(seen)
        news = self.log.observed(seen)
        for row in rows:
            self._take(row, seen)
        if rows:
            self._begin(rows[-1].to)
        elif news:
            self._checkpoint.keep(self.phase, self.mission, self.log.syncing())
        return rows

    def _see(self) -> Observation:
        loop = asyncio.get_running_loop()
        within = STAYS[self.phase].within_s
        if self.phase is Phase.ON_SCENE:
            within = self.settings.on_scene_s
        late = within is not None and loop.time() - self._entered > within
        asked = self.phase is Phase.PREPARING or (self.phase is Phase.REST and self._order == "fly")
        interlocks_ok = asked and not unmet(self.status(), self.wanted, self.context.moment())
        return self.observer.look(
            self.phase,
            order=self._order,
            clear=self._clear,
            timed_out_or_failed=late or self._failed is not None,
            goal_reached=reached(self.phase, self.drone, self.settings, self.mission),
            may_lead=self.may_move,
            prepared=self._prepared,
            interlocks_ok=interlocks_ok,
            held=self.mission is None or self.mission.held,
            may_hop=beside.may_hop(self),
        )

    @property
    def withdrawn(self) -> Reason | None:
        """The recall or stop that no row has taken yet."""
        return Reason("order.came_first", order=word(self._order)) if self._order in {"recall", "stop"} else None

    @property
    def wanted(self) -> Wanted | None:
        """The flight in hand, as its interlocks are asked of it."""
        return Wanted.of(self.mission) if self.mission is not None else None

    def status(self) -> NestStatus:
        """Nest and aircraft as they stand now."""
        craft = self.drone.state
        return NestStatus(
            self.settings,
            self.aircraft,
            self.nest.state,
            replace(craft, arrived_ns=dict(craft.arrived_ns)),
            self.phase,
            self.seen if self.attached.is_set() else None,
            stale_after_s=self.nest.profile.stale_after_s,
            trouble=self.nest.reason,
            attended=self.attended,
            opening=self.opening,
            may_move=self.may_move,
            prepared=self._prepared,
            record_ok=not (self.log.trouble or self._checkpoint.trouble),
            rank=self.rank,
            incident=self.mission.incident if self.mission is not None else "",
            audit=self.auditor.found,
            terrain=self.context.terrain.get(self.settings.id),
            flown_by_hand=self.drone.owner() is Owner.PILOT,
            doubted=self.doubted,
        )

    def _take(self, row: Row, seen: Observation) -> None:
        if (row.at, row.to) == TAKES_OVER:
            self.drone.ownership.claim()
        if self.mission is not None:
            self.mission.hops += row.to is Phase.HOPPING
            self.mission.held = row.to is Phase.HOLDING and self._order == "stop"
        reason = commanded.why(row, seen, self.observer, self._failed)
        if row.at in beside.LANDS and row.to is Phase.LANDED_OFF_SITE:
            reason = beside.hindrance(self)
        self.phase = row.to
        self.plain = row.to is Phase.PREPARING or (self.plain and row.to in beside.PLAIN)
        over = {"timed_out_or_failed": "time_over"} if reason is None else {}
        guards = tuple(word(over.get(one, one)) for one in row.guards)
        self.trouble = Reason("flight.because", guards=guards)
        if reason is not None:
            self.trouble = Reason("flight.because_of", guards=guards, why=reason)
        if ORDERS & set(row.guards) or row.to in ON_GROUND or STAYS[row.to].end:
            self._order = "none"  # else it was overtaken, and stands
        self._clear, self._failed = False, None
        self.log.phase(row, reason, seen)

    def _begin(self, phase: Phase) -> None:
        """Keep the phase, withdraw the last one's orders, give this one's."""
        self._entered = asyncio.get_running_loop().time()
        if phase is not Phase.LAUNCHING:
            self._prepared = False
        if STAYS[phase].end and Do.STOP_NEST not in STAYS[phase].orders:
            self.log.close(phase)
        self._executor.begin(phase, self.mission, self.settings.id)

    def _order_done(self, order: Do, report: Report) -> None:
        if order in {Do.LAUNCH, Do.HOP_IN} and self.mission is not None and self.drone.pad is not None:
            self.mission.pad = [*self.drone.pad]
        if order is Do.PREPARE_AIRCRAFT:
            self._prepared = report.done
        elif not report.done and order not in {Do.STOP_NEST, Do.CHARGE}:
            named = {"order": word(order.value), "outcome": word(report.outcome.value)}
            self._failed = Reason("flight.order_ended", **named)
            if (why := report.reason) is not None:
                self._failed = Reason("flight.order_ended_with", **named, why=why)
        self._wake.set()

    def _phase_failed(self, reason: Reason | None) -> None:
        self._failed = reason
        self._wake.set()
