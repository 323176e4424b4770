"""A platform that keeps many messages a commit, in a real PostgreSQL: each once, none acknowledged before that."""

import asyncio
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.link.record import PriorityClass
from agent.uplinks.contract import Message
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.mqtt import MqttUplink
from hil.broker import Mosquitto
from hil.platform import Store, batch
from hil.platform.batching import BatchingReceiver
from hil.platform.postgres import PostgresStore
from hil.postgres import Postgres, postgres_bin
from protocols.mqtt import Link
from tests.uplinks.conformance import FAST, GATEWAY
from tests.uplinks.memory import MemoryOutbox, record
from tests.waiting import until

pytestmark = pytest.mark.peer
CONTRACT = (Path(__file__).parents[2] / "docs/platform-contract.md").read_text("utf-8")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    if postgres_bin() is None:
        pytest.skip("postgresql is not installed")
    server = Postgres()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def kept(postgres: Postgres) -> Iterator[PostgresStore]:
    store = PostgresStore(postgres.about)
    yield store
    store.close()


def as_it_comes(seq: int, boot: str = "b1", **more: Any) -> tuple[dict[str, Any], bytes]:
    raw = Message(GATEWAY, record(seq, PriorityClass.EVENT, boot=boot)).encoded()
    message = json.loads(raw) | more
    return message, json.dumps(message, ensure_ascii=False).encode()


def test_the_rule_in_the_contract_is_the_rule_in_the_code() -> None:
    assert inspect.getsource(batch.copied).rstrip() in CONTRACT
    assert all(text.strip() in CONTRACT for text in (batch.TABLE, batch.ARRIVED, batch.COPY, batch.KEEP))


def test_each_is_kept_once_as_it_came_and_what_lacks_is_seen(kept: PostgresStore) -> None:
    odd = as_it_comes(2, note="消防 \\ \t \n \r \\N \\. 'x'")
    assert kept.take([as_it_comes(1), odd, as_it_comes(1)]) == 2, "two of one batch are one"
    assert kept.take([as_it_comes(1), as_it_comes(6), as_it_comes(9, "c1")]) == 2
    assert kept.bodies()[:2] == [as_it_comes(1)[1], odd[1]]
    assert kept.missing(GATEWAY) == [
        {"boot": "b1", "first": 3, "last": 5},
        {"boot": "c1", "first": 7, "last": 8},
    ]
    told = {"why": "not_held", "boot": "b1", "first_seq": 3, "last_seq": 5}
    lost = as_it_comes(10, "c1", events=[{"kind": "data_lost", "evidence": told}])
    assert kept.take([lost]) == 1
    assert kept.missing(GATEWAY) == [{"boot": "c1", "first": 7, "last": 8}]


async def test_a_gateway_is_drained_in_few_commits_and_hears_only_of_what_is_kept(
    broker: Mosquitto, store: Store, postgres: Postgres
) -> None:
    into = PostgresStore(postgres.about)
    receiver = BatchingReceiver(store, broker.port, into=into)
    receiver.start()
    assert await asyncio.to_thread(receiver.subscribed)
    outbox = MemoryOutbox()
    uplink = MqttUplink("u", GATEWAY, "d1", Link("127.0.0.1", "gw", broker.port), confirm="platform")
    outbox.offer(*(record(seq, boot="d1") for seq in range(1, 401)))
    forwarding = asyncio.create_task(Forwarder(GATEWAY, uplink, outbox, lambda _event: None, FAST).run())
    try:
        await until("all is confirmed", lambda: len(outbox.confirmed) == 400, progress=lambda: len(outbox.confirmed))
    finally:
        forwarding.cancel()
        await asyncio.wait([forwarding])
        await asyncio.to_thread(receiver.stop)
    assert {key for key in into.kept() if key[1] == "d1"} == {(GATEWAY, "d1", seq) for seq in range(1, 401)}
    assert sum(receiver.batches) >= 400
    assert len(receiver.batches) <= 100, "a commit is for several"
    into._psql.kill()
    lone = Message(GATEWAY, record(401, boot="d1")).encoded()
    with pytest.raises(OSError, match=r"psql has ended|Broken pipe"):
        into.take([(json.loads(lone), lone)])
    into.close()
