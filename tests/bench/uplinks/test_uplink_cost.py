"""The way out against bare clients in the same run: ratios only. `python -m tests.bench.uplinks.measure` prints all."""

import statistics
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from agent.uplinks.contract import Message
from hil.broker import Mosquitto, mosquitto_path
from tests.bench.uplinks.measure import event_delays_ms, of_aiomqtt, of_forwarder, of_session
from tests.uplinks.conformance import GATEWAY
from tests.uplinks.memory import record

MESSAGES = 1500


@pytest_asyncio.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    if mosquitto_path() is None:
        pytest.skip("mosquitto is not installed")
    mosquitto = Mosquitto(tmp_path)
    await mosquitto.start()
    yield mosquitto
    await mosquitto.stop()


async def test_the_session_costs_no_more_than_aiomqtt_alone(broker: Mosquitto) -> None:
    ours, theirs = [], []
    for _ in range(3):
        ours.append((await of_session(broker.port, b"x" * 300, MESSAGES)).cpu_s)
        theirs.append((await of_aiomqtt(broker.port, b"x" * 300, MESSAGES)).cpu_s)
    assert min(ours) < min(theirs)


async def test_the_whole_forwarder_costs_at_most_twice_aiomqtt_alone(broker: Mosquitto) -> None:
    ours, theirs = [], []
    for _ in range(3):
        ours.append((await of_forwarder(broker.port, 18_000, MESSAGES)).cpu_s)
        theirs.append((await of_aiomqtt(broker.port, b"x" * 18_000, MESSAGES)).cpu_s)
    assert min(ours) < 2 * min(theirs)


async def test_an_event_hardly_notices_a_backlog(broker: Mosquitto) -> None:
    """Half of the events wait no longer than behind what was already handed to the broker: a few messages' time."""
    draining = await event_delays_ms(broker.port, 20_000, 18_000, 40)
    one_message_ms = (await of_forwarder(broker.port, 18_000, MESSAGES)).wall_s
    assert statistics.median(draining) < 60 * one_message_ms, "its own window and the other two, twice over"


def test_a_message_is_put_together_in_less_than_its_body_takes_to_read() -> None:
    import timeit

    import orjson

    body = record(1, n=500)
    message = Message(GATEWAY, body)
    assert min(timeit.repeat(message.encoded, number=300, repeat=5)) < min(
        timeit.repeat(lambda: orjson.loads(body.body), number=300, repeat=5)
    )
