"""The long proof: many dispatches on each vehicle profile through the real wires, and how much of the launch was ours.

python -m tests.nest.prove [COUNT]      100 on each profile, four nests at a time
"""

import asyncio
import math
import statistics
import sys
import tempfile
import time
from pathlib import Path

from agent.flight.machine.table import Phase
from agent.logbook.index import read
from agent.logbook.reading import verify
from tests.nest.agent_rig import agent_rig, envelope, fire

AT_ONCE = 4


async def dispatches(autopilot: str, make: str, count: int, folder: Path) -> list[float]:
    """The agent's own share of each launch, in seconds. AssertionError when one ends otherwise than home."""
    shares = []
    async with agent_rig(folder, autopilot, make, speedup=20.0, launches_per_hour=60) as rig:
        for number in range(1, count + 1):
            await rig.ready()
            answer = await rig.fleet.submit(envelope("fly", args=fire()))
            assert answer["status"] == "accepted", answer
            await rig.until(lambda: rig.controller.phase is Phase.REST, 120)
            await rig.written()
            summary = read(folder / "flights").flights[-1]
            assert summary["outcome"] == "home", summary
            assert rig.world.truth.hazards == []
            assert rig.world.auto.arm_count == number
            assert verify(folder / "flights" / answer["flight"]) == []
            shares.append(summary["timing"]["order_to_nest_s"] + summary["timing"]["ready_to_arm_s"])
    return shares


async def main(count: int) -> None:
    for autopilot, make in (("ardupilot", "command-word"), ("px4", "command-sequence")):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            each = -(-count // AT_ONCE)
            work = [dispatches(autopilot, make, each, Path(folder) / str(n)) for n in range(AT_ONCE)]
            shares = sorted(share for found in await asyncio.gather(*work) for share in found)
        p99 = shares[math.ceil(len(shares) * 0.99) - 1]
        took, middle = time.monotonic() - begun, statistics.median(shares)
        own = f"median {middle * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms, worst {shares[-1] * 1e3:.0f} ms"
        print(f"{autopilot}: {len(shares)} dispatches home in {took:.0f} s; own share of the launch {own}", flush=True)
        assert p99 <= 0.5


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
