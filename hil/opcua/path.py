"""A network path on loopback that can be cut, held and mended: TCP in, TCP out, nothing understood."""

import asyncio
import contextlib
from typing import Self


class Path:
    """`async with Path(port) as path:` forwards `path.port` to `port`.

    `hold()` stops carrying bytes while both ends stay connected (a frozen server, a dead radio link);
    `cut()` breaks every connection and refuses new ones; `mend()` ends either.
    """

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self._to = to_port
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._carriers: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def hold(self) -> None:
        """Nothing passes any more, in either direction; connections stay up and new ones are accepted."""
        self._flowing.clear()

    async def cut(self) -> None:
        """Break every connection; new ones are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for carrier in list(self._carriers):
            carrier.cancel()
        await asyncio.gather(*self._carriers, return_exceptions=True)

    async def mend(self) -> None:
        """Carry again."""
        self._flowing.set()
        if self._server is None:
            await self._listen()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._join(reader, writer), name=f"path {self.port}")
        self._carriers.add(task)
        task.add_done_callback(self._carriers.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._flowing.wait()
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._carry(reader, there_writer))
                    group.create_task(self._carry(there_reader, writer))
            finally:
                there_writer.transport.abort()
        except* OSError:
            pass
        finally:
            writer.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            await self._flowing.wait()
            sink.write(data)
            await sink.drain()
        raise ConnectionResetError("the other end closed")


async def free_port() -> int:
    """A TCP port nobody listens on at this moment."""
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    with contextlib.suppress(OSError):
        await server.wait_closed()
    return port
