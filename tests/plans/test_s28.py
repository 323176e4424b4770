"""S28 消防数据高铁: whatever bearers fail, an alarm is at the platform within 10 s by the one that is left."""

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hil.broker import Mosquitto, mosquitto_path
from hil.platform import Receiver, Store
from hil.proxy import Proxy
from tests.uplinks.memory import MemoryOutbox
from tests.uplinks.test_bearers import Wires, alarm, through
from tests.waiting import until

PROMISE_S = 10.0


@pytest_asyncio.fixture
async def wires(tmp_path: Path) -> AsyncIterator[tuple[Wires, Store]]:
    """Three bearers to a real broker, behind it a platform that keeps what it gets."""
    if mosquitto_path() is None:
        pytest.skip("mosquitto is not installed")
    broker = Mosquitto(tmp_path / "broker")
    await broker.start()
    store = Store(tmp_path / "received.db")
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(broker.stop)
        stack.callback(store.close)
        receiver = Receiver(store, broker.port)
        receiver.start()
        stack.callback(receiver.stop)
        receiver.subscribed()
        yield Wires([await stack.enter_async_context(Proxy(broker.port)) for _ in range(3)]), store


@pytest.mark.realtime
@pytest.mark.parametrize("how", [("freeze", "freeze", ""), ("cut", "freeze", ""), ("freeze", "", "cut")])
async def test_an_alarm_is_there_within_ten_seconds(wires: tuple[Wires, Store], how: tuple[str, ...]) -> None:
    """GB 26875.1's 10 s. What is frozen takes everything in and answers nothing."""
    bearers, store = wires
    outbox = MemoryOutbox()
    async with bearers.sending(outbox, time.monotonic_ns):
        await until("the best carries", lambda: bearers.bearer() == "fibre")
        bearers.harm(how)
        began = time.monotonic()
        outbox.offer(alarm(1))
        await through(outbox, 1)
        assert time.monotonic() - began < PROMISE_S
        assert bearers.bearer() == ("4g" if not how[1] else "satellite")
    await until("the platform has it", lambda: [seq for _, _, seq in store.kept()] == [1])
