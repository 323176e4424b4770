"""Keeps jobs alive: weather is waited out, a settings mistake or a bug parks its one job and nothing else."""

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from protocols.errors import WireError

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
CALM_S = 60.0  # a job that ran this long starts again with the first pause and a clean bug count
BUGS_BEFORE_PARKING = 3


class SettingsMistake(Exception):
    """The settings ask for what cannot be had; trying again will not help until a person changes them."""


class JobState(StrEnum):
    """What a job is doing."""

    RUNNING = "running"
    WAITING = "waiting"
    PARKED = "parked"
    ENDED = "ended"


@dataclass(slots=True)
class Job:
    """One supervised job, as `status` shows it. `trouble` is the last reason it stopped, '' for none."""

    name: str
    state: JobState = JobState.RUNNING
    starts: int = 0
    bugs: int = 0
    trouble: str = ""


OnParked = Callable[[Job], None]
Sleep = Callable[[float], Awaitable[None]]


def _where(error: BaseException) -> str:
    """`Kind: message (file:line)`: the innermost frame, for the log and the self-fault event."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


async def _once(work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` in a task of its own: in Python 3.11 a TaskGroup that fails inside it can eat our cancellation."""
    task = asyncio.ensure_future(work())
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait([task])
        raise
    task.result()


async def supervise(
    job: Job,
    work: Callable[[], Awaitable[None]],
    on_parked: OnParked,
    *,
    sleep: Sleep = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
) -> None:
    """Run `work` again and again until it returns, is parked, or is cancelled.

    WireError: weather; back off 0.5 → 30 s with jitter, for ever. SettingsMistake: park at once. Anything else is a
    bug: back off, and park after three without a calm minute between. `on_parked` is told once when a job is parked.
    """
    loop = asyncio.get_running_loop()
    pause = FIRST_PAUSE_S
    while True:
        job.state = JobState.RUNNING
        job.starts += 1
        started = loop.time()
        try:
            await _once(work)
        except WireError as weather:
            job.trouble = str(weather) or type(weather).__name__
        except SettingsMistake as mistake:
            job.trouble = str(mistake)
            job.state = JobState.PARKED
        except Exception as bug:
            job.trouble = _where(bug)
            job.bugs = 1 if loop.time() - started > CALM_S else job.bugs + 1
            if job.bugs >= BUGS_BEFORE_PARKING:
                job.state = JobState.PARKED
        else:
            job.state = JobState.ENDED
            return
        if job.state is JobState.PARKED:
            on_parked(job)
            return
        if loop.time() - started > CALM_S:
            pause = FIRST_PAUSE_S
        job.state = JobState.WAITING
        await sleep(pause * (0.5 + jitter()))
        pause = min(pause * 2, LONGEST_PAUSE_S)
