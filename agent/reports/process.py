"""A report: one request whose cost grows with the data, in a process of its own that ends when it is answered."""

import asyncio
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import orjson

from agent.control.request import RequestError
from agent.link.channel import Channel, ChannelGone
from agent.reports.answer import TAKEN_WITHIN_S, Answer, ClientGone, NotTaken, Progress, Stopped
from agent.reports.job import Job, work_of
from agent.reports.limits import MEMORY_MB, take_little
from agent.reports.remote_records import RemoteRecords
from agent.runtime.child import Child
from protocols.reason import Reason

_log = logging.getLogger("hydronest")
_END = object()
ASKED_WITHIN_S = 60.0
"""Core has more urgent things to do than what a report asks it."""


class Handed(NamedTuple):
    """What core hands over: descriptors of the client's connection, the sealed inputs, and a channel to core."""

    client: int
    inputs: int
    channel: int


def main(child: Child, handed: tuple[int, ...]) -> None:
    """This process's whole life."""
    take_little()
    worker = ThreadPoolExecutor(1, "report")  # not waited for: the process ends, whatever it is at
    child.run(partial(serve, Handed(*handed), worker, child.stopping))


async def serve(handed: Handed, worker: ThreadPoolExecutor, stopping: asyncio.Event) -> None:
    """Answer, and tell core over the channel how it went. Ends at once where core or the client is gone, or is told to.

    The work is done on `worker`, so that the loop always turns: it tells the client how far it is.
    """
    order = orjson.loads(_content(handed.inputs))
    channel = Channel("core", socket.socket(fileno=handed.channel), lambda _kind, _body: None)
    records = RemoteRecords(channel.ask, asyncio.get_running_loop())
    progress = Progress()
    loop = asyncio.get_running_loop()

    def ask(name: str, **about: Any) -> Any:
        asked = channel.ask(name, within_s=ASKED_WITHIN_S, **about)
        return asyncio.run_coroutine_threadsafe(asked, loop).result()

    job = Job(order["name"], order["args"], order["inputs"], records, progress, ask)
    with socket.socket(fileno=handed.client) as client:
        answer = Answer(client, progress)
        working = asyncio.create_task(_values(job, answer, worker), name="report")
        others = [
            asyncio.create_task(channel.run(), name="channel to core"),
            asyncio.create_task(answer.keep_telling(), name="progress"),
            asyncio.create_task(stopping.wait(), name="stop"),
        ]
        try:
            await asyncio.wait([working, *others], return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                error = working.exception()
                no = _no(job.name, error)
                how = "done" if no is None else "cut" if isinstance(error, NotTaken) else "no"
                channel.post(how, no and [no.code, no.reason, no.remedy])
        finally:
            progress.stopped = True
            channel.close()
            for task in (working, *others[1:]):
                task.cancel()
            await asyncio.wait([working, *others])


def _content(descriptor: int) -> bytes:
    with open(descriptor, "rb") as file:
        file.seek(0)  # it stands where whoever wrote it left off
        return file.read()


async def _values(job: Job, answer: Answer, worker: ThreadPoolExecutor) -> None:
    """Each value as soon as it is there, and the next only once the client has taken it."""
    loop = asyncio.get_running_loop()
    values = await loop.run_in_executor(worker, work_of, job)
    while (value := await loop.run_in_executor(worker, next, values, _END)) is not _END:
        await answer.value(value)


def _no(name: str, error: BaseException | None) -> RequestError | None:
    """What the client is to be told of how the work ended; None where it was answered, or nobody is there."""
    match error:
        case None | ClientGone() | ChannelGone() | Stopped():
            return None
        case RequestError():
            return error
        case NotTaken():
            return RequestError(
                "timeout", Reason("report.not_taken", report=name, most_s=TAKEN_WITHIN_S), "report.ask_again"
            )
        case MemoryError():
            return RequestError(
                "too_large", Reason("report.memory", report=name, most_mb=MEMORY_MB), "report.ask_for_less"
            )
    _log.error("the report %s failed", name, exc_info=error)
    return RequestError("failed", Reason("report.failed", report=name))
