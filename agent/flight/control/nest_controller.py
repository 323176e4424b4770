"""One nest at work: it looks, takes the table's rows, keeps where it is, and has the standing orders carried out."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agent.flight.control import checkpoint as kept
from agent.flight.control.actions import Actions
from agent.flight.control.checkpoint import Checkpoint
from agent.flight.control.context import FlightContext, Mission
from agent.flight.control.executor import NO_MOTION, Executor
from agent.flight.control.observation import Observation, Observer
from agent.flight.logbook.flight_log import FlightLog
from agent.flight.machine.table import STAYS, Do, Phase, Row, step
from agent.flight.orders.gate import Refusal
from agent.flight.orders.interlocks import Clearances, Interlock, blocked, interlocks
from agent.settings.flight import Aircraft, Nest
from drivers.drone.drone import Drone
from drivers.nest.nest import Nest as NestDriver
from drivers.outcome import Report

LOOK_EVERY_S = 0.5
FIRST_SIGHT_S = 10.0
"""After a start, so long both ends are waited for before the first look: a look too early would call home."""
_log = logging.getLogger(__name__)


class NestController:
    """`run()` for ever. Orders come in by `fly`, `recall`, `stop` and `clear`; what happens is the table's doing."""

    def __init__(
        self, nest: NestDriver, drone: Drone, settings: Nest, aircraft: Aircraft, context: FlightContext
    ) -> None:
        self.nest = nest
        self.drone = drone
        self.settings = settings
        self.aircraft = aircraft
        self.context = context
        self.phase = Phase.REST
        self.mission: Mission | None = None
        self.seen: Observation | None = None
        self.trouble = ""
        self.log = FlightLog(self)
        self.observer = Observer(nest, drone, settings, aircraft)
        self.attached = asyncio.Event()
        self._path = context.state_dir / f"nest-{settings.id}.json"
        self._executor = Executor(
            Actions(nest, drone, settings, lambda: self.mission, self.may_arm),
            self.log,
            Checkpoint(self._path, self.durable),
            lambda: self.may_move,
            self._order_done,
            self._phase_failed,
        )
        self._order, self._clear, self._failed, self._prepared = "none", False, "", False
        self._entered = 0.0
        self._wake = asyncio.Event()

    # -- life
    async def run(self) -> None:
        """Take up where the last run left off, then look at every change and twice a second."""
        begun = self._restore()
        self._entered = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._relay(self.nest.change))
            group.create_task(self._relay(self.drone.aircraft.change))
            try:
                await self._first_sight()
                self.attached.set()
                self._enter_anew(begun)
                while True:
                    self.look()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_EVERY_S):
                            await self._wake.wait()
                    self._wake.clear()
                    self.log.track()
            finally:
                await self._executor.end()

    async def _relay(self, change: Any) -> None:
        while True:
            await change()
            self._wake.set()

    async def _first_sight(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SIGHT_S):
                while not (self.observer.nest_known(Phase.REST) and self.observer.link(Phase.REST)):
                    await self._wake.wait()
                    self._wake.clear()

    def _restore(self) -> Phase:
        """The phase kept last, and the task with it. A file that cannot be read means: look first."""
        try:
            was, self.mission = kept.read(self._path)
        except ValueError as error:
            _log.error("%s cannot be read (%s): looking first", self._path, error)
            return Phase.REASSESSING
        if self.mission is not None:
            self.log.reopen(self.mission)
            self.log.note("restarted", was=was.value, goes_on=STAYS[was].restart.value)
        self.phase = was
        return STAYS[was].restart

    def _enter_anew(self, phase: Phase) -> None:
        self.phase = phase
        self._begin(phase)

    # -- looking
    def look(self) -> list[Row]:
        """One look at the world, and what the table makes of it."""
        self.seen = seen = self._see()
        rows = step(self.phase, seen)
        if self.phase is Phase.PREPARING:
            self.log.conditions(seen)
        for row in rows:
            self._take(row, seen)
        if rows:
            self._begin(rows[-1].to)
        return rows

    def _see(self) -> Observation:
        loop = asyncio.get_running_loop()
        within = STAYS[self.phase].within_s
        if self.phase is Phase.ON_SCENE:
            within = self.settings.on_scene_s
        late = within is not None and loop.time() - self._entered > within
        clearances = self.clearances()
        asked = self.phase is Phase.PREPARING or (self.phase is Phase.REST and self._order == "fly")
        interlocks_ok = asked and not blocked(
            interlocks(self.nest, self.drone, self.settings, self.aircraft, clearances)
        )
        return self.observer.look(
            self.phase,
            order=self._order,
            clear=self._clear,
            timed_out_or_failed=late or bool(self._failed),
            goal_reached=self._there(),
            prepared=self._prepared,
            interlocks_ok=interlocks_ok,
        )

    def clearances(self, mission: Mission | None = None) -> Clearances:
        """What no sensor says, for the task in hand or a proposed one."""
        mission = mission or self.mission
        context = self.context
        return Clearances(
            context.wall(),
            context.timezone,
            context.permits,
            context.journal_ok() and not self.log.trouble,
            prepared=self._prepared,
            operator=mission.operator if mission else "",
            target=mission.place if mission else None,
            height_m=mission.height_m if mission else self.settings.launch_height_m,
        )

    def interlocks(self, mission: Mission | None = None) -> list[Interlock]:
        """The whole list as it stands now."""
        return interlocks(self.nest, self.drone, self.settings, self.aircraft, self.clearances(mission))

    def _there(self) -> bool:
        drone = self.drone
        if not drone.flying:
            return False
        if self.phase is Phase.LAUNCHING:
            return drone.state.height_m >= self.settings.launch_height_m * 0.9 - 0.5
        if self.phase is Phase.OUTBOUND and self.mission is not None:
            near = drone.place.distance(self.mission.place) < 5.0
            return near and abs(drone.state.height_m - self.mission.height_m) < 5.0
        return False

    def _take(self, row: Row, seen: Observation) -> None:
        reason = self._failed if "timed_out_or_failed" in row.guards and self._failed else ""
        if "cover_abnormal" in row.guards:
            reason = self.nest.state.cover_doubt
        self.phase = row.to
        guards = [
            "time over" if one == "timed_out_or_failed" and not reason else one.replace("_", " ") for one in row.guards
        ]
        self.trouble = f"{', '.join(guards)}{': ' + reason if reason else ''}"
        self._order = "none"
        self._clear, self._failed = False, ""
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
        if order is Do.PREPARE_AIRCRAFT:
            self._prepared = report.done
        elif not report.done and order not in {Do.STOP_NEST, Do.CHARGE}:
            self._failed = f"{order.value}: {report.outcome.value}, {report.reason}"
        self._wake.set()

    def _phase_failed(self, reason: str) -> None:
        self._failed = reason
        self._wake.set()

    async def durable(self, call: Callable[[], None]) -> None:
        """Run a call that waits for the disk, away from the loop."""
        await asyncio.to_thread(call)

    # -- orders
    @property
    def may_move(self) -> bool:
        """Whether anything may move: on simulators always, on anything else with a yes for this run."""
        return self.context.allow_motion or (self.settings.simulated and self.aircraft.simulated)

    @property
    def rank(self) -> int:
        """Of whoever ordered the flight in hand last."""
        return self.mission.rank if self.mission is not None and not STAYS[self.phase].end else 0

    def fly(self, mission: Mission, decision: Mapping[str, Any]) -> str:
        """Launch for `task`, or lead the aircraft on scene to it. Returns the flight's id; Refusal with all reasons."""
        if not self.may_move:
            raise Refusal("no_motion", NO_MOTION)
        redirect = self.phase is Phase.ON_SCENE and self.mission is not None
        if self.phase is not Phase.REST and not redirect:
            raise Refusal("busy", f"{self.settings.id} is {self.phase.value}")
        before = self.mission
        if redirect and before is not None:
            self.mission = replace(
                before,
                lat=mission.lat,
                lon=mission.lon,
                height_m=mission.height_m,
                order=mission.order,
                incident=mission.incident,
                orbit_m=mission.orbit_m,
                rank=max(before.rank, mission.rank),
            )
            self.log.note("redirected", decision=decision)
        else:
            self.mission = mission
            try:
                self.log.open(mission, decision)
            except OSError as error:
                self.mission = before
                raise Refusal("not_kept", f"the flight's record cannot be begun: {error.strerror}") from None
        self._order = "fly"
        self.look()
        if self.phase not in {Phase.PREPARING, Phase.OUTBOUND}:
            self._order, self.mission = "none", before
            if not redirect:
                self.log.abandon()
            raise Refusal("not_taken", "the table takes no order to fly now; see the interlocks")
        return self.mission.flight

    def recall(self, rank: int) -> None:
        """Come home."""
        self._in_air("recall", rank)

    def stop(self, rank: int) -> None:
        """Hold in the air; on the ground, stand down."""
        self._in_air("stop", rank)

    def _in_air(self, order: str, rank: int) -> None:
        if self.mission is None or STAYS[self.phase].end:
            raise Refusal("nothing_flies", f"{self.settings.id} is {self.phase.value}")
        self.mission.rank = max(self.mission.rank, rank)
        self._order = order
        if not self.look():
            self._order = "none"
            raise Refusal("not_taken", f"{order} changes nothing while {self.phase.value}")

    def clear(self) -> None:
        """A person says the trouble is dealt with."""
        if not self.may_move:
            raise Refusal("no_motion", NO_MOTION)
        self._clear = True
        rows = self.look()
        self._clear = False
        if not rows:
            raise Refusal("not_taken", f"there is nothing to clear while {self.phase.value}")

    def may_arm(self) -> str:
        """Leave to arm, for this agent's own command and as PX4's second lock: empty for yes, else what forbids it.

        The look that chose to launch is older than the disk's sync in between; this one is not.
        """
        if self.phase is not Phase.LAUNCHING or not self.drone.launching:
            return "this agent is not launching"
        clearances = self.clearances()._replace(prepared=True)
        found = interlocks(self.nest, self.drone, self.settings, self.aircraft, clearances)
        return ", ".join(lock.name for lock in found if not lock.ok and lock.name != "geofence")
