"""The agent's side of the control socket: one JSON object per line, no client able to hold the agent up.

{"ask": NAME, ...arguments} is answered by {"ok": true, "value": ...}, or by many such lines with "more": true and a
last {"ok": true, "more": false}, or by {"ok": false, "code": ..., "reason": ..., "remedy": ...}.
"""

from __future__ import annotations

import asyncio
import socket
import stat
from pathlib import Path

from agent.control.request import Answer, RequestError, Stream
from agent.control.rights import Right, Rights, peer_of
from agent.control.session import Gone, Limits, Session
from protocols.errors import Reasoned
from protocols.reason import Reason
from protocols.system import os_reason

LONGEST_PATH = 103
"""Bytes: sun_path takes 108 with its end, and the socket is made under its name plus `.new`."""


class SocketTaken(Reasoned):
    """The agent cannot listen at this path: another agent answers there, it is not a socket, it may not be made."""


class ControlServer:
    """Answers asks on the unix socket `path` (0660). `register` everything, then `start`, at the end `close`."""

    def __init__(self, path: Path, rights: Rights | None = None, limits: Limits | None = None) -> None:
        self.path = path
        self._rights = rights or Rights()
        self._limits = limits or Limits()
        self._asks: dict[str, tuple[Answer | Stream, Right]] = {}
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._inode = 0

    def register(self, name: str, handler: Answer | Stream, right: Right) -> None:
        """Answer ask `name` with `handler`: a coroutine function, or an async generator function for a stream.

        `right` "operate" is for what changes anything. A name is registered once.
        """
        if name in self._asks:
            raise ValueError(f"ask {name} is registered twice")
        self._asks[name] = (handler, right)

    async def start(self) -> None:
        """Listen. Raises SocketTaken if another agent answers there; a stale socket is replaced."""
        if len(bytes(self.path)) > LONGEST_PATH:
            raise SocketTaken("socket.path_too_long", socket=str(self.path), most_bytes=LONGEST_PATH)
        await self._dial()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        beside = self.path.with_name(self.path.name + ".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside.unlink(missing_ok=True)
            listening.bind(str(beside))
            beside.chmod(0o660)
            listening.listen(64)
            self._inode = beside.stat().st_ino
            beside.rename(self.path)  # nobody ever sees it with a wider mode, or not yet listening
        except OSError as error:
            listening.close()
            raise SocketTaken("socket.cannot_listen", socket=str(self.path), why=os_reason(error)) from error
        self._server = await asyncio.start_unix_server(self._client, sock=listening, limit=self._limits.question_bytes)

    async def close(self) -> None:
        """Hang up on everyone and take the socket away, unless another agent has put its own there."""
        if self._server is None:
            return
        self._server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
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

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            peer = peer_of(writer.get_extra_info("socket"))
            session = Session(reader, writer, peer, self._asks, self._rights, self._limits)
            if len(self._clients) > self._limits.clients:
                await session.refuse(RequestError("busy", Reason("request.too_many", others=self._limits.clients)))
            else:
                await session.run()
        except (Gone, OSError, asyncio.CancelledError):
            writer.transport.abort()  # or the agent stops: nothing more is owed
        finally:
            self._clients.discard(task)
            writer.close()
