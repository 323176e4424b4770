"""How a site's parts live and stop: supervised jobs, and the order in which everything ends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from agent.core.parts import Parts
from agent.core.uplinks_side import of_uplinks
from agent.runtime.jobs import Job, JobState, supervise
from drivers.event import EventKind
from protocols.errors import Reasoned

DRAIN_S = 3.0
"""How long a stopping agent waits for what is under way to be confirmed; the rest comes at the next start."""

_log = logging.getLogger("hydronest")


class Broken(Reasoned):
    """The agent stopped by itself: it could not keep what it reads. systemd starts it again."""


class Lifetime:
    """Runs the parts until `stop`. Whoever opened the journal closes it afterwards, and then the socket.

    `jobs` collects what is supervised, for `status`. `ready` is called once everything runs; `drained` when inputs have
    ended and what was committed had its time to arrive, and is waited for before anything else ends.
    """

    def __init__(
        self, parts: Parts, jobs: list[Job], ready: Callable[[], None], drained: Callable[[], Awaitable[None]]
    ) -> None:
        self._parts = parts
        self._jobs = jobs
        self._journal = Job("journal")
        self._ready = ready
        self._tell_drained = drained

    async def run(self, stop: asyncio.Event) -> None:
        """Inputs end first, then what is committed has a bounded time to arrive. Raises SocketTaken, Broken."""
        parts = self._parts
        await parts.server.start()

        def broken(job: Job) -> None:
            parts.intake.parked(job.name, job.trouble)
            stop.set()

        async def back() -> None:
            """What earlier runs left could not be read at the start: it is, by a start of its own."""
            await parts.journal.late.wait()
            stop.set()

        keeping = asyncio.create_task(supervise(self._journal, parts.journal.run, broken), name="journal")
        parts.intake.begin_anew(self._of_another)
        try:
            async with asyncio.TaskGroup() as outputs:
                telling = [
                    self._start(outputs, "other processes", parts.talk),
                    self._start(outputs, "uplinks", parts.uplinks.run),
                    self._start(outputs, "unkept", parts.unkept.run),
                    outputs.create_task(back(), name="journal is back"),
                    self._start(outputs, "flight", parts.flight.run),
                    self._start(outputs, "audit", parts.audit.run),
                ]
                if parts.retained is not None:
                    telling.append(self._start(outputs, "documents", parts.retained.run))
                await self._read(stop)
                await parts.assessments.close()
                if self._journal.state is not JobState.PARKED:
                    if parts.journal.failing is None:
                        await self._within(parts.journal.flush())
                    if not parts.journal.late.is_set():
                        await self._drained()
                        await self._tell_drained()
                for task in telling:
                    task.cancel()
        finally:
            await parts.audit.close()
            keeping.cancel()
            await asyncio.wait([keeping])
        if self._journal.state is JobState.PARKED:
            raise Broken("journal.failed", why=self._journal.trouble)
        if self._parts.journal.late.is_set():
            raise Broken("journal.back")

    def _of_another(self, kind: EventKind, subject: str) -> bool:
        """Whether another process, or the judge, answers for this event."""
        parts = self._parts
        return (
            (bool(parts.boxes) and of_uplinks(kind, subject))
            or parts.flight.answers_for(kind, subject)
            or parts.assessments.answers_for(kind, subject)
        )

    async def _read(self, stop: asyncio.Event) -> None:
        """Everything that brings something in, until `stop`."""
        parts = self._parts
        async with asyncio.TaskGroup() as inputs:
            tasks = [self._start(inputs, f"line {one.name}", partial(one.run, parts.intake)) for one in parts.drivers]
            tasks.append(self._start(inputs, "judge", parts.assessments.run))
            tasks.append(self._start(inputs, "clock", parts.clock.run))
            tasks.append(self._start(inputs, "metrics", parts.metrics.run))
            tasks.append(self._start(inputs, "network", parts.network.run))
            self._ready()
            _log.info("running: %d lines, %d uplinks", len(parts.drivers), len(parts.boxes))
            await stop.wait()
            for task in tasks:
                task.cancel()

    def _start(self, group: asyncio.TaskGroup, name: str, work: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
        job = Job(name)
        self._jobs.append(job)
        intake = self._parts.intake

        def parked(job: Job) -> None:
            intake.parked(job.name, job.trouble)

        return group.create_task(supervise(job, work, parked, lambda job: intake.unparked(job.name)), name=name)

    async def _drained(self) -> None:
        await self._within(asyncio.gather(*(one.drained() for one in self._parts.boxes.values())))

    async def _within(self, last: Awaitable[object]) -> None:
        try:
            async with asyncio.timeout(DRAIN_S):
                await last
        except TimeoutError:
            _log.info("stopping with records unconfirmed; they go out at the next start")
