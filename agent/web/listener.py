"""Who is let in at the port, and how many: strangers can take each other's places, not those who are looking."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from agent.web.connection import Connection, Handler, Times

HANDSHAKE_S = 5.0
WAITING_BYTES = 65_536
"""Written and not yet taken by a browser, before whoever writes waits."""

_log = logging.getLogger("hydronest")


@dataclass(frozen=True, slots=True)
class Limits:
    """What browsers may cost."""

    connections: int = 64
    of_one_address: int = 24  # of these; not of this machine's own, which may be a proxy for many
    idle_s: float = 2.0  # where all places are taken, one that has asked nothing for so long is given to the next


class Listener:
    """`start`, at the end `close`. Raises OSError where it cannot listen."""

    def __init__(self, handler: Handler, limits: Limits | None = None, times: Times | None = None) -> None:
        self._handler = handler
        self._limits = limits or Limits()
        self._times = times or Times()
        self._server: asyncio.Server | None = None
        self._served: dict[asyncio.Task[None], tuple[Connection, str]] = {}
        self.refused = 0

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; the port."""
        shake = None if tls is None else HANDSHAKE_S
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            partial(_protocol, self._let_in), host, port, ssl=tls, ssl_handshake_timeout=shake, backlog=64
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Let nobody in any more and hang up on everyone."""
        if self._server is not None:
            self._server.close()
        for task in self._served:
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ("",))[0])
        if not self._has_room(address):
            self.refused += 1
            writer.transport.abort()
            return
        writer.transport.set_write_buffer_limits(high=WAITING_BYTES)
        connection = Connection(reader, writer, self._handler, self._times)
        task = asyncio.create_task(_served(connection, writer), name="browser")
        self._served[task] = connection, address
        task.add_done_callback(lambda task: self._served.pop(task, None))

    def _has_room(self, address: str) -> bool:
        same = [task for task, (_, other) in self._served.items() if other == address]
        if len(same) >= self._limits.of_one_address and not _own(address):
            return self._made_room(same)
        return len(self._served) < self._limits.connections or self._made_room(list(self._served))

    def _made_room(self, others: list[asyncio.Task[None]]) -> bool:
        now = asyncio.get_running_loop().time()
        task = min(others, key=lambda task: self._served[task][0].idle_since or now)
        idle_since = self._served[task][0].idle_since
        if idle_since is None or now - idle_since < self._limits.idle_s:
            return False
        task.cancel()
        del self._served[task]
        return True


def _protocol(let_in: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]) -> asyncio.StreamReaderProtocol:
    reader = asyncio.StreamReader(limit=WAITING_BYTES)
    return asyncio.StreamReaderProtocol(reader, let_in)


def _own(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


async def _served(connection: Connection, writer: asyncio.StreamWriter) -> None:
    try:
        await connection.run()
    except (OSError, TimeoutError, asyncio.CancelledError):
        writer.transport.abort()  # it is gone, too slow, or we end: nothing more is owed
    except Exception:  # a mistake of ours costs one browser its connection, nobody else anything
        _log.exception("a browser's request failed")
        writer.transport.abort()
    finally:
        writer.close()


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """What browsers are shown. Raises OSError where the files are not there or do not fit (SSLError is one)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context
