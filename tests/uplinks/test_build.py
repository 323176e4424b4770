"""From the site file's words to what an uplink really does with them."""

import asyncio
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from agent.settings.uplinks import MqttUplink as Settings
from agent.uplinks.build import forwarder
from agent.uplinks.forwarder import Forwarder
from drivers.event import Event, EventKind, Transition
from hil.broker import Mosquitto
from hil.broker.certificates import make_certificates
from hil.platform import Receiver, Store
from protocols.mqtt import Link, Session
from tests.uplinks.memory import MemoryOutbox, a_site, record
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("mosquitto_installed")


def built(outbox: MemoryOutbox, told: list[Event], **words: object) -> Forwarder:
    uplink = TypeAdapter(Settings).validate_python({"id": "province", "kind": "mqtt", "host": "127.0.0.1", **words})
    return forwarder(uplink, gateway="gw7", outbox=outbox, report=told.append, site=lambda: b'{"v":1}', on_order=None)


async def test_every_word_reaches_the_broker(tmp_path: Path, store: Store) -> None:
    pki = tmp_path / "pki"
    make_certificates(pki, "gateway", "platform")
    broker = Mosquitto(tmp_path / "b", tls=pki, client_certificates=True)
    await broker.start()
    receiver = Receiver(store, broker.port, prefix="zj/quzhou", tls=pki)
    receiver.start()
    assert await asyncio.to_thread(receiver.subscribed)
    outbox, told = MemoryOutbox("province"), list[Event]()
    outbox.offer(*(record(seq) for seq in range(1, 21)))
    sending = built(
        outbox,
        told,
        port=broker.port,
        protocol="5",
        topic_prefix="zj/quzhou",
        confirm="platform",
        order="strict",
        client_id="box-7",
        tls={
            "ca_file": pki / "ca.pem",
            "certificate_file": pki / "gateway.pem",
            "key_file": pki / "gateway.key",
            "server_name": "localhost",
        },
    )
    task = asyncio.create_task(sending.run())
    await until("delivered", lambda: len(outbox.confirmed) == 20)
    await until("the site is described behind it", lambda: store.retained("zj/quzhou/gw7/site"))
    status = sending.status()
    task.cancel()
    await asyncio.wait([task])
    assert (status["id"], status["state"], status["confirmed"]) == ("province", "connected", 80)
    assert [seq for _, _, seq in store.order()] == list(range(1, 21))
    assert max(outbox.most_taken.values()) == 1, "strict: one at a time"
    assert store.retained("zj/quzhou/gw7/site") == {"v": 1}
    assert told == []
    await asyncio.to_thread(receiver.stop)
    await broker.stop()


async def test_what_the_broker_does_not_let_us_announce_is_an_event(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "b", extra="max_packet_size 300")
    await broker.start()
    told: list[Event] = []
    sending = forwarder(
        TypeAdapter(Settings).validate_python(
            {"id": "u", "kind": "mqtt", "host": "127.0.0.1", "port": broker.port, "unheard": "accept"}
        ),
        gateway="gw7",
        outbox=MemoryOutbox(),
        report=told.append,
        site=lambda: a_site(400),
    )
    task = asyncio.create_task(sending.run())
    await until("told", lambda: bool(told))
    await until("connected all the same", lambda: sending.status()["state"] == "connected")
    task.cancel()
    await asyncio.wait([task])
    (event,) = told
    assert (event.kind, event.transition, event.evidence["what"]) == (
        EventKind.UPLINK_REFUSED,
        Transition.NOTED,
        "site",
    )
    await broker.stop()


async def test_a_fact_told_while_we_were_away_is_heard_when_we_are_back(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "b")
    await broker.start()
    heard: list[tuple[str, bytes]] = []

    async def there() -> asyncio.Task[None]:
        sending = forwarder(
            TypeAdapter(Settings).validate_python(
                {"id": "u", "kind": "mqtt", "host": "127.0.0.1", "port": broker.port}
            ),
            gateway="gw7",
            outbox=MemoryOutbox(),
            report=lambda _event: None,
            site=a_site,
            on_order=lambda topic, payload: heard.append((topic, payload)),
        )
        task = asyncio.create_task(sending.run())
        await until("connected", lambda: sending.status()["state"] == "connected")
        return task

    async def gone(task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait([task])

    await gone(await there())
    platform = Session(Link("127.0.0.1", "platform", broker.port))
    await platform.connect()
    await platform.publish("hydronest/gw7/order/fact/incident", b"{}")
    await platform.close()
    task = await there()
    await until("heard", lambda: heard == [("hydronest/gw7/order/fact/incident", b"{}")])
    await gone(task)
    await broker.stop()
