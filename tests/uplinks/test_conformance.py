"""The conformance suite on the uplinks there are: MQTT confirmed by the broker, and by the platform."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest_asyncio

from agent.journal.record import Lane, Record
from agent.uplinks.contract import Uplink
from agent.uplinks.mqtt import MqttUplink
from hil.broker import Mosquitto
from hil.platform import Receiver, Store
from hil.proxy import Proxy
from protocols.mqtt import Link
from tests.uplinks.conformance import GATEWAY, UplinkConformance
from tests.uplinks.memory import record


@dataclass
class MqttFarEnd:
    """A mosquitto behind a wire that can be cut, and the platform stand-in on it."""

    confirm: Literal["broker", "platform"]
    wire: Proxy
    receiver: Receiver
    store: Store

    def uplink(self) -> Uplink:
        link = Link("127.0.0.1", "gw1", self.wire.port, answer_s=5.0)
        return MqttUplink("u", GATEWAY, "b1", link, confirm=self.confirm, confirm_s=5.0)

    def record(self, seq: int, lane: Lane = Lane.TELEMETRY) -> Record:
        return record(seq, lane)

    def unwanted(self, seq: int) -> Record:
        """Larger than the broker takes."""
        return record(seq, pad=70_000)

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


class TestMqttConfirmedByThePlatform(UplinkConformance):
    @pytest_asyncio.fixture
    async def far_end(self, wire: Proxy, platform: Receiver, store: Store) -> MqttFarEnd:
        return MqttFarEnd("platform", wire, platform, store)
