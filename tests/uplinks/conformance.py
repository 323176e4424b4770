"""What every uplink must do, whatever it speaks. A new uplink brings a FarEnd and subclasses `UplinkConformance`.

class TestMine(UplinkConformance):
    @pytest_asyncio.fixture
    async def far_end(self, tmp_path: Path) -> AsyncIterator[FarEnd]:
        ...start the far end; yield it; stop it
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest

from agent.link.outbox import Outbox
from agent.link.record import PriorityClass, Record, Stream
from agent.uplinks.contract import Message, Uplink
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.pace import Pace
from drivers.event import Event
from protocols.errors import NotConnected, Refused, WireError
from tests.uplinks.memory import MemoryOutbox
from tests.waiting import patient, until

GATEWAY = "gw1"
FAST = Pace(longest_rest_s=0.2)


class FarEnd(Protocol):
    """The other side, with its faults. `record` and `unwanted` make what it takes and what it refuses for ever."""

    def uplink(self) -> Uplink:
        """A new uplink to it."""

    def record(self, seq: int, priority: PriorityClass = PriorityClass.TELEMETRY) -> Record: ...

    def unwanted(self, seq: int) -> Record: ...

    def heard(self) -> list[int]:
        """The seq of what it keeps, in the order of first arrival, each once after the receiver's rule."""

    async def stall(self) -> None:
        """Take in and confirm nothing, staying connected as far as one can tell."""

    async def go_on(self) -> None: ...

    async def cut(self) -> None:
        """Break the wire; it stays broken until `heal`."""

    async def heal(self) -> None: ...


@contextlib.asynccontextmanager
async def forwarding(
    uplink: Uplink, outbox: Outbox, pace: Pace = FAST, told: list[Event] | None = None
) -> AsyncIterator[Forwarder]:
    """A running Forwarder; cancelled at the end, which must leave nothing behind."""
    events: list[Event] = [] if told is None else told
    forwarder = Forwarder(GATEWAY, uplink, outbox, events.append, pace)
    task = asyncio.create_task(forwarder.run())
    try:
        yield forwarder
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


def seqs(records: Iterable[Record]) -> list[int]:
    return [record.seq for record in records]


async def settled(outbox: MemoryOutbox, count: int) -> None:
    """So many records are confirmed, or set aside as refused."""

    def so_far() -> int:
        return len(outbox.confirmed) + len(outbox.parked)

    await until(f"{count} settled", lambda: so_far() == count, progress=so_far)


async def heard(far_end: FarEnd, expected: Iterable[int]) -> None:
    """The far end keeps exactly these, each once; a broker may hand on what it confirmed a little later."""
    wanted = set(expected)
    await until(f"{len(wanted)} kept", lambda: wanted <= set(far_end.heard()), progress=lambda: len(far_end.heard()))
    assert sorted(far_end.heard()) == sorted(wanted)


