"""Answers to what the platform told: each once, by its digest; none is in the way, and none grows without bound."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from hashlib import sha256

from agent.link.record import Stream
from agent.uplinks.answers import MOST, Answers
from protocols.errors import NotConnected, Refused
from protocols.reason import Reason
from tests.uplinks.test_platform_contract import validator
from tests.waiting import until


@contextlib.asynccontextmanager
async def turn(_stream: Stream = Stream.LIVE) -> AsyncIterator[None]:
    yield


async def test_each_is_sent_once_and_those_that_found_no_room_are_counted() -> None:
    sent: list[bytes] = []
    troubles: list[Exception] = [NotConnected("uplink.connection_lost")]

    async def publish(payload: bytes) -> None:
        if troubles:
            raise troubles.pop()
        sent.append(payload)

    answers = Answers("gw1")
    for number in range(MOST + 3):
        payload = str(number).encode()
        answers.of("hydronest/gw1/order/fact/incident", payload)("refused", str(number), Reason("fact.claim", kind="x"))
    first = asyncio.create_task(answers.keep(publish, turn))
    await asyncio.wait([first])
    assert isinstance(first.exception(), NotConnected), "the connection ended: what waits goes over the next"
    again = asyncio.create_task(answers.keep(publish, turn))
    await until("all are sent", lambda: len(sent) == MOST)
    told = [json.loads(one) for one in sent]
    assert [one["id"] for one in told] == [str(number) for number in range(3, MOST + 3)]
    assert [one.get("lost") for one in told[:2]] == [3, None]
    assert told[0]["sha256"] == sha256(b"3").hexdigest()
    validator("answer").validate(told[0])
    answers.of("x/order/flight", b"{}")("accepted", "o1", None)
    await until("and the next", lambda: len(sent) == MOST + 1)
    validator("answer").validate(json.loads(sent[-1]))
    troubles.append(Refused("uplink.too_long", bytes=1))
    answers.of("x/order/flight", b"{}")("accepted", "o2", None)
    answers.of("x/order/flight", b"{}")("accepted", "o3", None)
    await until("one that the broker refuses holds up no other", lambda: b"o3" in sent[-1])
    again.cancel()
    await asyncio.wait([again])
