"""The MQTT session against a real mosquitto: what ends a publish, who is let in, what a broken wire looks like."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from hil.broker import Mosquitto
from hil.broker.certificates import make_certificates
from hil.broker.mosquitto import free_port
from hil.proxy import Proxy
from protocols.errors import Busy, NoAnswer, NotConnected, Refused, WireError
from protocols.mqtt import Link, Session, Will
from tests.uplinks.conformance import until

pytestmark = pytest.mark.usefixtures("mosquitto_installed")


def link(port: int, **more: object) -> Link:
    return Link("127.0.0.1", "gw", port, **more)  # type: ignore[arg-type] # each test names its own few


async def test_a_publish_returns_the_brokers_own_word(broker: Mosquitto) -> None:
    got: list[tuple[str, bytes]] = []
    session = Session(link(broker.port), lambda topic, payload: got.append((topic, payload)))
    await session.connect()
    assert await session.publish("a/b", b"1") == 0x10, "MQTT 5 says that nobody is subscribed"
    await session.subscribe("a/#")
    assert await session.publish("a/b", b"2") == 0
    await until("it comes back", lambda: got == [("a/b", b"2")])
    await session.close()
    with pytest.raises(NotConnected):
        await session.publish("a/b", b"3")


async def test_many_at_once_stay_within_what_the_broker_bears(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, extra="max_inflight_messages 5")
    await broker.start()
    session = Session(link(broker.port, in_flight=50))
    await session.connect()
    assert session.window == 5, "the broker's Receive Maximum; sending more makes it hang up"
    assert await asyncio.gather(*(session.publish("a", b"x") for _ in range(300))) == [0x10] * 300
    await session.close()
    await broker.stop()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_dying_broker_ends_every_waiting_publish_at_once(broker: Mosquitto, wire: Proxy, protocol: str) -> None:
    session = Session(link(wire.port, protocol=protocol, in_flight=4))
    await session.connect()
    wire.freeze()
    waiting = [asyncio.create_task(session.publish("a", b"x")) for _ in range(20)]  # more than the window
    await asyncio.sleep(0.05)
    await broker.kill()
    wire.cut()
    started = time.monotonic()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end) for end in ended] == [NotConnected] * 20
    assert time.monotonic() - started < 1
    await session.lost()
    with pytest.raises(NotConnected):
        await session.connect()
    await broker.start()
    wire.heal()
    await session.connect()
    assert await session.publish("a", b"x") in (0, 0x10)
    await session.close()


async def test_a_silent_broker_is_given_up_after_the_deadline_and_so_is_its_connection(wire: Proxy) -> None:
    session = Session(link(wire.port, answer_s=0.3))
    await session.connect()
    wire.freeze()
    with pytest.raises(NoAnswer, match=r"no confirmation within 0\.3 s"):
        await session.publish("a", b"x")
    async with asyncio.timeout(1):
        await session.lost()
    with pytest.raises(WireError):
        await session.connect()


async def test_an_idle_session_notices_a_dead_wire_by_its_pings(wire: Proxy) -> None:
    session = Session(link(wire.port, keepalive_s=1))
    await session.connect()
    wire.freeze()
    async with asyncio.timeout(10):
        await session.lost()


async def test_what_is_no_broker_is_said_plainly() -> None:
    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20)
        await writer.drain()
        writer.close()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    for serve, error in ((babble, NotConnected), (silence, NoAnswer)):
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        session = Session(link(server.sockets[0].getsockname()[1], answer_s=0.5))
        with pytest.raises(error):
            await session.connect()
        await session.close()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 0), ("no-such-host.invalid", 1883), ("a..b", 1883)], ids=str)
async def test_nobody_there_is_weather(host: str, port: int) -> None:
    session = Session(Link(host, "gw", port or free_port(), answer_s=2))
    with pytest.raises(NotConnected, match=f"mqtt://{host}:"):
        await session.connect()
    await session.close()


async def test_connecting_can_be_cancelled_and_leaves_nothing(wire: Proxy) -> None:
    wire.freeze()
    session = Session(link(wire.port))
    task = asyncio.create_task(session.connect())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not session.connected
    await session.close()


async def test_the_will_is_spoken_when_the_wire_breaks_but_not_at_a_goodbye(broker: Mosquitto, wire: Proxy) -> None:
    got: list[bytes] = []
    witness = Session(Link("127.0.0.1", "witness", broker.port), lambda _topic, payload: got.append(payload))
    await witness.connect()
    await witness.subscribe("will")
    session = Session(link(wire.port, will=Will("will", b"gone")))
    await session.connect()
    await session.close()
    await session.connect()
    wire.cut()
    await until("the will", lambda: got == [b"gone"])
    await session.lost()
    await witness.close()


async def test_a_kept_session_finds_what_came_while_it_was_away(broker: Mosquitto) -> None:
    got: list[bytes] = []
    session = Session(link(broker.port, session_expiry_s=60), lambda _topic, payload: got.append(payload))
    await session.connect()
    await session.subscribe("order")
    await session.close()
    other = Session(Link("127.0.0.1", "other", broker.port))
    await other.connect()
    await other.publish("order", b"open")
    await other.close()
    await session.connect()
    await until("the order", lambda: got == [b"open"])
    await session.close()


class ScriptedBroker:
    """Answers each packet of an MQTT 5 client with these bytes, for what mosquitto cannot be made to say."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = {"connect": bytes.fromhex("20 03 00 00 00"), **answers}
        self.port = 0
        self._server: asyncio.Server | None = None
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
        session = Session(link(broker.port, answer_s=0.3))
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
    ends: list[str] = []
    async with ScriptedBroker(publish=bytes.fromhex(puback)) as broker:
        session = Session(link(broker.port, answer_s=0.3), on_end=ends.append)
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
            session = Session(link(broker.port, answer_s=0.1), lambda *message, to=arrived: to.append(message))
            await session.connect()
            with contextlib.suppress(WireError):
                assert await session.publish("a", b"x") < 0x80, blob.hex()
            await session.close()
            assert not session.connected


