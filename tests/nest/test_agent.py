"""From a signed order to home again over real sockets: mavsdk, Modbus TCP, both autopilots, both makes of nest."""

import asyncio
from pathlib import Path

import pytest

from agent.flight.machine.table import Phase
from agent.flight.signed_links import NAME
from agent.logbook.index import read
from agent.logbook.reading import verify
from hil.vehicle.wire import AUTHORISE
from tests.nest.agent_rig import agent_rig, envelope, fire
from tests.waiting import scaled


@pytest.mark.parametrize(("autopilot", "make"), [("ardupilot", "command-word"), ("px4", "command-sequence")])
async def test_an_order_becomes_a_flight_and_a_record(tmp_path: Path, autopilot: str, make: str) -> None:
    async with agent_rig(tmp_path, autopilot, make) as rig:
        await rig.ready()
        answer = await rig.fleet.submit(envelope("fly", args=fire()))
        assert answer["status"] == "accepted", answer
        assert answer["flight"] == "n1-000001"
        await rig.until(lambda: rig.controller.phase is Phase.ON_SCENE)
        await rig.until(lambda: rig.controller.phase is Phase.REST)
        await rig.written()
        assert rig.world.truth.hazards == []
        assert rig.world.auto.arm_count == 1
        assert verify(tmp_path / "flights/n1-000001") == []
        summary = read(tmp_path / "flights").flights[0]
        assert summary["outcome"] == "home"
        assert summary["timing"]["order_to_nest_s"] + summary["timing"]["ready_to_arm_s"] < scaled(0.5)


async def test_the_agent_is_px4s_second_lock(tmp_path: Path) -> None:
    """With COM_ARM_AUTH_REQ the aircraft asks; the agent says yes to its own launch and to nobody else's. Signed."""
    async with agent_rig(tmp_path, "px4", arm_authoriser=True, key=bytes(range(32))) as rig:
        rig.world.auto.params["COM_ARM_AUTH_REQ"] = 1
        await rig.ready()
        rig.world.vehicle.send(_question())
        await asyncio.sleep(0.5)
        assert rig.world.auto.auth_until < 0  # nobody is launching: no
        answer = await rig.fleet.submit(envelope("fly", args=fire()))
        assert answer["status"] == "accepted", answer
        await rig.until(lambda: rig.controller.phase is Phase.OUTBOUND)
        assert rig.world.vehicle.arm_requests == 1
        assert rig.world.auto.arm_count == 1
        assert rig.world.vehicle.unproved == 0
        await rig.written()
        assert (tmp_path / NAME).exists(), "the time of our signatures outlives us"


def _question() -> object:
    from pymavlink.dialects.v20 import common as mv

    return mv.MAVLink_command_long_message(255, 0, AUTHORISE, 0, 1, 0, 0, 0, 0, 0, 0)
