"""One whole flight of the real agent on a simulated site, while something hostile goes on beside it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hil.simulated_site import SimulatedSite
from hil.simulated_site.agent_process import AgentProcess

FIRE = "H02"
WHOLE_FLIGHT_S = 240.0


@dataclass
class Flown:
    """What is left of it. `gap_s`: the longest silence of flight, as the supervisor heard it."""

    gap_s: float
    on_scene: bool
    home: bool
    phases: list[str]


@dataclass
class Rig:
    """The agent, what it is wired to, and the nest as flight tells it."""

    town: SimulatedSite
    agent: AgentProcess

    @property
    def flight_socket(self) -> Path:
        """Where flight is asked."""
        return self.agent.socket.with_name("flight.sock")

    async def nest(self) -> dict[str, Any]:
        """The nest, asked of flight itself; empty where it does not answer now."""
        flight = AgentProcess(self.town.site_file, self.flight_socket, self.agent.log)
        with contextlib.suppress(OSError, ValueError, TimeoutError):
            async with asyncio.timeout(5):
                (nest,) = await flight.ask("nest.list")
                return dict(nest)
        return {}

    def gap_s(self) -> float:
        """The longest silence of flight so far."""
        tree = orjson.loads(self.agent.socket.with_name("tree.json").read_bytes())
        return max(float(life["longest_gap_s"]) for life in tree["children"] if life["child"] == "flight")


Hostile = Callable[[Rig], AbstractAsyncContextManager[None]]


@contextlib.asynccontextmanager
async def rig(
    folder: Path, *, environment: Mapping[str, str] | None = None, more: str = "", speedup: float = 4.0
) -> AsyncIterator[Rig]:
    """A running agent with its nest ready to fly. `more` is added to its site file."""
    town = SimulatedSite(folder, opcua=False, quick_verdicts=True, nest_speedup=speedup, centre=True)
    async with town:
        town.site_file.write_text(town.site_file.read_text(encoding="utf-8") + more, encoding="utf-8")
        async with AgentProcess(town.site_file, town.state_dir / "control.sock", folder / "log", environment) as agent:
            await agent.start()
            await agent.ready()
            found = Rig(town, agent)
            await _until(found, lambda nest: bool(nest.get("ready")), 120.0, "the nest never became ready")
            yield found


async def fly(found: Rig, hostile: Hostile) -> Flown:
    """Report a fire, let the aircraft go there and home again, with `hostile` from the order to the end."""
    place = found.town.place(FIRE)
    phases: list[str] = []
    async with hostile(found):
        incident = {"id": "119-gap", "lon": place.lon, "lat": place.lat, "at_s": time.time(), "level": 2}
        await found.agent.ask("facts.add", fact="incident", content=incident)

        def seen(nest: dict[str, Any]) -> bool:
            phase = str(nest.get("phase", ""))
            if phase and (not phases or phases[-1] != phase):
                phases.append(phase)
            return len(phases) > 1 and phase == "rest"

        await _until(found, seen, WHOLE_FLIGHT_S, f"it never came home: {phases}")
        gap_s = found.gap_s()
    return Flown(gap_s, "on_scene" in phases, phases[-1] == "rest", phases)


async def _until(found: Rig, good: Callable[[dict[str, Any]], bool], within_s: float, why: str) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not good(await found.nest()):
        if loop.time() > end:
            raise AssertionError(f"{why}\n{found.agent.last_words()}")
        await asyncio.sleep(0.1)
