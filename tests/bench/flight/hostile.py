"""What goes on beside a flight: questions that cost, strangers, a card that hangs, a core that stands still."""

import asyncio
import contextlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import orjson
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.bench.flight.scenario import Rig

SOURCE = Path(__file__).with_name("slow_sync.c")
CLIENTS = 500


@contextlib.asynccontextmanager
async def nothing(_rig: Rig) -> AsyncIterator[None]:
    """A quiet day."""
    yield


@contextlib.asynccontextmanager
async def _again(work: Callable[[], Awaitable[None]], at_once: int = 1) -> AsyncIterator[None]:
    """Do this over and over, so many at once, until the block is left."""

    async def for_ever() -> None:
        while True:
            with contextlib.suppress(OSError, ValueError, TimeoutError):
                await work()
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(for_ever()) for _ in range(at_once)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def coverage(rig: Rig) -> AsyncIterator[None]:
    """The most expensive question, again and again."""

    async def ask() -> None:
        async with asyncio.timeout(60):
            await rig.agent.ask("coverage", radius_m=2000)

    async with _again(ask, 3):
        yield


@contextlib.asynccontextmanager
async def clients(rig: Rig) -> AsyncIterator[None]:
    """Five hundred that say nothing, and five hundred that ask without a pause, of core and of flight."""
    held: list[asyncio.StreamWriter] = []

    async def idle(socket: Path) -> None:
        with contextlib.suppress(OSError):
            _reader, writer = await asyncio.open_unix_connection(str(socket))
            held.append(writer)

    async def asking() -> None:
        for socket, question in ((rig.agent.socket, b"status"), (rig.flight_socket, b"nest.list")):
            reader, writer = await asyncio.open_unix_connection(str(socket), limit=1 << 24)
            try:
                writer.write(b'{"ask": "%b"}\n' % question)
                async with asyncio.timeout(5):
                    await reader.readline()
            finally:
                writer.close()

    for number in range(CLIENTS):
        await idle(rig.agent.socket if number % 2 else rig.flight_socket)
    try:
        async with _again(asking, CLIENTS):
            yield
    finally:
        for writer in held:
            writer.close()


def _nested(depth: int) -> bytes:
    payload = orjson.dumps("[" * depth).decode()
    return b'{"payload":%b,"key":"x","signature":"x"}' % payload.encode()


@contextlib.asynccontextmanager
async def messages(rig: Rig) -> AsyncIterator[None]:
    """What a broker may say (cases B1, B8): nests, endless numbers, floods of orders and incidents."""
    base = "hydronest/quzhou-demo/order"
    huge = b'{"id":"x","lon":118.8,"lat":28.9,"at_s":' + b"9" * 400 + b"}"
    number = 0

    def publish() -> None:
        nonlocal number
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", rig.town.broker.port)
        client.loop_start()
        try:
            for _ in range(100):
                number += 1
                order = orjson.dumps({"payload": orjson.dumps({"id": f"flood-{number}"}).decode(), "key": "a"})
                for topic, payload in (
                    (f"{base}/flight", _nested(7000)),
                    (f"{base}/flight", b"[" * 8000),
                    (f"{base}/flight", order),
                    (f"{base}/fact/incident", huge),
                    (f"{base}/fact/incident", b'{"id":"i%d","lon":1,"lat":1,"at_s":1}' % number),
                    (f"{base}/fact/permit", b"\xff\x00{" * 50),
                ):
                    client.publish(topic, payload, qos=1)
            time.sleep(0.2)  # a hundred rounds in a fifth of a second are the flood
        finally:
            client.disconnect()
            client.loop_stop()

    async with _again(lambda: asyncio.to_thread(publish)):
        yield


@contextlib.asynccontextmanager
async def questions(rig: Rig) -> AsyncIterator[None]:
    """A fire centre that asks about everything two hundred times a second (case B7)."""
    centre = rig.town.centre
    assert centre is not None
    asked = [
        {"system_type": 11, "system_address": 0, "component_type": 99, "component_address": n} for n in range(1, 41)
    ]

    async def ask() -> None:
        for _ in range(20):
            centre.ask(62, asked)
        await asyncio.sleep(0.1)

    async with _again(ask):
        yield


@contextlib.asynccontextmanager
async def stopped_core(rig: Rig) -> AsyncIterator[None]:
    """Core stands still for thirty seconds, as soon as the aircraft is out."""

    async def stop() -> None:
        while (await rig.nest()).get("phase") not in ("outbound", "on_scene"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
        core = rig.agent.child("core")
        os.kill(core, signal.SIGSTOP)
        await asyncio.sleep(30)
        with contextlib.suppress(ProcessLookupError):
            os.kill(core, signal.SIGCONT)

    task = asyncio.create_task(stop())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def hogs(_rig: Rig) -> AsyncIterator[None]:
    """A process on each core that does nothing but turn."""
    busy = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            await process.wait()


class SlowCard:
    """A card whose every sync takes `late_ms` more: give `environment` to the agent. Raises OSError without gcc."""

    def __init__(self, folder: Path) -> None:
        gcc = shutil.which("gcc")
        if gcc is None:
            raise FileNotFoundError("gcc is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        library, self._file = folder / "slow_sync.so", folder / "late"
        subprocess.run([gcc, "-O1", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        self._file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "HYDRONEST_SLOW_SYNC": str(self._file)}

    def late(self, late_ms: int) -> None:
        """From now on."""
        with self._file.open("r+b", buffering=0) as file:
            file.write(struct.pack("=q", late_ms))

    @contextlib.asynccontextmanager
    async def slow(self, rig: Rig) -> AsyncIterator[None]:
        """Five seconds a sync, as soon as the aircraft is on its way."""

        async def begin() -> None:
            while (await rig.nest()).get("phase") not in ("launching", "outbound"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            self.late(5000)

        task = asyncio.create_task(begin())
        try:
            yield
        finally:
            self.late(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _dribbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Acknowledge the hello, then announce a message of four gigabytes and dribble."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        await reader.readexactly(8)
        body = struct.pack("<IIIII", 0, 65535, 65535, 0, 0)
        writer.write(b"ACKF" + struct.pack("<I", 8 + len(body)) + body)
        await reader.read(4096)
        writer.write(b"OPNF" + struct.pack("<I", 0xFFFFFFFF))
        while True:
            writer.write(b"\0" * 4096)
            await writer.drain()
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def dribble(port: int) -> AsyncIterator[None]:
    """An OPC UA server whose first chunk never ends (case B7)."""
    server = await asyncio.start_server(_dribbling, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
