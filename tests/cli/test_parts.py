"""With core gone the commands say which part it is, show what flight says, and exit by it."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.control.request import Request
from agent.control.server import ControlServer
from agent.supervisor.tree_file import TreeFile
from tests.waiting import scaled

KILLED = {"code": "process.killed", "facts": {"signal": "SIGKILL"}}
NEST = {
    "id": "N1", "phase": "outbound", "why": "", "ready": False, "cover": "open", "wind_ms": 3.0, "gust_ms": 4.0,
    "flight": "F1", "incident": None,
}  # fmt: skip


def part(name: str, state: str = "running", reason: Any = None) -> dict[str, Any]:
    return {"child": name, "state": state, "pid": 1, "since_s": 1.0, "restarts": 2, "last_reason": reason}


@pytest.fixture
def tree(tmp_path: Path) -> Any:
    """A supervisor that lives, whose core is gone."""
    file = TreeFile(tmp_path / "tree.json")
    file.write({"stopping": False, "ready": True, "children": [part("core", "waiting", KILLED), part("flight")]})
    yield file
    file.close()


@pytest_asyncio.fixture
async def flight(tmp_path: Path) -> AsyncIterator[ControlServer]:
    async def nests(_request: Request) -> list[dict[str, Any]]:
        return [NEST]

    async def recall(_request: Request) -> dict[str, Any]:
        return {"accepted": True, "status": "accepted", "nest": "N1"}

    server = ControlServer(tmp_path / "flight.sock")
    server.register("nest.list", nests, "read")
    server.register("flight.recall", recall, "operate")
    await server.start()
    yield server
    await server.close()


async def hydronest(folder: Path, *words: str, lang: str = "en") -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", *words, "--socket", str(folder / "control.sock"), "--lang", lang,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_status_shows_every_part_and_what_flight_says(tmp_path: Path, tree: Any, flight: Any) -> None:
    code, out, _ = await hydronest(tmp_path, "status")
    assert code == 3
    assert "core is not running (waiting): it was ended by SIGKILL" in out
    assert "outbound" in out
    code, out, _ = await hydronest(tmp_path, "status", lang="zh")
    assert (code, "核心进程没有运行 (等待): 它被 SIGKILL 终止" in out) == (3, True)
    code, out, _ = await hydronest(tmp_path, "status", "--json")
    told = json.loads(out)
    assert (code, told["core"], told["nests"][0]["id"]) == (3, False, "N1")
    assert told["parts"][0]["last_reason"]["message"] == "it was ended by SIGKILL"


async def test_status_says_when_flight_is_silent_too(tmp_path: Path, tree: Any) -> None:
    code, out, _ = await hydronest(tmp_path, "status")
    assert (code, "flight does not answer" in out) == (3, True)


async def test_nests_are_answered_by_flight_and_the_exit_says_that_a_part_is_gone(
    tmp_path: Path, tree: Any, flight: Any
) -> None:
    code, out, err = await hydronest(tmp_path, "nest", "list")
    assert (code, "N1" in out, "core is not running" in err) == (1, True, True)


async def test_everything_else_says_which_part_is_gone(tmp_path: Path, tree: Any) -> None:
    for words in (("watch", "--plain", "--count", "1"), ("hydrant", "list"), ("events",), ("nest", "list")):
        code, _, err = await hydronest(tmp_path, *words)
        assert (code, "core is not running (waiting): it was ended by SIGKILL" in err) == (69, True), (words, err)
        assert "hydronest status shows every part" in err


async def test_what_a_dead_supervisor_left_is_no_news(tmp_path: Path, tree: Any) -> None:
    left = (tmp_path / "tree.json").read_bytes()
    tree.close()
    (tmp_path / "tree.json").write_bytes(left)
    for words in (("status",), ("nest", "list")):
        code, _, err = await hydronest(tmp_path, *words)
        assert (code, "the agent is not running" in err) == (69, True)


async def test_what_flight_left_behind_is_told_as_such(tmp_path: Path) -> None:
    """Flight is dead, core answers: what it knows is shown, and said to be no news of flight's own."""
    core = ControlServer(tmp_path / "control.sock")

    async def nests(_request: Request) -> list[dict[str, Any]]:
        return [NEST]

    core.register("nest.list", nests, "read")
    await core.start()
    file = TreeFile(tmp_path / "tree.json")
    file.write({"stopping": False, "ready": True, "children": [part("core"), part("flight", "waiting", KILLED)]})
    try:
        code, out, err = await hydronest(tmp_path, "nest", "list")
        assert (code, "N1" in out, "flight is not running (waiting): it was ended by SIGKILL" in err) == (1, True, True)
    finally:
        file.close()
        await core.close()


async def test_an_order_waits_for_flight_to_begin_anew(tmp_path: Path, tree: Any) -> None:
    tree.write({"stopping": False, "ready": True, "children": [part("core", "waiting"), part("flight", "waiting")]})
    ordering = asyncio.create_task(hydronest(tmp_path, "flight", "recall", "N1", "--yes", "--timeout", "60"))
    server = ControlServer(tmp_path / "flight.sock")

    async def recall(_request: Request) -> dict[str, Any]:
        return {"status": "accepted", "nest": "N1", "phase": "returning"}

    server.register("flight.recall", recall, "operate")
    await asyncio.wait([ordering], timeout=scaled(0.5))
    assert not ordering.done(), "it is waited for"
    await server.start()
    try:
        assert await ordering == (0, "N1: returning\n", "")
    finally:
        await server.close()


async def test_an_order_to_a_flight_that_ends_is_not_waited_with(tmp_path: Path, tree: Any) -> None:
    tree.write({"stopping": True, "ready": True, "children": [part("core", "ended"), part("flight", "ended")]})
    code, _, err = await hydronest(tmp_path, "flight", "recall", "N1", "--yes", "--timeout", "600")
    assert (code, "core is not running (ended)" in err) == (69, True)


async def test_only_flight_is_left(tmp_path: Path, flight: Any) -> None:
    """Its supervisor was killed while its aircraft is out."""
    code, out, _ = await hydronest(tmp_path, "status")
    assert (code, "only flight is left" in out, "outbound" in out) == (3, True, True)
    code, out, err = await hydronest(tmp_path, "nest", "list")
    assert (code, "N1" in out, "only flight is left" in err) == (1, True, True)


async def test_a_core_that_hangs_hides_nothing(tmp_path: Path, tree: Any, flight: Any) -> None:
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(tmp_path / "control.sock"))
        hung.listen()
        code, out, err = await hydronest(tmp_path, "status", "--timeout", "0.5")
        assert (code, "outbound" in out, "the agent does not answer" in err) == (3, True, True)
