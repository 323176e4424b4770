"""What carrying records out costs: `python -m tests.bench.uplinks.measure`.

Beside our session, in the same run on the same mosquitto: aiomqtt and paho alone. CPU is user and system time of this
process; the broker is another. Then the forwarder on top, and how long an event takes while a backlog drains.
"""

import asyncio
import gc
import statistics
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from agent.journal.journal import Journal, JournalPlan
from agent.link.record import PriorityClass, Record
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.mqtt import MqttUplink
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Layout, Sample
from hil.broker import Mosquitto
from protocols.clock import boottime_ns
from protocols.mqtt import Link, Session
from tests.uplinks.conformance import GATEWAY
from tests.uplinks.memory import MemoryOutbox, record
from tests.waiting import until

WINDOW = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """`cpu_s` and `wall_s` for 1,000 messages."""

    cpu_s: float
    wall_s: float


async def timed(work: Callable[[], Awaitable[None]], messages: int) -> Cost:
    """One run of `work`, which sends this many."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    await work()
    return Cost((time.process_time() - cpu) * 1000 / messages, (time.perf_counter() - wall) * 1000 / messages)


async def windowed(publish: Callable[[], Awaitable[object]], messages: int) -> None:
    """Twenty at a time."""
    left = iter(range(messages))

    async def one_after_another() -> None:
        for _ in left:
            await publish()

    await asyncio.gather(*(one_after_another() for _ in range(WINDOW)))


async def of_session(port: int, payload: bytes, messages: int) -> Cost:
    """Our session alone."""
    session = Session(Link("127.0.0.1", "bench", port, in_flight=WINDOW))
    await session.connect()
    cost = await timed(lambda: windowed(lambda: session.publish("bench", payload), messages), messages)
    await session.close()
    return cost


async def of_aiomqtt(port: int, payload: bytes, messages: int) -> Cost:
    """aiomqtt alone."""
    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        client.pending_calls_threshold = WINDOW
        return await timed(lambda: windowed(lambda: client.publish("bench", payload, qos=1), messages), messages)


async def of_paho(port: int, payload: bytes, messages: int) -> Cost:
    """paho alone, with its own thread."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.max_inflight_messages_set(WINDOW)
    client.connect("127.0.0.1", port)
    client.loop_start()
    room = threading.Semaphore(WINDOW)
    client.on_publish = lambda *_: room.release()

    async def send() -> None:
        for _ in range(messages):
            room.acquire()
            client.publish("bench", payload, qos=1)
        for _ in range(WINDOW):
            room.acquire()

    cost = await timed(send, messages)
    client.disconnect()
    client.loop_stop()
    return cost


def stocked(messages: int, payload_bytes: int) -> tuple[MemoryOutbox, list[Record]]:
    """An outbox full of records of about this size."""
    outbox = MemoryOutbox()
    records = [record(seq, pad=max(1, payload_bytes - 250)) for seq in range(1, messages + 1)]
    outbox.offer(*records)
    return outbox, records


async def of_forwarder(port: int, payload_bytes: int, messages: int) -> Cost:
    """The whole forwarder: windows, gate, heads, confirmations; from an outbox in memory."""
    outbox, _ = stocked(messages, payload_bytes)
    uplink = MqttUplink("u", GATEWAY, "b", Link("127.0.0.1", "bench", port), unheard="accept")
    forwarder = Forwarder(GATEWAY, uplink, outbox, lambda _event: None)

    emptied = asyncio.Event()
    confirm = outbox.confirm

    def confirmed(one: Record) -> None:
        confirm(one)
        if len(outbox.confirmed) == messages:
            emptied.set()

    outbox.confirm = confirmed  # type: ignore[method-assign,assignment] # asking for the status would cost more

    async def drain() -> None:
        task = asyncio.create_task(forwarder.run())
        await emptied.wait()
        task.cancel()
        await asyncio.wait([task])

    return await timed(drain, messages)


