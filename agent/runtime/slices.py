"""Long work on the loop, a slice at a time: between two slices everything else has its turn."""

import asyncio
import time
from collections.abc import Iterable
from typing import TypeVar
from weakref import WeakKeyDictionary

SLICE_S = 0.005
"""Longer than any single item of the work should take, and far below what anybody notices."""

T = TypeVar("T")

_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def in_slices(work: Iterable[T], slice_s: float = SLICE_S) -> list[T]:
    """Everything that `work` yields, made `slice_s` at a stretch.

    All such work of one loop stands in one queue: however many ask, one slice is cut a turn.
    """
    queue = _queues.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    items = iter(work)
    done: list[T] = []
    while True:
        async with queue:
            until = time.perf_counter() + slice_s
            for item in items:
                done.append(item)
                if time.perf_counter() >= until:
                    break
            else:
                return done
            await asyncio.sleep(0)  # still ours: the next in the queue is a turn of the loop away
