"""One whole flight of the real agent on a simulated site, while something hostile goes on beside it."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from agent.logbook.reading import MANIFEST, entries
from hil.simulated_site import SimulatedSite
from hil.simulated_site.agent_process import AgentProcess

FIRE = "H02"
READY_S = 120.0
WHOLE_FLIGHT_S = 240.0
MOST_GAP_S = 1.5


@dataclass
class Flown:
    """What is left of it. `gap_s`: the longest silence of flight, as the supervisor heard it; `took`: see `Hostile`."""

    gap_s: float
    restarts: int
    phases: list[str]
    took: Counter[str]

    def check(self) -> None:
        """It beat on, in one life, there and home again, and what went on beside it took hold."""
        assert [what for what, count in self.took.items() if not count] == [], f"it never took hold: {self}"
        assert self.gap_s <= MOST_GAP_S, self
        assert self.restarts == 0, self
        assert "on_scene" in self.phases, self
        assert self.phases[-1] == "rest", self


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

    async def reached(self, *phases: str) -> None:
        """Return once the nest is in one of them."""
        while (await self.nest()).get("phase") not in phases:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)

    def lives(self) -> dict[str, dict[str, Any]]:
        """Every child as the supervisor told of it last."""
        tree = orjson.loads(self.agent.socket.with_name("tree.json").read_bytes())
        return {life["child"]: life for life in tree["children"]}


Hostile = Callable[[Rig], AbstractAsyncContextManager[Counter[str]]]
"""What goes on beside a flight. It counts what took hold: everything it names is to be above 0 when it ends."""


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
            await _until_ready(found)
            yield found


async def fly(found: Rig, hostile: Hostile) -> Flown:
    """Report a fire, let the aircraft go there and home again, with `hostile` from the order to the end.

    What became of it is read from its record: whoever asks may not be heard.
    """
    record = found.town.state_dir / "flight/flights/N1-000001"
    async with hostile(found) as took:
        await _report_fire(found)
        end = time.monotonic() + WHOLE_FLIGHT_S
        while not (record / MANIFEST).exists():
            if time.monotonic() > end:
                raise AssertionError(f"it never came home: {_phases(record)}, {took}\n{found.agent.last_words()}")
            await asyncio.sleep(0.1)
        flight = found.lives()["flight"]
    return Flown(float(flight["longest_gap_s"]), int(flight["restarts"]), _phases(record), took)


def _phases(record: Path) -> list[str]:
    return [str(entry["to"]) for entry in entries(record) if entry["kind"] == "phase"]


async def _report_fire(found: Rig) -> None:
    """As the brigade's desk does: asked again for as long as it is told that others ask."""
    place, end = found.town.place(FIRE), time.monotonic() + 60
    while True:
        incident = {"id": "119-gap", "lon": place.lon, "lat": place.lat, "at_s": time.time(), "level": 2}
        try:
            async with asyncio.timeout(20):
                await found.agent.ask("facts.add", fact="incident", content=incident)
            return
        except (OSError, ValueError, TimeoutError) as error:
            if time.monotonic() > end:
                raise AssertionError(f"nobody takes the fire: {error}\n{found.agent.last_words()}") from None
            await asyncio.sleep(0.05)


async def _until_ready(found: Rig) -> None:
    end = time.monotonic() + READY_S
    while not (nest := await found.nest()).get("ready"):
        if time.monotonic() > end:
            raise AssertionError(f"the nest never became ready\n{nest}\n{found.agent.last_words()}")
        await asyncio.sleep(0.1)
