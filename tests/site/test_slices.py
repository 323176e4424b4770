"""Work in slices: whole, in order, and never two slices in one turn of the loop, whoever's they are."""

import asyncio
from collections.abc import Iterator

import pytest

from agent.runtime.slices import in_slices, one_slice
from tests.waiting import patient


class Turns:
    """Counts the turns of the loop."""

    def __init__(self) -> None:
        self.now = 0
        self._next()

    def _next(self) -> None:
        self.now += 1
        self._handle = asyncio.get_running_loop().call_soon(self._next)

    def end(self) -> None:
        self._handle.cancel()


async def test_one_slice_a_turn_however_many_ask() -> None:
    turns = Turns()
    cut: list[tuple[int, str]] = []

    def work(name: str) -> Iterator[int]:
        for n in range(5):
            cut.append((turns.now, name))
            yield n

    try:
        done = await asyncio.gather(*(in_slices(work(name), slice_s=0.0) for name in "abc"))
    finally:
        turns.end()
    assert done == [[0, 1, 2, 3, 4]] * 3
    assert len({turn for turn, _name in cut}) == len(cut) == 15
    assert [name for _turn, name in cut[:6]] == ["a", "b", "c", "a", "b", "c"], "one after the other"


async def test_what_is_short_is_one_slice() -> None:
    turns = Turns()
    before = turns.now
    assert await in_slices(iter("abc"), slice_s=60.0) == ["a", "b", "c"]
    turns.end()
    assert turns.now - before <= 2


async def test_an_error_and_a_cancellation_leave_the_queue_free() -> None:
    def breaks() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await in_slices(breaks())
    endless = asyncio.create_task(in_slices(iter(int, 1), slice_s=0.0))
    await asyncio.sleep(0)
    endless.cancel()
    await asyncio.wait([endless])
    async with patient("a slice is cut"), one_slice():
        pass
