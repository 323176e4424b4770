"""The platform's topics and the local socket: 1,000 mutated messages a run (HYDRONEST_FUZZ asks for more).

Every message is one that is taken, cut, doubled, nested or spoilt. No job ends, nothing waits, and what is right
afterwards is taken as before.
"""

import asyncio
import contextlib
import json
import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.flight.orders.gate import Refusal
from agent.judge.facts import Fact, fact_from
from agent.judge.service.fact_door import FactDoor
from agent.judge.service.fact_inbox import FactInbox
from agent.runtime import signed as signing
from agent.runtime.signed import signature
from agent.uplinks.acknowledgement import parse_acknowledgement
from agent.uplinks.missing import parse_missing
from agent.uplinks.orders import Orders
from protocols.errors import BadAnswer
from protocols.reason import Reason
from tests.cli.serving import echo, raw, serving
from tests.nest.agent_rig import GATEWAY, KEYS, key_settings
from tests.nest.test_orders import Clocks, a_gate

MESSAGES = int(os.environ.get("HYDRONEST_FUZZ", "1000"))
INCIDENT = {"id": "I1", "lon": 118.87, "lat": 28.94, "at_s": 1.7e9, "note": "\u706b"}
PERMIT = {"id": "P1", "holder": "h", "from_s": 1.0, "until_s": 2e9, "asset": "H001"}
ORDER = {"gateway": GATEWAY, "id": "order-0001", "verb": "recall", "nest": "N1", "at": 1.7e9, "args": {}}
ENVELOPE = {"payload": json.dumps(ORDER), "key": "k", "signature": "AAAA"}
ABOUT = {"boot": "b", "seq": 9, "sha256": "0" * 64}
ACK = {"have": [ABOUT], "refused": [{**ABOUT, "seq": 10, "why": "no"}]}
GAPS = [json.dumps({"missing": [{"boot": "1f", "first": 3, "last": 9}]}).encode()]
SEEDS = [json.dumps(seed).encode() for seed in (INCIDENT, PERMIT, ORDER, ENVELOPE, ACK, {"ask": "echo", "n": 1})]
SPOILT = (
    b"NaN", b"-Infinity", b"1e999",
    b"9" * 400, b"[" * 3000, b'{"a":' * 2000, b'"\\ud800"', b"\xff\xfe", b"\x00", b"null",
    b"true", b'""', b"{}", b"[]", b"-0", b"1e308", b'"' + b"x" * 9000 + b'"', "\u202e".encode(), b'"=1+1"',
)  # fmt: skip


def mutated(dice: random.Random, seeds: Sequence[bytes] = ()) -> bytes:
    """One message without a line end."""
    raw = bytearray(dice.choice(seeds or SEEDS))
    for _ in range(dice.randint(1, 4)):
        at, end = sorted((dice.randrange(len(raw) + 1), dice.randrange(len(raw) + 1)))
        match dice.randrange(4):
            case 0:
                raw[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                raw[at:end] = b""
            case 2:
                raw[at:at] = raw[at:end]
            case _:  # a value of the same place, of another kind
                colon = raw.find(b": ", at)
                raw[colon + 2 : raw.find(b",", colon)] = dice.choice(SPOILT)
    return bytes(raw).replace(b"\n", b" ")


@pytest.fixture
def messages() -> list[bytes]:
    dice = random.Random(int(os.environ.get("HYDRONEST_FUZZ_SEED", "7")))
    return [mutated(dice) for _ in range(MESSAGES)]


def signed_fact(kind: str, content: bytes) -> bytes:
    """By somebody who may, whatever it is."""
    head = json.dumps({"gateway": GATEWAY, "key": "k-brigade", "fact": kind, "at": 1.7e9})
    text = f'{head[:-1]}, "content": {content.decode("utf-8", "replace")}}}'
    envelope = {"payload": text, "key": "k-brigade", "signature": signature(KEYS["brigade"], signing.FACT, text)}
    return json.dumps(envelope).encode()


async def test_facts_are_kept_or_refused_and_the_inbox_goes_on(messages: list[bytes]) -> None:
    kept: list[Fact] = []

    async def tell(kind: str, content: dict[str, Any], by: str, _more: Mapping[str, Any]) -> bool:
        assert by
        kept.append(fact_from(kind, content))
        return True

    inbox = FactInbox(tell, FactDoor(key_settings(), GATEWAY))
    answered: list[tuple[str, Reason | None]] = []

    def answer(status: str, _name: str, why: Reason | None) -> None:
        answered.append((status, why))

    def hear(topic: str, text: str) -> bool:
        inbox.hear(topic, text.encode(), answer)
        return True

    orders = Orders(hear)
    job = asyncio.create_task(inbox.run())
    for number, message in enumerate(messages):
        kind = ("incident", "permit", "inspection", "flow_test", "x", "")[number % 6]
        orders.hear(
            f"hydronest/QZ01/order/fact/{kind}", message if number % 4 > 1 else signed_fact(kind, message), answer
        )
        await inbox.settled()
        assert not job.done()
    for fact in kept:
        json.dumps(inbox.last_refusal and inbox.last_refusal.as_json(), allow_nan=False)
        assert 0 <= getattr(fact, "at_s", 0) <= 4e10
    before = inbox.kept
    orders.hear("hydronest/QZ01/order/fact/incident", signed_fact("incident", json.dumps(INCIDENT).encode()), answer)
    await inbox.settled()
    job.cancel()
    await asyncio.wait([job])
    assert inbox.kept == before + 1
    assert inbox.claims
    assert sum((inbox.kept, inbox.refused, inbox.repeated, inbox.claimed, orders.refused)) == len(messages) + 1
    assert len(answered) == len(messages) + 1, "each is answered"
    assert all(why is not None for status, why in answered if status == "refused")


def test_an_acknowledgement_or_a_gap_is_read_or_refused(messages: list[bytes]) -> None:
    dice = random.Random(len(messages))
    gaps = [mutated(dice, GAPS) for _ in messages]
    for parse, told in ((parse_acknowledgement, messages), (parse_missing, gaps)):
        read = 0
        for message in told:
            with contextlib.suppress(BadAnswer):
                parse(message)
                read += 1
        assert 0 < read < len(told)


def test_a_key_may_sign_anything_and_only_an_order_passes(messages: list[bytes], tmp_path: Path) -> None:
    verifier = a_gate(tmp_path, Clocks())
    passed = 0
    for message in messages:
        text = message.decode("utf-8", "replace")
        signed = signature(KEYS["brigade"], signing.ORDER, text)
        try:
            order = verifier.admit({"payload": text, "key": "k-brigade", "signature": signed})
        except Refusal as refused:
            json.dumps(refused.reason.as_json(), allow_nan=False)
        else:
            passed += 1
            assert (order.verb, order.nest) == ("recall", "N1")  # it alone needs no time
    assert passed < len(messages) / 10


async def test_a_local_user_is_answered_whatever_he_writes(tmp_path: Path, messages: list[bytes]) -> None:
    async with serving(tmp_path / "s", echo=echo):
        for message in messages[:: max(1, MESSAGES // 300)]:
            (answer,) = await raw(tmp_path / "s", message + b"\n")
            assert answer["ok"] or answer["code"] in ("bad_request", "unknown_ask")
        assert await raw(tmp_path / "s", b'{"ask": "echo", "n": 1}\n') == [{"ok": True, "value": {"n": 1}}]
