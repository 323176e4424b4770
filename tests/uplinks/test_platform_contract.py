"""What is written down for platforms is what is sent, received and checked."""

import asyncio
import contextlib
import inspect
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml  # type: ignore[import-untyped] # amqtt brings it; its stubs would be one more dependency for one test
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agent.flight.orders.signing import public_text
from agent.journal.journal import Journal, JournalPlan
from agent.link.record import PriorityClass
from agent.link.utc import utc_text
from agent.runtime.clock.reckon import Fix
from agent.runtime.flood import MOST
from agent.runtime.signed import ACKNOWLEDGEMENT, ORDER, signature
from agent.settings.load import load
from agent.uplinks.acknowledgement import parse_acknowledgement
from agent.uplinks.contract import Message
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.mqtt import MqttUplink
from agent.uplinks.site_message import site_message
from drivers.event import Event, EventKind, Severity, Transition
from drivers.quality import Quality
from drivers.sample import Layout, Sample
from hil.broker import Mosquitto
from hil.platform import Receiver, Store
from hil.platform.rule import MISSING, keep, missing
from protocols.clock import boottime_ns
from protocols.errors import BadAnswer
from protocols.mqtt import Link, Session
from protocols.reason import Reason
from tests.uplinks.conformance import FAST, GATEWAY
from tests.uplinks.memory import record
from tests.waiting import patient, scaled, until

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "config/schemas"
CONTRACT = (ROOT / "docs/platform-contract.md").read_text("utf-8")
KINDS = ("asset", "alarm", "incident", "nest", "aircraft", "seal", "rule")
STATE = ("state", "state/rate", "state/rate/{by}/{group}", *(f"state/{kind}/{{id}}" for kind in KINDS))
SHAPE = Layout("hydrant/terminal-float", ("pressure", "battery", "alarms", "mode"), ("kPa", "V", "1", "1"))


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_rule_in_the_contract_is_the_rule_in_the_code() -> None:
    assert all(inspect.getsource(rule) in CONTRACT for rule in (keep, missing))
    assert MISSING in CONTRACT


def test_the_examples_in_the_contract_fit_the_schemas() -> None:
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", CONTRACT, re.DOTALL)]
    kinds = ("message", "acknowledgement", "missing", "answer")
    assert [validator(kind).is_valid(one) for kind, one in zip(kinds, examples, strict=True)] == [True] * 4


def test_asyncapi_names_the_topics_and_schemas_there_are() -> None:
    told = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text("utf-8"))
    topics = {channel["address"] for channel in told["channels"].values()}
    priorities = {f"hydronest/{{gateway}}/{priority.code}" for priority in PriorityClass}
    assert topics == priorities | {
        f"hydronest/{{gateway}}/{what}"
        for what in ("status", "site", "ack", "missing", "answer", "order/fact/{kind}", "order/flight", *STATE)
    }
    for message in told["components"]["messages"].values():
        schema = message["payload"].get("schema")
        assert schema is None or (ROOT / "docs" / schema["$ref"].split("#")[0]).is_file()
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
    journal.offer_event(Event(EventKind.CAP_REMOVED, "h1", Severity.ALARM, Transition.RAISED, now, {"bit": "cap_open"}))
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
    outlets = {device["id"]: device["outlets_mm"] for device in site["devices"] if device["kind"] == "hydrant"}
    assert outlets and all(sizes and min(sizes) >= 25 for sizes in outlets.values())
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
    [b"", b"[]", b"7", b"{", b'{"have":[1]}', b'{"have":[{"boot":"b"}]}',
     b'{"have":[{"boot":"b","seq":"1","sha256":"00"}]}',
     b'{"refused":[{"boot":"b","seq":2}]}', b'{"refused":{"b":1}}', b"\xff\xfe",
     b'{"have":[{"boot":"b","seq":true,"sha256":"00"}]}', b'{"have":[{"boot":"b","from":0,"to":4611686018427387904}]}'],
)  # fmt: skip
def test_nonsense_on_the_acknowledgement_topic_is_called_so(payload: bytes) -> None:
    with pytest.raises(BadAnswer):
        parse_acknowledgement(payload)


