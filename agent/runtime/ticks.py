"""What happens every second happens at the same moment everywhere: one wake-up of the process pays for all of it."""

import asyncio


async def next_tick(every_s: float = 1.0) -> float:
    """Return at the next whole multiple of `every_s` on the loop's clock, and say when that was to be.

    On CLOCK_MONOTONIC that is the same moment in every process, whenever each of them began.
    """
    loop = asyncio.get_running_loop()
    now = loop.time()
    due = (now // every_s + 1) * every_s
    await asyncio.sleep(due - now)
    return due
