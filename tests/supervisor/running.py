"""A supervisor of the rig's, started and looked at."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from hil.processes import family, lives
from tests.waiting import scaled, soon

ROOT = Path(__file__).parents[2]


class Running:
    """`with` it. `children` are the rig's words; `environment` its bounds."""

    def __init__(self, folder: Path, *children: str, **environment: str) -> None:
        self.folder = folder
        self._words = children
        self._environment = environment
        self.notify: socket.socket | None = None

    def __enter__(self) -> Self:
        folder = self.folder
        self.silence_s = scaled(1.5)
        environment = os.environ | {"SILENCE_S": str(self.silence_s), "STOP_S": str(scaled(1.0))} | self._environment
        if "WATCHDOG_USEC" in environment:
            self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.notify.bind(str(folder / "notify.sock"))
            environment["NOTIFY_SOCKET"] = str(folder / "notify.sock")
        self._errors = (folder / "supervisor.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.supervisor.rig", str(folder), *self._words],
            stderr=self._errors, env=environment, cwd=ROOT, process_group=0,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        everybody = [*family(self.process.pid), *self.pids()]
        for pid in everybody:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        soon("nobody is left", lambda: not any(map(lives, everybody)))
        self._errors.close()
        if self.notify is not None:
            self.notify.close()

    def pids(self) -> list[int]:
        """Every process number a child of any life wrote down."""
        return [int(line.split()[0]) for log in self.folder.glob("*.log") if log.name != "supervisor.log"
                for line in log.read_text().splitlines()]  # fmt: skip

    @property
    def log(self) -> str:
        """What the supervisor and its children said."""
        return (self.folder / "supervisor.log").read_text()

    def tree(self) -> Mapping[str, Any]:
        """Every child's entry, by name; empty before the first."""
        try:
            told = json.loads((self.folder / "tree.json").read_bytes())
        except FileNotFoundError:
            return {}
        return {life["child"]: life for life in told["children"]}

    def pid(self, child: str) -> int:
        """Its process, 0 while it has none."""
        return int(self.tree().get(child, {}).get("pid", 0))

    def said(self, child: str) -> list[list[str]]:
        """What it wrote down over all its lives: process number and words."""
        with contextlib.suppress(FileNotFoundError):
            return [line.split() for line in (self.folder / f"{child}.log").read_text().splitlines()]
        return []

    def words(self, child: str, what: str) -> list[list[str]]:
        """The words behind `what`, of each time it was written down."""
        return [line[2:] for line in self.said(child) if line[1] == what]

    def until_running(self, *children: str) -> None:
        """They all work."""
        soon(
            f"{children} run",
            lambda: all(self.tree().get(child, {}).get("state") == "running" for child in children),
            progress=self.tree,
        )

    def until_another(self, child: str, than: int) -> int:
        """A later life of it works; its process number."""

        def works() -> int:
            life = self.tree()[child]
            return int(life["pid"]) if life["state"] == "running" and life["pid"] != than else 0

        return soon(f"{child} lives again", works, progress=self.tree)

    def ended(self, seconds: float = 20.0) -> int:
        """Its exit status, once it has ended."""
        soon("the supervisor ends", lambda: self.process.poll() is not None, seconds)
        return int(self.process.returncode)

    def notified(self) -> Iterator[str]:
        """What systemd was told so far."""
        assert self.notify is not None
        with contextlib.suppress(BlockingIOError):
            while True:
                yield self.notify.recv(200, socket.MSG_DONTWAIT).decode()
