"""What a broker can answer, byte by byte, where mosquitto cannot be made to: each tells its caller what to do."""

import asyncio
import contextlib
import random
from typing import Self

import pytest

from protocols.errors import Busy, NoAnswer, NotConnected, Refused, WireError
from protocols.mqtt import Link, Session
from protocols.reason import Reason
from tests.waiting import scaled, until


def link(port: int, **more: object) -> Link:
    return Link("127.0.0.1", "gw", port, **more)  # type: ignore[arg-type] # each test names its own few


class ScriptedBroker:
    """Answers each packet of an MQTT 5 client with these bytes, for what mosquitto cannot be made to say."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = {"connect": bytes.fromhex("20 03 00 00 00"), **answers}
        self.port = 0
        self._server: asyncio.Server | None = None
        self.seen: list[int] = []  # packet types
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                head = await reader.readexactly(2)
                self.seen.append(head[0] >> 4)
                await reader.readexactly(head[1])
                writer.write(self.answers.get({1: "connect", 3: "publish", 8: "subscribe"}.get(head[0] >> 4, ""), b""))


@pytest.mark.parametrize(
    ("connack", "error", "words"),
    [
        ("20 03 00 84 00", Refused, 'set protocol = "3.1.1"'),
        ("20 03 00 8a 00", Refused, "banned"),
        ("20 03 00 88 00", Busy, "unavailable"),
        ("20 03 00 9f 00", Busy, "rate"),
        ("20 03 00", NoAnswer, "no greeting"),
        ("20 02 00 00", NotConnected, "not MQTT|lost"),
        ("d0 00", NoAnswer, "no greeting"),
    ],
)
async def test_every_greeting_says_what_to_do(connack: str, error: type[WireError], words: str) -> None:
    async with ScriptedBroker(connect=bytes.fromhex(connack)) as broker:
        session = Session(link(broker.port, answer_s=scaled(0.3)))
        with pytest.raises(error, match=words):
            await session.connect()
        await session.close()


@pytest.mark.parametrize(
    ("puback", "error"),
    [
        ("40 03 00 01 97", Busy),
        ("40 04 00 01 83 00", Busy),
        ("40 03 00 01 99", Refused),
        ("40 04 00 01 90 00", Refused),
        ("40 02 00 07", NoAnswer),
        ("e0 02 8e 00", NotConnected),
        ("e0 00", NotConnected),
        ("40 01 00", NotConnected),
        ("ff ff ff ff ff ff", NotConnected),
    ],
)
async def test_every_answer_to_a_publish_becomes_what_its_caller_should_do(puback: str, error: type[WireError]) -> None:
    ends: list[Reason] = []
    async with ScriptedBroker(publish=bytes.fromhex(puback)) as broker:
        session = Session(link(broker.port, answer_s=scaled(0.3)), on_end=ends.append)
        await session.connect()
        with pytest.raises(error) as raised:
            await session.publish("a", b"x")
        assert str(raised.value).startswith(f"mqtt://127.0.0.1:{broker.port}: ")
        assert ("same client_id" in str(raised.value)) == (puback == "e0 02 8e 00")
        assert bool(ends) == (error in (NotConnected, NoAnswer))
        await session.close()


async def test_no_bytes_from_a_broker_do_more_than_end_the_connection() -> None:
    dice = random.Random(4)
    puback, publish = bytes.fromhex("40 02 00 01"), bytes.fromhex("30 05 00 01 61 00 78")
    for _ in range(30):
        blob = bytearray(dice.choice([puback, publish, publish + puback, dice.randbytes(dice.randint(1, 40))]))
        for _ in range(dice.randint(0, 3)):
            blob[dice.randrange(len(blob))] = dice.randrange(256)
        arrived: list[tuple[str, bytes]] = []
        async with ScriptedBroker(publish=bytes(blob)) as broker:
            session = Session(link(broker.port, answer_s=scaled(0.1)), lambda *message, to=arrived: to.append(message))
            await session.connect()
            with contextlib.suppress(WireError):
                assert await session.publish("a", b"x") < 0x80, blob.hex()
            await session.close()
            assert not session.connected


async def test_the_brokers_keep_alive_counts_not_ours() -> None:
    one_second = bytes.fromhex("20 06 00 00 03 13 00 01")
    async with ScriptedBroker(connect=one_second) as broker:
        session = Session(link(broker.port, keepalive_s=3600))
        await session.connect()
        await until("a ping", lambda: 12 in broker.seen, 3)
        await session.close()
