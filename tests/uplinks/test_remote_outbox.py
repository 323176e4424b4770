"""The outbox over a channel: what it hands out, what a cut, a hang and a new life on either side cost."""

import asyncio
import contextlib
from typing import Any

import pytest

from agent.core import outbox_server
from agent.link.channel import Channel
from agent.link.outbox import Gap
from agent.link.record import PriorityClass, Record, Stream
from agent.link.remote_outbox import CONFIRM, TAKE, WANT
from agent.uplinks.pace import Pace
from protocols.errors import Refused
from protocols.reason import Reason
from tests.uplinks.conformance import FAST, forwarding, seqs
from tests.uplinks.memory import MemoryOutbox, record
from tests.uplinks.over_channel import Joined, joined
from tests.uplinks.told import ToldUplink
from tests.waiting import patient, until


async def taken(both: Joined, stream: Stream = Stream.LIVE, limit: int = 10) -> list[Record]:
    async with patient("something to send"):
        await both.remote.wait(stream)
        return list(await both.remote.take(stream, limit))


async def test_a_record_comes_over_whole_and_is_settled_in_each_way() -> None:
    box = MemoryOutbox()
    box.offer(*(record(seq) for seq in range(1, 5)))
    async with joined(box) as both:
        records = await taken(both)
        assert records == [record(seq) for seq in range(1, 5)]
        both.remote.confirm(records[0])
        await both.remote.park(records[1], Reason("no thanks"))
        assert seqs(one for one, _ in box.parked) == [2]
        assert seqs(box.confirmed) == [1], "a post is there before the answer to what was asked after it"
        both.remote.give_back(records[2])
        assert seqs(await taken(both)) == [3]
        assert seqs(record for _, record in box.taken.values()) == [4, 3]
        both.remote.lacks([Gap("b1", 1, 1)])
        assert seqs(await taken(both, Stream.BACKLOG)) == [1]


async def test_what_is_ready_is_known_without_asking_and_never_stale_for_long() -> None:
    box = MemoryOutbox()
    async with joined(box) as both:
        assert not any(both.remote.ready(stream) for stream in Stream)
        assert list(await both.remote.take(Stream.LIVE, 5)) == []
        waiting = asyncio.create_task(both.remote.wait())
        box.offer(record(1))
        async with patient("it wakes"):
            await waiting
        assert both.remote.ready(Stream.LIVE)
        assert seqs(await both.remote.take(Stream.LIVE, 5)) == [1]
        assert not both.remote.ready(Stream.LIVE), "the answer itself says that nothing is left"
        box.offer(record(2))
        await until("the flag is up again", lambda: both.remote.ready(Stream.LIVE))


async def test_another_wakes_at_the_next_commit_of_its_class_only() -> None:
    box = MemoryOutbox()
    box.offer(record(1, PriorityClass.EVENT))
    async with joined(box) as both:
        await both.remote.wait(Stream.EVENTS)
        waiting = asyncio.create_task(both.remote.another(PriorityClass.EVENT))
        box.offer(record(2))
        await both.remote.wait(Stream.LIVE)
        assert not waiting.done()
        box.offer(record(3, PriorityClass.EVENT))
        async with patient("it wakes"):
            await waiting


async def test_a_cut_gives_everything_back_and_an_earlier_lifes_word_counts_no_more() -> None:
    box = MemoryOutbox()
    box.offer(record(1), record(2))
    async with joined(box) as both:
        first, second = await taken(both)
        await both.end()
        assert box.taken == {}
        assert not both.remote.ready(Stream.LIVE)
        both.remote.confirm(first)  # nobody hears it
        await both.remote.park(second, Reason("nor this"))
        both.begin()
        assert seqs(await taken(both)) == [1, 2]
        assert (box.confirmed, box.parked) == ([], [])


async def test_what_is_still_in_hand_is_not_handed_out_twice_but_its_end_counts_for_the_new_life() -> None:
    box = MemoryOutbox()
    box.offer(record(1), record(2), record(3))
    async with joined(box) as both:
        first, second, _third = await taken(both)
        await both.end()
        both.begin()
        assert await taken(both) == []
        both.remote.confirm(first)
        both.remote.give_back(second)
        assert seqs(await taken(both)) == [2]
        assert seqs(box.confirmed) == [1]


