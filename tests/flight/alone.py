"""The real tree of processes on a simulated site with a nest: what flight says, who is killed, and what is left."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from agent.logbook.reading import entries, verify
from hil.simulated_site import SimulatedSite
from hil.simulated_site.agent_process import AgentProcess
from tests.site.test_kills import drained, nothing_is_lost
from tests.site.test_reports import reports
from tests.waiting import Stuck, output_of, patient, until

FIRE = "H02"
SPEEDUP = 8.0
PHASES = ("launching", "outbound", "on_scene", "returning", "securing")
"""In which something is killed."""


class Alone:
    """An agent with its aircraft. What is asked here is asked of flight itself."""

    def __init__(self, town: SimulatedSite, agent: AgentProcess) -> None:
        assert town.nest is not None
        self.town = town
        self.agent = agent
        self.world = town.nest
        self.flight = AgentProcess(town.site_file, agent.socket.with_name("flight.sock"), agent.log)
        self.pids: set[int] = set()
        self.flying = False
        self._phase = ""

    # -- looking
    async def nest(self) -> Mapping[str, Any]:
        """As flight tells it; empty while nobody answers."""
        with contextlib.suppress(OSError, ValueError):
            async with patient("flight answers", 5.0):
                (nest,) = await self.flight.ask("nest.list")
                self._phase = str(nest["phase"])
                return dict(nest)
        return {}

    async def until_nest(self, what: str, good: Callable[[Mapping[str, Any]], bool], seconds: float = 60.0) -> None:
        """It says so."""
        async with patient(what, seconds, lambda: (self._phase, self.world.auto.place, self.world.truth.cover)):
            while not good(nest := await self.nest()):
                assert not (self.flying and nest.get("phase") == "rest"), f"{what}: it is home by now"
                await asyncio.sleep(0.05)  # another process

    async def until_in(self, phase: str) -> None:
        """The flight is there. Short phases by the truth of the world: no question comes too late for it."""
        auto = self.world.auto
        if phase == "launching":
            await until("it is armed", lambda: auto.armed, 60, lambda: self.world.truth.cover)
        elif phase == "securing":
            await until("it is armed", lambda: auto.arm_count, 60, lambda: self.world.truth.cover)
            await until("it is down", lambda: auto.on_ground and not auto.armed, 60, lambda: auto.place)
        else:
            await self.until_nest(phase, lambda nest: nest.get("phase") == phase)

    def pid(self, child: str) -> int:
        """Of the life it has now; 0 while it has none."""
        try:
            found = self.agent.child(child)
        except (KeyError, OSError, ValueError):
            return 0
        self.pids.add(found)
        return found

    def kept(self) -> str:
        """The phase that the next life of flight would begin with."""
        return str(json.loads((self.town.state_dir / "flight" / "nest-N1.json").read_bytes())["of"]["phase"])

    # -- doing
    async def fly(self) -> str:
        """Report the fire to flight; the flight's id."""
        place = self.town.place(FIRE)
        incident = {"incident": "119-7", "lat": place.lat, "lon": place.lon, "height_m": 40.0}
        answer = await self.flight.ask("dispatch.incident", incident=incident)
        assert answer["status"] == "accepted", answer
        self.flying = True
        return str(answer["flight"])

    async def kill(self, child: str) -> int:
        """kill -9; the number of the life that follows."""
        before = self.pid(child)
        os.kill(before, signal.SIGKILL)
        return await self.until_another(child, before)

    async def kill_a_report(self) -> None:
        """Ask for one, and kill -9 it as it begins; again where one was quicker than we are."""
        async with patient("a report is killed", 30):
            while True:
                asking = asyncio.create_task(self.agent.ask("coverage", radius_m=2000))
                while not asking.done():
                    for pid in reports(self.agent):
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGKILL)
                    await asyncio.sleep(0)
                if isinstance(asking.exception(), ValueError):  # who asked is told
                    return

    async def until_another(self, child: str, before: int) -> int:
        """A later life than that one; its number."""
        return await until(f"a new {child}", lambda: pid if (pid := self.pid(child)) != before else 0, 20)

    async def recalled(self) -> None:
        """By the command of whoever may operate here; flight turns it round as soon as it sees it."""
        await self.until_nest("it is attended", lambda nest: nest.get("attended") is True)
        code, said = await self.command("flight", "recall", "N1", "--yes")
        assert code == 0, said
        assert said in {"N1: returning\n", "N1: on scene\n", "N1: outbound\n"}, said
        await self.until_in("returning")

    async def command(self, *words: str) -> tuple[int, str]:
        """`hydronest WORDS…` in a process of its own: its exit code, and what it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent.cli", "--socket", str(self.agent.socket), *words,
            env=os.environ | {"HYDRONEST_LANG": "en"}, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await output_of(process)
        assert process.returncode is not None
        return process.returncode, (out + err).decode()

    async def home(self) -> None:
        """It stands in its closed nest."""
        self.flying = False
        await self.until_nest("it is home", lambda nest: nest.get("phase") == "rest")

    # -- what is left
    def no_accident(self) -> None:
        """One arming, nothing touched, the nest closed over its aircraft."""
        assert self.world.truth.hazards == []
        assert self.world.auto.arm_count == 1, self.world.auto.arm_count
        assert self.world.truth.cover == 0.0
        assert self.world.auto.on_ground
        assert self.world.auto.place.distance(self.world.home) < 2.0

    def record(self, flight: str) -> list[Mapping[str, Any]]:
        """The flight's log, whole: sealed, no line missing, from the order to the end."""
        folder = self.town.state_dir / "flight/flights" / flight
        assert verify(folder) == []
        found: list[Mapping[str, Any]] = list(entries(folder))
        assert [entry["n"] for entry in found] == list(range(1, len(found) + 1))
        told = [entry["to"] for entry in found if entry["kind"] == "phase"]
        assert (told[0], told[-1]) == ("preparing", "rest")
        return found

    async def nothing_lost(self, flight: str) -> None:
        """All that was committed is at the platform or owed to it, and every phase of the record is told, in order."""
        manifest = self.town.state_dir / "flight/flights" / flight / "manifest.json"
        await until("it is filed", manifest.exists, 20)
        flown = [entry["to"] for entry in self.record(flight) if entry["kind"] == "phase"]
        await until("every phase is told", lambda: len(self.told(flight)) >= len(flown), 20, lambda: self.told(flight))
        await drained(self.agent)
        assert await self.agent.stop() == 0, self.agent.last_words()
        nothing_is_lost(self.town)
        told = self.told(flight)
        assert [phase for phase, _ in groupby(told)] == [phase for phase, _ in groupby(flown)], (told, flown)
        lives = [entry["kind"] for entry in self.record(flight)].count("restarted")
        assert 0 <= len(told) - len(flown) <= lives, "a step that no life had kept is taken and told again"

    def told(self, flight: str) -> list[str]:
        """The phases of it that the platform has."""
        events = [event for message in self.town.store.messages("event") for event in message.get("events", ())]
        return [str(event["evidence"]["phase"]) for event in events
                if event["kind"] == "flight" and event["evidence"].get("flight") == flight]  # fmt: skip


@contextlib.asynccontextmanager
async def alone(
    folder: Path, environment: Mapping[str, str] | None = None, *, opcua: bool = False
) -> AsyncIterator[Alone]:
    """An agent whose nest is ready to fly; nobody of it is left behind."""
    async with SimulatedSite(folder, count=2, opcua=opcua, confirm="platform", nest_speedup=SPEEDUP) as town:
        agent = AgentProcess(town.site_file, town.state_dir / "control.sock", folder / "agent.log", environment)
        found = Alone(town, agent)
        try:
            async with agent:
                await agent.start()
                await agent.ready()
                try:
                    await found.until_nest("ready", lambda nest: bool(nest.get("ready")))
                except Stuck as stuck:
                    raise AssertionError(f"{stuck}: {await found.nest()}\n{agent.last_words()}") from None
                for child in ("core", "flight", "uplinks", *(["opcua"] if opcua else [])):
                    found.pid(child)
                yield found
        finally:
            for pid in found.pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
