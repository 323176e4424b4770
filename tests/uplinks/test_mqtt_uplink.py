"""MQTT with real brokers and a platform that goes away: what each way of confirming promises, and keeps."""

import asyncio
from pathlib import Path

import pytest

from agent.link.record import PriorityClass
from agent.uplinks.contract import Message, NotAllowed
from agent.uplinks.mqtt import MqttUplink
from drivers.event import Event, Transition
from hil.broker import Mosquitto
from hil.platform import Receiver, Store
from hil.proxy import Proxy
from protocols.errors import Busy
from protocols.mqtt import Link
from protocols.reason import Reason
from tests.uplinks.conformance import GATEWAY, forwarding, seqs
from tests.uplinks.memory import MemoryOutbox, a_site, record
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("mosquitto_installed")


def uplink(port: int, **more: object) -> MqttUplink:
    return MqttUplink("u", GATEWAY, "b1", Link("127.0.0.1", "gw", port, answer_s=3.0), **more)  # type: ignore[arg-type] # each test names its own few


async def test_a_broker_that_is_down_at_the_start_is_waited_for(tmp_path: Path, store: Store) -> None:
    broker = Mosquitto(tmp_path / "b")
    await broker.start()
    await broker.kill()
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 11)))
    async with forwarding(uplink(broker.port), outbox) as forwarder:
        await until("it knows why", lambda: "Connection refused" in str(forwarder.status()["reason"]))
        await broker.start()
        receiver = Receiver(store, broker.port)
        receiver.start()
        await until("delivered", lambda: len(outbox.confirmed) == 10)
    await until("kept", lambda: len(store.kept()) == 10)
    await asyncio.to_thread(receiver.stop)
    await broker.stop()


async def test_nothing_counts_as_delivered_while_nobody_is_subscribed(broker: Mosquitto, store: Store) -> None:
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 31)))
    async with forwarding(uplink(broker.port), outbox) as forwarder:
        await until("it says so", lambda: "nobody is subscribed" in str(forwarder.status()["reason"]))
        assert outbox.confirmed == []
        receiver = Receiver(store, broker.port)
        receiver.start()
        await until("delivered", lambda: len(outbox.confirmed) == 30)
    await until("kept", lambda: len(store.kept()) == 30)
    await asyncio.to_thread(receiver.stop)
    accepting = uplink(broker.port, unheard="accept", prefix="rules")
    await accepting.connect()
    await accepting.deliver(Message(GATEWAY, record(1)))
    await accepting.close()


@pytest.mark.parametrize("persistent", [True, False])
async def test_a_platform_that_was_away_gets_what_the_broker_confirmed(
    tmp_path: Path, store: Store, persistent: bool
) -> None:
    broker = Mosquitto(tmp_path / "b", persistent=persistent)
    await broker.start()
    receiver = Receiver(store, broker.port)
    receiver.start()
    assert await asyncio.to_thread(receiver.subscribed)
    await asyncio.to_thread(receiver.vanish)
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 201)))
    async with forwarding(uplink(broker.port), outbox):
        await until("the broker has confirmed", lambda: len(outbox.confirmed) == 200)
        if persistent:
            await broker.stop()
            await broker.start()
        receiver.start()
        await until("kept", lambda: len(store.kept()) == 200)
    assert [seq for _, _, seq in store.order()] == list(range(1, 201))
    await asyncio.to_thread(receiver.stop)
    await broker.stop()


async def test_confirmed_by_the_platform_nothing_is_lost_when_the_broker_dies_with_all_it_held(
    broker: Mosquitto, wire: Proxy, platform: Receiver, store: Store
) -> None:
    outbox = MemoryOutbox()
    async with forwarding(uplink(wire.port, confirm="platform", confirm_s=1.0), outbox):
        for burst in range(3):
            outbox.offer(*(record(seq) for seq in range(burst * 100 + 1, burst * 100 + 101)))
            await until("some arrived", lambda: len(store.kept()) > burst * 100 + 5)  # noqa: B023
            await broker.kill()
            assert {seq for _, _, seq in store.kept()} >= set(seqs(outbox.confirmed))
            await broker.start()
        await until("all", lambda: len(outbox.confirmed) == 300)
    assert {seq for _, _, seq in store.kept()} == set(range(1, 301))


async def test_what_the_platform_refuses_is_parked_with_its_words(
    broker: Mosquitto, platform: Receiver, store: Store
) -> None:
    platform.refuses = lambda message: "unknown profile" if message["seq"] % 4 == 0 else None
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 13)))
    async with forwarding(uplink(broker.port, confirm="platform"), outbox):
        await until("all settled", lambda: len(outbox.confirmed) + len(outbox.parked) == 12)
    parked = sorted((one.seq, why) for one, why in outbox.parked)
    assert parked == [(seq, "the platform refuses it: unknown profile") for seq in (4, 8, 12)]


