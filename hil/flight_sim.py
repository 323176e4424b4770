"""A nest, its aircraft and the real agent's post in virtual time: training without hardware, ground for proofs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from agent.flight.control.context import FlightContext
from agent.flight.control.mission import Mission
from agent.flight.control.nest_controller import NestController
from agent.flight.control.wall import Wall
from agent.flight.logbook.logbook import Logbook
from agent.settings.devices import Place as Spot
from agent.settings.flight import Aircraft, Nest
from drivers.drone.drone import Drone
from drivers.drone.geometry import Place
from drivers.nest.nest import Nest as NestDriver
from drivers.nest.profile import load_nest_profile
from hil.nest.mechanics import NEARLY, Mechanics, Visitor
from hil.nest.plc import Plc
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.direct import DirectAircraft
from hil.vehicle.physics import CAPACITY_MAH, CELLS, Air, Battery
from hil.vehicle.profile import PROFILES
from hil.virtual_card import VirtualCard
from hil.virtual_time import VirtualLoop

HOME = Place(28.9412, 118.8723)
NOON_UTC_S = 1_780_000_000.0
TICK_S = 0.1
HOP_M, HOP_DEG, HOP_S = 6.0, 20.0, 16.0
"""So near its nest, so level and so soon after its landing an aircraft may be armed beside it: nobody stands there."""


class FlightSim:
    """One nest and one aircraft. Truth in `auto` and `truth`; the agent in `post`. `accidents` must stay empty."""

    def __init__(self, folder: Path, profile: str = "ardupilot", make: str = "command-word", **nest: Any) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        self.folder = folder
        self.auto = Autopilot(PROFILES[profile], HOME, air=Air(north_ms=2.0), battery=Battery(), ekf_s=5.0)
        self.aircraft = DirectAircraft(self.auto, loop.now_ns)
        self.truth = Mechanics(self._visitor)
        self.plc = Plc(load_nest_profile(make), self.truth)
        self.settings = Nest(
            id="n1",
            line="l1",
            profile=make,
            aircraft="a1",
            place=Spot(lat=HOME.lat, lon=HOME.lon),
            **{
                "simulated": True,
                "permit_needed": False,
                "fence_m": 1500.0,
                "on_scene_s": 60.0,
                "hops": 2,
                "duty": ({"operator": "zhang"},),
                "alternates": ({"name": "yard", "place": {"lat": HOME.moved(-150, 0).lat, "lon": HOME.lon}},),
                **nest,
            },
        )
        self.aircraft_settings = Aircraft(
            id="a1", url="udpin://127.0.0.1:14550", simulated=True, cells=CELLS, capacity_mah=CAPACITY_MAH
        )
        self.wall_error_s: float | None = 0.1
        self.writer = VirtualCard()
        self.events: list[Any] = []
        self.samples = 0
        self.accidents: list[str] = []
        self.on_tick: Callable[[], None] = lambda: None
        self.arms_allowed = 0
        self.kill_wanted = False
        self._arms_seen = 0
        self.hops = 0
        self._ran_at = 0.0
        self.agent_dead = False
        self._unheard_s = 0.0
        self._ticked = asyncio.Event()
        self.controller = self._controller()
        self._run: asyncio.Task[None] | None = None

    def _controller(self) -> NestController:
        context = FlightContext(
            self.folder,
            self.writer,
            Logbook(self.folder / "flights", self.writer),
            lambda: Wall(NOON_UTC_S + self.loop.time(), self.wall_error_s),
            self.loop.now_ns,
            on_event=self.events.append,
            on_sample=self._sample,
        )
        self.nest = NestDriver(self.plc, self.plc.profile, self.loop.now_ns)
        drone = Drone(self.aircraft, self.settings.limits())
        return NestController(self.nest, drone, self.settings, self.aircraft_settings, context)

    def _sample(self, _sample: Any) -> None:
        self.samples += 1

    def _visitor(self) -> Visitor:
        return Visitor(self.auto.place.distance(HOME), self.auto.body.u, self.auto.armed)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["FlightSim"]:
        """World and agent live for as long as the block lasts."""
        world = asyncio.create_task(self._world())
        self._start()
        try:
            await self.controller.attached.wait()
            yield self
        finally:
            await self._stop()
            world.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await world

    def _start(self) -> None:
        async def both() -> None:
            await self.controller.context.logbook.load()
            async with asyncio.TaskGroup() as group:
                group.create_task(self.nest.run())
                group.create_task(self.controller.run())

        self._run = asyncio.create_task(both())

    async def _stop(self) -> None:
        if self._run is not None:
            self._run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._run

    async def restart(self, pause_s: float = 2.0) -> None:
        """The agent dies and comes again: all it knows is what it kept on disk."""
        await self._stop()
        self.agent_dead = True
        self.writer.crash()
        await asyncio.sleep(pause_s)
        self.aircraft.forget()
        self.agent_dead = False
        self.controller = self._controller()
        self._start()

    async def _world(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.on_tick()
            self._unheard_s = self._unheard_s + TICK_S if self.agent_dead else 0.0
            silent = max(self.aircraft.heard_s, self._unheard_s)
            self.auto.charging = self.truth.charger_on and self._visitor().on_pad
            self.auto.step(TICK_S, silent)
            self.aircraft.tick(TICK_S)
            self.plc.step(TICK_S)
            self._watch()
            self._ticked.set()
            self._ticked = asyncio.Event()

    def _watch(self) -> None:
        if any("crash" in text for _, text in self.auto.texts):
            self._accident("the aircraft fell")
        for hazard in self.truth.hazards:
            self._accident(hazard)
        if hopping := self._hops():
            self.arms_allowed, self.hops = self.arms_allowed + 1, self.hops + 1
        if self.auto.armed:
            self._ran_at = self.loop.time()
        if self.auto.arm_count > self.arms_allowed:
            self._accident("armed more often than flights were begun")
        if self.auto.arm_count > self._arms_seen:
            self._arms_seen = self.auto.arm_count
            truth = self.truth
            for wrong, what in (
                (truth.cover < NEARLY, "the cover not open"),
                (truth.rods > 1 - NEARLY, "the rods not free"),
                (truth.charger_on, "the charger on"),
                (truth.emergency_stop, "the emergency stop pressed"),
                (not truth.pad_clear, "somebody on the pad"),
                (not (hopping or self._visitor().on_pad), "the aircraft not in its nest"),
            ):
                if wrong:
                    self._accident(f"armed with {what}")

    def _hops(self) -> bool:
        """Whether it has just been armed beside its nest, as often and as soon after its landing as it may be."""
        again = self.auto.arm_count > self._arms_seen and self.auto.arm_count > self.arms_allowed
        beside = self._visitor().away_m < HOP_M and abs(self.auto.tilt_deg) < HOP_DEG
        at_once = self.loop.time() - self._ran_at < HOP_S
        mission = self.controller.mission
        live = mission is not None and not mission.training
        return again and beside and at_once and live and self.hops < self.settings.hops

    def _accident(self, what: str) -> None:
        if what not in self.accidents:
            self.accidents.append(what)

    @property
    def ready(self) -> bool:
        """Whether the aircraft says that it is ready, that it knows where it is, and what it is set to."""
        state = self.controller.drone.state
        return state.armable and state.gps_fix >= 3 and self.controller.auditor.found.at_ns is not None

    async def fly(self, north_m: float = 200.0, east_m: float = 100.0, **more: Any) -> str:
        """Order a flight, for training where `more` says so; its id."""
        place = HOME.moved(north_m, east_m)
        mission = Mission("", place.lat, place.lon, more.pop("height_m", 60.0), operator="zhang", **more)
        flight = await self.controller.fly(mission, {"by": "rehearsal"})
        self.arms_allowed += 1
        return flight

    async def until(self, there: Callable[[], bool], within_s: float = 900.0) -> None:
        """Let time pass until it is so; TimeoutError in virtual seconds."""
        async with asyncio.timeout(within_s):
            while not there():
                await self.next_tick()

    async def next_tick(self) -> None:
        """A tenth of a second of the world."""
        await self._ticked.wait()