class TestWhoIsLetIn:
    @pytest.mark.parametrize("protocol", ["5", "3.1.1"])
    async def test_user_and_password_from_a_file(self, tmp_path: Path, protocol: str) -> None:
        broker = Mosquitto(tmp_path / "b", passwords={"station": "right"})
        await broker.start()
        secret = tmp_path / "secret"
        session = Session(link(broker.port, protocol=protocol, user="station", password_file=secret))
        for text, words in (
            (None, "secret: No such file"),
            ("", "first line is empty"),
            ("wrong\n", "look at user and password_file"),
        ):
            if text is not None:
                secret.write_text(text)
            with pytest.raises(Refused, match=words):
                await session.connect()
        secret.write_text("right\n")  # a changed file counts at the next connect
        await session.connect()
        await session.close()
        assert "right" not in repr(session.link)
        await broker.stop()

    async def test_access_rules_refuse_with_their_reason_code(self, tmp_path: Path) -> None:
        broker = Mosquitto(tmp_path, rules="topic write mine/#\n")
        await broker.start()
        session = Session(link(broker.port))
        await session.connect()
        assert await session.publish("mine/x", b"1") == 0x10
        with pytest.raises(Refused, match=r"theirs/x.*\(0x87\)") as refused:
            await session.publish("theirs/x", b"1")
        assert refused.value.code == 0x87
        await session.connect()  # mosquitto 2.0.11 hangs up after such a refusal, later ones do not
        assert await session.publish("mine/x", b"1") == 0x10
        await session.close()
        await broker.stop()

    async def test_a_message_too_large_never_leaves(self, tmp_path: Path) -> None:
        broker = Mosquitto(tmp_path, extra="max_packet_size 2000")
        await broker.start()
        session = Session(link(broker.port))
        await session.connect()
        with pytest.raises(Refused, match="3000 bytes to a; the broker takes 2000"):
            await session.publish("a", b"x" * 3000)
        for size in range(1960, 2000):
            try:
                assert await session.publish("a", b"x" * size) == 0x10
            except Refused:
                assert size > 1980
        assert session.connected, "the bound is ours to keep: the broker would hang up, again and again"
        await session.close()
        await broker.stop()

    async def test_tls_with_client_certificates(self, tmp_path: Path) -> None:
        make_certificates(tmp_path / "pki", "gateway")
        make_certificates(tmp_path / "others", "gateway")
        broker = Mosquitto(tmp_path / "b", tls=tmp_path / "pki", client_certificates=True)
        await broker.start()

        def tls(ca: str = "pki", own: str | None = "pki", host: str = "127.0.0.1", **more: object) -> Session:
            files = (
                {}
                if own is None
                else {"cert_file": tmp_path / own / "gateway.pem", "key_file": tmp_path / own / "gateway.key"}
            )
            told = {**files, "ca_file": tmp_path / ca / "ca.pem", "answer_s": 3.0, **more}
            return Session(Link(host, "gw", broker.port, tls=True, **told))  # type: ignore[arg-type] # as above

        session = tls()
        await session.connect()
        payload = bytes(range(256)) * 400
        assert await asyncio.gather(*(session.publish("a", payload) for _ in range(50))) == [0x10] * 50
        await session.close()
        named = tls(server_name="localhost")
        await named.connect()
        await named.close()

        refused: list[tuple[Callable[[], Session], type[WireError], str]] = [
            (lambda: tls(ca="others"), Refused, "certificate does not hold"),
            (lambda: tls(server_name="elsewhere"), Refused, "does not hold.*elsewhere"),
            (lambda: tls(own=None), WireError, "mqtts://"),
            (lambda: tls(own="others"), WireError, "mqtts://"),
            (lambda: tls(ca="nowhere"), Refused, "ca_file .*: No such file"),
            (lambda: tls(key_file=tmp_path / "others" / "gateway.key"), Refused, "cert_file .*KEY_VALUES_MISMATCH"),
            (lambda: tls(ca_file=tmp_path / "b" / "mosquitto.conf"), Refused, "ca_file .*not what was expected"),
        ]
        for make, error, words in refused:
            session = make()
            with pytest.raises(error, match=words):
                await session.connect()
            await session.close()
        await broker.stop()

    async def test_an_expired_certificate_asks_about_the_clock(self, tmp_path: Path) -> None:
        make_certificates(tmp_path / "pki", expired=True)
        broker = Mosquitto(tmp_path / "b", tls=tmp_path / "pki")
        await broker.start()
        session = Session(link(broker.port, tls=True, ca_file=tmp_path / "pki" / "ca.pem"))
        with pytest.raises(Refused, match="expired; is this gateway's clock right"):
            await session.connect()
        await session.close()
        await broker.stop()