async def test_a_platform_restart_forgets_nothing(broker: Mosquitto, tmp_path: Path) -> None:
    outbox = MemoryOutbox()
    async with forwarding(uplink(broker.port, confirm="platform", confirm_s=1.0), outbox):
        for round_ in range(3):
            memory = Store(tmp_path / "kept.db")
            receiver = Receiver(memory, broker.port)
            receiver.start()
            outbox.offer(*(record(seq) for seq in range(round_ * 50 + 1, round_ * 50 + 51)))
            await until("confirmed", lambda: len(outbox.confirmed) == round_ * 50 + 50)  # noqa: B023
            await asyncio.to_thread(receiver.vanish)
            memory.close()
    again = Store(tmp_path / "kept.db")
    assert {seq for _, _, seq in again.kept()} == set(range(1, 151))
    assert again.account().messages == 150
    assert again.account().readings == 600
    again.close()


async def test_rights_taken_away_for_one_topic_hold_up_only_that_one_and_park_nothing(
    tmp_path: Path, store: Store
) -> None:
    rules = "topic write hydronest/+/event\ntopic write hydronest/+/status\ntopic read #\ntopic write hydronest/+/ack\n"
    broker = Mosquitto(tmp_path / "b", rules=rules)
    await broker.start()
    receiver = Receiver(store, broker.port)
    receiver.start()
    assert await asyncio.to_thread(receiver.subscribed)
    told: list[Event] = []
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 6)))
    async with forwarding(uplink(broker.port), outbox, told=told):
        await until("it is said", lambda: bool(told))
        outbox.offer(*(record(seq, PriorityClass.EVENT) for seq in range(11, 16)))
        await until("events flow", lambda: len(outbox.confirmed) == 5)
        assert outbox.parked == []
        assert told[0].transition is Transition.RAISED
        assert "0x87" in str(told[0].evidence["reason"])
        (tmp_path / "b" / "rules").write_text("topic readwrite #\n")
        await broker.stop()
        broker.rules = None
        await broker.start()
        await until("readings flow", lambda: len(outbox.confirmed) == 10)
    assert told[-1].transition is Transition.CLEARED
    await asyncio.to_thread(receiver.stop)
    await broker.stop()


async def test_wrong_credentials_are_nobodys_loss(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "b", passwords={"station": "right"})
    await broker.start()
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    link = Link("127.0.0.1", "gw", broker.port, user="station", password_file=secret)
    refused = MqttUplink("u", GATEWAY, "b1", link, unheard="accept")
    with pytest.raises(NotAllowed, match="look at user and password_file"):
        await refused.connect()
    outbox = MemoryOutbox()
    outbox.offer(record(1))
    told: list[Event] = []
    async with forwarding(refused, outbox, told=told):
        await until("it is said", lambda: bool(told))
        secret.write_text("right\n")
        await until("let in without a restart", lambda: len(outbox.confirmed) == 1)
    assert [event.transition for event in told] == [Transition.RAISED, Transition.CLEARED]
    await broker.stop()


async def test_a_description_the_broker_refuses_costs_no_alarm(tmp_path: Path, store: Store) -> None:
    broker = Mosquitto(tmp_path / "b", extra="max_packet_size 3000")
    await broker.start()
    receiver = Receiver(store, broker.port)
    receiver.start()
    assert await asyncio.to_thread(receiver.subscribed)
    told: list[tuple[str, Reason]] = []
    mine = uplink(broker.port, site=lambda: a_site(9000), on_unannounced=lambda what, why: told.append((what, why)))
    for _ in range(2):
        await mine.connect()
        await mine.deliver(Message(GATEWAY, record(1, PriorityClass.EVENT)))
        await until("the alarm is through, and the site is described", lambda: told)
        await mine.close()
    ((what, why),) = told
    assert what == "site"
    assert "the broker takes 3000" in str(why)
    await asyncio.to_thread(receiver.stop)
    await broker.stop()


async def test_orders_come_in_while_records_go_out(broker: Mosquitto, platform: Receiver) -> None:
    orders: list[tuple[str, bytes]] = []
    mine = uplink(broker.port, on_order=lambda topic, payload: orders.append((topic, payload)))
    await mine.connect()
    other = uplink(broker.port)
    await other._session.connect(Link("127.0.0.1", "other", broker.port))
    await other._session.publish(f"hydronest/{GATEWAY}/order/duty_check", b"{}")
    await other._session.publish("hydronest/another/order/duty_check", b"{}")
    await mine.deliver(Message(GATEWAY, record(1)))
    await until("the order", lambda: orders == [(f"hydronest/{GATEWAY}/order/duty_check", b"{}")])
    await other._session.close()
    await mine.close()


async def test_nobody_subscribed_is_told_to_the_caller_as_busy(broker: Mosquitto) -> None:
    lonely = uplink(broker.port)
    await lonely.connect()
    with pytest.raises(Busy, match=r'unheard = "accept"'):
        await lonely.deliver(Message(GATEWAY, record(1)))
    await lonely.close()
