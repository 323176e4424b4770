"""Far ends that behave until they are told to lie: a broker's raw MQTT packets, and what an OPC UA server sends."""

import asyncio
import contextlib
import random
import struct
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator

from hil.broker.lying import packet
from tests.doors.test_topics import SEEDS, mutated

BURST = 25
"""Bent messages between two right ones."""
GREETING = 16
"""Chunks of an OPC UA server until its line is up: bent, they keep it from being dialled soon."""
TOPIC = b"hydronest/quzhou-demo/order/fact/incident"


class Liar(ABC):
    """Listens on `port`; while `dice` are there, what it sends is bent. `took`: what came of it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.dice: random.Random | None = None
        self.took: Counter[str] = Counter()
        """`let in`: connections; `right`: messages of both sides that were taken; `bent`: those that were not right."""
        self._open: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Meanwhile it can be reached."""
        server = await asyncio.start_server(self._met, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()
            for writer in list(self._open):
                writer.close()
            while self._open:  # noqa: ASYNC110 - each ends by itself
                await asyncio.sleep(0.01)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        self.took["let in"] += 1
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            writer.close()
            self._open.discard(writer)

    @abstractmethod
    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""

    @abstractmethod
    def _bend(self, writer: asyncio.StreamWriter, whole: bytes) -> None:
        """Send what is nearly right."""


class LyingBroker(Liar):
    """An uplink's broker. It confirms one message of each connection before it lies, so that it is dialled soon."""

    def site(self) -> str:
        """For the site file."""
        return f'[[uplinks]]\nid = "liar"\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {self.port}\n'

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            kind, body = await packet(reader)
            match kind >> 4:
                case 1:
                    writer.write(b"\x20\x03\0\0\0")
                case 3 if kind & 6:
                    at = 2 + int.from_bytes(body[:2], "big")
                    writer.write(b"\x40\x02" + body[at : at + 2])
                    self.took["right"] += 1
                    if self.dice is not None:
                        self._bend(writer, b"")
                case 8:
                    writer.write(b"\x90" + bytes([3 + topics(body)]) + body[:2] + b"\0" + b"\1" * topics(body))
                case 10:
                    writer.write(b"\xb0\x03" + body[:2] + b"\0")
                case 12:
                    writer.write(b"\xd0\0")
                case 14:
                    return
            await writer.drain()

    def _bend(self, writer: asyncio.StreamWriter, whole: bytes) -> None:
        dice = self.dice
        assert dice is not None
        number = dice.randbytes(2)
        for _ in range(BURST):
            publish = struct.pack(">H", len(TOPIC)) + TOPIC + number + b"\0" + mutated(dice, SEEDS)[:2000]
            kind, body = dice.choice(
                ((0x32, publish), (0x30, publish), (0x34, publish), (0x40, number), (0x50, number + b"\x92\0"),
                 (0x62, number), (0x70, number), (0x90, number + b"\0\1"), (0xD0, b""), (0xE0, b"\x8b\0"),
                 (0xF0, b"\x18\0"), (0x20, b"\0\0\0"), (dice.randrange(256), publish))
            )  # fmt: skip
            bent = bytearray(body)
            for _ in range(dice.randint(0, 3) if bent else 0):
                bent[dice.randrange(min(len(bent), 60))] = dice.randrange(256)
            head = bytes([kind]) + length(len(bent))
            writer.write((head if dice.random() < 0.9 else dice.randbytes(len(head))) + bent)
            self.took["bent"] += 1


def topics(body: bytes) -> int:
    """How many a SUBSCRIBE names."""
    at, count = 2, 0
    shift = size = 0
    while True:
        size |= (body[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if body[at - 1] < 128:
            break
    at += size
    while at < len(body):
        at += 3 + int.from_bytes(body[at : at + 2], "big")
        count += 1
    return count


def length(number: int) -> bytes:
    """As MQTT writes it."""
    out = bytearray()
    while True:
        number, byte = divmod(number, 128)
        out.append(byte | (128 if number else 0))
        if not number:
            return bytes(out)


class LyingServer(Liar):
    """Stands between an OPC UA line and the right server that listens `behind` it."""

    def __init__(self, port: int, behind: int) -> None:
        super().__init__(port)
        self._behind = behind

    def site(self) -> str:
        """For the site file."""
        return (
            f'[[lines]]\nid = "lying"\nkind = "opcua"\nurl = "opc.tcp://127.0.0.1:{self.port}/"\n'
            '[[devices]]\nid = "D1"\nkind = "hydrant"\nprofile = "hydrant/opcua"\nline = "lying"\nunit = "D1"\n'
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_connection("127.0.0.1", self._behind)
        asking = asyncio.create_task(pumped(reader, to_there))
        passed, from_the_first = 0, self.dice is not None and self.dice.random() < 0.25
        try:
            while True:
                head = await there.readexactly(8)
                whole = head + await there.readexactly(int.from_bytes(head[4:], "little") - 8)
                passed += 1
                if self.dice is not None and (from_the_first or passed > GREETING) and head[:3] == b"MSG":
                    self._bend(writer, whole)
                writer.write(whole)
                self.took["right"] += 1
                await writer.drain()
        finally:
            asking.cancel()
            await asyncio.wait([asking])
            to_there.close()

    def _bend(self, writer: asyncio.StreamWriter, whole: bytes) -> None:
        dice = self.dice
        assert dice is not None
        for _ in range(BURST):
            bent = bytearray(whole)
            first = 8 if dice.random() < 0.1 else 24  # behind the head, or behind the sequence too
            for _ in range(dice.randint(1, 4)):
                at = dice.randrange(min(first, len(bent) - 4), len(bent) - 3)
                if dice.random() < 0.3:
                    bent[at : at + 4] = dice.choice((b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\x10"))
                else:
                    bent[at] = dice.randrange(256)
            writer.write(bent)
            self.took["bent"] += 1


async def pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All that comes, until it ends; then the other side ends, too."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
