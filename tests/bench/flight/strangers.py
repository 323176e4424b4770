"""Strangers on the wires (cases B1, B7, B8): a broker's messages, a broker that lies, a centre, an OPC UA server."""

import asyncio
import base64
import contextlib
import struct
from collections import Counter
from collections.abc import AsyncIterator

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from agent.flight.orders.signing import public_text
from hil.broker.lying import LyingBroker
from tests.bench.flight.again import again, beside, numbered
from tests.bench.flight.scenario import Rig

ORDERS = "hydronest/quzhou-demo/order"
A_KEY = (
    '[[flight.keys]]\nid = "captain"\nperson = "wang"\nrole = "brigade"\n'
    f'public_key = "{public_text(Ed25519PrivateKey.from_private_bytes(bytes(32)))}"\n'
)
"""For the site file: somebody whose signature is forged."""
FLOOD = 450
"""Orders a second."""


@contextlib.asynccontextmanager
async def _publisher(rig: Rig, took: Counter[str]) -> AsyncIterator[paho.Client]:
    """A client of the broker; counts what the broker took from it."""
    client = paho.Client(CallbackAPIVersion.VERSION2)

    def published(*_told: object) -> None:
        took["published"] += 1

    client.on_publish = published
    client.connect("127.0.0.1", rig.town.broker.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


def _nested(depth: int) -> bytes:
    payload = orjson.dumps("[" * depth).decode()
    return b'{"payload":%b,"key":"x","signature":"x"}' % payload.encode()


@contextlib.asynccontextmanager
async def messages(rig: Rig) -> AsyncIterator[Counter[str]]:
    """What is no order and no fact: nests, endless numbers, bytes that are no text; a thousand incidents a second."""
    took = Counter({"published": 0, "refused by core": 0, "refused by flight": 0})
    bad = (
        (f"{ORDERS}/flight", _nested(7000)),
        (f"{ORDERS}/flight", b"[" * 8000),
        (f"{ORDERS}/fact/incident", b'{"id":"x","lon":118.8,"lat":28.9,"at_s":' + b"9" * 400 + b"}"),
        (f"{ORDERS}/fact/permit", b"\xff\x00{" * 50),
    )
    async with _publisher(rig, took) as client:
        due, incidents = numbered(FLOOD), numbered(1000)

        async def publish() -> None:
            for number in due():
                topic, payload = bad[number % len(bad)]
                client.publish(topic, payload, qos=1)
            for number in incidents():
                told = b'{"id":"i%d","lon":1,"lat":1,"at_s":1}' % number
                client.publish(f"{ORDERS}/fact/incident", told, qos=1)

        async with beside(again(publish, 0.02)):
            yield took
            took["refused by core"] = _refused_facts(rig)
            took["refused by flight"] = _refused_orders(rig)


@contextlib.asynccontextmanager
async def orders(rig: Rig) -> AsyncIterator[Counter[str]]:
    """Orders that are refused, 450 a second: of nobody, of somebody by a forged signature; each has another id."""
    took = Counter({"published": 0, "refused by flight": 0})
    forged = base64.b64encode(bytes(64)).decode()
    async with _publisher(rig, took) as client:
        due = numbered(FLOOD)

        async def publish() -> None:
            for number in due():
                key, signature = (("captain", forged), ("nobody", "x"))[number % 2]
                payload = orjson.dumps({"id": f"flood-{number}", "gateway": "quzhou-demo", "verb": "fly"}).decode()
                envelope = {"payload": payload, "key": key, "signature": signature}
                client.publish(f"{ORDERS}/flight", orjson.dumps(envelope), qos=1)

        async with beside(again(publish, 0.02)):
            yield took
            took["refused by flight"] = _refused_orders(rig)


def _refused_facts(rig: Rig) -> int:
    """As the platform is told of them: one event each, a flood of them a number."""
    events = [event for message in rig.town.store.messages("event") for event in message.get("events", ())]
    return sum(event["kind"] == "order" and event["evidence"].get("verb") == "fact" for event in events)


def _refused_orders(rig: Rig) -> int:
    """As flight's own file of orders has them."""
    kept = (rig.town.state_dir / "flight" / "orders.jsonl").read_bytes().splitlines()
    return sum(orjson.loads(line)["status"] == "refused" for line in kept)


@contextlib.asynccontextmanager
async def questions(rig: Rig) -> AsyncIterator[Counter[str]]:
    """A fire centre that asks about forty things two hundred times a second."""
    took = Counter({"asked": 0, "answered": 0})
    centre = rig.town.centre
    assert centre is not None
    things = [
        {"system_type": 11, "system_address": 0, "component_type": 99, "component_address": n} for n in range(1, 41)
    ]
    due, before = numbered(200), len(centre.answers)

    async def ask() -> None:
        for _ in due():
            centre.ask(62, things)
            took["asked"] += 1

    async with beside(again(ask, 0.02)):
        yield took
        took["answered"] = len(centre.answers) - before


class LargePacket(LyingBroker):
    """An uplink whose broker lets everybody in and sends 256 MB at once."""

    def __init__(self, port: int) -> None:
        super().__init__(port, f"{ORDERS}/flight")

    def site(self) -> str:
        """For the site file."""
        return f'[[uplinks]]\nid = "liar"\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {self.port}\n'

    @contextlib.asynccontextmanager
    async def beside(self, _rig: Rig) -> AsyncIterator[Counter[str]]:
        """A `Hostile`."""
        yield self.took


class DribblingServer:
    """An OPC UA server that acknowledges the hello, announces a chunk of four gigabytes and dribbles it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.took = Counter({"dribbled": 0})

    def site(self) -> str:
        """For the site file."""
        return (
            f'[[lines]]\nid = "dribble"\nkind = "opcua"\nurl = "opc.tcp://127.0.0.1:{self._port}/"\n'
            '[[devices]]\nid = "D1"\nkind = "hydrant"\nprofile = "hydrant/opcua"\nline = "dribble"\nunit = "D1"\n'
        )

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Meanwhile it can be reached."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        try:
            yield
        finally:
            server.close()

    @contextlib.asynccontextmanager
    async def beside(self, _rig: Rig) -> AsyncIterator[Counter[str]]:
        """A `Hostile`."""
        yield self.took

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readexactly(8)
            body = struct.pack("<IIIII", 0, 65535, 65535, 0, 0)
            writer.write(b"ACKF" + struct.pack("<I", 8 + len(body)) + body)
            await reader.read(4096)
            writer.write(b"OPNF" + struct.pack("<I", 0xFFFFFFFF))
            while True:
                writer.write(b"\0" * 4096)
                await writer.drain()
                self.took["dribbled"] += 1
                await asyncio.sleep(0.001)
        writer.close()
