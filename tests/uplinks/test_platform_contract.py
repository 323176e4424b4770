"""What is written down for platforms is what is sent, received and checked."""

import asyncio
import contextlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml  # type: ignore[import-untyped] # amqtt brings it; its stubs would be one more dependency for one test
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agent.journal.journal import Journal, JournalPlan
from agent.link.record import PriorityClass
from agent.runtime.clock.reckon import Fix
from agent.settings.load import load
from agent.uplinks.acknowledgement import parse_acknowledgement
from agent.uplinks.contract import Message, utc_text
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.mqtt import MqttUplink
from agent.uplinks.site_message import site_message
from drivers.event import Event, EventKind, Severity, Transition
from drivers.quality import Quality
from drivers.sample import Layout, Sample
from hil.broker import Mosquitto
from hil.platform import Receiver, Store
from hil.platform.rule import keep
from protocols.clock import boottime_ns
from protocols.errors import BadAnswer
from protocols.mqtt import Link, Session
from protocols.reason import Reason
from tests.uplinks.conformance import FAST, GATEWAY
from tests.uplinks.memory import record
from tests.waiting import patient, until

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "config/schemas"
CONTRACT = (ROOT / "docs/platform-contract.md").read_text("utf-8")
SHAPE = Layout("hydrant/terminal-float", ("pressure", "battery", "alarms", "mode"), ("kPa", "V", "1", "1"))


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_rule_in_the_contract_is_the_rule_in_the_code() -> None:
    assert inspect.getsource(keep) in CONTRACT


def test_the_examples_in_the_contract_fit_the_schemas() -> None:
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", CONTRACT, re.DOTALL)]
    assert [validator("message").is_valid(examples[0]), validator("acknowledgement").is_valid(examples[1])] == [
        True
    ] * 2


def test_asyncapi_names_the_topics_and_schemas_there_are() -> None:
    told = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text("utf-8"))
    topics = {channel["address"] for channel in told["channels"].values()}
    priorities = {f"hydronest/{{gateway}}/{priority.code}" for priority in PriorityClass}
    assert topics == priorities | {
        f"hydronest/{{gateway}}/{what}" for what in ("status", "site", "ack", "order/fact/{kind}")
    }
    for message in told["components"]["messages"].values():
        schema = message["payload"].get("schema")
        assert schema is None or (ROOT / "docs" / schema["$ref"]).is_file()
    for part in [*told["channels"].values(), *told["operations"].values()]:
        for reference in _references(part):
            found: Any = told
            for key in reference.removeprefix("#/").split("/"):
                found = found[key]


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seq": 0},
        {"lane": "alarm"},
        {"t0": "yesterday"},
        {"t0": "2026-11-21T23:24:13.005+08:00"},
        {"n": -1},
        {"gateway": ""},
        {"v": 2},
        {"lane": "event"},
        {"frames": None},
    ],
)
def test_the_message_schema_refuses_what_is_none(wrong: dict[str, Any]) -> None:
    message = orjson.loads(Message(GATEWAY, record(1)).encoded())
    assert validator("message").is_valid(message)
    assert not validator("message").is_valid(message | wrong)


@pytest.mark.parametrize(
    ("reason", "fits"),
    [
        (Reason("modbus.no_answer_within", question=Reason("modbus.asked", unit=7), within_s=1.0).as_json(), True),
        ("out_of_range", True),
        ("a sentence of a gateway of before", True),
        ({"code": "modbus.unplugged"}, False),
        ({"code": 7, "facts": {}}, False),
        ({"code": "modbus.unplugged", "facts": {}, "message": "unplugged"}, False),
        (7, False),
    ],
)
def test_why_is_a_code_with_its_facts_or_the_text_of_an_old_gateway(reason: object, *, fits: bool) -> None:
    message = orjson.loads(Message(GATEWAY, record(1, PriorityClass.EVENT)).encoded())
    message["events"][0]["evidence"]["reason"] = reason
    assert validator("message").is_valid(message) is fits


