"""The forwarder alone, against a far end that does as it is told: who goes first, what an answer means, how it ends."""

import asyncio

import pytest

from agent.link.record import PriorityClass, Record, Stream
from agent.uplinks.backoff import Backoff
from agent.uplinks.contract import Message
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.pace import EVENT_REST_S, Pace
from hil.virtual_time import run
from protocols.errors import Busy, NoAnswer, NotConnected, WireError
from tests.uplinks.conformance import FAST, forwarding
from tests.uplinks.memory import MemoryOutbox, record
from tests.uplinks.told import ToldUplink
from tests.waiting import patient, until


async def test_an_event_goes_before_a_backlog_that_was_there_first(far: ToldUplink) -> None:
    far.window = 4
    outbox = MemoryOutbox()
    far.flowing.clear()
    outbox.offer(*(record(seq) for seq in range(1, 201)))
    async with forwarding(far, outbox):
        await until("the far end is full of the past", lambda: far.delivered == [1, 2, 3])
        outbox.offer(record(1000, PriorityClass.EVENT))
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
    outbox.offer(
        *(record(seq) for seq in range(1, 101)), *(record(seq, PriorityClass.EVENT) for seq in range(101, 201))
    )
    async with forwarding(far, outbox, Pace(events=3, live=5, backlog=7)):
        await until("both full: readings begin with four", lambda: far.under_way == 3 + 4)
        outbox.offer(*(record(seq) for seq in range(201, 301)))
        await until("all three full", lambda: far.under_way == 3 + 4 + 4)
        far.flowing.set()
        await until("all", lambda: len(outbox.confirmed) == 300)
    assert outbox.most_taken[Stream.EVENTS] == 3
    assert 4 <= outbox.most_taken[Stream.LIVE] <= 5
    assert 4 <= outbox.most_taken[Stream.BACKLOG] <= 7


async def test_a_record_with_nothing_for_the_far_end_says_nothing_about_the_line(far: ToldUplink) -> None:
    far.answer = lambda _message: NoAnswer("silence")
    far.nothing_in = set(range(2, 40))
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 40)))
    async with forwarding(far, outbox) as forwarder:
        await until("all but the first", lambda: len(outbox.confirmed) == 38)
        assert str(forwarder.status()["reason"]) == "silence"


def test_after_a_night_of_silence_an_event_is_confirmed_within_ten_seconds() -> None:
    async def nights() -> None:
        loop, far, outbox = asyncio.get_running_loop(), ToldUplink(), MemoryOutbox()
        async with forwarding(far, outbox, Pace()):
            for night in range(5):
                far.answer = lambda _message: NoAnswer("silence")
                outbox.offer(record(2 * night + 1, PriorityClass.EVENT))
                await asyncio.sleep(8 * 3600 + night * 7)
                far.answer = lambda _message: None
                outbox.offer(record(2 * night + 2, PriorityClass.EVENT))
                answering_again = loop.time()
                while len(outbox.confirmed) < 2 * night + 2:  # noqa: ASYNC110 - time is virtual
                    await asyncio.sleep(0.1)
                assert loop.time() - answering_again < 10

    run(nights())


@pytest.mark.parametrize("error", [Busy("later"), NoAnswer("silence")])
async def test_trouble_with_one_stream_holds_up_no_other(far: ToldUplink, error: WireError) -> None:
    tries: list[int] = []

    def answer(message: Message) -> Exception | None:
        if message.record.priority is PriorityClass.TELEMETRY and len(tries) < 4:
            tries.append(message.record.seq)
            return error
        return None

    far.answer = answer
    outbox = MemoryOutbox()
    outbox.offer(record(1))
    async with forwarding(far, outbox) as forwarder:
        await until("a first failure", lambda: bool(tries))
        outbox.offer(*(record(seq, PriorityClass.EVENT) for seq in range(10, 20)))
        await until("the events", lambda: len(outbox.confirmed) >= 10)
        await until("the reading after its rests", lambda: len(outbox.confirmed) == 11)
        status = forwarder.status()
    assert tries == [1, 1, 1, 1]
    assert status["retried"] == 4
    assert status["losses"] == 0
    assert far.connects == 1


async def test_stopping_while_the_wire_breaks_still_stops(far: ToldUplink) -> None:
    outbox = MemoryOutbox()
    forwarder = Forwarder("gw", far, outbox, lambda _event: None, FAST)
    for _ in range(20):
        task = asyncio.create_task(forwarder.run())
        await until("connected", lambda: forwarder.status()["state"] == "connected")
        far.gone.set()
        await asyncio.sleep(0)
        task.cancel()
        async with patient("it stops", 2):
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_paused_it_sends_nothing_more_and_resumed_it_goes_on(far: ToldUplink) -> None:
    outbox = MemoryOutbox()
    async with forwarding(far, outbox) as forwarder:
        outbox.offer(record(1))
        await until("one", lambda: len(outbox.confirmed) == 1)
        forwarder.pause()
        assert forwarder.status()["state"] == "paused"
        outbox.offer(record(2), record(3, PriorityClass.EVENT))
        await asyncio.sleep(0.2)
        assert far.delivered == [1]
        forwarder.resume()
        await until("all", lambda: len(outbox.confirmed) == 3)
        assert await outbox.replay(2) == 2
        await until("again", lambda: sorted(far.delivered) == [1, 2, 2, 3, 3])


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


def test_an_alarm_does_not_wait_out_the_rest_before_the_next_connection() -> None:
    async def story() -> tuple[float, int]:
        loop, far, outbox = asyncio.get_running_loop(), ToldUplink(), MemoryOutbox()
        far.connecting = [NotConnected("nobody is there") for _ in range(100)]
        async with forwarding(far, outbox, Pace()):  # nothing waits, and nothing hurries
            await asyncio.sleep(600)
            tried, far.connecting = far.connects, []
            raised = loop.time()
            outbox.offer(record(3, PriorityClass.EVENT))
            while not any(one.seq == 3 for one in outbox.confirmed):  # noqa: ASYNC110 - time is virtual
                await asyncio.sleep(0.1)
            return loop.time() - raised, tried

    for _ in range(20):
        waited_s, tried = run(story())
        assert waited_s <= EVENT_REST_S + 0.2
        assert tried <= 1 + 7 + 600 / 15, "seven rests on the way to 30 s, each half of that at the least"


@pytest.mark.parametrize("waits", [record(1), record(1, PriorityClass.EVENT)])
def test_while_an_alarm_or_the_present_waits_no_rest_is_longer_than_five_seconds(waits: Record) -> None:
    """A broker that comes back behind a far end that took every call is found at once."""

    async def story() -> float:
        loop, far, outbox = asyncio.get_running_loop(), ToldUplink(), MemoryOutbox()
        far.connecting = [NotConnected("nobody is there") for _ in range(10_000)]
        outbox.offer(waits)
        async with forwarding(far, outbox, Pace()):
            await asyncio.sleep(1800)
            far.connecting = []
            back = loop.time()
            while not outbox.confirmed:  # noqa: ASYNC110 - time is virtual
                await asyncio.sleep(0.1)
            return loop.time() - back

    for _ in range(20):
        assert run(story()) <= 5
