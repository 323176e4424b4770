"""Keeps jobs alive: what is transient is waited out; a settings mistake or a bug parks its one job and nothing else.

Nothing is parked for ever: a parked job is an alarm, and is tried again each minute.
"""

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from protocols.errors import Reasoned, WireError
from protocols.reason import Reason

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
CALM_S = 60.0  # a job that ran this long starts again with the first pause and a clean bug count
BUGS_BEFORE_PARKING = 3
PARKED_S = 60.0  # until a parked job is tried again
PROVEN_S = 10.0  # a parked job that runs for so long is parked no more


class SettingsMistake(Reasoned):
    """The settings ask for what cannot be had: until a person changes them, or what they name comes about."""


class JobState(StrEnum):
    """What a job is doing. A parked one stays so through each new try, until that has gone on for a while."""

    RUNNING = "running"
    WAITING = "waiting"
    PARKED = "parked"
    ENDED = "ended"


@dataclass(slots=True)
class Job:
    """One supervised job, as `status` shows it. `trouble` is the last reason it stopped."""

    name: str
    state: JobState = JobState.RUNNING
    starts: int = 0
    bugs: int = 0
    trouble: Reason | None = None


OnChange = Callable[[Job], None]
Sleep = Callable[[float], Awaitable[None]]


def _where(error: BaseException) -> Reason:
    """`Kind: message (file:line)`: the innermost frame, for the log and the self-fault event."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "?"
    return Reason("job.bug", error=type(error).__name__, text=str(error), place=place)


async def _once(work: Callable[[], Awaitable[None]], proven: Callable[[], None] | None) -> None:
    """Run `work` in a task of its own: in Python 3.11 a TaskGroup that fails inside it can eat our cancellation.

    `proven` is called once it has run for a while.
    """
    task = asyncio.ensure_future(work())
    try:
        if proven is not None:
            done, _running = await asyncio.wait([task], timeout=PROVEN_S)
            if not done:
                proven()
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait([task])
        raise
    task.result()


async def supervise(
    job: Job,
    work: Callable[[], Awaitable[None]],
    on_parked: OnChange,
    on_back: OnChange = lambda _job: None,
    *,
    parked_s: float = PARKED_S,
    sleep: Sleep = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
) -> None:
    """Run `work` again and again until it returns or is cancelled.

    WireError: transient; back off 0.5 → 30 s with jitter, for ever. SettingsMistake: park at once. Anything else is a
    bug: back off, and park after three without a calm minute between. A parked job is tried again every
    `parked_s`. `on_parked` is told once when a job is parked, `on_back` once when it is no more.
    """
    loop = asyncio.get_running_loop()
    pause = FIRST_PAUSE_S

    def back() -> None:
        if job.state is JobState.PARKED:
            job.bugs = 0
            job.state, job.trouble = JobState.RUNNING, None
            on_back(job)

    while True:
        parked = job.state is JobState.PARKED
        if not parked:
            job.state = JobState.RUNNING
        job.starts += 1
        started = loop.time()
        trouble: Reason | None = None
        park = False
        try:
            await _once(work, back if parked else None)
        except WireError as transient:
            trouble = transient.reason
        except SettingsMistake as mistake:
            trouble, park = mistake.reason, True
        except Exception as bug:
            trouble = _where(bug)
            job.bugs = 1 if loop.time() - started > CALM_S else job.bugs + 1
            park = job.bugs >= BUGS_BEFORE_PARKING
        if not park:
            back()
        if trouble is None:
            job.state = JobState.ENDED
            return
        job.trouble = trouble
        if park:
            if job.state is not JobState.PARKED:
                job.state = JobState.PARKED
                on_parked(job)
            await sleep(parked_s)
            continue
        if loop.time() - started > CALM_S:
            pause = FIRST_PAUSE_S
        job.state = JobState.WAITING
        await sleep(pause * (0.5 + jitter()))
        pause = min(pause * 2, LONGEST_PAUSE_S)
