"""A control server in a temporary folder, and the real command line in its own process."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from agent.control.server import ControlServer
from agent.core.latest import LatestValues
from agent.core.requests.site import register_site
from tests.cli.a_site import ASite, a_board
from tests.waiting import output_of


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


Hydronest = Callable[..., Awaitable[Ran]]


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
def environment(socket_path: Path) -> dict[str, str]:
    """No locale, no colours wished for: what a bare gateway has."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "HYDRONEST_SOCKET": str(socket_path), "LC_ALL": "C"}


@pytest.fixture
def hydronest(environment: dict[str, str]) -> Hydronest:
    """`await hydronest("status", "--json", lang="en")` in a process of its own."""

    async def run(*args: str, lang: str = "en", stdin: str = "", **more: str) -> Ran:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent.cli", *args),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**environment, "HYDRONEST_LANG": lang, **more},
        )
        out, err = await output_of(process, stdin.encode())
        assert process.returncode is not None
        assert b"Traceback" not in err, err.decode()
        return Ran(process.returncode, out.decode(), err.decode())

    return run


@pytest.fixture
def latest() -> LatestValues:
    return a_board()


@pytest.fixture
def site() -> ASite:
    return ASite()


@pytest_asyncio.fixture
async def server(socket_path: Path, latest: LatestValues, site: ASite) -> AsyncIterator[ControlServer]:
    """The agent's side, with the asks of a site of 12 hydrants."""
    server = ControlServer(socket_path)
    register_site(server, latest, site)
    await server.start()
    yield server
    await server.close()
