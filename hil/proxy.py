"""A TCP wire that can be cut, slowed, or left half open, between anything that dials and anything that listens."""

import asyncio
import contextlib
import ctypes
import socket
import struct
from typing import Self

CHUNK = 16_384
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27  # asm-generic/socket.h; Python names neither
NOTHING = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
"""A packet filter of one instruction, BPF_RET: let in 0 bytes."""


class Proxy:
    """Listens on a free loopback port and carries bytes to `host`:`port`. Healthy until told otherwise.

    `async with` it, or `start` and `stop`. `cut` resets every connection and every new one; `freeze` keeps them open
    and carries nothing more, as a far end that hangs does; `lose` drops each segment that comes from who dialled, so
    that its kernel hears no acknowledgement, as on a dead radio link; `heal` ends all, and what was held arrives late.
    `delay_s` holds every chunk that long, both ways;
    `up_bytes_per_s` is how much the wire carries towards `port`, without bound when None.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.target = (host, port)
        self.port = 0
        self.delay_s = 0.0
        self.up_bytes_per_s: float | None = None
        self.bytes_up = 0
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._live: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._near: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._is_cut = False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; `port` is set afterwards and stays the same for good."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        self._reset_all()
        for task in list(self._live):
            task.cancel()
        await asyncio.gather(*self._live, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def cut(self) -> None:
        """Reset every connection; new ones are reset as well until `heal`."""
        self._is_cut = True
        self._reset_all()

    def freeze(self) -> None:
        """Carry nothing more, and say nothing: what is open stays open."""
        self._flowing.clear()

    def lose(self) -> None:
        """Have the kernel drop what comes in on what is open now: who sends is not even acknowledged."""
        for writer in self._near:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(NOTHING)))

    def heal(self) -> None:
        """Be a wire again."""
        self._is_cut = False
        for writer in self._near:
            with contextlib.suppress(OSError):  # none attached
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._live.add(task)
        self._writers.add(writer)
        self._near.add(writer)
        self.connections += 1
        there: asyncio.StreamWriter | None = None
        try:
            if self._is_cut:
                return
            back, there = await asyncio.open_connection(*self.target)
            self._writers.add(there)
            up = asyncio.create_task(self._carry(reader, there, upwards=True))
            down = asyncio.create_task(self._carry(back, writer, upwards=False))
            try:
                await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            finally:
                up.cancel()
                down.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
        except OSError:
            pass  # the far end is not there: the near end finds its connection closed
        finally:
            self._live.discard(task)
            self._near.discard(writer)
            for open_writer in (writer, there):
                if open_writer is not None:
                    self._writers.discard(open_writer)
                    _reset(open_writer)
                    with contextlib.suppress(OSError):
                        await open_writer.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, upwards: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self._flowing.wait()
                if self.delay_s > 0:
                    await asyncio.sleep(self.delay_s)
                if upwards and self.up_bytes_per_s is not None:
                    await asyncio.sleep(len(chunk) / self.up_bytes_per_s)
                if upwards:
                    self.bytes_up += len(chunk)
                writer.write(chunk)
                await writer.drain()

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST, so that neither side can take it for a goodbye."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
