"""The MQTT session against a real mosquitto: what ends a publish, who is let in, what a broken wire looks like."""

import asyncio
import contextlib
import gc
import signal
import socket
import time
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from hil.broker import Mosquitto
from hil.broker.lying import LyingBroker
from hil.ports import free_port
from hil.proxy import Proxy
from protocols.errors import NoAnswer, NotConnected, WireError
from protocols.mqtt import Link, Session, Will
from protocols.mqtt.dial import hang_up
from protocols.reason import Reason
from tests.waiting import patient, scaled, until

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
    assert time.monotonic() - started < scaled(1)
    await session.lost()
    with pytest.raises(NotConnected):
        await session.connect()
    await broker.start()
    wire.heal()
    await session.connect()
    assert await session.publish("a", b"x") in (0, 0x10)
    await session.close()


async def test_a_silent_broker_is_given_up_after_the_deadline_and_so_is_its_connection(wire: Proxy) -> None:
    session = Session(link(wire.port, answer_s=scaled(0.3)))
    await session.connect()
    wire.freeze()
    with pytest.raises(NoAnswer, match=r"no confirmation within "):
        await session.publish("a", b"x")
    async with patient("it is lost", 1):
        await session.lost()
    with pytest.raises(WireError):
        await session.connect()


async def test_an_idle_session_notices_a_dead_wire_by_its_pings(wire: Proxy) -> None:
    session = Session(link(wire.port, keepalive_s=1))
    await session.connect()
    wire.freeze()
    async with patient("its pings are missed"):
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
        session = Session(link(server.sockets[0].getsockname()[1], answer_s=scaled(0.5)))
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


async def test_a_full_socket_is_waited_for_and_afterwards_nothing_spins(broker: Mosquitto) -> None:
    session = Session(link(broker.port, in_flight=40))
    await session.connect()
    assert broker._process is not None
    broker._process.send_signal(signal.SIGSTOP)
    waiting = [asyncio.create_task(session.publish("a", bytes(1_000_000))) for _ in range(12)]
    await until("the socket is full", lambda: session._writing)
    broker._process.send_signal(signal.SIGCONT)
    assert await asyncio.gather(*waiting) == [0x10] * 12
    assert not session._writing

    client = session._client
    assert client is not None
    sock = client.socket()
    assert sock is not None
    loop = asyncio.get_running_loop()
    loop.add_writer(sock.fileno(), session._flush)
    session._writing = True  # as when paho's own write, in the next publish, was what emptied the queue
    await session.publish("a", b"x")
    assert not loop.remove_writer(sock.fileno()), "still watched although there is nothing to write"
    await session.close()


async def test_a_packet_of_256_megabytes_ends_the_connection_before_it_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = LyingBroker(free_port(), "order")
    why: list[Reason] = []
    received = 0
    recv = paho.Client._sock_recv

    def counted(self: paho.Client, most: int) -> bytes:
        nonlocal received
        data = recv(self, most)
        received += len(data)
        return data

    monkeypatch.setattr(paho.Client, "_sock_recv", counted)
    async with broker.listening():
        session = Session(link(broker.port), on_end=why.append)
        await session.connect()
        with contextlib.suppress(NotConnected):
            await session.subscribe("order")
        await session.lost()
        await session.close()
    assert [reason.code for reason in why] == ["mqtt.packet_too_large"]
    assert why[0].facts["bytes"] == LyingBroker.BYTES
    assert received < 100, "nothing of it"


def test_a_client_that_was_hung_up_tells_of_it_once_however_late_it_is_collected() -> None:
    ours, far_end = socket.socketpair()
    told: list[object] = []
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client._sock = ours
    client.on_socket_close = lambda *_: told.append("by paho")
    hang_up(client, lambda *_: told.append("by us"))
    del client
    gc.collect()
    far_end.close()
    assert told == ["by us"]


async def test_a_puback_counts_for_what_this_very_connection_sent() -> None:
    """PUBACKs for packets that were not sent yet, and in the next life for one that was cut off in the first."""
    lives: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lives.append(asyncio.Event())
        await reader.read(100)  # CONNECT
        writer.write(b"\x20\x03\0\0\0")
        writer.write(b"".join(b"\x40\x02" + number.to_bytes(2, "big") for number in range(1, 100)))
        await reader.read(100)  # PUBLISH
        await lives[-1].wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    session = Session(link(server.sockets[0].getsockname()[1]))
    for life in range(2):
        await session.connect()
        publishing = asyncio.create_task(session.publish("a/b", b"1"))
        await until("it is sent", lambda: len(session._waiting) == 1)
        await asyncio.wait([publishing], timeout=0.05)
        assert not publishing.done()
        lives[life].set()
        with pytest.raises(NotConnected):
            await publishing
    await session.close()
    server.close()


async def test_a_publish_that_nobody_waits_for_any_more_ends_with_its_connection_without_a_word(
    broker: Mosquitto,
) -> None:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: complaints.append(told))
    session = Session(link(broker.port))
    await session.connect()
    assert broker._process is not None
    broker._process.send_signal(signal.SIGSTOP)
    publishing = asyncio.create_task(session.publish("a/b", b"1"))
    await until("it is sent", lambda: len(session._waiting) == 1)
    publishing.cancel()
    await asyncio.wait([publishing])
    broker._process.send_signal(signal.SIGKILL)
    await session.lost()
    await session.close()
    del publishing  # its frames hold what it waited for
    gc.collect()
    assert complaints == []
