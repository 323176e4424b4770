"""What the agent keeps resident on the demo site, process by process, a while after its start.

python -m tests.bench.site.memory [--seconds 60]
"""

import argparse
import asyncio
import sys
import tempfile
from compileall import compile_dir
from pathlib import Path
from typing import NamedTuple

from hil.simulated_site import SimulatedSite
from hil.simulated_site.agent_process import AgentProcess
from tests.bench.site.spent import pss_mb


class Kind(NamedTuple):
    """A demo site, and how much an agent may keep there."""

    opcua: bool
    nest: bool
    most_mb: float


SITES = {
    "hydrants": Kind(opcua=False, nest=False, most_mb=70),
    "hydrants, nest": Kind(opcua=False, nest=True, most_mb=95),
    "hydrants, nest, OPC UA": Kind(opcua=True, nest=True, most_mb=125),
}


async def remembered(folder: Path, name: str, seconds: float) -> dict[str, float]:
    """Megabytes by process, `seconds` after the agent answers."""
    kind = SITES[name]
    town = SimulatedSite(folder, opcua=kind.opcua, nest_speedup=1.0 if kind.nest else 0.0)
    async with town, AgentProcess(town.site_file, town.state_dir / "control.sock", folder / "log") as agent:
        await agent.start()
        await agent.ready()
        await asyncio.sleep(seconds)
        found = pss_mb(agent)
        assert await agent.stop() == 0
    return found


def main() -> None:
    """Print each site's figures; exit status 1 where one is above what it may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    for room in ("agent", "drivers", "protocols"):  # as a package has it: what is not, each child compiles at its start
        compile_dir(room, quiet=2)
    good = True
    for name, kind in SITES.items():
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(remembered(Path(folder), name, seconds))
        total = sum(found.values())
        good &= total <= kind.most_mb
        parts = "  ".join(f"{process} {mb:.1f}" for process, mb in found.items())
        sys.stdout.write(f"{name:24} {total:6.1f} MB of {kind.most_mb:.0f}: {parts}\n")
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
