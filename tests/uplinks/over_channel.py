"""An outbox in one process and its forwarder in another, both in this one: joined by a real channel that can be cut."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from agent.core.outbox_server import OutboxServer, ServedOutbox
from agent.link.channel import Channel
from agent.link.remote_outbox import READY, RemoteOutbox
from agent.uplinks.contract import Uplink
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.pace import Pace
from drivers.event import Event
from tests.uplinks.conformance import FAST, forwarding


class Joined:
    """`box` is core's, `remote` the uplinks process's. `begin` joins them by a new channel, `end` cuts it."""

    def __init__(self, box: ServedOutbox) -> None:
        self.box = box
        self.remote = RemoteOutbox(box.uplink)
        self.server: OutboxServer | None = None
        self.here: Channel | None = None
        self._channels: tuple[Channel, ...] = ()
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """A new life of either side."""
        ours, theirs = socket.socketpair()
        server = self.server = OutboxServer({self.box.uplink: self.box})
        there = Channel("uplinks", theirs, lambda kind, body: _known(server.heard(kind, body)), server.handlers)
        self.here = Channel("core", ours, self._heard)
        self._channels = (self.here, there)
        self.remote.begin(self.here)
        self._tasks = [asyncio.create_task(work) for work in (self.here.run(), there.run(), server.run(there))]

    async def end(self) -> None:
        """The channel is gone: both sides hear of it."""
        assert self.server is not None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for channel in self._channels:
            channel.close()  # where it was cut before it ran
        self.remote.end()
        self.server.end()

    def _heard(self, kind: str, body: list[object]) -> None:
        assert kind == READY
        name, *told = body
        assert name == self.box.uplink
        self.remote.told(*told)  # type: ignore[arg-type] # as it comes from the other end


def _known(known: bool) -> None:
    assert known


@contextlib.asynccontextmanager
async def joined(box: ServedOutbox) -> AsyncIterator[Joined]:
    both = Joined(box)
    both.begin()
    try:
        yield both
    finally:
        await both.end()


@contextlib.asynccontextmanager
async def forwarding_over_a_channel(
    uplink: Uplink, box: ServedOutbox, pace: Pace = FAST, told: list[Event] | None = None
) -> AsyncIterator[Forwarder]:
    """`conformance.forwarding`, with the outbox in another process as far as the forwarder can tell."""
    async with joined(box) as both, forwarding(uplink, both.remote, pace, told) as forwarder:
        yield forwarder
