"""A control server for one test, and ways to ask it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from agent.control.client import Connection
from agent.control.request import Request
from agent.control.server import ControlServer
from agent.control.session import Limits
from tests.waiting import patient, scaled


@contextlib.asynccontextmanager
async def serving(path: Path, limits: Limits | None = None, **asks: Any) -> AsyncIterator[ControlServer]:
    server = ControlServer(path, limits=limits)
    for name, handler in asks.items():
        server.register(name, handler, "read")
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def echo(request: Request) -> dict[str, Any]:
    return dict(request.args)


async def raw(path: Path, *lines: bytes) -> list[dict[str, Any]]:
    """Send these bytes, then read every line until the server hangs up or as many lines as were sent came."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        answers: list[dict[str, Any]] = []
        async with patient(f"{len(lines)} answers", progress=lambda: len(answers)):
            for line in lines:
                writer.write(line)
                answers.append(json.loads(await reader.readline()))
        return answers
    finally:
        writer.close()
        await writer.wait_closed()


async def off_loop(work: Callable[[], Any]) -> Any:
    """The client blocks: give it a thread."""
    return await asyncio.to_thread(work)


def asked(path: Path, name: str, timeout: float = 5, **arguments: Any) -> Any:
    with Connection(str(path), scaled(timeout)) as agent:
        return agent.ask(name, **arguments)
