"""The socket itself: whose it is, when it is replaced, what is left behind."""

import asyncio
import contextlib
import json
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.control.client import Connection, NotRunning
from agent.control.request import Request
from agent.control.server import ControlServer, SocketTaken
from tests.cli.serving import asked, echo, off_loop, serving
from tests.waiting import patient, until


async def test_the_socket_is_for_its_group_and_is_taken_away_at_the_end(socket_path: Path) -> None:
    async with serving(socket_path):
        assert stat.S_IMODE(socket_path.stat().st_mode) == 0o660
        assert stat.S_ISSOCK(socket_path.stat().st_mode)
    assert list(socket_path.parent.iterdir()) == []


async def test_a_stale_socket_is_replaced(socket_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(socket_path))
    left.close()  # its agent is gone, the file stays
    async with serving(socket_path, echo=echo):
        assert await off_loop(lambda: asked(socket_path, "echo", n=1)) == {"n": 1}


async def test_a_living_agent_keeps_its_socket(socket_path: Path) -> None:
    async with serving(socket_path, echo=echo):
        with pytest.raises(SocketTaken, match="another agent answers"):
            await ControlServer(socket_path).start()
        assert await off_loop(lambda: asked(socket_path, "echo", n=1)) == {"n": 1}


async def test_what_is_not_a_socket_is_left_alone(socket_path: Path) -> None:
    socket_path.write_text("a person's file")
    with pytest.raises(SocketTaken, match="not a socket"):
        await ControlServer(socket_path).start()
    assert socket_path.read_text() == "a person's file"


@pytest.mark.parametrize(
    ("path", "why"), [("x" * 120, "too long"), ("file/inside.sock", "cannot listen")], ids=["long", "not a folder"]
)
async def test_a_path_that_cannot_be_is_one_sentence(tmp_path: Path, path: str, why: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SocketTaken, match=why):
        await ControlServer(tmp_path / path).start()


async def test_closing_leaves_the_socket_of_the_next_agent(socket_path: Path) -> None:
    first = ControlServer(socket_path)
    await first.start()
    socket_path.unlink()
    async with serving(socket_path, echo=echo):
        await first.close()
        assert await off_loop(lambda: asked(socket_path, "echo", n=1)) == {"n": 1}


@pytest.mark.parametrize("folder", [False, True], ids=["the file", "its folder"])
async def test_a_socket_that_was_swept_away_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: bool
) -> None:
    monkeypatch.setattr("agent.control.server.LOOK_EVERY_S", 0.01)
    path = tmp_path / "run" / "s"
    async with serving(path, echo=echo):
        reader, writer = await asyncio.open_unix_connection(str(path))
        path.unlink()
        if folder:
            path.parent.rmdir()
        await until("it is made anew", path.exists)
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert await off_loop(lambda: asked(path, "echo", n=1)) == {"n": 1}
        writer.write(b'{"ask":"echo","n":2}\n')  # who was there before is there still
        async with patient("it is answered"):
            assert json.loads(await reader.readline())["value"] == {"n": 2}
        writer.close()
    assert list(path.parent.iterdir()) == []


async def test_closing_hangs_up_on_everyone(socket_path: Path) -> None:
    server = ControlServer(socket_path)
    server.register("endless", _endless, "read")
    await server.start()
    reader, writer = await asyncio.open_unix_connection(str(socket_path))
    writer.write(b'{"ask":"endless"}\n')
    await reader.readline()
    async with patient("everyone is hung up on"):
        await server.close()
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()
    with pytest.raises(NotRunning):
        Connection(str(socket_path), 1)


async def _endless(_request: Request) -> AsyncIterator[int]:
    yield 1
    await asyncio.Event().wait()


def test_a_name_is_registered_once(socket_path: Path) -> None:
    server = ControlServer(socket_path)
    server.register("echo", echo, "read")
    with pytest.raises(ValueError, match="twice"):
        server.register("echo", echo, "operate")