@given(st.binary())
def test_no_bytes_break_the_reading_of_an_acknowledgement(payload: bytes) -> None:
    with contextlib.suppress(BadAnswer):
        parse_acknowledgement(payload)


class Acknowledged:
    """A message that waits for the platform's word, and who says it."""

    def __init__(self, broker: Mosquitto, platform_key: str | None = None) -> None:
        self.doubts: list[Reason] = []
        link = Link("127.0.0.1", "gw", broker.port)
        self.uplink = MqttUplink("u", GATEWAY, "b1", link, confirm="platform", confirm_s=scaled(5),
                                 platform_key=platform_key, on_doubtful=self.doubts.append)  # fmt: skip
        self.other = Session(Link("127.0.0.1", "other", broker.port))
        self.message = Message(GATEWAY, record(5))
        self.about = {"boot": "b1", "seq": 5, "sha256": sha256(self.message.encoded()).hexdigest()}

    async def waiting(self) -> asyncio.Task[bool]:
        await self.uplink.connect()
        await self.other.connect()
        return asyncio.create_task(self.uplink.deliver(self.message))

    async def say(self, *messages: object) -> None:
        for message in messages:
            payload = message if isinstance(message, bytes) else orjson.dumps(message)
            await self.other.publish(f"hydronest/{GATEWAY}/ack", payload)

    async def close(self) -> None:
        await self.other.close()
        await self.uplink.close()


async def test_what_a_stranger_acknowledges_releases_nothing_and_is_told(broker: Mosquitto) -> None:
    it = Acknowledged(broker)
    waiting = await it.waiting()
    another = {**it.about, "sha256": "0" * 64}
    await it.say(
        b"nonsense",
        {},
        {"have": [{"boot": "b1", "from": 0, "to": 2**62}]},
        {"have": [{**it.about, "boot": "b2"}, {**it.about, "seq": 6}]},
        {"have": [another]},
        {"refused": [{**another, "why": "so that it is never sent again"}]},
    )
    await until("what is wrong is told", lambda: len(it.doubts) == 4)
    assert [why.code for why in it.doubts] == ["uplink.no_acknowledgement"] * 2 + ["uplink.acknowledges_other"] * 2
    assert not waiting.done()
    await it.say({"v": 2, "have": [it.about]})
    assert await waiting
    await it.close()


async def test_a_platform_with_a_key_is_believed_under_its_signature_alone(broker: Mosquitto) -> None:
    key, forger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    it = Acknowledged(broker, public_text(key))
    waiting = await it.waiting()
    text = json.dumps({"v": 2, "have": [it.about]})
    await it.say(
        {"v": 2, "have": [it.about]},
        {"payload": text, "signature": signature(forger, ACKNOWLEDGEMENT, text)},
        {"payload": text, "signature": signature(key, ORDER, text)},
        {"payload": text.replace("b1", "b2"), "signature": signature(key, ACKNOWLEDGEMENT, text)},
    )
    await until("what is wrong is told", lambda: len(it.doubts) == 4)
    assert not waiting.done()
    await it.say({"payload": text, "signature": signature(key, ACKNOWLEDGEMENT, text)})
    assert await waiting
    await it.close()


async def test_a_late_word_on_an_earlier_sending_counts_though_its_time_is_better_known_now(broker: Mosquitto) -> None:
    it = Acknowledged(broker)
    first = await it.waiting()
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    corrected = record(5)._replace(t0_ns=record(5).t0_ns + 7_000_000, err_ms=1)
    again = asyncio.create_task(it.uplink.deliver(Message(GATEWAY, corrected)))
    await until("it is sent again", lambda: ("b1", 5) in it.uplink.awaited)
    await it.say({"have": [it.about]})
    assert await again
    assert not it.doubts
    await it.close()


async def test_a_flood_of_forged_acknowledgements_is_told_as_a_number(broker: Mosquitto) -> None:
    it = Acknowledged(broker)
    waiting = await it.waiting()
    await it.say(*[{"have": [{**it.about, "sha256": f"{n:064x}"}]} for n in range(40)])
    await until("all are counted", lambda: it.uplink.awaited.doubts == 40)
    assert len(it.doubts) == MOST
    await it.say({"have": [it.about]})
    assert await waiting
    await it.close()
