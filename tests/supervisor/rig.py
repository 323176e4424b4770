"""A supervisor in a process of its own, with children made for the test: `-m tests.supervisor.rig FOLDER CHILD…`.

CHILD is NAME=WHAT[,PEER…]. What a child does: `works`; `silent` (its loop stands still), `ends` (exit status 3),
`refuses` (73), `deaf` (heeds no STOP), `mad` (says what is no message and goes on), `flies` (an aircraft is out until
the file `home` is there), `slow` (begins its loop late). Every child writes what happens to it into FOLDER/NAME.log.
"""

import asyncio
import contextlib
import json
import logging
import os
import pickle
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from agent.runtime import child as child_module
from agent.runtime.child import Child
from agent.runtime.control_wire import Message, Say, send
from agent.supervisor import life, stopping
from agent.supervisor.life import Spec
from agent.supervisor.renewal import Found, Renewal
from agent.supervisor.tree import CANNOT_START, CannotStart, Tree
from agent.supervisor.tree_file import Taken, TreeFile
from protocols.reason import Reason

SILENCE_S = float(os.environ.get("SILENCE_S", "1.5"))
STOP_S = float(os.environ.get("STOP_S", "1.0"))


class Role:
    """One child's life."""

    def __init__(self, folder: Path, what: str, child: Child) -> None:
        self._folder = folder
        self._what = what
        self._child = child
        self._log = folder / f"{child.name}.log"
        self._sockets: list[Any] = []

    def note(self, *words: object) -> None:
        """Write a line down."""
        with self._log.open("a", encoding="utf-8") as file:
            file.write(" ".join(map(str, (os.getpid(), *words))) + "\n")

    def live(self) -> None:
        """All of it."""
        child = self._child
        threads = len(list(Path("/proc/self/task").iterdir()))
        self.note("begun", f"threads={threads}", f"group={os.getpgrp()}", f"fds={sorted(_descriptors())}")
        if self._what == "slow":
            time.sleep(SILENCE_S * 2)
        child.run(self._work, on_channel=self._channel, heard=self._heard)
        self.note("ended")

    async def _work(self) -> None:
        child = self._child
        match self._what:
            case "ends":
                self.note("ends")
                raise SystemExit(3)
            case "refuses":
                raise SystemExit(CANNOT_START)
            case "silent":
                child.say(Say.READY)
                await asyncio.sleep(0.2)
                time.sleep(3600)  # noqa: ASYNC251 - that is the point
            case "mad":
                child.say(Say.READY)
                await asyncio.sleep(0.2)
                child._control.send(b"\xff" * 32)
                with contextlib.suppress(ConnectionError):  # hung up on already
                    child._control.send(b"short")
            case "floods":
                child.say(Say.READY)
                while not (self._folder / "flood").exists():  # noqa: ASYNC110 - the test makes a file
                    await asyncio.sleep(0.02)
                while send(child._control, Message(Say.BEAT)):
                    pass
                self.note("flooded")
                os.kill(os.getpid(), signal.SIGKILL)
            case "flies":
                child.say(Say.AIRCRAFT, number=1)
                child.say(Say.READY)
            case _:
                child.say(Say.READY)
        tasks = [asyncio.create_task(self._told("draining", child.draining)),
                 asyncio.create_task(self._told("leaving", child.leaving)),
                 asyncio.create_task(self._told("alone", child.alone))]  # fmt: skip
        if self._what == "flies":
            tasks.append(asyncio.create_task(self._fly()))
        await child.stopping.wait()
        self.note("stop")
        if self._what == "deaf":
            await asyncio.Event().wait()
        for task in tasks:
            task.cancel()

    async def _told(self, what: str, event: asyncio.Event) -> None:
        await event.wait()
        self.note(what)
        if what in ("draining", "leaving"):
            self._child.say(Say.DRAINED)

    async def _fly(self) -> None:
        while not (self._folder / "home").exists():  # noqa: ASYNC110 - the test makes a file
            await asyncio.sleep(0.02)
        if (self._folder / "fill").exists():  # as much as the socket holds: the supervisor does not listen
            while send(self._child._control, Message(Say.BEAT)):
                pass
        self._child.say(Say.AIRCRAFT, number=0)
        if self._child.alone.is_set():
            self._child.stopping.set()
        await self._child.alone.wait()
        self._child.stopping.set()

    def _channel(self, peer: str, sock: Any) -> None:
        """Tell the peer who we are, and write down who it says it is."""
        self.note("channel", peer)
        self._sockets.append(sock)
        sock.setblocking(False)
        with contextlib.suppress(BrokenPipeError):  # it may have ended since
            sock.send(f"{self._child.name}\n".encode())
        asyncio.get_running_loop().add_reader(sock, partial(self._peer, peer, sock))

    def _peer(self, peer: str, sock: Any) -> None:
        try:
            said = sock.recv(100)
        except ConnectionResetError:  # it ended before it had read our name
            said = b""
        self.note("heard", peer, said.decode().strip() or "(end)")
        if not said:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    def _heard(self, message: Message) -> None:
        self.note("told", message.say.name, message.name, message.number, int(message.value))


