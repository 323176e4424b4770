"""A free port, and an aircraft with its ground station on it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from drivers.drone.drone import Drone
from drivers.drone.geometry import Place, square
from drivers.drone.limits import Limits
from hil.ports import free_udp_port
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.profile import PROFILES
from hil.vehicle.wire import SimulatedVehicle
from protocols.clock import boottime_ns
from protocols.mavlink.ground import GroundStation
from protocols.mavlink.signed_links import LinkKeys, SignedLinks
from protocols.mavlink.signing import SigningClock
from protocols.mavlink.state import Link
from protocols.mavlink.vehicle import Vehicle
from tests.waiting import until

HOME = Place(28.9412, 118.8723)


@dataclass
class Rig:
    sim: SimulatedVehicle
    vehicle: Vehicle
    drone: Drone
    ground: GroundStation

    async def until(self, there: Callable[[], bool], seconds: float = 20.0) -> None:
        await until("the aircraft", there, seconds, lambda: (self.sim.auto.place, self.sim.auto.armed), every_s=0.01)

    async def ready(self) -> None:
        await self.until(
            lambda: (
                self.drone.on_ground
                and self.sim.auto.ekf_ok
                and self.drone.state.gps_fix >= 3
                and self.drone.state.armable
                and self.drone.state.home is not None
            )
        )


@contextlib.asynccontextmanager
async def flying_rig(
    profile: str, speedup: float = 30.0, *, hung_s: float = 8.0, key: bytes | None = None
) -> AsyncIterator[Rig]:
    """With a `key` both ends sign, and take nothing else."""
    port = free_udp_port()
    url = f"udpin://127.0.0.1:{port}"
    signed = None
    if key is not None:
        links = {url: LinkKeys(lambda: (key,), frozenset({1}))}
        signed = SignedLinks(links, SigningClock(0, boottime_ns))
    sim = SimulatedVehicle(Autopilot(PROFILES[profile], HOME, speedup=speedup), port, speedup=speedup)
    if key is not None:
        sim.sign(key, 10**12)
    async with sim.flying(), GroundStation.open([url], hung_s=hung_s, signed=signed) as ground:
        vehicle = Vehicle(ground, url, 1)
        run = asyncio.create_task(vehicle.run())
        try:
            rig = Rig(sim, vehicle, Drone(vehicle, Limits(HOME, square(HOME, 800)), stuck_s=3.0), ground)
            await rig.until(lambda: vehicle.state.link is Link.CONNECTED)
            yield rig
        finally:
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run


@pytest.fixture(params=["ardupilot", "px4"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with flying_rig(request.param) as rig:
        yield rig
