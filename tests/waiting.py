"""How a test waits: for a cause, for as long as something moves, in seconds of what this machine can do.

`until` polls, `patient` bounds a block, `output_of` reads a program to its end, `ended` waits for one. All of them give
up by name when nothing moved for their patience, stretched by how slow the machine is now. `scaled` stretches a limit
that a test asserts or hands to what it tests. What is itself under test gets its clock from the test.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from hil.patience import LOOK_S, Patience, Stuck, patient, scaled, slowness
from hil.processes import work_of

__all__ = ["Patience", "Stuck", "ended", "output_of", "patient", "scaled", "slowness", "soon", "until", "work_of"]

T = TypeVar("T")


async def until(
    what: str,
    ready: Callable[[], T],
    seconds: float = 20.0,
    progress: Callable[[], object] | None = None,
    *,
    every_s: float = 0.01,
) -> T:
    """Wait for `ready()` to be true, looking every so often; what it was then."""
    async with patient(what, seconds, progress):
        while not (found := ready()):  # noqa: ASYNC110 - a cause that cannot be awaited
            await asyncio.sleep(every_s)
    return found


def soon(what: str, ready: Callable[[], T], seconds: float = 20.0, progress: Callable[[], object] | None = None) -> T:
    """`until` for a test without a loop."""
    patience = Patience(what, seconds, progress)
    while not (found := ready()):
        if patience.over():
            raise patience.stuck()
        time.sleep(LOOK_S / 5)
    return found


async def output_of(
    process: asyncio.subprocess.Process, stdin: bytes = b"", seconds: float = 20.0
) -> tuple[bytes, bytes]:
    """What it wrote, once it has ended; it may take as long as it works. One that is stuck is killed."""
    try:
        async with patient(f"process {process.pid} ends", seconds, lambda: work_of(process.pid)):
            out, err = await process.communicate(stdin or None)
    except Stuck:
        process.kill()
        await process.communicate()
        raise
    return out or b"", err or b""


async def ended(process: asyncio.subprocess.Process, seconds: float = 10.0) -> int:
    """Its exit code, once it has ended."""
    async with patient(f"process {process.pid} ends", seconds, lambda: work_of(process.pid)):
        return await process.wait()
