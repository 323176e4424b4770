"""The flying part of one site: ground station, nests and posts made from the settings, and run together."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from agent.flight.control.context import FlightContext
from agent.flight.control.nest_controller import NestController
from agent.flight.control.wall import WallClock
from agent.flight.logbook.logbook import Logbook
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.gate import OrderVerifier, ReplayGuard
from agent.runtime.jobs import SettingsMistake
from agent.runtime.write_behind import WriteBehind
from agent.settings.flight import Aircraft, Flight, Nest
from agent.settings.settings import Settings
from drivers.drone.drone import Drone
from drivers.event import Event
from drivers.nest.nest import Nest as NestDriver
from drivers.nest.profile import NestProfile, load_nest_profile
from drivers.nest.registers import LineRegisters, Registers
from drivers.profile.mistake import SettingsError
from drivers.sample import Sample
from protocols.clock import NowNs
from protocols.mavlink.ground import GroundStation
from protocols.mavlink.vehicle import Vehicle
from protocols.modbus.line import Line
from protocols.reason import Reason

LOAD_AGAIN_S = 10.0
_log = logging.getLogger("hydronest")


def nest_profile(nest: Nest) -> NestProfile:
    """The profile a nest names. SettingsMistake with every mistake of it."""
    try:
        return load_nest_profile(nest.profile)
    except SettingsError as error:
        raise SettingsMistake(f"nests {nest.id}: {error}") from None


def flight_context(
    settings: Settings, wall: WallClock, now_ns: NowNs, sink: Callable[[Sample], None],
    on_event: Callable[[Event], None], journal_ok: Callable[[], bool], *, allow_motion: bool,
) -> FlightContext:  # fmt: skip
    """What every post of the site shares. Everything of flying is kept in STATE_DIR/flight, by a thread of its own."""
    folder, site, writer = settings.flight_dir, settings.site, WriteBehind("flight's card")
    return FlightContext(
        folder,
        writer,
        Logbook(folder / "flights", writer),
        wall,
        now_ns,
        timezone=site.gateway.timezone,
        permits=site.flight.permits,
        journal_ok=journal_ok,
        on_event=on_event,
        on_sample=sink,
        allow_motion=allow_motion,
    )


def flight_part(settings: Settings, context: FlightContext, line_of: Callable[[str], Line]) -> "FlightPart":
    """The flying part of these settings; `line_of` gives a Modbus line by its id, such as `ModbusDriver.line`."""
    site = settings.site
    return FlightPart(
        site.nests, site.aircraft, site.flight, context, site.gateway.id,
        lambda nest: LineRegisters(line_of(nest.line), nest.unit),
    )  # fmt: skip


class FlightPart:
    """Import this module only where there is a nest: it brings mavsdk. `fleet` exists before `run` and outlives it.

    `registers_of` gives a nest's PLC on its line, such as `LineRegisters(driver.line, nest.unit)`; the line itself is
    run by whoever owns it. Raises SettingsMistake where the settings cannot be flown by.
    """

    def __init__(
        self, nests: Sequence[Nest], aircraft: Sequence[Aircraft], flight: Flight, context: FlightContext, gateway: str,
        registers_of: Callable[[Nest], Registers],
    ) -> None:  # fmt: skip
        by_id = {one.id: one for one in aircraft}
        used = [by_id[nest.aircraft] for nest in nests]
        try:
            self._ground = GroundStation([craft.url for craft in used])
        except ValueError as mistake:
            raise SettingsMistake(str(mistake)) from None
        self._vehicles = [Vehicle(self._ground, craft.url, craft.system_id, context.now_ns) for craft in used]
        self._controllers = [
            NestController(
                NestDriver(registers_of(nest), nest_profile(nest), context.now_ns),
                Drone(vehicle, nest.limits(), cruise_ms=craft.cruise_ms / 2),
                nest, craft, context,
            )
            for nest, craft, vehicle in zip(nests, used, self._vehicles, strict=True)
        ]  # fmt: skip
        self._authorises = any(craft.arm_authoriser for craft in used)
        self._context = context
        self._guard = ReplayGuard(context.state_dir / "orders-seen", context.writer)
        verifier = OrderVerifier(flight.keys, gateway, context.wall, context.now_ns, self._guard, flight.order_fresh_s)
        self.fleet = Fleet(self._controllers, verifier, context, flight.standing_orders)

    async def run(self) -> None:
        """For ever. Run again after a fault, each post goes on from what it kept, as after a restart of the agent."""
        async with self._ground.opened(), asyncio.TaskGroup() as group:
            group.create_task(self._load(), name="what is kept")
            for vehicle in self._vehicles:
                group.create_task(vehicle.run(), name=f"aircraft {vehicle.system_id}")
            for controller in self._controllers:
                group.create_task(controller.nest.run(), name=f"nest {controller.settings.id}")
                group.create_task(controller.run(), name=f"post {controller.settings.id}")
            if self._authorises:
                from protocols.mavlink.authoriser import authorise

                group.create_task(authorise(self._ground, self._may_arm), name="arm authoriser")

    async def _load(self) -> None:
        """Read what is kept of orders and flights; nothing is launched before. A card that cannot is asked again."""
        context = self._context
        while not (self._guard.loaded and context.logbook.loaded):
            try:
                await context.writer.done(lambda: context.logbook.folder.mkdir(parents=True, exist_ok=True))
                await context.writer.done(self._guard.load)
                await context.logbook.load()
            except OSError as error:
                _log.error("what is kept of flights cannot be read, and none is begun: %s", error)
                await asyncio.sleep(LOAD_AGAIN_S)

    def _may_arm(self, system_id: int) -> Reason | None:
        mine = [controller for controller in self._controllers if controller.aircraft.system_id == system_id]
        return mine[0].may_arm() if len(mine) == 1 else Reason("flight.not_ours")
