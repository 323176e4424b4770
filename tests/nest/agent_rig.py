"""The real flying part of the agent, mavsdk and Modbus TCP included, beside a simulated nest and aircraft."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.flight.alarms import Alarms
from agent.flight.assemble import FlightPart
from agent.flight.control.context import FlightContext
from agent.flight.control.nest_controller import NestController
from agent.flight.control.wall import Wall
from agent.flight.logbook.logbook import Logbook
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.eligibility import eligibility
from agent.flight.orders.epoch import begin
from agent.flight.orders.signing import public_text, sign
from agent.runtime.write_behind import WriteBehind
from agent.settings.devices import Place as Spot
from agent.settings.flight import Aircraft, Duty, Flight, Key, Nest, StandingOrder, TwoPeopleFor
from drivers.event import Event
from drivers.nest.profile import load_nest_profile
from drivers.nest.registers import LineRegisters
from hil.flying import FlyingWorld
from hil.ports import free_port, free_udp_port
from protocols.clock import boottime_ns
from tests.nest.conftest import HOME
from tests.nest.modbus import tcp_line
from tests.waiting import until

KEYS = {role: Ed25519PrivateKey.generate() for role in ("emergency", "on_site", "brigade", "platform")}
NUMBER = itertools.count(1)
GATEWAY = "gw-1"
EPOCH = "0011223344556677"
"""Of the memory of orders of every rig."""


def key_settings() -> tuple[Key, ...]:
    return tuple(
        Key.model_validate({"id": f"k-{role}", "person": f"p-{role}", "role": role, "public_key": public_text(key)})
        for role, key in KEYS.items()
    )


def envelope(verb: str, role: str = "brigade", nest: str = "n1", **payload: Any) -> dict[str, str]:
    order = {"id": f"order-{next(NUMBER):06d}", "gateway": GATEWAY, "verb": verb, "nest": nest, "at": time.time()}
    return sign(KEYS[role], f"k-{role}", order | {"epoch": EPOCH} | payload)


def fire(north_m: float = 120.0, east_m: float = 60.0, **args: Any) -> dict[str, Any]:
    place = HOME.moved(north_m, east_m)
    return {"incident": f"fire-{next(NUMBER)}", "lat": place.lat, "lon": place.lon, "height_m": 40.0, **args}


class AgentRig:
    def __init__(self, world: FlyingWorld, fleet: Fleet, events: list[Event]) -> None:
        self.world = world
        self.fleet = fleet
        self.events = events

    @property
    def controller(self) -> NestController:
        return self.fleet.controllers["n1"]

    async def until(self, there: Callable[[], bool], seconds: float = 30.0) -> None:
        await until("the flight", there, seconds, lambda: (self.controller.phase, self.world.auto.place), every_s=0.01)

    async def ready(self) -> None:
        def may_fly() -> bool:
            return not eligibility(self.controller.status(), None, self.controller.context.moment())

        await self.until(may_fly, 30)

    async def written(self) -> None:
        """What was to be written so far is on the disk."""
        await self.controller.context.writer.done(lambda: None)


def nest_settings(profile: Path, **more: Any) -> Nest:
    return Nest(id="n1", line="l1", profile=str(profile), aircraft="a1", simulated=True, permit_needed=False,
                place=Spot(lat=HOME.lat, lon=HOME.lon), fence_m=800.0, duty=(Duty(operator="zhang"),),
                **{"on_scene_s": 2.0, **more})  # fmt: skip


def _signing(folder: Path, world: FlyingWorld, key: bytes) -> Path:
    world.vehicle.sign(key, 10**13)
    file = folder / "mavlink.key"
    file.write_text(key.hex())
    return file


@contextlib.asynccontextmanager
async def agent_rig(
    folder: Path, autopilot: str = "ardupilot", make: str = "command-word", speedup: float = 20.0, *,
    arm_authoriser: bool = False, terrain: tuple[str, ...] = (), launches_per_hour: int = 6,
    wall_error_s: float | None = 0.1, world: FlyingWorld | None = None, key: bytes | None = None,
    two_people: tuple[TwoPeopleFor, ...] = (), **nest: Any,
) -> AsyncIterator[AgentRig]:  # fmt: skip
    """With a `key` the link is signed, at both ends."""
    udp, plc = free_udp_port(), free_port()
    world = FlyingWorld(HOME, udp_port=udp, plc_port=plc, autopilot=autopilot, make=make, speedup=speedup)
    events: list[Event] = []
    folder.mkdir(parents=True, exist_ok=True)
    begin(folder, EPOCH)
    writer = WriteBehind()
    context = FlightContext(
        folder,
        writer,
        Logbook(folder / "flights", writer),
        lambda: Wall(time.time(), wall_error_s),
        boottime_ns,
        on_event=events.append,
    )
    craft = Aircraft(id="a1", url=f"udpin://127.0.0.1:{udp}", simulated=True, arm_authoriser=arm_authoriser,
                     signing_key_file=_signing(folder, world, key) if key is not None else None)  # fmt: skip
    standing = StandingOrder.model_validate(
        {"id": "s1", "nest": "n1", "operator": "zhang", "within_m": 500.0, "until": "2099-01-01"}, strict=False
    )
    flight = Flight(
        keys=key_settings(),
        standing_orders=(standing,),
        terrain=terrain,
        launches_per_hour=launches_per_hour,
        two_people=two_people,
    )
    async with world.alive(), tcp_line(plc) as line:
        settings = nest_settings(world.nest_profile(folder), **nest)
        site = FlightPart(
            [(settings, load_nest_profile(settings.profile))], (craft,), flight, context, GATEWAY,
            lambda one: LineRegisters(line, one.unit), Alarms(writer),
        )  # fmt: skip
        run = asyncio.create_task(site.run())
        try:
            yield AgentRig(world, site.fleet, events)
        finally:
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run
