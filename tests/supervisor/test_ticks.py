"""What happens every second happens at whole seconds of the clock that all processes share."""

import asyncio

from agent.runtime.ticks import next_tick
from hil import virtual_time


def test_whoever_begins_when_they_meet_at_the_next_whole_multiple() -> None:
    async def begins(after_s: float) -> list[float]:
        await asyncio.sleep(after_s)
        dues = [await next_tick(2.0) for _ in range(2)]
        assert dues[-1] == asyncio.get_running_loop().time()
        return dues

    async def both() -> list[list[float]]:
        return list(await asyncio.gather(begins(0.3), begins(1.9), begins(2.0)))

    assert virtual_time.run(both()) == [[2.0, 4.0], [2.0, 4.0], [4.0, 6.0]]
