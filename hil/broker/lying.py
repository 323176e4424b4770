"""A broker that grants everything and keeps no bound: MQTT 5 as far as a client has to be met."""

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import AsyncIterator


class LyingBroker:
    """Lets everybody in, grants every subscription, then sends one message of 256 MB, at full speed."""

    BYTES = 268_435_000

    def __init__(self, port: int, topic: str) -> None:
        self.port = port
        self._topic = topic.encode()
        self.took = Counter({"let in": 0, "megabytes": 0})

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Meanwhile it can be reached."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await packet(reader)
            writer.write(b"\x20\x03\0\0\0")  # CONNACK, no properties
            self.took["let in"] += 1
            number = (await packet(reader))[1][:2]
            writer.write(b"\x90\x04" + number + b"\0\x01")  # SUBACK at QoS 1
            head = struct.pack(">H", len(self._topic)) + self._topic + b"\0"
            writer.write(b"\x30" + _length(self.BYTES) + head)
            sent, piece = len(head), bytes(1 << 20)
            while sent < self.BYTES:
                writer.write(piece[: self.BYTES - sent])
                sent += len(piece)
                await writer.drain()
                self.took["megabytes"] += 1
            await reader.read()
        writer.close()


async def packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """One MQTT packet: its first byte, and its body."""
    kind = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return kind, await reader.readexactly(length)


def _length(number: int) -> bytes:
    out = bytearray()
    while True:
        number, byte = divmod(number, 128)
        out.append(byte | (128 if number else 0))
        if not number:
            return bytes(out)
