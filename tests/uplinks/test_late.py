"""A broker that takes its time: what it confirms late counts, and one that says nothing at all is given up."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hil.broker import Mosquitto
from hil.broker.lying import packet
from hil.proxy import Proxy
from protocols.errors import NoAnswer, NotConnected
from protocols.mqtt import Link, Session
from protocols.mqtt.patience import LATEST_S, SLOWEST_BYTES_PER_S, Patience
from tests.waiting import patient, scaled

ASKS: tuple[Callable[[Session], Awaitable[object]], ...] = (
    lambda session: session.publish("a", b"x"),
    lambda session: session.subscribe("a"),
)
ENDS = OSError, asyncio.IncompleteReadError, asyncio.CancelledError


@contextlib.asynccontextmanager
async def slow_broker(late_s: float, *, pings: bool = True) -> AsyncIterator[int]:
    """Lets everybody in, confirms each message so late, and answers pings at once; its port."""

    async def confirm(writer: asyncio.StreamWriter, number: bytes) -> None:
        await asyncio.sleep(late_s)
        writer.write(b"\x40\x02" + number)

    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        confirming = []
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with contextlib.closing(writer), contextlib.suppress(*ENDS):
            while True:
                kind, body = await packet(reader)
                if kind >> 4 == 1:
                    writer.write(b"\x20\x03\0\0\0")
                elif kind >> 4 == 3:
                    (length,) = struct.unpack(">H", body[:2])
                    confirming.append(asyncio.create_task(confirm(writer, body[2 + length : 4 + length])))
                elif kind >> 4 == 12 and pings:
                    writer.write(b"\xd0\0")
        for one in confirming:
            one.cancel()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for one in serving:
            one.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await server.wait_closed()


async def test_a_confirmation_counts_however_late_it_is_while_the_broker_is_there() -> None:
    async with slow_broker(scaled(1.0)) as port:
        session = Session(Link("127.0.0.1", "gw", port, answer_s=scaled(0.25)))
        await session.connect()
        assert await asyncio.gather(*(session.publish("a", b"x") for _ in range(3))) == [0, 0, 0]
        assert session.connected
        await session.close()


async def test_a_broker_that_says_nothing_at_all_is_given_up() -> None:
    async with slow_broker(60.0, pings=False) as port:
        session = Session(Link("127.0.0.1", "gw", port, answer_s=scaled(0.25)))
        await session.connect()
        with pytest.raises(NoAnswer):
            await session.publish("a", b"x")
        assert not session.connected


async def test_a_slow_bearer_is_given_the_time_that_what_is_under_way_takes(wire: Proxy) -> None:
    wire.up_bytes_per_s = 20_000
    session = Session(Link("127.0.0.1", "gw", wire.port, answer_s=0.5))
    await session.connect()
    assert await session.publish("a", bytes(20_000)) in (0, 0x10)
    await session.close()


async def test_a_wire_that_acknowledges_nothing_is_given_up_one_that_is_only_silent_is_not(broker: Mosquitto) -> None:
    async with Proxy(broker.port) as dead, Proxy(broker.port) as silent:
        sessions = [Session(Link("127.0.0.1", f"gw{wire.port}", wire.port, answer_s=0.5)) for wire in (dead, silent)]
        for session in sessions:
            await session.connect()
        dead.lose()
        silent.freeze()
        given_up, waiting = (asyncio.create_task(session.publish("a", bytes(20_000))) for session in sessions)
        with pytest.raises(NoAnswer):
            async with patient("the dead wire is given up", 10.0):  # 20,000 bytes may take the slowest bearer 50 s
                await given_up
        assert not waiting.done(), "what the kernel at the other end acknowledges is on its way"
        silent.heal()
        assert await waiting in (0, 0x10)
        for session in sessions:
            await session.close()


async def test_what_is_asked_of_a_wire_just_broken_ends_at_once() -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        for asks in ASKS:
            session = Session(Link("127.0.0.1", "gw", server.getsockname()[1]))
            connecting = asyncio.create_task(session.connect())
            peer, _ = await loop.sock_accept(server)
            await loop.sock_sendall(peer, b"\x20\x03\0\0\0")
            await connecting
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()  # its reset is here before the loop has seen it
            async with patient("it ends", 2.0):
                with pytest.raises(NotConnected):
                    await asks(session)
            await session.close()


def test_patience_ends_where_nothing_moves() -> None:
    now = 100.0
    patience = Patience(lambda: now, 5.0)
    now = 104.9
    assert not patience.over(100.0)
    now = 105.0
    assert patience.over(100.0)
    assert not patience.over(101.0), "what was asked later has its own time"
    patience.came()
    now = 109.0
    assert not patience.over(100.0)
    patience.asked(1, 10 * SLOWEST_BYTES_PER_S)
    now = 119.0
    assert not patience.over(100.0), "ten seconds more for what is under way"
    patience.answered(1)
    assert patience.over(100.0)
    patience.came()
    now = 100.0 + LATEST_S
    patience.came()
    assert patience.over(100.0), "whatever else it says"