async def test_a_record_of_the_same_number_but_another_boot_is_another_record() -> None:
    """The journal was made anew and counts from 1 again: what was sent of the old one settles nothing of the new."""
    box = MemoryOutbox()
    box.offer(record(1))
    async with joined(box) as both:
        (old,) = await taken(both)
        await both.end()
        box.free[Stream.LIVE].clear()
        box.offer(record(1, boot="b2"))
        both.begin()
        (new,) = await taken(both)
        assert new.boot == "b2"
        both.remote.confirm(old)
        await both.remote.park(old, Reason("no"))
        await asyncio.sleep(0)
        assert seqs(one for _, one in box.taken.values()) == [1]
        assert box.confirmed == []
        both.remote.confirm(new)
        await until("the new one is confirmed", lambda: [one.boot for one in box.confirmed] == ["b2"])


async def test_a_cancelled_take_loses_nothing() -> None:
    box = MemoryOutbox()
    async with joined(box) as both:
        for seq in range(1, 20):
            box.offer(record(seq))
            await both.remote.wait(Stream.LIVE)
            taking = asyncio.create_task(both.remote.take(Stream.LIVE, 5))
            for _ in range(seq % 7):
                await asyncio.sleep(0)
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                for one in await taking:
                    both.remote.give_back(one)
            await until("it is back", lambda: box.taken == {})
        assert seqs(await taken(both, limit=50)) == list(range(1, 20))


class Spied:
    """What the uplinks process asks and posts, by name."""

    def __init__(self, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        ask, post = channel.ask, channel.post

        async def asking(name: str, *args: Any, **about: Any) -> Any:
            self.said.append(name)
            return await ask(name, *args, **about)

        def posting(kind: str, body: Any, **how: Any) -> bool:
            self.said.append(kind)
            return post(kind, body, **how)

        monkeypatch.setattr(channel, "ask", asking)
        monkeypatch.setattr(channel, "post", posting)


async def test_what_is_waited_for_comes_without_being_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    box = MemoryOutbox()
    async with joined(box) as both:
        assert both.here is not None
        spied = Spied(both.here, monkeypatch)
        for seq in range(1, 6):
            waiting = asyncio.create_task(both.remote.wait(Stream.LIVE))
            await asyncio.sleep(0.01)
            box.offer(record(seq))
            async with patient("it comes"):
                await waiting
            (one,) = await both.remote.take(Stream.LIVE, 8)
            both.remote.confirm(one)
        await until("all are confirmed", lambda: seqs(box.confirmed) == [1, 2, 3, 4, 5])
    assert spied.said == [WANT, *[CONFIRM] * 5], "one message each way a record"


async def test_no_more_goes_ahead_of_a_confirmation_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    box = MemoryOutbox()
    async with joined(box) as both:
        assert both.here is not None
        waiting = asyncio.create_task(both.remote.wait(Stream.LIVE))
        await asyncio.sleep(0.01)
        spied = Spied(both.here, monkeypatch)
        for seq in range(1, 11):
            box.offer(record(seq))
            await asyncio.sleep(0.005)
        async with patient("it comes"):
            await waiting
        assert len(box.taken) == outbox_server.AHEAD
        assert seqs(await both.remote.take(Stream.LIVE, 50)) == [1, 2, 3, 4]
        assert both.remote.ready(Stream.LIVE), "the rest is there for whoever asks"
        assert seqs(await both.remote.take(Stream.LIVE, 50)) == [5, 6, 7, 8, 9, 10]
    assert spied.said == [TAKE]


async def test_what_is_given_back_comes_before_what_had_come_ahead() -> None:
    box = MemoryOutbox(strict=True)
    async with joined(box) as both:
        waiting = asyncio.create_task(both.remote.wait(Stream.LIVE))
        await asyncio.sleep(0.01)
        box.offer(record(1), record(2))
        async with patient("it comes"):
            await waiting
        (first,) = await both.remote.take(Stream.LIVE, 1)
        box.offer(record(3))  # on its way when the first is given back
        both.remote.give_back(first)
        await until("all are back", lambda: box.taken == {})
        got: list[int] = []
        while len(got) < 3:
            got += seqs(await taken(both, limit=1))
    assert got == [1, 2, 3]


async def test_who_waits_no_more_holds_nothing() -> None:
    box = MemoryOutbox()
    async with joined(box) as both:
        waiting = asyncio.create_task(both.remote.wait(Stream.LIVE))
        await asyncio.sleep(0.01)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        box.offer(record(1))
        await asyncio.sleep(0.01)
        await until("what came all the same is back", lambda: box.taken == {})
        assert seqs(await taken(both)) == [1]


async def test_confirmations_go_together_and_the_last_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    box = MemoryOutbox()
    box.offer(*(record(seq) for seq in range(1, 21)))
    async with joined(box) as both:
        records = [*await taken(both, limit=20)]
        assert both.here is not None
        spied = Spied(both.here, monkeypatch)
        for one in records:
            both.remote.confirm(one)
        await until("all are confirmed", lambda: len(box.confirmed) == 20)
        assert spied.said == [CONFIRM] * 3
        box.offer(record(21), record(22))
        one, _other = await taken(both)
        both.remote.confirm(one)
        await until("none waits long for more", lambda: len(box.confirmed) == 21)


async def test_a_reconnection_takes_back_what_nobody_carries_any_more() -> None:
    box = MemoryOutbox()
    box.offer(record(1), record(2))
    async with joined(box) as both:
        await taken(both)
        both.remote.reconnected()
        assert seqs(await taken(both, Stream.BACKLOG)) == [1, 2]
        assert box.reconnects == 1


async def test_a_record_no_channel_carries_is_parked_with_the_reason_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox_server, "TOO_LONG", 5000)
    box = MemoryOutbox()
    box.offer(record(1), record(2, pad=6000), record(3))
    async with joined(box) as both:
        assert seqs(await taken(both)) == [1, 3]
        ((parked, why),) = box.parked
        assert (parked.seq, why) == (2, f"{len(record(2, pad=6000).body)} bytes: no uplink carries that")


