"""A Modbus TCP line of the agent's own to a port on this host."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from protocols.modbus.line_tcp import TcpLine
from protocols.modbus.port_tcp import TcpPort


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
