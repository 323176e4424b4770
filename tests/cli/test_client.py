"""The client against what is no agent, or none that answers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.control.client import Connection, RequestFailed
from agent.control.request import Request
from tests.cli.serving import asked, off_loop, serving


async def _endless(_request: Request) -> AsyncIterator[int]:
    yield 1
    await asyncio.Event().wait()


async def test_the_client_names_what_is_no_agent(socket_path: Path) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())  # an echo: JSON, but no answer
        writer.close()

    other = await asyncio.start_unix_server(babble, str(socket_path))
    with pytest.raises(RequestFailed):
        await off_loop(lambda: asked(socket_path, "status"))
    other.close()
    await other.wait_closed()


@pytest.mark.parametrize(
    "said",
    [
        b"\xff\xfe\n",
        b"[" * 200_000 + b"\n",
        b'{"ok":true,"value":' + b"9" * 5000 + b"}\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"[]\n",
        b"{}\n",
        b'{"ok":true',
        b"",
    ],
)
async def test_whatever_answers_the_client_ends_with_a_reason(socket_path: Path, said: bytes) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(said)
        await writer.drain()
        writer.close()

    other = await asyncio.start_unix_server(say, str(socket_path))
    with pytest.raises(RequestFailed):
        await off_loop(lambda: asked(socket_path, "status"))
    other.close()
    await other.wait_closed()


async def test_the_client_does_not_wait_for_ever(socket_path: Path) -> None:
    async with serving(socket_path, endless=_endless):

        def work() -> list[Any]:
            with Connection(str(socket_path), 0.1) as agent:
                return list(agent.stream("endless"))

        with pytest.raises(RequestFailed) as no:
            await off_loop(work)
        assert no.value.code == "silent"
