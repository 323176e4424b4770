"""A private mosquitto, a platform that keeps what it gets, and the wire between, for every test of the way out."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from hil.broker import Mosquitto, mosquitto_path
from hil.platform import Receiver, Store
from hil.proxy import Proxy
from tests.uplinks.told import ToldUplink


@pytest.fixture(scope="session")
def mosquitto_installed() -> None:
    if mosquitto_path() is None:
        pytest.skip("mosquitto is not installed")


@pytest_asyncio.fixture
async def broker(tmp_path: Path, mosquitto_installed: None) -> AsyncIterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path / "broker")
    await mosquitto.start()
    yield mosquitto
    await mosquitto.stop()


@pytest_asyncio.fixture
async def wire(broker: Mosquitto) -> AsyncIterator[Proxy]:
    proxy = Proxy(broker.port)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    kept = Store(tmp_path / "received.db")
    yield kept
    kept.close()


@pytest_asyncio.fixture
async def platform(broker: Mosquitto, store: Store) -> AsyncIterator[Receiver]:
    receiver = Receiver(store, broker.port)
    receiver.start()
    assert await asyncio.to_thread(receiver.subscribed)
    yield receiver
    await asyncio.to_thread(receiver.stop)


@pytest_asyncio.fixture
async def far() -> AsyncIterator[ToldUplink]:
    uplink = ToldUplink()
    yield uplink
    assert uplink.under_way == 0
    assert uplink.closes >= 1
