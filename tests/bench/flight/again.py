"""Doing a thing over and over beside a flight."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator


@contextlib.asynccontextmanager
async def beside(*work: Awaitable[None]) -> AsyncIterator[None]:
    """Let these go on until the block is left. What one of them raises is raised here."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    for error in done:
        if isinstance(error, Exception):
            raise error


async def again(work: Callable[[], Awaitable[None]], every_s: float = 0.0) -> None:
    """For ever. A socket that is not there, full or hung up on is no reason to end: what took hold counts."""
    while True:
        with contextlib.suppress(OSError, TimeoutError):
            await work()
        await asyncio.sleep(every_s)


def numbered(rate: float) -> Callable[[], Iterator[int]]:
    """Call it often: the numbers that are due by now at `rate` a second, none twice, at most a second's worth."""
    loop = asyncio.get_running_loop()
    began, told = loop.time(), 0

    def due() -> Iterator[int]:
        nonlocal began, told
        upto = int((loop.time() - began) * rate)
        if upto - told > rate:
            began += (upto - told - rate) / rate
            upto = told + int(rate)
        numbers = range(told, upto)
        told = upto
        return iter(numbers)

    return due
