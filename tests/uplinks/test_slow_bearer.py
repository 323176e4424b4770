"""A bearer that is slow: what is under way shrinks until an alarm no longer waits behind it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.link.record import PriorityClass, Stream
from agent.uplinks.answers import Answers
from agent.uplinks.backoff import Backoff
from agent.uplinks.besides import Besides
from agent.uplinks.contract import Message
from agent.uplinks.mqtt import MqttUplink
from agent.uplinks.pace import Pace
from agent.uplinks.retained import Documents
from agent.uplinks.traffic import LONG_S, Traffic
from hil.platform import Receiver
from hil.proxy import Proxy
from hil.virtual_time import run
from protocols.mqtt import Link
from tests.uplinks.conformance import GATEWAY, forwarding
from tests.uplinks.memory import MemoryOutbox, record
from tests.uplinks.told import ToldUplink
from tests.waiting import scaled, until


def traffic(window: int, *, yielding: bool = True) -> Traffic:
    return Traffic(window, Backoff(lambda: 0.0), yielding=yielding)


def bear(priority: Traffic, seconds_each: float, rounds: int) -> int:
    """A bearer that takes this long for each record, one after another; how much is under way in the end."""
    under_way = 0
    for _ in range(rounds):
        under_way += priority.room
        priority.take(priority.room)
        for behind in range(under_way):
            priority.done()
            priority.confirmed(seconds_each * (behind + 1))
        under_way = 0
    return priority.room


def test_a_quick_bearer_gets_the_whole_window_soon() -> None:
    assert bear(traffic(16), 0.001, 1) == 8
    assert bear(traffic(16), 0.001, 3) == 16


def test_a_slow_bearer_keeps_about_a_second_under_way() -> None:
    for seconds_each in (0.1, 0.2, 0.34, 0.5):
        assert 0.5 * LONG_S - seconds_each <= bear(traffic(32), seconds_each, 60) * seconds_each <= 2 * LONG_S


def test_a_very_slow_bearer_gets_one_at_a_time_and_never_none() -> None:
    assert bear(traffic(32), 30.0, 20) == 1


def test_alarms_never_yield() -> None:
    assert bear(traffic(8, yielding=False), 30.0, 20) == 8


@given(st.integers(1, 64), st.lists(st.tuples(st.booleans(), st.floats(0, 60)), max_size=200))
def test_room_is_never_beyond_the_window_nor_the_width_below_one(window: int, story: list[tuple[bool, float]]) -> None:
    priority, under_way = traffic(window), 0
    for take, took_s in story:
        if take and priority.room > 0:
            priority.take(1)
            under_way += 1
        elif under_way:
            priority.done()
            priority.confirmed(took_s)
            under_way -= 1
        assert 1 <= priority.room + under_way <= window


async def test_alarms_pass_a_backlog_on_a_line_of_two_megabits(wire: Proxy, platform: Receiver) -> None:
    wire.up_bytes_per_s = 250_000
    outbox = MemoryOutbox()
    outbox.offer(*(record(seq, pad=20_000) for seq in range(1, 401)))
    uplink = MqttUplink("u", GATEWAY, "b1", Link("127.0.0.1", "gw", wire.port, answer_s=10))
    async with forwarding(uplink, outbox, Pace()) as forwarder:
        await until("the backlog fills the line", lambda: forwarder.status()["confirmed_records"]["backlog"] >= 10)
        for number in range(2):
            outbox.offer(record(1000 + number, PriorityClass.EVENT))
            confirmed = number + 1
            await until(
                "the alarm is through within the ten seconds the standard gives it",
                lambda: forwarder.status()["confirmed_records"]["events"] == confirmed,  # noqa: B023
                seconds=10,
            )
            await asyncio.sleep(0.1)
        assert len(outbox.confirmed) < 400, "the backlog was still going out"
        assert forwarder.status()["losses"] == 0


class OneAtATime(ToldUplink):
    """A far end that needs `answer_s` for each record, one after another; of six readings it is asked about one."""

    def __init__(self, answer_s: float) -> None:
        super().__init__(window=9)
        self.answer_s = answer_s
        self._turn = asyncio.Lock()

    async def deliver(self, message: Message) -> bool:
        if message.record.priority is PriorityClass.TELEMETRY and message.record.seq % 6:
            return False
        async with self._turn:
            await asyncio.sleep(self.answer_s)
        return await super().deliver(message)


async def longest_wait_s(answer_s: float, alarms: int = 20) -> float:
    """Of so many alarms raised while a backlog drains and a new record comes each second."""
    loop, outbox = asyncio.get_running_loop(), MemoryOutbox()
    outbox.offer(*(record(seq) for seq in range(1, 20_001)))
    waits = []
    async with forwarding(OneAtATime(answer_s), outbox, Pace(events=8, live=16, backlog=8)):
        await asyncio.sleep(0.1)
        for number in range(1, alarms + 1):
            raised = loop.time()
            outbox.offer(record(-number, PriorityClass.EVENT))
            while outbox.free[Stream.EVENTS] or -number in outbox.taken:  # noqa: ASYNC110 - time is virtual
                await asyncio.sleep(0.1)
            waits.append(loop.time() - raised)
            for seq in range(number * 20, number * 20 + 13):
                outbox.offer(record(100_000 + seq))
                await asyncio.sleep(1)
    assert outbox.free[Stream.BACKLOG] or outbox.free[Stream.LIVE], "the backlog was still going out"
    return max(waits)


@pytest.mark.parametrize("answer_s", [0.2, 0.5, 1.0])
def test_alarms_pass_a_backlog_at_a_far_end_that_answers_one_at_a_time(answer_s: float) -> None:
    assert run(longest_wait_s(answer_s)) < 10


async def test_how_everything_stands_holds_up_no_alarm(wire: Proxy, platform: Receiver) -> None:
    """A line of 5 kB/s: three hundred hydrants' documents take half a minute, an alarm as long as one of them."""
    wire.up_bytes_per_s = 5000
    documents = Documents()
    documents.begun("b")
    told = [[f"asset/H{n}", n + 1, {"id": f"H{n}", "note": "x" * 500}] for n in range(300)]
    documents.take({"documents": told, "whole": 300})
    besides = Besides(documents, Answers(GATEWAY), GATEWAY, f"elsewhere/{GATEWAY}", lambda _why: None)
    link = Link("127.0.0.1", "gw", wire.port, answer_s=10)
    uplink = MqttUplink("u", GATEWAY, "b1", link, besides=besides)
    outbox = MemoryOutbox()
    async with forwarding(uplink, outbox, Pace()) as forwarder:
        await until("some are out", lambda: len(besides._state._has) >= 3)
        began_s = asyncio.get_running_loop().time()
        for number in range(5):
            outbox.offer(record(1000 + number, PriorityClass.EVENT))
            confirmed = number + 1
            await until(
                "the alarm is through",
                lambda: forwarder.status()["confirmed_records"]["events"] == confirmed,  # noqa: B023
                seconds=5,
            )
        assert asyncio.get_running_loop().time() - began_s < scaled(5), "a second each at most"
        assert len(besides._state._has) < 200, "there was still much to tell"
