"""The flying part of the agent in a process of its own, to be killed: FOLDER NEST_PROFILE UDP_PORT PLC_PORT [fly]."""

import asyncio
import sys
import time
from pathlib import Path

from agent.flight.book import Book
from agent.flight.clock import Wall
from agent.flight.desk import Desk
from agent.flight.fleet import incident_from
from agent.flight.interlocks import blocked
from agent.flight.settings import Aircraft, Flight, StandingOrder
from agent.flight.site import FlyingSite
from drivers.nest.registers import LineRegisters
from protocols.clock import boottime_ns
from tests.nest.agent_rig import GATEWAY, fire, nest_settings
from tests.nest.modbus import tcp_line


async def live(folder: Path, profile: Path, udp: int, plc: int, fly: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    desk = Desk(folder, Book(folder / "flights"), lambda: Wall(time.time(), 0.1), boottime_ns)
    craft = Aircraft(id="a1", url=f"udpin://127.0.0.1:{udp}", simulated=True)
    standing = StandingOrder.model_validate(
        {"id": "s1", "nest": "n1", "operator": "zhang", "until": "2099-01-01"}, strict=False
    )
    async with tcp_line(plc) as line:
        site = FlyingSite(
            (nest_settings(profile),), (craft,), Flight(standing_orders=(standing,)), desk, GATEWAY,
            lambda nest: LineRegisters(line, nest.unit),
        )  # fmt: skip
        run = asyncio.create_task(site.run())
        post = site.fleet.posts["n1"]
        await post.attached.wait()
        print("attached", flush=True)
        if fly:
            while blocked(post.interlocks()):
                await post.drone.aircraft.change()
            print((await site.fleet.incident(incident_from(fire())))["status"], flush=True)
        await run


if __name__ == "__main__":
    folder, profile = map(Path, sys.argv[1:3])
    asyncio.run(live(folder, profile, int(sys.argv[3]), int(sys.argv[4]), "fly" in sys.argv))
