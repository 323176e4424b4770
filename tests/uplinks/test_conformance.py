"""The conformance suite on MQTT: confirmed by the broker, by the platform, and as 3.1.1 on an embedded broker."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest_asyncio

from agent.link.record import PriorityClass, Record
from agent.uplinks.contract import Uplink
from agent.uplinks.mqtt import MqttUplink
from hil.broker import EmbeddedBroker, Mosquitto
from hil.platform import Receiver, Store
from hil.proxy import Proxy
from protocols.mqtt import Link
from tests.uplinks.conformance import GATEWAY, UplinkConformance
from tests.uplinks.memory import record
from tests.uplinks.over_channel import forwarding_over_a_channel


@dataclass
class MqttFarEnd:
    """A mosquitto behind a wire that can be cut, and the platform stand-in on it."""

    confirm: Literal["broker", "platform"]
    wire: Proxy
    receiver: Receiver
    store: Store
    protocol: Literal["5", "3.1.1"] = "5"

    def __post_init__(self) -> None:
        self.receiver.refuses = lambda message: "too much padding" if "pad" in message else None

    def uplink(self) -> Uplink:
        link = Link("127.0.0.1", "gw1", self.wire.port, protocol=self.protocol, answer_s=5.0)
        return MqttUplink("u", GATEWAY, "b1", link, confirm=self.confirm, confirm_s=5.0)

    def record(self, seq: int, priority: PriorityClass = PriorityClass.TELEMETRY) -> Record:
        return record(seq, priority)

    def unwanted(self, seq: int) -> Record:
        """Larger than the broker takes where it says so; refused by the platform where it does not."""
        return record(seq, pad=70_000 if self.protocol == "5" else 10)

    def heard(self) -> list[int]:
        return [seq for _, _, seq in self.store.order()]

    async def stall(self) -> None:
        self.wire.freeze() if self.confirm == "broker" else self.receiver.stall()

    async def go_on(self) -> None:
        self.wire.heal() if self.confirm == "broker" else self.receiver.go_on()

    async def cut(self) -> None:
        self.wire.cut()

    async def heal(self) -> None:
        self.wire.heal()


@pytest_asyncio.fixture
async def broker(tmp_path: Path, mosquitto_installed: None) -> AsyncIterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path / "broker", extra="max_packet_size 65536")
    await mosquitto.start()
    yield mosquitto
    await mosquitto.stop()


class TestMqttConfirmedByTheBroker(UplinkConformance):
    @pytest_asyncio.fixture
    async def far_end(self, wire: Proxy, platform: Receiver, store: Store) -> MqttFarEnd:
        return MqttFarEnd("broker", wire, platform, store)


class TestMqttWithTheJournalInAnotherProcess(UplinkConformance):
    forwarding = staticmethod(forwarding_over_a_channel)

    @pytest_asyncio.fixture
    async def far_end(self, wire: Proxy, platform: Receiver, store: Store) -> MqttFarEnd:
        return MqttFarEnd("platform", wire, platform, store)


class TestMqttConfirmedByThePlatform(UplinkConformance):
    @pytest_asyncio.fixture
    async def far_end(self, wire: Proxy, platform: Receiver, store: Store) -> MqttFarEnd:
        return MqttFarEnd("platform", wire, platform, store)


class TestMqtt311OnAnEmbeddedBroker(UplinkConformance):
    @pytest_asyncio.fixture
    async def far_end(self, store: Store) -> AsyncIterator[MqttFarEnd]:
        broker = EmbeddedBroker()
        await broker.start()
        wire = Proxy(broker.port)
        await wire.start()
        receiver = Receiver(store, broker.port, protocol="3.1.1")
        receiver.start()
        assert await asyncio.to_thread(receiver.subscribed)
        yield MqttFarEnd("platform", wire, receiver, store, "3.1.1")
        await asyncio.to_thread(receiver.stop)
        await wire.stop()
        await broker.stop()
