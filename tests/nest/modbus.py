"""A Modbus TCP line of the agent's own to a port on this host."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from protocols.modbus.line_tcp import TcpLine
from protocols.modbus.port_tcp import TcpPort


def free_tcp_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.asynccontextmanager
async def tcp_line(port: int) -> AsyncIterator[TcpLine]:
    line = TcpLine("nest", TcpPort("127.0.0.1", port), [])
    run = asyncio.create_task(line.run())
    try:
        yield line
    finally:
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run
