"""Links as they fail: lost and back, a pulled serial adapter, a hung agent, wrong addresses, several aircraft."""

import asyncio
import contextlib
import os
import time
import tty
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hil.ports import free_udp_port
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.profile import PROFILES
from hil.vehicle.wire import SimulatedVehicle
from protocols.errors import NotConnected
from protocols.mavlink.ground import GroundStation
from protocols.mavlink.state import Link, Text
from protocols.mavlink.vehicle import Vehicle
from tests.nest.conftest import HOME, flying_rig
from tests.waiting import patient, until


@pytest.mark.parametrize(
    "url", ["udp://:14550", "udpin://:14550", "udpin://0.0.0.0", "serial:///dev/ttyUSB0", "tcpout://host", "14550", ""]
)
def test_addresses_mavsdk_would_not_take_are_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(ValueError, match="write udpin://"):
        GroundStation([url])


def test_two_links_listening_on_one_port_are_refused() -> None:
    """mavsdk opens both without a word, and one hears nothing."""
    with pytest.raises(ValueError, match="listened on by another link"):
        GroundStation(["udpin://0.0.0.0:14550", "udpin://127.0.0.1:14550"])


async def test_several_aircraft_share_a_port_and_are_told_apart() -> None:
    port = free_udp_port()
    url = f"udpin://127.0.0.1:{port}"
    async with contextlib.AsyncExitStack() as stack:
        sims = [
            SimulatedVehicle(
                Autopilot(PROFILES[name], HOME.moved(50 * n, 0), speedup=20), port, system_id=n, speedup=20
            )
            for n, name in ((1, "px4"), (2, "ardupilot"))
        ]
        for sim in sims:
            await stack.enter_async_context(sim.flying())
        ground = await stack.enter_async_context(GroundStation.open([url]))
        vehicles = [Vehicle(ground, url, n) for n in (1, 2)]
        async with running(*vehicles), patient("both are heard"):
            while any(v.state.age_s("GLOBAL_POSITION_INT", v.now_ns()) > 2 or not v.state.autopilot for v in vehicles):
                await vehicles[0].change()
        assert [v.state.autopilot for v in vehicles] == ["px4", "ardupilot"]
        assert vehicles[1].state.lat > vehicles[0].state.lat


@contextlib.asynccontextmanager
async def running(*vehicles: Vehicle) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(vehicle.run()) for vehicle in vehicles]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_lost_link_is_seen_refuses_orders_and_comes_back_by_itself() -> None:
    async with flying_rig("ardupilot") as rig:
        await rig.ready()
        rig.sim.faults.down = True
        await rig.until(lambda: rig.vehicle.state.link is Link.LOST, 8)
        assert not rig.drone.fresh
        with pytest.raises(NotConnected):
            await rig.vehicle.arm()
        requests = rig.vehicle.requests
        rig.sim.faults.down = False
        await rig.until(lambda: rig.vehicle.state.link is Link.CONNECTED, 8)
        await rig.ready()
        assert rig.vehicle.requests >= requests


async def test_a_hung_agent_stops_its_heartbeat_and_starts_again() -> None:
    """mavsdk's heartbeat comes from C++ and would keep the autopilot's failsafe quiet for ever."""
    async with flying_rig("ardupilot", hung_s=1.0) as rig:
        await rig.ready()
        before = rig.sim.heartbeats
        time.sleep(6.0)  # noqa: ASYNC251 - the loop is meant to hang
        await asyncio.sleep(0.3)
        assert rig.sim.heartbeats - before <= 4  # an agent that holds on would have sent six
        await rig.until(lambda: rig.vehicle.state.link is Link.CONNECTED and rig.drone.on_ground, 20)
        assert (await rig.drone.launch(20)).done


class SerialVehicle(SimulatedVehicle):
    """The aircraft behind a radio on a pseudo terminal."""

    fd = -1

    def _put(self, frame: bytes) -> None:
        if self.fd >= 0:
            with contextlib.suppress(OSError):
                os.write(self.fd, frame)

    def plug_in(self, name: Path) -> None:
        self.fd, far = os.openpty()
        tty.setraw(far)
        os.set_blocking(self.fd, False)
        name.unlink(missing_ok=True)
        name.symlink_to(os.ttyname(far))
        self._far = far
        asyncio.get_running_loop().add_reader(self.fd, self._readable)

    def _readable(self) -> None:
        with contextlib.suppress(OSError):
            self.received(os.read(self.fd, 4096))

    def pull_out(self) -> None:
        asyncio.get_running_loop().remove_reader(self.fd)
        os.close(self.fd)
        os.close(self._far)
        self.fd = -1


async def test_a_pulled_serial_adapter_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mavsdk's serial link never recovers by itself: "Sending message failed" for ever."""
    monkeypatch.setattr("protocols.mavlink.vehicle.REBUILD_AFTER_S", 1.0)
    sim = SerialVehicle(Autopilot(PROFILES["px4"], HOME, speedup=20), free_udp_port(), speedup=20)
    name = tmp_path / "radio"
    url = f"serial://{name}:57600"
    async with sim.flying():
        sim.plug_in(name)
        async with GroundStation.open([url]) as ground:
            vehicle = Vehicle(ground, url, 1)

            async def becomes(*links: Link) -> None:
                await until("the link", lambda: vehicle.state.link in links, 25, lambda: vehicle.state.link)

            async with running(vehicle):
                await becomes(Link.CONNECTED)
                sim.pull_out()
                await becomes(Link.LOST, Link.SEARCHING)
                sim.plug_in(name)
                await becomes(Link.CONNECTED)
                assert vehicle.rebuilds >= 1
        sim.pull_out()


def test_status_texts_are_kept_without_px4s_echo() -> None:
    clock = [1_000_000_000]
    texts = Text(lambda: clock[0])
    texts.add(2, "Arming denied\t")
    texts.add(2, "Arming denied")
    clock[0] += 2_000_000_000
    texts.add(6, "Landing")
    assert texts.since(0) == ("Arming denied", "Landing")
    assert texts.since(2_000_000_000) == ("Landing",)
