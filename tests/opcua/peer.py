"""node-opcua as a process: an OPC UA server that shares no line of code with ours."""

import asyncio
import base64
import fcntl
import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

import pytest

from hil.ports import free_port
from tests.waiting import patient, scaled, work_of

HOME = Path(__file__).parent.parent / "peers" / "opcua"
NAMESPACE = "urn:hydronest:peer"


def installed() -> Path:
    """The peer's folder with its packages; skips the test where npm or its registry is missing. Some 12 s, once."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed: the independent OPC UA server cannot run")
    with (HOME / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (HOME / "node_modules" / "node-opcua" / "package.json").exists():
            done = subprocess.run(
                [npm, "ci", "--no-audit", "--no-fund"],
                cwd=HOME,
                capture_output=True,
                text=True,
                timeout=scaled(110),
                check=False,
            )
            if done.returncode:
                pytest.skip(f"npm could not install node-opcua: {done.stderr.strip().splitlines()[-1:]}")
    return HOME


class Peer:
    """`async with Peer(folder, nodes=3, period_ms=100) as peer:` runs it; it can be frozen, killed, started again.

    `limit`: most operations in one call. `history`: none is kept with more nodes than that. `dressed`: it shows
    structures, an array, a date and a text too. Started `late`, its namespace and nodes are missing until made.
    """

    def __init__(
        self,
        folder: Path,
        *,
        nodes: int,
        period_ms: int,
        scattered: bool = False,
        limit: int = 0,
        history: int = 50,
        dressed: bool = False,
    ) -> None:
        self.port = 0
        self.certificate = b""
        self._home = installed()
        self._folder, self._nodes, self._period_ms = folder, nodes, period_ms
        self._options = {"scattered": scattered, "limit": limit, "history": history, "dressed": dressed}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        self.port = free_port()
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def start(self, *, late: bool = False) -> None:
        options = json.dumps(self._options | {"late": late})
        self._process = await asyncio.create_subprocess_exec(
            "node", "server.js", str(self.port), str(self._nodes), str(self._period_ms), str(self._folder), options,
            cwd=self._home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, limit=1 << 26,
        )  # fmt: skip
        async with patient("the peer is ready", 30, lambda: work_of(self.pid)):
            ready = await self._answer()
        assert ready.get("ready"), ready
        self.certificate = base64.b64decode(ready["certificate"])

    async def ask(self, **order: object) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        async with patient("the peer answers", 20, lambda: work_of(self.pid)):
            return await self._answer()

    async def shown(self, node: int) -> dict[int, float]:
        """Source time in UTC nanoseconds → value, everything this node showed since the server started."""
        answer = await self.ask(ask="shown", node=node)
        return {at * 1_000_000: value for at, value in answer["shown"]}

    async def _answer(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if line.startswith(b"{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise AssertionError("the peer ended")

    def freeze(self) -> None:
        """Stop the process where it stands; its sockets stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process._transport.close()  # type: ignore[attr-defined]  # asyncio closes it only when collected
        self._process = None
