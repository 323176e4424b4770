"""What a no, a half no, a bug and a hang-up mean for a record, and for all others."""

import asyncio

import orjson
import pytest

from agent.link.record import PriorityClass, Record
from agent.uplinks.contract import Message, NotAllowed, PartlyRefused
from agent.uplinks.pace import Pace
from drivers.event import Event, EventKind, Transition
from hil.virtual_time import run
from protocols.errors import NotConnected, Refused
from protocols.reason import Reason
from tests.uplinks.conformance import FAST, forwarding
from tests.uplinks.memory import MemoryOutbox, record
from tests.uplinks.told import ToldUplink
from tests.waiting import patient, until


async def test_lost_rights_are_reported_once_and_their_return_once_and_nothing_is_parked(far: ToldUplink) -> None:
    told: list[Event] = []
    far.connecting = [NotAllowed("bad password"), NotAllowed("bad password"), NotConnected("away")]
    denied = [3]

    def answer(_message: Message) -> Exception | None:
        denied[0] -= 1
        return NotAllowed("not your topic", 0x87) if denied[0] >= 0 else None

    far.answer = answer
    outbox = MemoryOutbox()
    outbox.offer(record(1))
    async with forwarding(far, outbox, FAST, told):
        await until("delivered in the end", lambda: len(outbox.confirmed) == 1)
    assert [(event.kind, event.subject, event.transition) for event in told] == [
        (EventKind.UPLINK_REFUSED, "told", Transition.RAISED),
        (EventKind.UPLINK_REFUSED, "told", Transition.CLEARED),
    ]
    assert told[0].evidence == {"reason": Reason("bad password")}
    assert outbox.parked == []


async def test_what_is_refused_for_ever_is_parked_with_its_reason_and_the_rest_flows(far: ToldUplink) -> None:
    far.answer = lambda message: Refused("no such profile") if message.record.seq % 3 == 0 else None
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 31)))
    async with forwarding(far, outbox) as forwarder:
        await until("all settled", lambda: len(outbox.confirmed) + len(outbox.parked) == 30)
        assert forwarder.status()["refused"] == 10
    assert sorted((one.seq, why) for one, why in outbox.parked) == [(seq, "no such profile") for seq in range(3, 31, 3)]
    assert far.delivered.count(3) == 1


async def test_a_record_is_parked_once_though_the_connection_ends_meanwhile(
    far: ToldUplink, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = MemoryOutbox()
    parking, goes_on = asyncio.Event(), asyncio.Event()
    park = outbox.park

    async def slowly(one: Record, reason: Reason) -> None:
        parking.set()
        await goes_on.wait()
        await park(one, reason)

    monkeypatch.setattr(outbox, "park", slowly)
    far.answer = lambda message: Refused("no") if message.record.seq == 1 else None
    outbox.offer(record(1))
    async with forwarding(far, outbox), patient("the next is confirmed"):
        await parking.wait()
        far.gone.set()
        await until("closed", lambda: far.closes == 1)
        goes_on.set()
        outbox.offer(record(2))
        await until("the next", lambda: len(outbox.confirmed) == 1)
    assert [one.seq for one, _ in outbox.parked] == [1]
    assert far.delivered == [1, 2]


async def test_the_news_of_a_refusal_is_not_parked_when_it_is_refused_itself(far: ToldUplink) -> None:
    far.answer = lambda _message: Refused("no events here")
    outbox = MemoryOutbox()
    news = {"kind": "uplink_refused", "subject": "told", "severity": "warning", "turn": "noted", "at_ms": 0}
    about_us = record(2, PriorityClass.EVENT)._replace(body=orjson.dumps({"events": [news]}))
    about_another = record(3, PriorityClass.EVENT)._replace(
        body=orjson.dumps({"events": [{**news, "subject": "other"}]})
    )
    outbox.offer(record(1, PriorityClass.EVENT), about_us, about_another)
    async with forwarding(far, outbox) as forwarder:
        await until("all settled", lambda: len(outbox.confirmed) + len(outbox.parked) == 3)
        assert forwarder.status()["refused"] == 3
    assert [one.seq for one in outbox.confirmed] == [2]
    assert sorted(one.seq for one, _ in outbox.parked) == [1, 3]


async def test_what_is_refused_in_part_is_released_and_reported(far: ToldUplink) -> None:
    told: list[Event] = []
    far.answer = lambda _message: PartlyRefused("two components unknown", 2)
    outbox = MemoryOutbox()
    outbox.offer(record(7))
    async with forwarding(far, outbox, FAST, told):
        await until("released", lambda: len(outbox.confirmed) == 1)
    (event,) = told
    assert event.transition is Transition.NOTED
    assert event.evidence == {"reason": Reason("two components unknown"), "boot": "b1", "seq": 7, "left_out": 2}


async def test_a_bug_of_an_uplink_comes_out_as_itself_and_closes_everything(far: ToldUplink) -> None:
    far.answer = lambda _message: KeyError("no such attribute")
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 10)))
    with pytest.raises(KeyError, match="no such attribute"):
        async with forwarding(far, outbox):
            await until("it has ended", lambda: far.closes == 1)
    assert outbox.confirmed == []


async def test_a_record_that_makes_the_far_end_hang_up_is_found_and_parked_and_no_other(far: ToldUplink) -> None:
    poison = 7

    def answer(message: Message) -> Exception | None:
        if message.record.seq == poison:
            far.gone.set()
            return NotConnected("it hung up")
        return None

    far.answer = answer
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 101)))
    async with forwarding(far, outbox, Pace(longest_rest_s=0.02)):
        await until("all settled", lambda: len(outbox.confirmed) + len(outbox.parked) == 100)
    assert [(one.seq, "no other" in why) for one, why in outbox.parked] == [(poison, True)]


async def test_a_line_that_breaks_whatever_is_under_way_condemns_nothing(far: ToldUplink) -> None:
    far.answer = lambda _message: NotConnected("bad line") if far.connects <= 12 else None
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 31)))
    async with forwarding(far, outbox, Pace(longest_rest_s=0.02)) as forwarder:
        await until("delivered in the end", lambda: len(outbox.confirmed) == 30)
        assert forwarder.status()["losses"] == 12
    assert outbox.parked == []


def test_records_with_nothing_for_the_far_end_do_not_prove_a_bad_line_good() -> None:
    async def story() -> None:
        far, outbox = ToldUplink(), MemoryOutbox()
        far.answer = lambda _message: NotConnected("bad line") if far.connects <= 12 else None
        far.nothing_in = set(range(2, 1000))
        outbox.offer(record(1))
        async with forwarding(far, outbox, Pace(longest_rest_s=0.02)):
            for seq in range(2, 1000):
                outbox.offer(record(seq))
                await asyncio.sleep(0.1)
        assert (far.connects, outbox.parked) == (13, [])
        assert len(outbox.confirmed) == 999

    run(story())
