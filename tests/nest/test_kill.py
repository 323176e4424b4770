"""`kill -9` in a flight: found again within 10 s, armed once, nothing moved onto the aircraft, the record whole.

The short form kills one flight three times; the long one (-m slow) kills a flight of its own in every phase.
"""

import asyncio
import contextlib
import sys
from pathlib import Path

import pytest

from agent.flight.control.checkpoint import read
from agent.logbook.reading import entries, verify
from hil.flying import FlyingWorld
from hil.ports import free_port, free_udp_port
from tests.nest.conftest import HOME
from tests.waiting import patient, scaled, work_of

SPEEDUP = 12.0


class Agent:
    def __init__(self, folder: Path, profile: Path, udp: int, plc: int) -> None:
        self._arguments = (str(folder), str(profile), str(udp), str(plc))
        self._state = folder / "nest-n1.json"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, *fly: str) -> float:
        """Returns the seconds until it had found nest and aircraft."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.nest.agent_child", *self._arguments, *fly),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        begun = asyncio.get_running_loop().time()
        await self._line("attached")
        took = asyncio.get_running_loop().time() - begun
        if fly:
            await self._line("accepted")
        return took

    async def _line(self, wanted: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async with patient(f"the agent says {wanted}", 40, lambda: work_of(self._process.pid)):  # type: ignore[union-attr]
            assert (await self._process.stdout.readline()).decode().strip() == wanted

    async def kill(self) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        self._process._transport.close()  # type: ignore[attr-defined]  # asyncio closes its pipes too late for the suite

    def phase(self) -> str:
        return read(self._state).phase.value


async def fly_and_kill(folder: Path, phases: list[str]) -> list[str]:
    """The kinds of the record's lines of one flight killed as it enters each of `phases`."""
    udp, plc = free_udp_port(), free_port()
    world = FlyingWorld(HOME, udp_port=udp, plc_port=plc, speedup=SPEEDUP)
    agent = Agent(folder, world.nest_profile(folder), udp, plc)
    async with world.alive():
        await agent.start("fly")
        try:
            for phase in phases:
                async with patient(f"phase {phase}", 60, lambda: (agent.phase(), world.auto.place)):
                    while agent.phase() != phase or (phase == "launching" and world.auto.on_ground):
                        await world.vehicle.tick()
                world.vehicle.speedup = 0.1  # how long an agent takes to start is not what decides this flight
                await agent.kill()
                assert await agent.start() < scaled(10.0)
                world.vehicle.speedup = SPEEDUP
            async with patient("it is home", 60, lambda: (agent.phase(), world.auto.place)):
                while agent.phase() != "rest":
                    await world.vehicle.tick()
        finally:
            await agent.kill()
        assert world.truth.hazards == []
        assert world.auto.arm_count <= 1
        assert world.truth.cover == 0.0
    flight = folder / "flights/n1-000001"
    assert verify(flight) == []
    return [entry["kind"] for entry in entries(flight)]


@pytest.mark.timeout(240)
async def test_one_flight_killed_three_times(tmp_path: Path) -> None:
    kinds = await fly_and_kill(tmp_path, ["launching", "returning", "closing"])
    assert kinds.count("restarted") == 3


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "phase", ["preparing", "launching", "outbound", "on_scene", "returning", "securing", "closing"]
)
async def test_killed_in_every_phase(tmp_path: Path, phase: str) -> None:
    assert "restarted" in await fly_and_kill(tmp_path, [phase])
