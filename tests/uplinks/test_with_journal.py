"""Forwarder and journal together: the present before the past, strict order, sending again, two uplinks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from agent.journal.journal import Journal, JournalPlan
from agent.journal.uplink_outbox import Order
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.mqtt import MqttUplink
from agent.uplinks.pace import Pace
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Layout, Sample
from hil.broker import Mosquitto
from hil.platform import Receiver, Store
from hil.proxy import Proxy
from protocols.clock import boottime_ns
from protocols.mqtt import Link
from tests.uplinks.conformance import GATEWAY
from tests.waiting import patient, until

SHAPE = Layout("p", ("count",), ("1",))


@contextlib.asynccontextmanager
async def keeping(folder: Path, **orders: Order) -> AsyncIterator[Journal]:
    journal = await Journal.open(JournalPlan(folder / "journal.db", commit_s=0.02), orders)
    task = asyncio.create_task(journal.run())
    try:
        yield journal
    finally:
        task.cancel()
        await asyncio.wait([task])
        await journal.close()


@contextlib.asynccontextmanager
async def sending(journal: Journal, name: str, port: int, pace: Pace) -> AsyncIterator[None]:
    link = Link("127.0.0.1", name, port, answer_s=3.0)
    uplink = MqttUplink(name, GATEWAY, journal.boot, link, confirm="platform", confirm_s=3.0)
    forwarder = Forwarder(GATEWAY, uplink, journal.outbox(name), journal.offer_event, pace)
    task = asyncio.create_task(forwarder.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def fill(journal: Journal, first: int, last: int, event_at: int = 0) -> None:
    """A record for each number; an event with one of them."""
    for number in range(first, last + 1):
        journal.offer_sample(Sample("h1", SHAPE, boottime_ns(), (number,), SHAPE.good))
        if number == event_at:
            journal.offer_event(Event(EventKind.LEAK, "h1", Severity.ALARM, Transition.RAISED, boottime_ns()))
        await journal.flush()


def numbers(store: Store) -> list[int]:
    """What was read, in the order it first arrived."""
    order = store.order("telemetry")  # before the messages: more may come in between
    by_seq: dict[int, dict[str, Any]] = {message["seq"]: message for message in store.messages("telemetry")}
    return [by_seq[seq]["frames"][0]["values"][0][0] for _, _, seq in order]


async def drained(journal: Journal, name: str = "u") -> None:
    async with patient("all is sent", 20, lambda: journal.outbox(name).status().unsent):
        await journal.outbox(name).drained()


async def test_after_an_outage_the_alarm_goes_first_then_the_present_then_the_past(
    tmp_path: Path, broker: Mosquitto, wire: Proxy, platform: Receiver, store: Store
) -> None:
    wire.up_bytes_per_s = 100_000
    async with keeping(tmp_path, u="newest_first") as journal:
        await fill(journal, 1, 300, event_at=150)
        async with sending(journal, "u", wire.port, Pace()):
            await until("the past is under way", lambda: len(numbers(store)) >= 5)
            await fill(journal, 1001, 1003)
            await drained(journal)
    order = numbers(store)
    assert sorted(order) == [*range(1, 301), 1001, 1002, 1003]
    assert order.index(1003) < 150, "the present does not wait for the past"
    assert [n for n in order if n <= 300] == list(range(1, 301))
    assert [n for n in order if n > 1000] == [1001, 1002, 1003]
    (alarm,) = store.order("event")
    assert store.order().index(alarm) < 20, "of everything that waited, the alarm went first"


async def test_strict_keeps_the_oldest_first_through_cuts(
    tmp_path: Path, broker: Mosquitto, wire: Proxy, platform: Receiver, store: Store
) -> None:
    async with keeping(tmp_path, u="strict") as journal:
        await fill(journal, 1, 60)
        async with sending(journal, "u", wire.port, Pace(strict=True, longest_rest_s=0.1)):
            for arrived in (10, 30):
                await until("some", lambda: len(store.order()) >= arrived)  # noqa: B023
                wire.cut()
                wire.heal()
                await fill(journal, 60 + arrived, 60 + arrived)
            await drained(journal)
    assert numbers(store) == sorted(numbers(store))
    assert len(numbers(store)) == 62


async def test_what_is_sent_again_is_the_same_and_is_dropped(
    tmp_path: Path, broker: Mosquitto, platform: Receiver, store: Store
) -> None:
    async with keeping(tmp_path, u="newest_first") as journal:
        await fill(journal, 1, 20)
        async with sending(journal, "u", broker.port, Pace()):
            await drained(journal)
            before = list(store.messages())
            since = before[9]["seq"]
            assert await journal.outbox("u").replay(since) == 11
            await until("repeats", lambda: store.account().repeats == 11)
            await drained(journal)
    assert list(store.messages()) == before
    assert store.account().messages == 20


async def test_each_uplink_has_its_own_place_and_a_restart_keeps_it(
    tmp_path: Path, broker: Mosquitto, platform: Receiver, store: Store
) -> None:
    other = Store(tmp_path / "other.db")
    async with keeping(tmp_path, quick="newest_first", slow="newest_first") as journal:
        await fill(journal, 1, 30)
        async with sending(journal, "quick", broker.port, Pace()):
            await drained(journal, "quick")
            assert not any(journal.outbox("quick").status().unsent.values())
        assert sum(journal.outbox("slow").status().unsent.values()) == 30
    platform.store = other
    async with keeping(tmp_path, quick="newest_first", slow="newest_first") as journal:
        port = broker.port
        async with sending(journal, "quick", port, Pace()), sending(journal, "slow", port, Pace()):
            await drained(journal, "slow")
            await drained(journal, "quick")
    assert (store.account().messages, store.account().repeats) == (30, 0)
    assert (other.account().messages, other.account().repeats) == (30, 0), "the quick one had nothing more to send"
    other.close()