class UplinkConformance:
    """Runs against `far_end`; `forwarding` may put something between the outbox and the forwarder."""

    forwarding: Callable[..., AbstractAsyncContextManager[Forwarder]] = staticmethod(forwarding)

    async def test_delivers_and_releases_only_what_is_kept(self, far_end: FarEnd) -> None:
        outbox = MemoryOutbox()
        outbox.offer(*(far_end.record(seq) for seq in range(1, 41)))
        async with self.forwarding(far_end.uplink(), outbox):
            await settled(outbox, 40)
        assert set(seqs(outbox.confirmed)) == set(range(1, 41))
        await heard(far_end, range(1, 41))

    async def test_refuses_to_deliver_before_it_is_connected(self, far_end: FarEnd) -> None:
        uplink = far_end.uplink()
        with pytest.raises(NotConnected):
            await uplink.deliver(Message(GATEWAY, far_end.record(1)))
        async with patient("it is lost", 1):
            await uplink.lost()
        await uplink.close()

    async def test_takes_part_of_a_window_and_parks_the_rest(self, far_end: FarEnd) -> None:
        outbox = MemoryOutbox()
        unwanted = {3, 7, 8}
        outbox.offer(*(far_end.unwanted(seq) if seq in unwanted else far_end.record(seq) for seq in range(1, 13)))
        async with self.forwarding(far_end.uplink(), outbox):
            await settled(outbox, 12)
        assert {record.seq for record, _ in outbox.parked} == unwanted
        assert all(reason for _, reason in outbox.parked)
        await heard(far_end, set(range(1, 13)) - unwanted)

    async def test_says_refused_for_what_is_never_wanted(self, far_end: FarEnd) -> None:
        uplink = far_end.uplink()
        await uplink.connect()
        with pytest.raises(Refused):
            await uplink.deliver(Message(GATEWAY, far_end.unwanted(1)))
        await uplink.deliver(Message(GATEWAY, far_end.record(2)))
        await uplink.close()
        await heard(far_end, [2])

    async def test_confirms_nothing_while_the_far_end_stalls_and_all_of_it_afterwards(self, far_end: FarEnd) -> None:
        outbox = MemoryOutbox()
        async with self.forwarding(far_end.uplink(), outbox):
            outbox.offer(far_end.record(1))
            await until("the first", lambda: len(outbox.confirmed) == 1)
            await far_end.stall()
            outbox.offer(*(far_end.record(seq) for seq in range(2, 101)))
            await until("several under way", lambda: outbox.most_taken[Stream.LIVE] >= 3)
            await asyncio.sleep(0.3)  # long enough for a confirmation that must not come
            assert len(outbox.confirmed) == 1
            assert len(outbox.taken) <= FAST.live
            await far_end.go_on()
            await settled(outbox, 100)
        await heard(far_end, range(1, 101))

    async def test_survives_cuts_and_the_far_end_keeps_each_record_once(self, far_end: FarEnd) -> None:
        outbox = MemoryOutbox()
        async with self.forwarding(far_end.uplink(), outbox):
            for cut in range(4):
                outbox.offer(*(far_end.record(seq) for seq in range(cut * 50 + 1, cut * 50 + 51)))
                arrived = len(far_end.heard())
                await until("something arrives", lambda: len(far_end.heard()) > arrived)  # noqa: B023
                await far_end.cut()
                await far_end.heal()
            await settled(outbox, 200)
        await heard(far_end, range(1, 201))

    async def test_notices_that_the_wire_broke(self, far_end: FarEnd) -> None:
        uplink = far_end.uplink()
        await uplink.connect()
        await far_end.stall()
        waiting = asyncio.create_task(uplink.deliver(Message(GATEWAY, far_end.record(1))))
        await asyncio.sleep(0.05)
        await far_end.cut()
        async with patient("it is noticed", 5):
            with pytest.raises(WireError):
                await waiting
            await uplink.lost()
        await far_end.heal()
        await far_end.go_on()
        await uplink.close()

    async def test_keeps_order_under_strict_even_through_cuts(self, far_end: FarEnd) -> None:
        outbox = MemoryOutbox(strict=True)
        outbox.offer(*(far_end.record(seq) for seq in range(1, 61)))
        async with self.forwarding(far_end.uplink(), outbox, Pace(strict=True, longest_rest_s=0.2)):
            for arrived in (10, 30):
                await until(f"{arrived} arrived", lambda: len(far_end.heard()) >= arrived)  # noqa: B023
                await far_end.cut()
                await far_end.heal()
            await settled(outbox, 60)
        await heard(far_end, range(1, 61))
        assert far_end.heard() == list(range(1, 61))

    async def test_a_cancelled_delivery_leaves_the_uplink_usable(self, far_end: FarEnd) -> None:
        uplink = far_end.uplink()
        await uplink.connect()
        await far_end.stall()
        for seq in range(1, 4):
            waiting = asyncio.create_task(uplink.deliver(Message(GATEWAY, far_end.record(seq))))
            await asyncio.sleep(0.02)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        await far_end.go_on()
        async with patient("the fourth is delivered", 20):
            try:
                await uplink.deliver(Message(GATEWAY, far_end.record(4)))
            except NotConnected:  # some far ends stall by freezing a wire, which must then be dialled anew
                await uplink.connect()
                await uplink.deliver(Message(GATEWAY, far_end.record(4)))
        await until("the fourth arrives", lambda: 4 in far_end.heard())
        await uplink.close()
        await uplink.close()
