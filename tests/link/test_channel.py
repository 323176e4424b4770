"""One end of a channel: what is posted, asked, answered late, and how it ends."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agent.control.request import RequestError
from agent.link.channel import Channel, ChannelGone
from tests import waiting


class Ends:
    """Both ends of one channel in this process; `here` asks, `there` answers by `release`."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.release = asyncio.Event()
        one, other = socket.socketpair()
        self.here = Channel("there", one, lambda kind, body: self.heard.append((kind, body)))
        handlers = {"twice": self._twice, "never": self._never, "wrong": self._wrong, "bug": self._bug}
        self.there = Channel("here", other, lambda kind, body: self.heard.append((kind, body)), handlers)

    async def _twice(self, args: Any) -> Any:
        await self.release.wait()
        return args["n"] * 2

    async def _never(self, _args: Any) -> Any:
        await asyncio.Event().wait()

    async def _wrong(self, _args: Any) -> Any:
        raise RequestError("not_found", "there is none", "Look elsewhere.")

    async def _bug(self, _args: Any) -> Any:
        raise ZeroDivisionError("planted")


@contextlib.asynccontextmanager
async def ends() -> AsyncIterator[Ends]:
    both = Ends()
    runs = [asyncio.create_task(one.run()) for one in (both.here, both.there)]
    try:
        yield both
    finally:
        for run in runs:
            run.cancel()
        await asyncio.wait(runs)


async def until(ready: Any) -> None:
    await waiting.until("the other end is told", ready, every_s=0.001)


async def test_what_is_posted_arrives_in_order_even_before_anybody_reads() -> None:
    async with ends() as both:
        for number in range(100):
            assert both.here.post("n", number)
        await until(lambda: len(both.heard) == 100)
    assert both.heard == [("n", number) for number in range(100)]
    assert not both.here.post("n", 100), "the channel is gone"


async def test_questions_are_answered_refused_or_fail_by_name() -> None:
    async with ends() as both:
        both.release.set()
        assert await both.here.ask("twice", n=21) == 42
        for name, code in (("wrong", "not_found"), ("bug", "failed"), ("unheard_of", "unknown_ask")):
            with pytest.raises(RequestError) as no:
                await both.here.ask(name)
            assert no.value.code == code


async def test_an_answer_that_comes_too_late_is_not_lost_on_who_wants_it() -> None:
    late: list[Any] = []
    async with ends() as both:
        with pytest.raises(TimeoutError):
            await both.here.ask("twice", 0.02, late.append, n=1)
        asking = asyncio.create_task(both.here.ask("twice", late=late.append, n=2))
        await asyncio.sleep(0.02)
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
        assert late == []
        both.release.set()
        await until(lambda: sorted(late) == [2, 4])


async def test_an_answer_in_the_very_moment_of_cancellation_is_late_too() -> None:
    late: list[Any] = []
    async with ends() as both:
        asking = asyncio.create_task(both.here.ask("twice", late=late.append, n=3))
        await asyncio.sleep(0.02)
        (number,) = both.here._asked
        both.here._take({"r": number, "v": 6})
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert late == [6]


async def test_an_answer_between_cancellation_and_its_effect_is_late_too() -> None:
    late: list[Any] = []
    async with ends() as both:
        asking = asyncio.create_task(both.here.ask("twice", late=late.append, n=4))
        await asyncio.sleep(0.02)
        (number,) = both.here._asked
        asking.cancel()
        both.here._take({"r": number, "v": 8})
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert late == [8]
        assert not both.here._late


async def test_the_end_of_the_peer_ends_what_is_asked_and_what_is_being_answered() -> None:
    async with ends() as both:
        asking = asyncio.create_task(both.here.ask("never"))
        await asyncio.sleep(0.02)
        both.there.close()
        with pytest.raises(ChannelGone):
            await asking
        await until(lambda: not both.here.open)
        with pytest.raises(ChannelGone):
            await both.here.ask("twice", n=1)
    assert not [task for task in asyncio.all_tasks() if "asks" in task.get_name()]
