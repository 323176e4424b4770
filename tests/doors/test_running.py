"""Every door of a running agent at once part of one life: 1,000 mutated messages each (HYDRONEST_FUZZ asks for more).

No child ends, no link drops but those whose far end itself lies, nobody takes more than 20 MB for it, and flight beats
on. The far ends that lie, a broker and an OPC UA server, are hung up on for much of it and dialled anew: of those it is
as many as their time bears.
"""

import asyncio
import contextlib
import json
import os
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from pymavlink.dialects.v20 import common as mv

from agent.runtime.flood import MOST
from hil.centre.centre import WALL
from hil.opcua.hydrant import WATER_NAMESPACE, hydrants_nodes
from hil.opcua.server import HydrantServer
from hil.ports import free_port
from protocols.gb26875.frame import Frame
from tests.bench.flight.scenario import MOST_GAP_S, Rig, rig
from tests.bench.flight.strangers import A_KEY, ORDERS
from tests.doors.liars import BURST, Liar, LyingBroker, LyingServer
from tests.doors.test_topics import MESSAGES, SEEDS, mutated
from tests.waiting import until

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(300 + MESSAGES // 10)]

MOST_MORE_MB = 20.0
ROUND = 250
"""Messages between two looks at whether what was sent has been dealt with."""
TOPICS = ("ack", "order/flight", "order/fact/incident", "order/fact/permit", "order/missing", "order/nothing")


class Standing(NamedTuple):
    """How the agent stands: by child, and the uplinks' losses."""

    restarts: dict[str, int]
    rss_mb: dict[str, float]
    gap_s: dict[str, float]
    losses: dict[str, int]


async def standing(found: Rig) -> Standing:
    lives = found.lives()
    uplinks = await found.agent.ask("uplink.status")
    return Standing(
        {name: int(life["restarts"]) for name, life in lives.items()},
        {name: rss_mb(int(life["pid"])) for name, life in lives.items()},
        {name: float(life["longest_gap_s"]) for name, life in lives.items()},
        {one["id"]: int(one["losses"]) for one in uplinks if one["id"] != "liar"},
    )


def rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(pid)


def a_level() -> dict[str, float]:
    """What the right OPC UA server shows: another value each time."""
    return {"D1.Pressure": 200.0 + 7.0 * (time.monotonic_ns() % 97)}


class Fuzz:
    """What every door needs: dice, an MQTT client, and a way to know that the agent has come so far."""

    def __init__(self, found: Rig, client: paho.Client, broker: LyingBroker, server: LyingServer) -> None:
        self.found = found
        self.broker = broker
        self.server = server
        self.client = client
        self.dice = random.Random(int(os.environ.get("HYDRONEST_FUZZ_SEED", "7")))
        self.marks = 0

    async def rounds(self) -> AsyncIterator[range]:
        """The numbers of a round of messages; before the next one the agent has dealt with them."""
        for first in range(0, MESSAGES, ROUND):
            yield range(first, min(first + ROUND, MESSAGES))
            await self.dealt_with()

    async def dealt_with(self) -> None:
        """A claim sent last is there: the broker has handed over all before it, and the platform's topics are read.

        It is sent again: beside a flood a fact may be one too many, and is counted as such.
        """
        self.marks += 1
        name = f"mark-{self.marks}"
        told = json.dumps({"id": name, "lon": 118.8, "lat": 28.9, "at_s": 1.7e9}).encode()
        looks = 0
        while not looks or name not in str(await self.found.agent.ask("facts.list")):
            if looks % 40 == 0:
                self.client.publish(f"{ORDERS}/fact/incident", told, qos=1)
            looks += 1
            await asyncio.sleep(0.05)


async def platform(it: Fuzz) -> None:
    """Its topics: orders, facts, acknowledgements, and what is none of these."""
    async for numbers in it.rounds():
        for number in numbers:
            it.client.publish(f"hydronest/quzhou-demo/{TOPICS[number % len(TOPICS)]}", mutated(it.dice), qos=1)
    kept = (it.found.town.state_dir / "flight/orders.jsonl").read_bytes().splitlines()
    assert len(kept) >= MOST, "it never took hold"
    assert len(await it.found.agent.ask("facts.list")) > 1


async def centre(it: Fuzz) -> None:
    """Right frames with any content, and frames that are none between them: the connection is to stay."""
    there = it.found.town.centre
    assert there is not None
    async for numbers in it.rounds():
        for number in numbers:
            data = mutated(it.dice, SEEDS)[:900]
            if number % 2:
                there.send_raw(it.dice.choice((1, 2, 3, 4, 4, 5, 6, it.dice.randrange(256))), data)
            else:
                frame = Frame(number % 65536, there.dialect.versions, WALL, there.address, 3301, 2, data[:200])
                whole = bytearray(frame.encoded(there.dialect))
                whole[it.dice.randrange(2, len(whole))] ^= it.dice.randrange(1, 256)
                for writer in there._clients:
                    writer.write(bytes(whole))
        await asyncio.sleep(0)
    assert len(there.answers) >= MOST, "it never took hold"


async def sockets(it: Fuzz) -> None:
    """Core's and flight's, each line answered."""
    for path in (it.found.agent.socket, it.found.flight_socket):
        reader, writer = await asyncio.open_unix_connection(str(path))
        asks = [
            json.dumps({"ask": ask, "n": 1}).encode() for ask in ("status", "nest.list", "facts.list", "flight.held")
        ]
        answered = 0
        for _ in range(MESSAGES):
            line = mutated(it.dice, [*SEEDS, *asks])[:60_000]
            writer.write((line.strip() or b"{}") + b"\n")
            await writer.drain()
            while (answer := await reader.readline()) and json.loads(answer).get("more"):
                pass
            if not answer:
                reader, writer = await asyncio.open_unix_connection(str(path))
            answered += 1
        writer.close()
        assert answered == MESSAGES


async def aircraft(it: Fuzz) -> None:
    """Datagrams on the aircraft's port: bent frames, and whole ones with any fields under its own system id."""
    nest = it.found.town.nest
    assert nest is not None
    kinds = [one for one in mv.mavlink_map.values() if one.id < 400]
    mav = mv.MAVLink(None, 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        async for numbers in it.rounds():
            for number in numbers:
                kind = it.dice.choice(kinds)
                payload = it.dice.randbytes(it.dice.randint(1, kind.unpacker.size))
                frame = bytearray(whole_frame(mav, kind, payload))
                if number % 3 == 0:
                    frame[it.dice.randrange(len(frame))] ^= it.dice.randrange(1, 256)
                stranger.sendto(bytes(frame), nest.vehicle._address)
                if number % 10 == 0:
                    await asyncio.sleep(0.002)


def whole_frame(mav: Any, kind: Any, payload: bytes) -> bytes:
    """MAVLink 2 with its right checksum and nothing else right."""
    mav.seq = (mav.seq + 1) % 256
    head = bytes([len(payload), 0, 0, mav.seq, 1, 1]) + kind.id.to_bytes(3, "little")
    crc = mv.x25crc(head + payload)
    crc.accumulate(bytes([kind.crc_extra]))
    whole: bytes = b"\xfd" + head + payload + int(crc.crc).to_bytes(2, "little")
    return whole


async def street(it: Fuzz) -> None:
    """Bytes between and into the answers of a Modbus line."""
    wire = it.found.town.wire
    async for numbers in it.rounds():
        for _ in numbers:
            noise = it.dice.randbytes(it.dice.randint(1, 60))
            wire.order(lambda noise=noise: wire.pair.noise(noise))  # type: ignore[misc]
        await asyncio.sleep(0.05)


async def lied_to(it: Fuzz, liar: Liar) -> None:
    """For as long as it takes, or five milliseconds a message; then it is believed again."""
    end = asyncio.get_running_loop().time() + MESSAGES / 200
    liar.dice = it.dice
    await until("it lied", lambda: liar.took["bent"] >= 4 * BURST, 60.0, lambda: liar.took["let in"])
    while liar.took["bent"] < MESSAGES and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.05)
    liar.dice = None
    right = liar.took["right"]
    await until("it is believed again", lambda: liar.took["right"] > right + 4, 60.0, lambda: liar.took["right"])


async def packets(it: Fuzz) -> None:
    """MQTT from a broker that lies: bent packets of every kind between right ones."""
    await lied_to(it, it.broker)


async def server(it: Fuzz) -> None:
    """What an OPC UA server sends, bent, between what is right."""
    await lied_to(it, it.server)


DOORS: tuple[Callable[[Fuzz], Awaitable[None]], ...] = (
    platform, centre, sockets, aircraft, street, packets, server,
)  # fmt: skip


@contextlib.asynccontextmanager
async def fuzzing(folder: Path) -> AsyncIterator[Fuzz]:
    nodes = hydrants_nodes(("D1",))
    behind = HydrantServer(nodes, namespace=WATER_NAMESPACE, values=a_level, period_s=0.05)
    broker = LyingBroker(free_port())
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(behind)
        server = LyingServer(free_port(), behind.port)
        for liar in (broker, server):
            await stack.enter_async_context(liar.listening())
        found = await stack.enter_async_context(rig(folder, more=A_KEY + broker.site() + server.site(), speedup=8.0))
        for liar in (broker, server):
            await until("it is believed", lambda liar=liar: liar.took["right"] > 4)  # type: ignore[misc]
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.max_queued_messages_set(0)
        client.connect("127.0.0.1", found.town.broker.port)
        client.loop_start()
        try:
            yield Fuzz(found, client, broker, server)
        finally:
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)


async def test_a_running_agent_lives_on_whatever_comes_in_by_any_door(tmp_path: Path) -> None:
    async with fuzzing(tmp_path) as it:
        await it.dealt_with()
        before = await standing(it.found)
        for door in DOORS:
            await door(it)
            await it.dealt_with()
            after = await standing(it.found)
            assert after.restarts == before.restarts, door.__name__
            assert after.losses == before.losses, door.__name__
            more = {name: mb - before.rss_mb[name] for name, mb in after.rss_mb.items()}
            assert max(more.values()) <= MOST_MORE_MB, (door.__name__, more)
            assert after.gap_s["flight"] <= MOST_GAP_S, (door.__name__, after.gap_s)
            others = {name: max(MOST_GAP_S + 1, gap_s) for name, gap_s in before.gap_s.items()}  # once a second
            late = {name for name, most_s in others.items() if after.gap_s[name] > most_s}
            assert not late, (door.__name__, after.gap_s, before.gap_s)