def _descriptors() -> list[str]:
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(descriptor.readlink()).split(":")[0])
        except OSError:
            continue
    return found


def _live(folder: Path, what: str, child: Child) -> None:
    Role(folder, what, child).live()


def _spec(folder: Path, text: str) -> Spec:
    name, _, told = text.partition("=")
    what, *peers = told.split(",")
    outlives = name == "flight"
    nice = None if outlives else 0
    return Spec(name, partial(_live, folder, what), tuple(peers), SILENCE_S, STOP_S, None, nice, outlives=outlives)


class RigRenewal(Renewal):
    """Other settings are what the file `next` says: {"children": [CHILD…], "concerned": […]} or {"refused": true}.

    With "dies" whoever reads it ends badly, with "hangs" never.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._memory = -1

    @property
    def site(self) -> str:
        """The file."""
        return str(self._folder / "next")

    def _read(self, _child: Child) -> None:
        told = json.loads(Path(self.site).read_text())
        if "dies" in told:
            raise SystemExit(3)
        if "hangs" in told:
            time.sleep(3600)
        new = Found(None, refused=(Reason("reload.needs_restart", key="gateway.id"),))
        if "children" in told:
            said = (Reason("reload.profile_changed", profile="p"),)
            new = Found(told["children"], said, frozenset(told["concerned"]))
        with os.fdopen(self._memory, "wb") as left:
            left.write(pickle.dumps(new))

    def made(self, settings: Any) -> list[Spec]:
        """`settings` are the words of the children."""
        return [_spec(self._folder, text) for text in settings]


def main() -> int:
    """Be the supervisor."""
    folder = Path(sys.argv[1])
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    for name in ("FIRST_PAUSE_S", "LONGEST_PAUSE_S", "CALM_S", "FIRST_BEAT_S"):
        if name in os.environ:
            setattr(life, name, float(os.environ[name]))
    for name in ("AIRCRAFT_S", "LEAVE_S", "DRAIN_S"):
        if name in os.environ:
            setattr(stopping, name, float(os.environ[name]))
    if "GIVE_UP_S" in os.environ:
        child_module.GIVE_UP_S = child_module.END_ALONE_S = int(os.environ["GIVE_UP_S"])
    if "THREAD" in os.environ:
        threading.Thread(target=signal.pause, daemon=True).start()
    try:
        file = TreeFile(folder / "tree.json")
    except Taken as taken:
        sys.stderr.write(f"{taken}\n")
        return CANNOT_START
    renewal = RigRenewal(folder) if "RENEW" in os.environ else None
    try:
        Tree([_spec(folder, text) for text in sys.argv[2:]], file, renewal=renewal).run()
    except CannotStart:
        return CANNOT_START
    return 0


if __name__ == "__main__":
    sys.exit(main())
