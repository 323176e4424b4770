"""Patience that goes by progress: a wait is given up when nothing moves any more, however long it has lasted.

A second of patience is one of the machine the limits were written on, with a core to itself. A slower machine, and one
that others use at the same time, gets as many more as it is slower; in virtual time a second is a second.
"""

import asyncio
import contextlib
import math
import os
import time
from collections.abc import AsyncIterator, Callable
from copy import copy
from functools import cache
from pathlib import Path

from hil.virtual_time import VirtualLoop
from hil.wire.virtual import VirtualLoop as VirtualWireLoop

PIECE_S = 0.0045
"""What `_piece_s` takes where the limits were written."""
LOOK_S = 0.05
SETTLES_S = 1.0  # how long the crowd is averaged over
LITTLE = 0.05  # who runs less than this part of the time is not judged by how long it waits for that little
MOST = 6.0  # so many times its patience a wait may last, whatever moves


class Stuck(TimeoutError):
    """Nothing moved any more, or it moved without end; says what was waited for and where it stood."""


def _piece_s() -> float:
    """CPU seconds of a fixed piece of work: the others on this machine do not count."""
    began, x = time.thread_time(), 0
    for i in range(40_000):
        x = (x * 31 + i) % 1_000_003
    return time.thread_time() - began


def _crowd() -> float:
    """How many want to run now for each core."""
    cores = len(os.sched_getaffinity(0))
    try:
        running = int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].partition("/")[0])
    except (OSError, IndexError, ValueError):
        return os.getloadavg()[0] / cores
    return running / cores


def _share() -> tuple[float, float]:
    """Seconds this thread has run, and seconds it wanted to and others did."""
    try:
        ran_ns, waited_ns = Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[:2]
    except (OSError, ValueError):
        return 0.0, 0.0
    return int(ran_ns) / 1e9, int(waited_ns) / 1e9


class Machine:
    """How slow this machine is: its cores are measured once, how crowded they are anew all the time.

    The crowd is how many want to run for each core, or what we get of one where that is less: not all are equals.
    """

    def __init__(
        self,
        piece_s: Callable[[], float] = _piece_s,
        crowd: Callable[[], float] = _crowd,
        share: Callable[[], tuple[float, float]] = _share,
    ) -> None:
        self.speed = max(1.0, min(piece_s() for _ in range(5)) / PIECE_S)
        self.crowd = 1.0
        self._count = crowd
        self._share = share
        self._before = (-math.inf, *share())

    def slowness(self, now: float) -> float:
        """At least 1. `now` is a monotonic clock's."""
        looked, had_run, had_waited = self._before
        if (past := now - looked) >= LOOK_S:
            ran, waited = self._share()
            self._before = (now, ran, waited)
            ours = 1.0 + (waited - had_waited) / max(ran - had_run, min(past, SETTLES_S) * LITTLE)
            self.crowd += (max(1.0, self._count(), ours) - self.crowd) * (1 - math.exp(-past / SETTLES_S))
        return self.speed * self.crowd


@cache
def machine() -> Machine:
    """This one, measured when it is first asked for."""
    return Machine()


def slowness() -> float:
    """How many times longer than where the limits were written everything takes here and now; at least 1."""
    return machine().slowness(time.monotonic())


def scaled(seconds: float) -> float:
    """A limit for what is to begin or has just ended: at least `seconds`."""
    return seconds * slowness()


class Patience:
    """`seconds` without a change of `progress()`, or `MOST` times as many in all, and it is over.

    What `progress` gives may be a thing that changes in place, as a count by name does: it is kept as it was.

    Ask `over` often: a pause between two looks counts as little more than one look, for whoever could not look could
    not make progress either. `clock` and `slow` are a loop's where its time is virtual.
    """

    def __init__(
        self,
        what: str,
        seconds: float,
        progress: Callable[[], object] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        slow: Callable[[], float] = slowness,
        most_pause_s: float = 2 * LOOK_S,
    ) -> None:
        self.what = what
        self.seconds = seconds
        self._progress = progress or (lambda: None)
        self._clock = clock
        self._slow = slow
        self._most_pause_s = most_pause_s
        self._began = self._looked = clock()
        self._value = copy(self._progress())
        self._left = seconds
        self._left_in_all = seconds * MOST

    def over(self) -> bool:
        """Whether to give up."""
        now = self._clock()
        spent = min(now - self._looked, self._most_pause_s) / self._slow()
        self._looked = now
        self._left -= spent
        self._left_in_all -= spent
        value = self._progress()
        if value != self._value:
            self._value, self._left = copy(value), self.seconds
        return self._left <= 0 or self._left_in_all <= 0

    def stuck(self) -> Stuck:
        """The error that says so."""
        how = "nothing moved any more" if self._left <= 0 else "it moved without coming to an end"
        took_s = self._clock() - self._began
        where = "" if self._value is None else f"; it stands at {self._value!r}"
        return Stuck(f"{self.what}: {how} ({took_s:.1f} s, this machine {self._slow():.1f} times slow){where}")


def of_loop(what: str, seconds: float, progress: Callable[[], object] | None) -> Patience:
    """By the running loop's own time."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualLoop | VirtualWireLoop):
        return Patience(what, seconds, progress, clock=loop.time, slow=lambda: 1.0, most_pause_s=math.inf)
    return Patience(what, seconds, progress)


@contextlib.asynccontextmanager
async def patient(
    what: str, seconds: float = 10.0, progress: Callable[[], object] | None = None
) -> AsyncIterator[Patience]:
    """Give up on the block when its patience is over. Raises Stuck.

    Where nothing but the end of the block can be seen to move, `progress` is left out.
    """
    loop = asyncio.get_running_loop()
    patience = of_loop(what, seconds, progress)
    ticking: asyncio.TimerHandle | None = None

    def look() -> None:
        nonlocal ticking
        if patience.over():
            limit.reschedule(loop.time())
        else:
            ticking = loop.call_later(LOOK_S, look)

    try:
        async with asyncio.timeout(None) as limit:
            ticking = loop.call_later(LOOK_S, look)
            try:
                yield patience
            finally:
                ticking.cancel()
    except TimeoutError:
        if not limit.expired():
            raise
        raise patience.stuck() from None