async def test_what_the_journal_forwards_fits_the_schema_and_reads_back_as_it_was_read(
    tmp_path: Path, broker: Mosquitto, platform: Receiver, store: Store
) -> None:
    journal = await Journal.open(JournalPlan(tmp_path / "journal.db", commit_s=0.05), {"u": "newest_first"})
    keeping = asyncio.create_task(journal.run())
    now = boottime_ns()
    doubtful = bytes((Quality.GOOD, Quality.NO_ANSWER, Quality.GOOD, Quality.UNCERTAIN))
    read = [
        Sample("h1", SHAPE, now, (312.25, 3.61, ("cap_open", "tilt"), "normal"), SHAPE.good),
        Sample("h2", SHAPE, now + 41_000_000, (298.5, None, (), "test"), doubtful),
        Sample("h3", SHAPE, now, (-0.5, 2**53, (), "消防"), SHAPE.good, 1_790_000_000_123_000_000, True),
    ]
    for sample in read:
        journal.offer_sample(sample)
    journal.offer_event(
        Event(EventKind.CAP_REMOVED, "h1", Severity.ALARM, Transition.RAISED, now, {"alarms": ("cap_open",)})
    )
    await journal.durable()
    kernel_boot = next(iter(journal._ledger.kernel_boots.values()))
    uplink = MqttUplink("u", GATEWAY, journal.boot, Link("127.0.0.1", "gw", broker.port), confirm="platform")
    forwarder = Forwarder(GATEWAY, uplink, journal.outbox("u"), journal.offer_event, FAST)
    sending = asyncio.create_task(forwarder.run())
    async with patient("all is sent"):
        await journal.outbox("u").drained()
    journal.note_clock(Fix(kernel_boot, now // 1_000_000, 1_790_000_000_000, 20, "ntp"))
    journal.offer_sample(read[0])
    await journal.durable()
    async with patient("all is sent"):
        await journal.outbox("u").drained()
    for task in (sending, keeping):
        task.cancel()
        await asyncio.wait([task])
    await journal.close()

    messages = list(store.messages())
    for message in messages:
        validator("message").validate(message)
    assert {message["boot"] for message in messages} == {journal.boot}
    assert store.gaps(GATEWAY) == []
    (event,) = [event for message in messages for event in message.get("events", ())]
    assert (event["kind"], event["subject"], event["turn"]) == ("cap_removed", "h1", "raised")
    early, late = [message for message in messages if message["lane"] == "telemetry"]
    (frame,) = early["frames"]
    assert frame["device"] == ["h1", "h2", "h3"]
    assert list(zip(*frame["values"], strict=True)) == [
        (312.25, 3.61, ["cap_open", "tilt"], "normal"),
        (298.5, None, [], "test"),
        (-0.5, 2**53, [], "消防"),
    ]
    assert list(zip(*frame["quality"], strict=True))[1] == tuple(doubtful)
    assert frame["source_ms"] == [None, None, 1_790_000_000_123]
    assert frame["backfilled"] == [False, False, True]
    assert early["err_ms"] is None, "nobody had vouched for the clock when this was sent"
    assert late["err_ms"] is not None
    assert corrected(messages)[early["seq"]] == corrected(messages)[late["seq"]] == 1_790_000_000_000


def corrected(messages: list[dict[str, Any]]) -> dict[int, int]:
    """The contract's chapter 5, by the letter: seq → true base in milliseconds since 1970."""
    best: dict[str, tuple[int, int]] = {}
    for message in messages:
        if message["err_ms"] is not None:
            offset = milliseconds(message["t0"]) - message["mono_ms"]
            best[message["kernel_boot"]] = min(
                best.get(message["kernel_boot"], (2**60, 0)), (message["err_ms"], offset)
            )
    return {message["seq"]: message["mono_ms"] + best[message["kernel_boot"]][1] for message in messages}


def milliseconds(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)


@given(st.integers(0, 4_102_444_800_000))
def test_times_as_text_keep_their_millisecond(t_ms: int) -> None:
    assert milliseconds(utc_text(t_ms * 1_000_000)) == t_ms


async def test_status_and_site_are_retained_and_the_last_will_speaks(
    tmp_path: Path, broker: Mosquitto, platform: Receiver, store: Store
) -> None:
    settings = load(ROOT / "config/hydronest.example.toml")
    described = site_message(settings, "hydronest test")
    uplink = MqttUplink("u", GATEWAY, "b1", Link("127.0.0.1", "gw", broker.port), site=lambda: described)
    await uplink.connect()
    await until("online", lambda: (store.retained(f"hydronest/{GATEWAY}/status") or {}).get("online") is True)
    await until("the site", lambda: store.retained(f"hydronest/{GATEWAY}/site") is not None)
    validator("status-message").validate(store.retained(f"hydronest/{GATEWAY}/status"))
    site = store.retained(f"hydronest/{GATEWAY}/site")
    assert site is not None
    validator("site-message").validate(site)
    assert {device["id"] for device in site["devices"]} == {device.id for device in settings.site.devices}
    assert all(device["profile"] in site["profiles"] for device in site["devices"])
    await uplink.close()
    await until("a goodbye", lambda: (store.retained(f"hydronest/{GATEWAY}/status") or {}).get("online") is False)

    late: dict[str, bytes] = {}
    newcomer = Session(Link("127.0.0.1", "late", broker.port), late.__setitem__)
    await newcomer.connect()
    await newcomer.subscribe("hydronest/+/+")
    await until("both retained", lambda: len(late) == 2)
    await newcomer.close()


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"7", b"{", b'{"have":[1]}', b'{"have":[{"boot":"b"}]}', b'{"have":[{"boot":"b","from":"1","to":2}]}',
     b'{"refused":[{"boot":1,"seq":2}]}', b'{"refused":{"b":1}}', b"\xff\xfe",
     b'{"have":[{"boot":"b","from":true,"to":1}]}'],
)  # fmt: skip
def test_nonsense_on_the_acknowledgement_topic_is_called_so(payload: bytes) -> None:
    with pytest.raises(BadAnswer):
        parse_acknowledgement(payload)


@given(st.binary())
def test_no_bytes_break_the_reading_of_an_acknowledgement(payload: bytes) -> None:
    with contextlib.suppress(BadAnswer):
        parse_acknowledgement(payload)


async def test_nonsense_acknowledgements_are_counted_and_confirm_nothing(broker: Mosquitto) -> None:
    uplink = MqttUplink("u", GATEWAY, "b1", Link("127.0.0.1", "gw", broker.port), confirm="platform", confirm_s=5)
    await uplink.connect()
    other = Session(Link("127.0.0.1", "other", broker.port))
    await other.connect()
    waiting = asyncio.create_task(uplink.deliver(Message(GATEWAY, record(5))))
    topic = f"hydronest/{GATEWAY}/ack"
    for payload in (
        b"nonsense",
        b"{}",
        b'{"have":[{"boot":"b2","from":1,"to":9}]}',
        b'{"have":[{"boot":"b1","from":6,"to":9}]}',
    ):
        await other.publish(topic, payload)
    await until("the nonsense is counted", lambda: uplink.bad_acknowledgements == 1)
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await other.publish(topic, b'{"v":1,"have":[{"boot":"b1","from":1,"to":9}]}')
    await waiting
    await other.close()
    await uplink.close()
