"""The process that reads OPC UA: its lines run while core is there, each from where core has its samples."""

import asyncio
import socket
from collections import Counter
from functools import partial
from typing import Any

from agent.link import opcua_messages as said
from agent.link.channel import Channel
from agent.link.messages import CLOCK, clock_in
from agent.link.peer import Peer
from agent.link.samples import LayoutNumbers
from agent.opcua.access import OpcuaAccess, endpoints
from agent.opcua.certificates import watch
from agent.opcua.line import Line
from agent.opcua.lines import opcua_lines
from agent.opcua.questions import Questions
from agent.runtime.child import Child
from agent.runtime.clock.carried import CarriedClock
from agent.runtime.control_wire import Say
from agent.settings.settings import Settings
from protocols.clock import boottime_ns
from protocols.opcua.client_only import client_only

COUNTERS_EVERY_S = 1.0


def main(child: Child, settings: Settings) -> None:
    """Run until the supervisor says stop, or is gone."""
    client_only()
    core = Peer(partial(child.say, Say.CHANNEL_ENDED, "core"))
    child.run(partial(_work, child, settings, core), on_channel=lambda _peer, sock: core.take(sock))


async def _work(child: Child, settings: Settings, core: Peer) -> None:
    reader = Reader(settings, child.stopping)
    living = asyncio.create_task(core.run(reader.live), name="channel to core")
    stopping = asyncio.create_task(child.stopping.wait())
    child.ready()
    try:
        await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (living, stopping):
            task.cancel()
        await asyncio.wait({living, stopping})
    if not living.cancelled():
        living.result()


class Reader:
    """One site's OPC UA lines. `live` is one life of core's: the lines begin when core says from where."""

    def __init__(self, settings: Settings, stopping: asyncio.Event) -> None:
        self._settings = settings
        self._stopping = stopping
        self._clock = CarriedClock()
        self._questions = Questions(OpcuaAccess(endpoints(settings)))
        self._starts: asyncio.Queue[list[Any]] = asyncio.Queue()
        self._overrun = asyncio.Event()
        self._not_taken: Counter[str] = Counter()

    async def live(self, sock: socket.socket) -> None:
        """Until core's life ends, or ours: then nothing reads any more, and what was read is on its way."""
        self._starts = asyncio.Queue()
        channel = Channel("core", sock, self._heard, self._questions.handlers)
        reading = asyncio.create_task(channel.run(), name="what core says")
        working = asyncio.create_task(self._read(channel), name="lines")
        try:
            await asyncio.wait({reading, working}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            working.cancel()
            await asyncio.wait({working})
            if self._stopping.is_set():
                channel.post(said.BYE, None)
            reading.cancel()
            await asyncio.wait({reading})
        if not working.cancelled():
            working.result()

    def _heard(self, kind: str, body: Any) -> None:
        if kind == said.START:
            self._starts.put_nowait(body)
        elif kind == CLOCK:
            self._clock.take(clock_in(body))

    async def _read(self, channel: Channel) -> None:
        """Run the lines from each START on. When core does not take their samples they rest first, and then ask for it.

        So core says from where when everything it had taken has arrived: nothing is read back twice.
        """
        numbers = LayoutNumbers(channel)
        while True:
            start = await self._starts.get()
            self._overrun.clear()
            before = self._not_taken.copy()
            await self._run_lines(channel, numbers, start)
            channel.post(said.AGAIN, dict(self._not_taken - before))

    async def _run_lines(self, channel: Channel, numbers: LayoutNumbers, start: list[Any]) -> None:
        newest = {(device, point): source_ns for device, point, source_ns, _ in start if source_ns is not None}
        missing = {(device, point): kept for device, point, _, kept in start if kept}
        lines = [
            Line(line, self._settings, channel, numbers, self._clock, newest, missing, partial(self._lost, line.id))
            for line in opcua_lines(self._settings)
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(line.run(), name=f"line {line.name}") for line in lines]
            tasks.append(group.create_task(self._count(channel, lines), name="counters"))
            dates = watch(self._settings, lambda: self._clock.wall(boottime_ns()), channel.post)
            tasks.append(group.create_task(dates, name="certificates"))
            await self._overrun.wait()
            for task in tasks:
                task.cancel()

    def _lost(self, line: str, samples: int) -> None:
        self._not_taken[line] += samples
        self._overrun.set()

    async def _count(self, channel: Channel, lines: list[Line]) -> None:
        """Tell core what the lines count."""
        while True:
            await asyncio.sleep(COUNTERS_EVERY_S)
            told = {line.name: line.counters(self._not_taken[line.name]) for line in lines}
            channel.post(said.COUNTERS, told, may_drop=True)
