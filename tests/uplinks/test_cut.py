"""Records larger than a broker or a bearer takes: cut into the same rows, put together again, never parked for size."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.journal import body
from agent.journal.condense import condense
from agent.link.record import PriorityClass, Record
from agent.uplinks.contract import Message
from agent.uplinks.cut import LEFT_OUT, parts
from agent.uplinks.mqtt import MqttUplink
from agent.uplinks.rate import LEAST_BYTES, Rate
from hil.broker import Mosquitto
from hil.platform import Receiver, Store
from hil.proxy import Proxy
from protocols.mqtt import Link
from tests.journal.things import event, sample
from tests.uplinks.conformance import GATEWAY, forwarding
from tests.uplinks.memory import MemoryOutbox, a_site
from tests.waiting import until

LEAK = {"kind": "leak", "subject": "H1", "severity": "alarm", "turn": "raised", "at_ms": 0, "evidence": {}}
RECORDS = {
    "events": body.events([event(i) for i in range(120)]),
    "telemetry": body.telemetry([sample(i) for i in range(150)]),
    "summary": condense([(d.t0_ms, d.json) for d in [body.telemetry([sample(i) for i in range(90)])]], (1, 9)),
}


def whole(kind: str, seq: int = 1) -> Message:
    draft = RECORDS[kind]
    return Message(GATEWAY, Record("b1", seq, draft.priority, draft.n, 10**18, 20, "k", draft.t0_ms, draft.json))


def rows(content: dict[str, Any]) -> Iterator[Any]:
    """Every row of a message's content, with what it means."""
    yield from content.get("events", ())
    for frame in [*content.get("frames", ()), *content.get("summaries", ())]:
        for at in range(len(frame["device"])):
            one = [
                (name, value[at]) for name, value in frame.items() if name in ("device", "at_ms", "from_ms", "samples")
            ]
            grids = [(name, [c[at] for c in frame[name]]) for name in ("values", "quality", "mean") if name in frame]
            yield frame["profile"], frame["points"], one, grids


@pytest.mark.parametrize("kind", RECORDS)
@given(most=st.integers(700, 30_000))
def test_the_parts_are_the_record(kind: str, most: int) -> None:
    message = whole(kind)
    found = parts(message, lambda one: len(one.encoded()) <= most, lambda _one: True)
    assert [one.part for one in found] == list(range(1, len(found) + 1))
    assert {one.parts for one in found} == {len(found)}
    assert [row for one in found for row in rows(one.content())] == list(rows(message.content()))
    assert sum(one.record.n for one in found) == message.record.n
    for one in found:
        told = orjson.loads(one.encoded())
        assert (told["seq"], told["part"], told["parts"]) == (1, one.part, len(found))
        assert len(one.encoded()) <= most or len(list(rows(told))) == 1


def test_a_limit_cuts_the_same_way_each_time() -> None:
    fits = [lambda one, most=most: len(one.encoded()) <= most for most in (3000, 3010)]
    first, again = (parts(whole("events"), one, one) for one in fits)
    assert [one.encoded() for one in first] == [one.encoded() for one in again]


def test_an_event_of_too_much_evidence_is_told_without_it() -> None:
    big = orjson.dumps(
        {"events": [orjson.loads(RECORDS["events"].json)["events"][0] | {"evidence": {"a": "x" * 5000}}]}
    )
    message = Message(GATEWAY, Record("b1", 1, PriorityClass.EVENT, 1, 10**18, 20, "k", 0, big))
    (one,) = parts(message, lambda one: len(one.encoded()) <= 1000, lambda one: len(one.encoded()) <= 1000)
    (told,) = one.content()["events"]
    assert told["evidence"] == {LEFT_OUT: 5008}
    assert told["subject"] == "hydrant-000"
    assert "part" not in orjson.loads(one.encoded())


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_a_broker_takes_arrives_and_nothing_is_parked(
    tmp_path: Path, store: Store, mosquitto_installed: None, seed: int
) -> None:
    most = random.Random(seed).randint(1000, 20_000)
    broker = Mosquitto(tmp_path / "small", extra=f"max_packet_size {most}")
    await broker.start()
    platform = Receiver(store, broker.port)
    platform.start()
    assert await asyncio.to_thread(platform.subscribed)
    outbox = MemoryOutbox()
    uplink = MqttUplink("u", GATEWAY, "b1", Link("127.0.0.1", "gw", broker.port, answer_s=5.0), unheard="accept",
                        confirm="platform" if seed % 2 else "broker")  # fmt: skip
    sent = [whole(kind, seq) for seq, kind in enumerate(RECORDS, 1)]
    outbox.offer(*(one.record for one in sent))
    try:
        async with forwarding(uplink, outbox):
            await until(
                "all is through", lambda: len(outbox.confirmed) == len(sent), progress=lambda: len(store.kept())
            )
        await until("it came", lambda: {m["seq"] for m in store.messages()} == {1, 2, 3}, progress=store.kept)
        for one in sent:
            came = [m for m in store.messages() if m["seq"] == one.record.seq]
            assert [row for m in came for row in rows(m)] == list(rows(one.content()))
        assert not outbox.parked
        assert store.gaps(GATEWAY) == []
    finally:
        platform.stop()
        await broker.stop()


async def test_on_a_slow_bearer_an_alarm_waits_for_a_part_not_for_a_record(wire: Proxy, platform: Receiver) -> None:
    wire.up_bytes_per_s = 3000
    outbox = MemoryOutbox()
    uplink = MqttUplink("u", GATEWAY, "b1", Link("127.0.0.1", "gw", wire.port, answer_s=10))
    outbox.offer(*(whole("telemetry", seq).record for seq in range(1, 30)))
    async with forwarding(uplink, outbox):
        await until("the bearer is known", lambda: any(m.get("parts") for m in platform.store.messages()), 60)
        before = len(platform.store.kept())
        outbox.offer(whole("events", 100).record._replace(body=orjson.dumps({"events": [LEAK]})))
        await until("the alarm is through", lambda: 100 in {m["seq"] for m in platform.store.messages("event")}, 10)
        assert len(platform.store.kept()) - before <= 2


def test_what_a_bearer_carries_is_learned_both_ways() -> None:
    rate = Rate()
    assert not rate.cuts(1 << 30)
    rate.took(20_000, 20.0)
    assert rate.most_bytes == 2500
    assert rate.cuts(20_000)
    for _ in range(8):
        rate.took(2000, 0.01)
    assert not rate.cuts(100_000)
    rate.took(100, 60.0)
    assert not rate.cuts(100_000), "a few bytes say nothing"
    for _ in range(30):
        rate.took(2000, 100.0)
    assert rate.most_bytes == LEAST_BYTES


async def test_an_alarm_goes_before_the_description_of_the_site(wire: Proxy, platform: Receiver) -> None:
    """16 kB of it hold up a bearer of 700 B/s for 23 s."""
    wire.up_bytes_per_s = 2000
    outbox = MemoryOutbox()
    uplink = MqttUplink("u", GATEWAY, "b1", Link("127.0.0.1", "gw", wire.port), site=lambda: a_site(16_000))
    alarm = whole("events").record._replace(body=orjson.dumps({"events": [LEAK]}))
    outbox.offer(alarm)
    async with forwarding(uplink, outbox):
        await until("the alarm is through", lambda: outbox.confirmed, 10)
        assert platform.store.retained(f"hydronest/{GATEWAY}/site") is None
        await until("the site is described", lambda: platform.store.retained(f"hydronest/{GATEWAY}/site"), 30)
