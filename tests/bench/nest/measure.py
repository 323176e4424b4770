"""Figures for docs/performance/nest.md: python -m tests.bench.nest.measure"""

import asyncio
import contextlib
import resource
import statistics
import tempfile
import time
from pathlib import Path

from agent.journal.journal import Journal, JournalPlan
from drivers.drone.drone import Drone
from drivers.drone.geometry import square
from drivers.drone.limits import Limits
from drivers.sample import Sample
from hil.ports import free_udp_port
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.profile import PROFILES
from hil.vehicle.wire import SimulatedVehicle
from protocols.clock import boottime_ns
from protocols.mavlink.ground import GroundStation
from protocols.mavlink.vehicle import Vehicle
from tests.nest.agent_rig import agent_rig
from tests.nest.conftest import HOME, flying_rig

SPAN_S = 10.0


async def order_to_wire(profile: str) -> list[float]:
    """Seconds from an order given to the vehicle having it on its socket."""
    found = []
    async with flying_rig(profile, 1.0) as rig:
        await rig.until(lambda: rig.vehicle.state.link.value == "connected" and bool(rig.vehicle.state.mode))
        for _ in range(40):
            rig.sim.commands.clear()
            begun = time.perf_counter()
            task = asyncio.create_task(rig.vehicle.hold())
            while not rig.sim.commands:  # noqa: ASYNC110 - finer than any event: the latency itself is measured
                await asyncio.sleep(0)
            found.append(time.perf_counter() - begun)
            await task
    return found


async def state_to_agent() -> list[float]:
    """Seconds from a message put on the wire to the agent's state having it."""
    found = []
    async with flying_rig("px4", 1.0) as rig:
        await rig.until(lambda: rig.vehicle.state.link.value == "connected")
        for number in range(60):
            rig.sim.auto.body.u = float(number)
            begun = time.perf_counter()
            rig.sim.send(_position(rig.sim.auto))
            async with asyncio.timeout(2):
                while rig.vehicle.state.height_m != float(number):
                    await rig.vehicle.change()
            found.append(time.perf_counter() - begun)
    return found


def _position(auto: Autopilot) -> object:
    from hil.vehicle.streams import position

    return position(auto)


async def state_to_journal(samples: int = 30) -> list[float]:
    """Seconds from a position's arrival to its sample being on the disk: 1 Hz and the group commit of 1 s included."""
    found: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        journal = await Journal.open(JournalPlan(Path(folder) / "journal.db"), {})
        committing = asyncio.create_task(journal.run())
        async with agent_rig(Path(folder) / "agent", speedup=1.0) as rig, asyncio.TaskGroup() as group:

            async def committed(arrived_ns: int) -> None:
                await journal.durable()
                found.append((boottime_ns() - arrived_ns) / 1e9)

            def sink(sample: Sample) -> None:
                journal.offer_sample(sample)
                if sample.device == "a1":
                    group.create_task(committed(rig.controller.drone.state.arrived_ns["GLOBAL_POSITION_INT"]))

            await rig.until(rig.controller.attached.is_set)
            rig.controller.context.on_sample = sink
            await rig.until(lambda: len(found) >= samples, samples + 10)
            rig.controller.context.on_sample = journal.offer_sample
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)
        await journal.close()
    return found


async def cost(count: int) -> tuple[float, float]:
    """CPU share of one core, and resident MB, with so many aircraft streaming; the simulator's own share taken off."""
    port = free_udp_port()
    url = f"udpin://127.0.0.1:{port}"
    async with contextlib.AsyncExitStack() as stack:
        for n in range(1, count + 1):
            sim = SimulatedVehicle(Autopilot(PROFILES["px4"], HOME.moved(20 * n, 0)), port, system_id=n)
            await stack.enter_async_context(sim.flying())
        begun = time.process_time()
        await asyncio.sleep(SPAN_S)
        world = time.process_time() - begun
        ground = await stack.enter_async_context(GroundStation.open([url]))
        vehicles = [Vehicle(ground, url, n) for n in range(1, count + 1)]
        drones = [Drone(vehicle, Limits(HOME, square(HOME, 500))) for vehicle in vehicles]
        tasks = [asyncio.create_task(vehicle.run()) for vehicle in vehicles]
        await asyncio.sleep(5)
        begun = time.process_time()
        await asyncio.sleep(SPAN_S)
        share = (time.process_time() - begun - world) / SPAN_S
        assert all(drone.fresh for drone in drones)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return share, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def told(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p99 = ordered[int(len(ordered) * 0.99) - 1]
    print(f"{name}: median {statistics.median(ordered) * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")


async def main() -> None:
    for profile in ("ardupilot", "px4"):
        told(f"order to wire, {profile}", await order_to_wire(profile))
    told("message to state", await state_to_agent())
    told("message to journal, committed", await state_to_journal())
    for count in (1, 4):
        share, megabytes = await cost(count)
        print(f"{count} aircraft: {share * 100:.1f} % of a core, {megabytes:.0f} MB resident with the simulators")


if __name__ == "__main__":
    asyncio.run(main())
