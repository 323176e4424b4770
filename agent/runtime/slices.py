"""Long work on the loop, a slice at a time: between two slices everything else has its turn."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakKeyDictionary

SLICE_S = 0.005
"""Longer than any single item of the work should take, and far below what anybody notices."""

T = TypeVar("T")

_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


@asynccontextmanager
async def one_slice() -> AsyncIterator[None]:
    """Work for a few milliseconds. All such work of a loop stands in one queue, and one slice is cut a turn."""
    queue = _queues.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with queue:
        yield
        await asyncio.sleep(0)  # still ours: the next in the queue is a turn of the loop away


async def in_slices(work: Iterable[T], slice_s: float = SLICE_S) -> list[T]:
    """Everything that `work` yields, made `slice_s` at a stretch, however many ask for such work at once."""
    items = iter(work)
    done: list[T] = []
    while True:
        async with one_slice():
            until = time.perf_counter() + slice_s
            for item in items:
                done.append(item)
                if time.perf_counter() >= until:
                    break
            else:
                return done
