"""The flying part of one site: ground station, nests and posts made from the settings, and run together."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from agent.flight.alarms import Alarms
from agent.flight.card_probe import CardProbe
from agent.flight.control.context import FlightContext
from agent.flight.control.nest_controller import NestController
from agent.flight.core_link import CoreLink
from agent.flight.logbook.logbook import Logbook
from agent.flight.orders.adopted import Adopted
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.gate import OrderVerifier, Refusal
from agent.flight.orders.held_file import HeldFile
from agent.flight.orders.incident import incident_from
from agent.flight.orders.replay_guard import ReplayGuard
from agent.flight.orders.restraint import Restraint
from agent.flight.orders.two_people import TwoPeople
from agent.flight.readiness import FOLDER, Readiness, ReadinessLog, readiness
from agent.flight.signed_links import SignedPart
from agent.runtime.jobs import Job, SettingsMistake, supervise
from agent.runtime.revoked import RevokedKeys
from agent.runtime.write_behind import Writer
from agent.settings.flight import Aircraft, Flight, Nest
from agent.settings.settings import Settings
from drivers.drone.drone import Drone
from drivers.drone.terrain import BadTerrain
from drivers.drone.terrain import read as read_terrain
from drivers.nest.nest import Nest as NestDriver
from drivers.nest.profile import NestProfile
from drivers.nest.registers import LineRegisters, Registers
from protocols.clock import boottime_ns
from protocols.mavlink.ground import BadLink, GroundStation
from protocols.mavlink.vehicle import Vehicle
from protocols.modbus.line import Line
from protocols.reason import Reason
from protocols.system import file_reason

LOAD_AGAIN_S = 10.0
MEMORY = "flight orders"
MOST_WAITING = 100
"""Incidents."""
UNATTENDED_S = 5.0
"""So long a nest that failed again and again is left alone: its aircraft may be out."""
_log = logging.getLogger("hydronest")


def flight_context(
    settings: Settings,
    writer: Writer,
    core: CoreLink,
    no_launch: Callable[[], Reason | None],
    allow_motion: bool,
) -> FlightContext:
    """What every post of the site shares. Everything of flying is kept in STATE_DIR/flight, by `writer`."""
    site, folder = settings.site, settings.flight_dir
    return FlightContext(
        folder,
        writer,
        Logbook(folder / "flights", writer),
        core.wall,
        boottime_ns,
        timezone=site.gateway.timezone,
        permits=site.flight.permits,
        journal_ok=core.journal_ok,
        told=core.told,
        on_event=core.event,
        on_sample=core.sample,
        no_launch=no_launch,
        allow_motion=allow_motion,
    )


def flight_part(
    settings: Settings, context: FlightContext, alarms: Alarms, line_of: Callable[[str], Line]
) -> "FlightPart":
    """The flying part of these settings; `line_of` gives a Modbus line by its id, such as `ModbusDriver.line`."""
    site = settings.site
    return FlightPart(
        [(nest, settings.nest_profiles[nest.id]) for nest in site.nests],
        site.aircraft,
        site.flight,
        context,
        site.gateway.id,
        lambda nest: LineRegisters(line_of(nest.line), nest.unit),
        alarms,
    )


class FlightPart:
    """Import this module only where there is a nest: it brings mavsdk. `fleet` exists before `run` and outlives it.

    `nests` come each with its make.
    `registers_of` gives a nest's PLC on its line, such as `LineRegisters(driver.line, nest.unit)`; the line itself is
    run by whoever owns it. Raises SettingsMistake where the settings cannot be flown by.
    """

    def __init__(
        self, nests: Sequence[tuple[Nest, NestProfile]], aircraft: Sequence[Aircraft], flight: Flight,
        context: FlightContext, gateway: str, registers_of: Callable[[Nest], Registers], alarms: Alarms,
    ) -> None:  # fmt: skip
        by_id = {one.id: one for one in aircraft}
        used = [by_id[nest.aircraft] for nest, _ in nests]
        self._signed = SignedPart(used, context.state_dir, context.writer, context.wall, context.now_ns)
        try:
            self._ground = GroundStation([craft.url for craft in used], self._signed.links)
        except BadLink as mistake:
            raise SettingsMistake(mistake.reason) from None
        self._vehicles = [
            Vehicle(self._ground, craft.url, craft.system_id, context.now_ns, component_id=craft.component_id)
            for craft in used
        ]
        self._authorises = any(craft.arm_authoriser for craft in used)
        self._tiles = flight.terrain
        self._alarms = alarms
        self._incidents: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(MOST_WAITING)
        self._guard = ReplayGuard(context.state_dir / "orders-seen", context.writer)
        self.keys, self.revoked = flight.keys, RevokedKeys(context.state_dir, context.writer)
        verifier = OrderVerifier(
            flight.keys, gateway, context.wall, context.now_ns, self._guard, flight.order_fresh_s, self.revoked
        )
        self._restraint = Restraint(
            context.state_dir / "restraint.json", context.writer, context.now_ns,
            per_hour=flight.launches_per_hour, rest_s=flight.rest_after_recall_s,
        )  # fmt: skip
        adopted = Adopted(context.state_dir, context.writer, flight.in_force())
        self._held = HeldFile(context.state_dir, context.writer, verifier)
        two_people = TwoPeople(flight.two_people, context.now_ns, self._held.keep)
        self._kept = (self.revoked.load, self._restraint.load, adopted.load, self._guard.load)
        self._unread: Reason | None = Reason("order.not_read_yet")
        self._probe = CardProbe(context.state_dir, context.writer, lambda: context.now_ns() / 1e9)
        of_site = context
        context = replace(
            of_site,
            restrained=self._restraint.now,
            unadopted=lambda: two_people.needed("standing_orders") and not adopted.holds,
            no_launch=lambda: of_site.no_launch() or self._unread,
            card_ok=lambda: self._probe.ok,
            told=lambda: of_site.told() and self._probe.looked,
        )
        self._context = context
        self._controllers = [
            NestController(
                NestDriver(registers_of(nest), make, context.now_ns),
                Drone(vehicle, replace(nest.limits(), landing_m=make.landing_m), cruise_ms=craft.cruise_ms / 2),
                nest, craft, context,
            )
            for (nest, make), craft, vehicle in zip(nests, used, self._vehicles, strict=True)
        ]  # fmt: skip
        self.fleet = Fleet(
            self._controllers, verifier, context, flight.standing_orders, self._restraint, two_people, adopted
        )

        folder = context.state_dir / FOLDER
        self._readiness = ReadinessLog(folder, context.writer, context.wall, context.now_ns, self._ready)

    def _ready(self) -> list[Readiness]:
        now = self._context.moment()
        return [readiness(controller, now) for controller in self._controllers]

    async def run(self) -> None:
        """For ever. A nest that fails costs no other; it is begun anew, and goes on from what it knows."""
        await self._signed.begin()
        async with self._ground.opened(), asyncio.TaskGroup() as group:
            group.create_task(self._signed.run(self._alarms), name="signed links")
            group.create_task(self._load(), name="what is kept")
            group.create_task(self._probe.run(), name="card")
            written = self._readiness.run
            kept = supervise(Job("readiness"), written, self._alarms.parked, self._alarms.back)
            group.create_task(kept, name="readiness")
            group.create_task(self._take_incidents(), name="incidents")
            group.create_task(self._read_terrain(), name="terrain")
            for controller, vehicle in zip(self._controllers, self._vehicles, strict=True):
                job = Job(f"nest {controller.settings.id}")
                work = partial(_attend, controller, vehicle)
                group.create_task(
                    supervise(job, work, self._alarms.parked, self._alarms.back, parked_s=UNATTENDED_S), name=job.name
                )
            if self._authorises:
                from protocols.mavlink.authoriser import authorise

                group.create_task(authorise(self._ground, self._may_arm), name="arm authoriser")

    def incident(self, told: Mapping[str, Any]) -> None:
        """An incident that core was told of: flown to where a standing order allows it. Never blocks."""
        try:
            self._incidents.put_nowait(told)
        except asyncio.QueueFull:
            _log.warning("%d incidents wait already: one is not looked at", MOST_WAITING)

    async def _take_incidents(self) -> None:
        """Each in a task of its own: one that waits for the card holds up no other."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._incident(await self._incidents.get()), name="incident")

    async def _incident(self, told: Mapping[str, Any]) -> None:
        asked = {"incident": told.get("id"), **{name: told.get(name) for name in ("lat", "lon", "kind")}}
        try:
            await self.fleet.incident(incident_from(asked), told.get("at_s"), str(told.get("by", "")))
        except Refusal as no:
            _log.warning("incident %.80r is not flown to: %s", told.get("id"), no.reason)
        except Exception:  # the boundary to core: a bug with one incident costs that incident
            _log.exception("incident %.80r failed", told.get("id"))

    async def _read_terrain(self) -> None:
        """The ground of each nest, as far as its flights go; nothing is launched over ground that could not be read."""
        files = [Path(name) for name in self._tiles]
        for controller in self._controllers if files else ():
            nest, terrain = controller.settings, self._context.terrain
            terrain[nest.id] = Reason("terrain.not_read_yet")
            try:
                terrain[nest.id] = await asyncio.to_thread(read_terrain, files, nest.spot, nest.max_distance_m + 100.0)
            except BadTerrain as error:
                terrain[nest.id] = error.reason
            except OSError as error:
                terrain[nest.id] = file_reason(error.filename or "", error)
            if isinstance(why := terrain[nest.id], Reason):
                _log.error("the ground of %s is not known: %s", nest.id, why)

    async def _load(self) -> None:
        """Read what is kept of orders and flights; nothing is launched before. A card that cannot is asked again."""
        context = self._context
        while not (self._guard.loaded and context.logbook.loaded):
            try:
                await context.writer.done(lambda: context.logbook.folder.mkdir(parents=True, exist_ok=True))
                for load in self._kept:
                    await context.writer.done(load)
                await self._held.load(self.fleet.two_people)
                await context.logbook.load()
            except OSError as error:
                self._unread = Reason("order.memory_unreadable", why=file_reason(error.filename or "", error))
                self._alarms.note(MEMORY, self._unread)
                _log.error("%s", self._unread)
                await asyncio.sleep(LOAD_AGAIN_S)
            else:
                self._unread = None
                self._alarms.note(MEMORY, None)

    def _may_arm(self, system_id: int) -> Reason | None:
        mine = [controller for controller in self._controllers if controller.aircraft.system_id == system_id]
        return mine[0].may_arm() if len(mine) == 1 else Reason("flight.not_ours")


async def _attend(controller: NestController, vehicle: Vehicle) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(vehicle.run(), name=f"aircraft {vehicle.system_id}")
        group.create_task(controller.nest.run(), name=f"plc of {controller.settings.id}")
        group.create_task(controller.run(), name=f"post {controller.settings.id}")
