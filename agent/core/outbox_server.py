"""Core's side of the outboxes: it hands records to the uplinks process, one server for one life of that process."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from agent.link.channel import Channel, Handler
from agent.link.messages import record_out
from agent.link.outbox import Outbox
from agent.link.record import Record, Stream
from agent.link.remote_outbox import CONFIRM, GIVE_BACK, PARK, READY, RECONNECTED, TAKE
from protocols.reason import Reason, from_json

TOO_LONG = 6 << 20
"""Bytes of a body that no channel carries: as text within a text it can be twice as long."""
AT_ONCE = 1 << 20
"""Bytes of bodies that are enough for one answer; the last may go beyond."""

Key = tuple[str, int]


class ServedOutbox(Outbox, Protocol):
    """An outbox that tells of its changes: the journal's."""

    commits: dict[str, int]
    """Records committed in this life, by priority class."""

    async def news(self) -> None:
        """Return once something was committed, or may be taken again."""


class OutboxServer:
    """`handlers` and `heard` are the channel's; `run` tells of what has become ready.

    A record is known by (boot, seq), and only while it is in flight in this very life: what is said of any other is
    nothing to us. Call `end` when the life is over: what is in flight is to be taken again.
    """

    def __init__(self, boxes: Mapping[str, ServedOutbox]) -> None:
        self._boxes = boxes
        self._in_flight: dict[str, dict[Key, Record]] = {name: {} for name in boxes}
        self._told: dict[str, list[str]] = {}
        self._posted: Mapping[str, Callable[..., None]] = {
            CONFIRM: self._confirm,
            GIVE_BACK: self._give_back,
            RECONNECTED: self._reconnected,
        }
        self.handlers: Mapping[str, Handler] = {TAKE: self._take, PARK: self._park}

    def heard(self, kind: str, body: Any) -> bool:
        """Take what the uplinks process posts about its outboxes. False for what is about something else."""
        about = self._posted.get(kind)
        if about is not None:
            about(*body)
        return about is not None

    async def run(self, channel: Channel) -> None:
        """Tell each uplink's side whenever something changes, for ever."""
        async with asyncio.TaskGroup() as group:
            for name, box in self._boxes.items():
                group.create_task(self._tell(channel, name, box))

    def end(self) -> None:
        """Nobody carries anything any more."""
        for name, records in self._in_flight.items():
            for record in records.values():
                self._boxes[name].give_back(record)
            records.clear()

    async def _tell(self, channel: Channel, name: str, box: ServedOutbox) -> None:
        commits: dict[str, int] = {}
        while True:
            ready = _ready(box)
            if ready != self._told.get(name) or commits != box.commits:
                self._told[name], commits = ready, dict(box.commits)
                channel.post(READY, [name, ready, commits])
            await box.news()

    async def _take(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = asked["uplink"]
        box = self._boxes[name]
        records = await box.take(Stream(asked["stream"]), asked["limit"])
        in_flight = self._in_flight[name]
        in_flight.update({(record.boot, record.seq): record._replace(body=b"") for record in records})
        told: list[Any] = []
        size = 0
        for record in records:
            length = len(record.body)
            if length > TOO_LONG:
                await self._refused(name, record.boot, record.seq, Reason("uplink.too_long", bytes=length))
            elif size < AT_ONCE:
                told.append(record_out(record))
                size += length
            else:
                self._give_back(name, record.boot, record.seq)
        self._told[name] = ready = _ready(box)
        return {"records": told, "ready": ready}

    async def _park(self, asked: Mapping[str, Any]) -> None:
        why = from_json(asked["reason"]) or Reason("request.no_reason")
        await self._refused(asked["uplink"], asked["boot"], asked["seq"], why)

    async def _refused(self, name: str, boot: str, seq: int, reason: Reason) -> None:
        record = self._in_flight[name].pop((boot, seq), None)
        if record is not None:
            await self._boxes[name].park(record, reason)

    def _confirm(self, name: str, boot: str, seq: int) -> None:
        record = self._in_flight[name].pop((boot, seq), None)
        if record is not None:
            self._boxes[name].confirm(record)

    def _give_back(self, name: str, boot: str, seq: int) -> None:
        record = self._in_flight[name].pop((boot, seq), None)
        if record is not None:
            self._boxes[name].give_back(record)

    def _reconnected(self, name: str) -> None:
        self._in_flight[name].clear()
        self._boxes[name].reconnected()


def _ready(box: ServedOutbox) -> list[str]:
    return [stream for stream in Stream if box.ready(stream)]
