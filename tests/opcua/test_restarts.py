"""kill -9 of the process that reads, of core, of both: no hole and nothing twice, for the server remembers."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hil.opcua.server import HydrantServer
from hil.proxy import Proxy
from hil.simulated_site.agent_process import AgentProcess
from tests.opcua.a_site import Journalled, a_server, site_file
from tests.waiting import patient


class Rig:
    """A server, a path to it, and the agent."""

    def __init__(self, server: HydrantServer, path: Proxy, agent: AgentProcess) -> None:
        self.server = server
        self.path = path
        self.agent = agent

    async def status(self) -> dict[str, Any]:
        """The line as core shows it."""
        (line,) = (await self.agent.ask("status"))["lines"]
        return dict(line)

    async def until_up(self) -> None:
        """Core answers, and the line is up."""
        await self.agent.ready()
        async with patient("the line is up", 30):
            while (await self.status())["up"] is not True:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.02)

    async def until_filled(self) -> None:
        """Everything that was missed has been read back."""
        counters: dict[str, Any] = {}
        async with patient("all is read back", 30, lambda: counters):
            while True:
                counters = (await self.status())["counters"]
                if counters.get("backfilled") and not counters["backfill_waiting"]:
                    return
                await asyncio.sleep(0.02)

    async def more(self, values: int) -> None:
        """The server shows so many more."""
        await self.server.shown("H1.Pressure", len(self.server.truth.values["H1.Pressure"]) + values)

    async def cut(self, values: int) -> None:
        """So many values are missed by a cut of the path; the line is up again, and begins to read them back."""
        self.path.cut()
        async with patient("the line is down", 30):
            while (await self.status())["up"] is not False:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.02)
        await self.more(values)
        self.path.heal()
        await self.until_up()

    def kill(self, child: str) -> None:
        """kill -9."""
        os.kill(self.agent.child(child), signal.SIGKILL)

    async def until_another(self, child: str, than: int) -> None:
        """It lives again."""
        async with patient(f"another {child}", 30):
            while True:
                try:
                    if self.agent.child(child) != than:
                        return
                except KeyError:
                    pass
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running(tmp_path: Path, period_s: float = 0.05) -> AsyncIterator[Rig]:
    async with (
        a_server(period_s) as server,
        Proxy(server.port) as path,
        AgentProcess(site_file(tmp_path, path.port), tmp_path / "state/control.sock", tmp_path / "agent.log") as agent,
    ):
        rig = Rig(server, path, agent)
        await agent.start()
        await rig.until_up()
        yield rig
        await rig.more(10)
        assert await agent.stop() == 0
        Journalled(tmp_path / "state/journal.db").check(server)


@pytest.mark.parametrize("child", ["opcua", "core"])
async def test_a_killed_child_leaves_no_hole_and_repeats_nothing(tmp_path: Path, child: str) -> None:
    async with running(tmp_path) as rig:
        for _ in range(2):
            await rig.more(20)
            before = rig.agent.child(child)
            rig.kill(child)
            await rig.until_another(child, before)
            await rig.until_up()
            await rig.until_filled()


async def test_a_child_killed_while_it_reads_back_goes_on_where_it_was(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.path.delay_s = 0.05  # each piece of history takes its time
        for number, child in enumerate(("opcua", "core")):
            await rig.more(10)
            await rig.cut(60)
            await asyncio.sleep(0.2 * number)
            before = rig.agent.child(child)
            rig.kill(child)
            await rig.until_another(child, before)
            await rig.until_up()
            await rig.until_filled()


async def test_a_power_cut_while_it_reads_back_leaves_no_hole(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.path.delay_s = 0.05
        for number in range(2):
            await rig.more(10)
            await rig.cut(60)
            await asyncio.sleep(0.2 * number)
            await rig.agent.kill()
            await rig.agent.start()
            await rig.until_up()
            await rig.until_filled()