async def event_delays_ms(port: int, backlog: int, payload_bytes: int, events: int) -> list[float]:
    """From an event's commit to its confirmation, one event each 10 ms, while this backlog drains (0: idle)."""
    outbox, _ = stocked(backlog, payload_bytes)
    uplink = MqttUplink("u", GATEWAY, "b", Link("127.0.0.1", "bench", port), unheard="accept")
    delays: list[float] = []
    started: dict[int, float] = {}
    confirm = outbox.confirm

    def confirmed(one: Record) -> None:
        if one.seq in started:
            delays.append((time.perf_counter() - started[one.seq]) * 1000)
        confirm(one)

    outbox.confirm = confirmed  # type: ignore[method-assign,assignment] # the moment of confirmation is what is measured
    forwarder = Forwarder(GATEWAY, uplink, outbox, lambda _event: None)
    task = asyncio.create_task(forwarder.run())
    await until("connected", lambda: forwarder.status()["state"] == "connected")
    for number in range(events):
        seq = 1_000_000 + number
        started[seq] = time.perf_counter()
        outbox.offer(record(seq, PriorityClass.EVENT))
        await asyncio.sleep(0.01)
    drained_too_early = backlog > 0 and len(outbox.confirmed) >= backlog + events
    await until("every event", lambda: len(delays) == events)
    task.cancel()
    await asyncio.wait([task])
    if drained_too_early:
        raise RuntimeError("the backlog was gone before the events: give it more")
    return delays


async def journal_event_delays_ms(port: int, folder: Path, backlog: int, events: int) -> tuple[list[float], bool]:
    """The same from the real journal, its commit included; and whether the backlog outlasted the events."""
    layout = Layout("bench", tuple(f"p{i}" for i in range(100)), ("1",) * 100)
    journal = await Journal.open(JournalPlan(folder / "journal.db", commit_s=0.05), {"u": "newest_first"})
    keeping = asyncio.create_task(journal.run())
    for number in range(backlog):
        for device in range(5):
            values = tuple(number * 100.0 + i for i in range(100))
            journal.offer_sample(Sample(f"d{device}", layout, boottime_ns(), values, layout.good))
        await journal.flush()
    uplink = MqttUplink("u", GATEWAY, journal.boot, Link("127.0.0.1", "bench", port), unheard="accept")
    box = journal.outbox("u")
    confirmed = asyncio.Event()
    confirm = box.confirm

    def note(one: Record) -> None:
        confirm(one)
        if one.priority is PriorityClass.EVENT:
            confirmed.set()

    box.confirm = note  # type: ignore[method-assign,assignment] # the moment of confirmation is what is measured
    forwarder = Forwarder(GATEWAY, uplink, box, journal.offer_event)
    sending = asyncio.create_task(forwarder.run())
    await until("connected", lambda: forwarder.status()["state"] == "connected")
    delays = []
    for _ in range(events):
        confirmed.clear()
        started = time.perf_counter()
        journal.offer_event(Event(EventKind.LEAK, "h1", Severity.ALARM, Transition.RAISED, boottime_ns()))
        await confirmed.wait()
        delays.append((time.perf_counter() - started) * 1000)
    outlasted = any(box.status().unsent.values())
    for task in (sending, keeping):
        task.cancel()
        await asyncio.wait([task])
    await journal.close()
    return delays, outlasted


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(values, n=100)[98]


async def main() -> None:
    """Print everything."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder))
        await broker.start()
        print("CPU s / wall s for 1,000 messages, median of 5")
        for size in (300, 18_000):
            payload = b"x" * size
            for name, run in (("session", of_session), ("aiomqtt", of_aiomqtt), ("paho", of_paho)):
                costs = [await run(broker.port, payload, 3000) for _ in range(5)]
                print(f"  {size:6} B  {name:9} {_median(costs)}")
            costs = [await of_forwarder(broker.port, size, 3000) for _ in range(5)]
            print(f"  {size:6} B  {'forwarder':9} {_median(costs)}")
        for backlog in (0, 40_000):
            delays = await event_delays_ms(broker.port, backlog, 18_000 if backlog else 0, 150)
            print(f"event delay, backlog {backlog}: p50 {statistics.median(delays):.2f} ms, p99 {p99(delays):.2f} ms")
        for backlog in (0, 3000):
            (Path(folder) / str(backlog)).mkdir()
            delays, outlasted = await journal_event_delays_ms(broker.port, Path(folder) / str(backlog), backlog, 100)
            figures = f"p50 {statistics.median(delays):.2f} ms, p99 {p99(delays):.2f} ms"
            print(f"event delay from the journal, backlog {backlog} x 500 readings: {figures}, outlasted: {outlasted}")
        await broker.stop()


def _median(costs: list[Cost]) -> str:
    return f"{statistics.median(c.cpu_s for c in costs):.4f} / {statistics.median(c.wall_s for c in costs):.4f}"


if __name__ == "__main__":
    asyncio.run(main())
