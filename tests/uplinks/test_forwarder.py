"""The forwarder alone, against a far end that does as it is told: who goes first, what an answer means, how it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable

import orjson
import pytest
import pytest_asyncio

from agent.journal.record import Lane, Record, Stream
from agent.uplinks.backoff import Backoff
from agent.uplinks.contract import Message, NotAllowed, PartlyRefused
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.pace import Pace
from drivers.event import Event, EventKind, Turn
from protocols.errors import Busy, NoAnswer, NotConnected, Refused, WireError
from tests.uplinks.conformance import FAST, forwarding, until
from tests.uplinks.memory import MemoryOutbox, record

Answer = Callable[[Message], Exception | None]


class ToldUplink:
    """Confirms when let, in the order delivered; `answer` may name an error instead."""

    def __init__(self, window: int = 20) -> None:
        self.name = "told"
        self.window = window
        self.delivered: list[int] = []
        self.under_way = 0
        self.most_under_way = 0
        self.answer: Answer = lambda _message: None
        self.connecting: list[Exception] = []
        self.connects = 0
        self.closes = 0
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.gone = asyncio.Event()

    async def connect(self) -> None:
        self.connects += 1
        if self.connecting:
            raise self.connecting.pop(0)
        self.gone.clear()

    async def deliver(self, message: Message) -> None:
        self.delivered.append(message.record.seq)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0)
            await self.flowing.wait()
        finally:
            self.under_way -= 1
        if (error := self.answer(message)) is not None:
            raise error

    async def lost(self) -> None:
        await self.gone.wait()

    async def close(self) -> None:
        self.closes += 1
        self.gone.set()


@pytest_asyncio.fixture
async def far() -> AsyncIterator[ToldUplink]:
    uplink = ToldUplink()
    yield uplink
    assert uplink.under_way == 0
    assert uplink.closes >= 1


async def test_an_event_goes_before_a_backlog_that_was_there_first(far: ToldUplink) -> None:
    far.window = 4
    outbox = MemoryOutbox()
    far.flowing.clear()
    outbox.offer(*(record(seq) for seq in range(1, 201)))
    async with forwarding(far, outbox):
        await until("the far end is full of the past", lambda: far.delivered == [1, 2, 3])
        outbox.offer(record(1000, Lane.EVENT))
        await until("the event is under way although nothing else moves", lambda: far.delivered == [1, 2, 3, 1000])
        far.flowing.set()
        await until("everything", lambda: len(outbox.confirmed) == 201)
    assert far.most_under_way <= 4


async def test_the_present_goes_before_the_past_and_the_past_gets_its_share(far: ToldUplink) -> None:
    far.window = 2
    far.flowing.clear()
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 101)))
    async with forwarding(far, outbox, Pace(live=4, backlog=4, backlog_share=0.25, longest_rest_s=0.2)) as forwarder:
        await until("connected", lambda: forwarder.status()["state"] == "connected")
        outbox.offer(*(record(seq) for seq in range(1001, 1101)))
        await until("both wait", lambda: outbox.most_taken[Stream.LIVE] == outbox.most_taken[Stream.BACKLOG] == 4)
        far.flowing.set()
        await until("all", lambda: len(outbox.confirmed) == 200)
    mixed = far.delivered[1:101]
    past = sum(1 for seq in mixed if seq <= 100)
    assert 20 <= past <= 35, "a quarter of the sends while both had something"
    assert [seq for seq in far.delivered if seq <= 100] == list(range(1, 101))
    assert [seq for seq in far.delivered if seq > 1000] == list(range(1001, 1101))


async def test_windows_bound_what_is_under_way_per_stream(far: ToldUplink) -> None:
    far.window = 100
    far.flowing.clear()
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 101)), *(record(seq, Lane.EVENT) for seq in range(101, 201)))
    async with forwarding(far, outbox, Pace(events=3, live=5, backlog=7)):
        await until("both full: readings begin with four", lambda: far.under_way == 3 + 4)
        outbox.offer(*(record(seq) for seq in range(201, 301)))
        await until("all three full", lambda: far.under_way == 3 + 4 + 4)
        far.flowing.set()
        await until("all", lambda: len(outbox.confirmed) == 300)
    assert outbox.most_taken[Stream.EVENTS] == 3
    assert 4 <= outbox.most_taken[Stream.LIVE] <= 5
    assert 4 <= outbox.most_taken[Stream.BACKLOG] <= 7


@pytest.mark.parametrize("error", [Busy("later"), NoAnswer("silence")])
async def test_trouble_with_one_stream_holds_up_no_other(far: ToldUplink, error: WireError) -> None:
    tries: list[int] = []

    def answer(message: Message) -> Exception | None:
        if message.record.lane is Lane.TELEMETRY and len(tries) < 4:
            tries.append(message.record.seq)
            return error
        return None

    far.answer = answer
    outbox = MemoryOutbox()
    outbox.offer(record(1))
    async with forwarding(far, outbox) as forwarder:
        await until("a first failure", lambda: bool(tries))
        outbox.offer(*(record(seq, Lane.EVENT) for seq in range(10, 20)))
        await until("the events", lambda: len(outbox.confirmed) >= 10)
        await until("the reading after its rests", lambda: len(outbox.confirmed) == 11)
        status = forwarder.status()
    assert tries == [1, 1, 1, 1]
    assert status["retried"] == 4
    assert status["losses"] == 0
    assert far.connects == 1


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
    assert [(event.kind, event.subject, event.turn) for event in told] == [
        (EventKind.UPLINK_REFUSED, "told", Turn.RAISED),
        (EventKind.UPLINK_REFUSED, "told", Turn.CLEARED),
    ]
    assert told[0].evidence == {"reason": "bad password"}
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

    async def slowly(one: Record, reason: str) -> None:
        parking.set()
        await goes_on.wait()
        await park(one, reason)

    monkeypatch.setattr(outbox, "park", slowly)
    far.answer = lambda message: Refused("no") if message.record.seq == 1 else None
    outbox.offer(record(1))
    async with forwarding(far, outbox), asyncio.timeout(10):
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
    about_us = record(2, Lane.EVENT)._replace(body=orjson.dumps({"events": [news]}))
    about_another = record(3, Lane.EVENT)._replace(body=orjson.dumps({"events": [{**news, "subject": "other"}]}))
    outbox.offer(record(1, Lane.EVENT), about_us, about_another)
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
    assert event.turn is Turn.NOTED
    assert event.evidence == {"reason": "two components unknown", "boot": "b1", "seq": 7, "left_out": 2}


async def test_a_bug_of_an_uplink_comes_out_as_itself_and_closes_everything(far: ToldUplink) -> None:
    far.answer = lambda _message: KeyError("no such attribute")
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 10)))
    with pytest.raises(KeyError, match="no such attribute"):
        async with forwarding(far, outbox):
            await until("it has ended", lambda: far.closes == 1)
    assert outbox.confirmed == []


async def test_stopping_while_the_wire_breaks_still_stops(far: ToldUplink) -> None:
    outbox = MemoryOutbox()
    forwarder = Forwarder("gw", far, outbox, lambda _event: None, FAST)
    for _ in range(20):
        task = asyncio.create_task(forwarder.run())
        await until("connected", lambda: forwarder.status()["state"] == "connected")
        far.gone.set()
        await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(2):
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_paused_it_sends_nothing_more_and_resumed_it_goes_on(far: ToldUplink) -> None:
    outbox = MemoryOutbox()
    async with forwarding(far, outbox) as forwarder:
        outbox.offer(record(1))
        await until("one", lambda: len(outbox.confirmed) == 1)
        forwarder.pause()
        assert forwarder.status()["state"] == "paused"
        outbox.offer(record(2), record(3, Lane.EVENT))
        await asyncio.sleep(0.2)
        assert far.delivered == [1]
        forwarder.resume()
        await until("all", lambda: len(outbox.confirmed) == 3)
        assert await forwarder.replay(2) == 2
        await until("again", lambda: sorted(far.delivered) == [1, 2, 2, 3, 3])


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


async def test_drained_means_confirmed_or_parked(far: ToldUplink) -> None:
    far.answer = lambda message: Refused("no") if message.record.seq == 5 else None
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 11)))
    async with forwarding(far, outbox) as forwarder, asyncio.timeout(5):
        await forwarder.drained()
    assert (len(outbox.confirmed), len(outbox.parked)) == (9, 1)


async def test_one_uplinks_stall_delays_no_other(far: ToldUplink) -> None:
    stalled, mine, theirs = ToldUplink(), MemoryOutbox("a"), MemoryOutbox("b")
    stalled.flowing.clear()
    for box in (mine, theirs):
        box.offer(*(record(seq) for seq in range(1, 301)))
    async with forwarding(stalled, theirs), forwarding(far, mine):
        await until("the healthy one is through", lambda: len(mine.confirmed) == 300, 5)
        assert theirs.confirmed == []


def test_rests_double_with_jitter_and_start_small_after_a_success() -> None:
    now = 100.0
    backoff = Backoff(lambda: now)
    for _ in range(2):
        assert backoff.left_s == 0
        for step in (0.5, 1, 2, 4, 8, 16, 30, 30):
            backoff.failed()
            left = backoff.left_s
            assert step * 0.5 <= left <= step * 1.5
            backoff.failed()
            assert backoff.left_s == left, "a failure during a rest belongs to the same trouble"
            now += left
        backoff.succeeded()
