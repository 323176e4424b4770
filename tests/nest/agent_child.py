"""The flying part of the agent in a process of its own, to be killed: FOLDER NEST_PROFILE UDP_PORT PLC_PORT [fly]."""

import asyncio
import sys
import time
from pathlib import Path

from agent.flight.alarms import Alarms
from agent.flight.assemble import FlightPart
from agent.flight.control.context import FlightContext
from agent.flight.control.wall import Wall
from agent.flight.logbook.logbook import Logbook
from agent.flight.orders.eligibility import eligibility
from agent.flight.orders.incident import incident_from
from agent.runtime.write_behind import WriteBehind
from agent.settings.flight import Aircraft, Flight, StandingOrder
from drivers.nest.profile import load_nest_profile
from drivers.nest.registers import LineRegisters
from protocols.clock import boottime_ns
from tests.nest.agent_rig import GATEWAY, fire, nest_settings
from tests.nest.modbus import tcp_line


async def live(folder: Path, profile: Path, udp: int, plc: int, fly: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    writer = WriteBehind()
    logbook = Logbook(folder / "flights", writer)
    context = FlightContext(folder, writer, logbook, lambda: Wall(time.time(), 0.1), boottime_ns)
    craft = Aircraft(id="a1", url=f"udpin://127.0.0.1:{udp}", simulated=True)
    standing = StandingOrder.model_validate(
        {"id": "s1", "nest": "n1", "operator": "zhang", "until": "2099-01-01"}, strict=False
    )
    async with tcp_line(plc) as line:
        site = FlightPart(
            [(nest_settings(profile), load_nest_profile(profile))], (craft,), Flight(standing_orders=(standing,)),
            context, GATEWAY, lambda nest: LineRegisters(line, nest.unit), Alarms(writer),
        )  # fmt: skip
        run = asyncio.create_task(site.run())
        controller = site.fleet.controllers["n1"]
        await controller.attached.wait()
        print("attached", flush=True)
        if fly:
            while eligibility(controller.status(), None, context.moment()):
                await controller.drone.aircraft.change()
            print((await site.fleet.incident(incident_from(fire())))["status"], flush=True)
        await run


if __name__ == "__main__":
    folder, profile = map(Path, sys.argv[1:3])
    asyncio.run(live(folder, profile, int(sys.argv[3]), int(sys.argv[4]), "fly" in sys.argv))
