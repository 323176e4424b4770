"""The agent's side of the control socket: one JSON object per line, no client able to hold the agent up.

{"ask": NAME, ...arguments} is answered by {"ok": true, "value": ...}, or by many such lines with "more": true and a
last {"ok": true, "more": false}, or by {"ok": false, "code": ..., "reason": ..., "remedy": ...}.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import stat
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from agent.control.acts import Act
from agent.control.encoding import line_of
from agent.control.request import Answer, Stream
from agent.control.rights import Peer, Right, Rights, peer_of
from agent.control.session import Gone, Limits, Session, refusal, too_many
from protocols.errors import Reasoned
from protocols.reason import Reason
from protocols.system import os_reason

LONGEST_PATH = 103
"""Bytes: sun_path takes 108 with its end, and the socket is made under its name plus `.new`."""


NEXT_S = 0.005
"""Between one that was refused and the next: a crowd at the door costs no more than that."""
LOOK_EVERY_S = 2.0
"""So often the socket is looked for at its path: who swept it away must not have made us deaf."""
IDLE_S = 2.0
"""Where all places are taken, one whose client has asked nothing for so long is given to the next."""

log = logging.getLogger(__name__)


class SocketTaken(Reasoned):
    """The agent cannot listen at this path: another agent answers there, it is not a socket, it may not be made."""


class ControlServer:
    """Answers asks on the unix socket `path` (0660). `register` everything, then `start`, at the end `close`.

    `acts` is told of everything that changed anything, or was refused.
    """

    def __init__(
        self,
        path: Path,
        rights: Rights | None = None,
        limits: Limits | None = None,
        acts: Callable[[Act], None] = lambda _act: None,
    ) -> None:
        self.path = path
        self._rights = rights or Rights()
        self._limits = limits or Limits()
        self._acts = acts
        self._asks: dict[str, tuple[Answer | Stream, Right]] = {}
        self._urgent: set[str] = set()
        self._door: set[asyncio.Task[None]] = set()
        self._listening: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._clients: dict[asyncio.Task[None], Session] = {}
        self._inode = 0

    def register(self, name: str, handler: Answer | Stream, right: Right, *, urgent: bool = False) -> None:
        """Answer ask `name` with `handler`: a coroutine function, or an async generator function for a stream.

        `right` "operate" is for what changes anything. `urgent`: it is answered where all places are taken too.
        A name is registered once.
        """
        if name in self._asks:
            raise ValueError(f"ask {name} is registered twice")
        self._asks[name] = (handler, right)
        if urgent:
            self._urgent.add(name)

    async def start(self) -> None:
        """Listen. Raises SocketTaken if another agent answers there; a stale socket is replaced."""
        if len(bytes(self.path)) > LONGEST_PATH:
            raise SocketTaken("socket.path_too_long", socket=str(self.path), most_bytes=LONGEST_PATH)
        await self._dial()
        self._begin(self._listen())
        self._looking = asyncio.create_task(self._look(), name=f"looking for {self.path}")

    def _listen(self) -> socket.socket:
        """Put a socket at the path. Raises SocketTaken where that may not be."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        beside = self.path.with_name(self.path.name + ".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside.unlink(missing_ok=True)
            listening.bind(str(beside))
            beside.chmod(0o660)
            self._admit(beside)
            listening.listen(64)
            self._inode = beside.stat().st_ino
            beside.rename(self.path)  # nobody ever sees it with a wider mode, or not yet listening
        except OSError as error:
            listening.close()
            raise SocketTaken("socket.cannot_listen", socket=str(self.path), why=os_reason(error)) from error
        return listening

    def _admit(self, beside: Path) -> None:
        try:
            self._rights.admit(beside)
        except OSError as error:  # a file system without access lists: root and our own group come in all the same
            log.error("other groups than our own are not let in at %s: %s", self.path, error)

    def _begin(self, listening: socket.socket) -> None:
        self._listening = listening
        self._accepting = asyncio.create_task(self._accept(listening), name=f"listening at {self.path}")

    async def _look(self) -> None:
        """Make the socket anew where it is gone from its path, for ever. What another agent put there is left."""
        said: Reason | None = None
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if os.path.lexists(self.path):
                continue
            try:
                listening = self._listen()
            except SocketTaken as error:
                if said != error.reason:
                    log.error("somebody took the socket away: %s", error)
                said = error.reason
                continue
            said = None
            log.error("somebody took %s away; it is made anew", self.path)
            await self._deaf()
            self._begin(listening)

    async def _deaf(self) -> None:
        """Let nobody in any more."""
        if self._accepting is not None and self._listening is not None:
            self._accepting.cancel()
            await asyncio.wait([self._accepting])
            self._listening.close()
        self._accepting = self._listening = None

    async def close(self) -> None:
        """Hang up on everyone and take the socket away, unless another agent has put its own there."""
        if self._looking is None:
            return
        self._looking.cancel()
        await asyncio.wait([self._looking])
        self._looking = None
        await self._deaf()
        served = [*self._clients, *self._door]
        for task in served:
            task.cancel()
        await asyncio.gather(*served, return_exceptions=True)
        try:
            if self.path.stat().st_ino == self._inode:
                self.path.unlink()
        except FileNotFoundError:
            pass

    async def _dial(self) -> None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise SocketTaken("socket.cannot_listen", socket=str(self.path), why=os_reason(error)) from error
        if not stat.S_ISSOCK(found.st_mode):
            raise SocketTaken("socket.not_a_socket", socket=str(self.path))
        try:
            async with asyncio.timeout(2):
                _reader, writer = await asyncio.open_unix_connection(str(self.path))
        except (ConnectionRefusedError, FileNotFoundError):
            return  # left behind by an agent that is gone
        except TimeoutError:
            pass
        else:
            writer.close()
            await writer.wait_closed()
        raise SocketTaken("socket.another_agent", socket=str(self.path))

    async def _accept(self, listening: socket.socket) -> None:
        """One client a turn of the loop, however many knock; who is one too many is refused, a few a second."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, _address = await loop.sock_accept(listening)
            except OSError as error:  # no descriptor is left, or the client is gone again
                log.warning("nobody can be let in at %s: %s", self.path, error)
                await asyncio.sleep(NEXT_S)
                continue
            try:
                peer = peer_of(client)
            except OSError:
                client.close()
                continue
            if (others := self._in_the_way(peer)) and not self._made_room(others):
                if self._urgent and len(self._door) < self._limits.at_the_door:
                    await self._let_in(client, peer, len(others))
                else:
                    self._refuse(client, len(others))
                await asyncio.sleep(NEXT_S)
            else:
                await self._let_in(client, peer)

    def _in_the_way(self, peer: Peer) -> list[asyncio.Task[None]]:
        """One of these has to go before `peer` has a place; none where it has one."""
        limits = self._limits
        same = [task for task, session in self._clients.items() if session.peer.uid == peer.uid]
        if len(same) >= limits.per_user:
            return same
        if not self._rights.allows(peer, "operate"):
            readers = [task for task, one in self._clients.items() if not self._rights.allows(one.peer, "operate")]
            if len(readers) >= limits.clients - limits.kept_for_operators:
                return readers
        return list(self._clients) if len(self._clients) >= limits.clients else []

    def _made_room(self, others: list[asyncio.Task[None]]) -> bool:
        """Hang up on the one of them that has asked nothing for the longest, if that is worth speaking of."""
        now = asyncio.get_running_loop().time()
        task = min(others, key=lambda task: self._clients[task].idle_since or now)
        idle_since = self._clients[task].idle_since
        if idle_since is None or now - idle_since < IDLE_S:
            return False
        task.cancel()
        del self._clients[task]
        return True

    def _refuse(self, client: socket.socket, others: int) -> None:
        no = too_many(others)
        with client, contextlib.suppress(OSError):
            client.setblocking(False)
            client.send(line_of(refusal(no)))

    async def _let_in(self, client: socket.socket, peer: Peer, others: int = 0) -> None:
        """Serve it; where `others` have all the places, only at the door: one question, if that is urgent."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(self._limits.question_bytes)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _protocol = await loop.connect_accepted_socket(lambda: protocol, client)
        except OSError:
            client.close()
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        session = Session(reader, writer, peer, self._asks, self._rights, self._limits, self._acts)
        serving = session.run_at_the_door(self._urgent, others) if others else session.run()
        task = asyncio.create_task(_served(serving, writer), name=f"client {peer.pid}")
        if others:
            self._door.add(task)
            task.add_done_callback(self._door.discard)
        else:
            self._clients[task] = session
            task.add_done_callback(lambda task: self._clients.pop(task, None))


async def _served(serving: Coroutine[Any, Any, None], writer: asyncio.StreamWriter) -> None:
    try:
        await serving
    except (Gone, OSError, asyncio.CancelledError):
        writer.transport.abort()  # or the agent stops: nothing more is owed
    finally:
        writer.close()