async def test_one_answer_carries_no_more_than_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_server, "AT_ONCE", 5000)
    box = MemoryOutbox()
    box.offer(*(record(seq, pad=4000) for seq in range(1, 6)))
    async with joined(box) as both:
        got = [seqs(await taken(both)) for _ in range(3)]
    assert got == [[1, 2], [3, 4], [5]]


async def test_a_forwarder_goes_on_over_lives_of_core_with_its_connection_up(far: ToldUplink) -> None:
    box = MemoryOutbox()
    async with joined(box) as both, forwarding(far, both.remote, FAST) as forwarder:
        for life in range(4):
            box.offer(*(record(life * 10 + seq) for seq in range(1, 11)))
            box.offer(record(1000 + life, PriorityClass.EVENT))
            await until("something is on its way", lambda: len(far.delivered) > life * 11)  # noqa: B023
            await both.end()
            await asyncio.sleep(0.01)
            both.begin()
        await until("everything", lambda: len(box.confirmed) == 44)
        assert forwarder.status()["losses"] == 0
    assert far.connects == 1
    assert set(far.delivered) == {*range(1, 11), *range(11, 21), *range(21, 31), *range(31, 41), *range(1000, 1004)}


async def test_refused_while_core_is_away_it_is_refused_again_and_parked_once(far: ToldUplink) -> None:
    box = MemoryOutbox()
    far.answer = lambda message: Refused("never") if message.record.seq == 2 else None
    far.flowing.clear()
    box.offer(record(1), record(2))
    async with joined(box) as both, forwarding(far, both.remote, Pace(longest_rest_s=0.2)):
        await until("both are under way", lambda: far.under_way == 2)
        await both.end()
        far.flowing.set()
        await until("both have their answer", lambda: far.under_way == 0)
        assert (box.confirmed, box.parked) == ([], [])
        both.begin()
        await until("settled", lambda: len(box.confirmed) + len(box.parked) == 2)
        assert seqs(one for one, _ in box.parked) == [2]
