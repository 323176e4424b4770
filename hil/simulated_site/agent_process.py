"""The agent as its own process, as systemd would keep it: started, asked, killed, started again."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import orjson

from hil.patience import Stuck, patient
from hil.processes import family, lives, work_of
from protocols.reason import from_json

READY_S = 20.0


class AgentProcess:
    """`hydronest run SITE`, its log in `log`: `async with` it, so that nothing outlives who started it.

    `environment` is added to ours; `options` follow the site's file.
    """

    def __init__(
        self,
        site_file: Path,
        socket: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = ("--own-user-operates",),
    ) -> None:
        self.site_file = site_file
        self.socket = socket
        self.log = log
        self.environment = environment or {}
        self.options = options
        self.starts = 0
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process's number. Raises RuntimeError before the first start."""
        if self._process is None:
            raise RuntimeError("the agent has not been started")
        return self._process.pid

    async def start(self) -> None:
        """Start it; returns at once."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "agent.cli", "run", str(self.site_file), *self.options,
                stdout=log, stderr=log,
                env=os.environ | {"HYDRONEST_LANG": "en", **self.environment},
                process_group=0,  # Ctrl-C in the terminal is for who started it
            )  # fmt: skip
        self.starts += 1

    async def ready(self) -> None:
        """Wait until its socket answers, as long as it works. Raises RuntimeError with its last words where not."""
        try:
            async with patient("the agent does not answer", READY_S, lambda: work_of(self.pid)):
                while self.running:
                    with contextlib.suppress(OSError):
                        await self.ask("status")
                        return
                    await asyncio.sleep(0.02)
        except Stuck as stuck:
            raise RuntimeError(f"{stuck}; it said last: {self.last_words()}") from None
        raise RuntimeError(f"the agent ended: {self.last_words()}")

    async def ask(self, name: str, **arguments: Any) -> Any:
        """One question over the control socket. Raises OSError where nobody answers, ValueError where it says no."""
        reader, writer = await asyncio.open_unix_connection(str(self.socket), limit=1 << 22)
        try:
            writer.write(orjson.dumps({"ask": name, **arguments}) + b"\n")
            line = await reader.readline()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        if not line:
            raise ConnectionResetError("the agent hung up")
        answer = orjson.loads(line)
        if not answer["ok"]:
            raise ValueError(str(from_json(answer["reason"])))
        return answer.get("value")

    def child(self, name: str) -> int:
        """The process number of one of its children. Raises KeyError where it has none of that name that lives."""
        tree = orjson.loads(self.socket.with_name("tree.json").read_bytes())
        return int({life["child"]: life["pid"] for life in tree["children"] if life["pid"]}[name])

    async def kill(self) -> None:
        """kill -9 of every process of it at once, as a power cut would; returns when none is left."""
        if not self.running:
            return
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)  # it starts none anew
        all_of_it = list(family(self.pid))
        for pid in all_of_it:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self._end(signal.SIGKILL)
        while any(map(lives, all_of_it)):  # noqa: ASYNC110 - nobody tells of the end of a child's child
            await asyncio.sleep(0.005)

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self._process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
