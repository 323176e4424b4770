"""Reports without a supervisor: each is a task of this loop instead of a process."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import orjson

from agent.core.report_broker import ReportBroker
from agent.journal.journal import Journal
from agent.journal.report_handlers import record_handlers
from agent.link.channel import Handler
from agent.reports.process import Handed, serve
from agent.reports.remote_records import RemoteRecords
from agent.runtime.control_wire import Message, Say
from drivers.event import Event
from protocols.clock import boottime_ns


@asynccontextmanager
async def reports_here(
    handlers: Mapping[str, Handler], report: Callable[[Event], None] = lambda _event: None
) -> AsyncIterator[ReportBroker]:
    """A broker whose reports run here until they have ended."""
    running: set[asyncio.Task[None]] = set()
    brokers: list[ReportBroker] = []

    async def live(number: int, handed: Handed) -> None:
        worker = ThreadPoolExecutor(1)
        brokers[0].heard(Message(Say.REPORT_BEGUN, number=number))
        try:
            await serve(handed, worker, asyncio.Event())
        finally:
            await asyncio.to_thread(worker.shutdown)
        brokers[0].heard(Message(Say.REPORT_ENDED, number=number))

    def hand_over(number: int, descriptors: Sequence[int]) -> bool:
        client, inputs, channel = (os.dup(one) for one in descriptors)
        task = asyncio.create_task(live(number, Handed(client, inputs, channel)))
        running.add(task)
        task.add_done_callback(running.discard)
        return True

    brokers.append(ReportBroker(hand_over, handlers, report, boottime_ns))
    try:
        yield brokers[0]
    finally:
        if running:
            await asyncio.wait(running)


async def verified(journal: Journal) -> dict[str, Any]:
    """What `journal verify` says of a running journal. Raises RequestError where damage was met on the way."""
    handlers = record_handlers(journal)

    async def ask(name: str, within_s: float, **arguments: Any) -> Any:
        return orjson.loads(orjson.dumps(await handlers[name](arguments)))  # as it would come over a channel

    loop = asyncio.get_running_loop()

    def look() -> dict[str, Any]:
        *_, verdict = RemoteRecords(ask, loop).reader(opened=False).verify()
        return verdict

    return await asyncio.to_thread(look)
