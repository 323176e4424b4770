"""`hydronest uplink`: the real command line, a real control server, a forwarder that really sends."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from agent.cli import exits
from agent.control.server import ControlServer
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.requests import register_uplinks
from tests.cli.conftest import Hydronest, environment, hydronest, socket_path  # noqa: F401 - fixtures
from tests.uplinks.conformance import FAST, forwarding, until
from tests.uplinks.memory import MemoryOutbox, record
from tests.uplinks.told import ToldUplink


@pytest_asyncio.fixture
async def outbox(socket_path: Path) -> AsyncIterator[MemoryOutbox]:  # noqa: F811
    """An uplink `told` that is asked about on the socket."""
    box = MemoryOutbox("told")
    server = ControlServer(socket_path)
    forwarders: dict[str, Forwarder] = {}
    register_uplinks(server, forwarders)
    await server.start()
    async with forwarding(ToldUplink(), box, FAST) as forwarder:
        forwarders["told"] = forwarder
        await until("connected", lambda: forwarder.view()["state"] == "connected")
        yield box
    await server.close()


async def test_status_in_words_and_as_json(hydronest: Hydronest, outbox: MemoryOutbox) -> None:  # noqa: F811
    outbox.offer(*(record(seq) for seq in range(1, 6)))
    await until("confirmed", lambda: len(outbox.confirmed) == 5)
    ran = await hydronest("uplink", "status")
    assert ran.code == exits.OK
    assert ran.out.splitlines()[0].split()[:4] == ["uplink", "state", "waiting", "oldest"]
    assert ran.out.splitlines()[1].split()[:4] == ["told", "connected", "0", "20"]
    assert "已连接" in (await hydronest("uplink", "status", lang="zh")).out
    (told,) = json.loads((await hydronest("uplink", "status", "--json")).out)
    assert (told["id"], told["confirmed"], told["confirmed_records"]["live"], told["backlog"]) == ("told", 20, 5, 0)


async def test_pause_resume_replay(hydronest: Hydronest, outbox: MemoryOutbox) -> None:  # noqa: F811
    outbox.offer(record(1))
    await until("confirmed", lambda: len(outbox.confirmed) == 1)
    paused = await hydronest("uplink", "pause", "told")
    assert (paused.code, paused.out) == (exits.OK, "told: paused, 0 waiting\n")
    outbox.offer(record(2))
    assert (await hydronest("uplink", "status")).code == exits.DEGRADED
    assert (await hydronest("uplink", "replay", "told", "--since", "1")).code == exits.USAGE, "it asks first"
    ran = await hydronest("uplink", "replay", "told", "--since", "1", "--yes")
    assert ran.out == "1 records of told will be sent again\n"
    await asyncio.sleep(0.1)
    assert len(outbox.confirmed) == 1
    assert (await hydronest("uplink", "resume", "told")).code == exits.OK
    await until("all again", lambda: len(outbox.confirmed) == 3)


async def test_no_such_uplink_names_those_there_are(hydronest: Hydronest, outbox: MemoryOutbox) -> None:  # noqa: F811
    ran = await hydronest("uplink", "pause", "province")
    assert ran.code == exits.BAD_DATA
    assert "there is no uplink province" in ran.err
    assert "told" in ran.err
