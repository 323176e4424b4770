"""Core's side of the outboxes: it hands records to the uplinks process, one server for one life of that process."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agent.link.channel import Channel, Handler
from agent.link.messages import record_out
from agent.link.outbox import Gap, Outbox
from agent.link.record import PriorityClass, Record, Stream
from agent.link.remote_outbox import CONFIRM, GIVE_BACK, LACKS, PARK, READY, RECONNECTED, TAKE, WANT
from protocols.reason import Reason, from_json

TOO_LONG = 6 << 20
"""Bytes of a body that no channel carries: as text within a text it can be twice as long."""
AT_ONCE = 1 << 20
"""Bytes of bodies that are enough for one answer; the last may go beyond."""
AHEAD = 4
"""Records of a stream that go out unasked before what was sent so is settled."""

Key = tuple[str, int]


class ServedOutbox(Outbox, Protocol):
    """An outbox that tells of its changes: the journal's."""

    @property
    def commits(self) -> dict[str, int]:
        """Records committed in this life, by priority class."""

    async def news(self) -> None:
        """Return once something was committed, or may be taken again."""


@dataclass(slots=True)
class _Want:
    """One stream is to come unasked, under this number; `out` is what did and is not settled."""

    number: int
    out: set[Key] = field(default_factory=set)


class OutboxServer:
    """`handlers` and `heard` are the channel's; `run` tells of what has become ready.

    A record is known by (boot, seq), and only while it is in flight in this very life: what is said of any other is
    nothing to us. Call `end` when the life is over: what is in flight is to be taken again.
    """

    def __init__(self, boxes: Mapping[str, ServedOutbox]) -> None:
        self._boxes = boxes
        self._in_flight: dict[str, dict[Key, Record]] = {name: {} for name in boxes}
        self._wants: dict[str, dict[Stream, _Want]] = {name: {} for name in boxes}
        self._told: dict[str, list[str]] = {}
        self._posted: Mapping[str, Callable[..., None]] = {
            WANT: self._want,
            CONFIRM: self._confirm,
            GIVE_BACK: self._given_back,
            LACKS: lambda name, gaps: self._boxes[name].lacks([Gap(*gap) for gap in gaps]),
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
            self._wants[name].clear()

    async def _tell(self, channel: Channel, name: str, box: ServedOutbox) -> None:
        commits: dict[str, int] = {}
        while True:
            ahead = await self._ahead(name, box)
            ready = _ready(box)
            if ahead or ready != self._told.get(name) or commits != box.commits:
                self._told[name], commits = ready, dict(box.commits)
                channel.post(READY, [name, ready, commits, ahead])
            if not ahead:  # else something may have come meanwhile
                await box.news()

    async def _ahead(self, name: str, box: ServedOutbox) -> list[Any]:
        """Take what is wanted and has come, as far as it may go unasked."""
        ahead: list[Any] = []
        for stream, want in list(self._wants[name].items()):
            room = AHEAD - len(want.out)
            if room <= 0 or not box.ready(stream):
                continue
            records = await self._carried(name, await box.take(stream, room))
            if not records:  # damaged, or too long: whoever asks is told what else there is
                self._wants[name].pop(stream, None)
            if self._wants[name].get(stream) is want:
                want.out.update((record.boot, record.seq) for record in records)
            else:  # it ended while we looked
                for record in records:
                    self._give_back(name, record.boot, record.seq)
                records = []
            ahead.append([stream, want.number, [record_out(record) for record in records]])
        return ahead

    def _want(self, name: str, stream: str, number: int) -> None:
        self._wants[name][Stream(stream)] = _Want(number)

    async def _take(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name, stream = asked["uplink"], Stream(asked["stream"])
        box = self._boxes[name]
        self._wants[name].pop(stream, None)
        records = await self._carried(name, await box.take(stream, asked["limit"]))
        self._told[name] = ready = _ready(box)
        return {"records": [record_out(record) for record in records], "ready": ready}

    async def _carried(self, name: str, records: Sequence[Record]) -> list[Record]:
        """Those in flight from now on: what no channel carries is parked, what is too much at once given back."""
        in_flight = self._in_flight[name]
        in_flight.update({(record.boot, record.seq): record._replace(body=b"") for record in records})
        carried: list[Record] = []
        size = 0
        for record in records:
            length = len(record.body)
            if length > TOO_LONG:
                await self._refused(name, record.boot, record.seq, Reason("uplink.too_long", bytes=length))
            elif size < AT_ONCE:
                carried.append(record)
                size += length
            else:
                self._give_back(name, record.boot, record.seq)
        return carried

    async def _park(self, asked: Mapping[str, Any]) -> None:
        why = from_json(asked["reason"]) or Reason("request.no_reason")
        await self._refused(asked["uplink"], asked["boot"], asked["seq"], why)

    async def _refused(self, name: str, boot: str, seq: int, reason: Reason) -> None:
        record = self._settled(name, boot, seq)
        if record is not None:
            await self._boxes[name].park(record, reason)

    def _settled(self, name: str, boot: str, seq: int) -> Record | None:
        for want in self._wants[name].values():
            want.out.discard((boot, seq))
        return self._in_flight[name].pop((boot, seq), None)

    def _confirm(self, name: str, confirmed: Sequence[tuple[str, int]]) -> None:
        for boot, seq in confirmed:
            record = self._settled(name, boot, seq)
            if record is not None:
                self._boxes[name].confirm(record)

    def _given_back(self, name: str, boot: str, seq: int) -> None:
        """What comes after it waits until it has come again."""
        record = self._in_flight[name].get((boot, seq))
        if record is not None:
            for stream in (Stream.EVENTS,) if record.priority is PriorityClass.EVENT else (Stream.LIVE, Stream.BACKLOG):
                self._wants[name].pop(stream, None)
        self._give_back(name, boot, seq)

    def _give_back(self, name: str, boot: str, seq: int) -> None:
        record = self._settled(name, boot, seq)
        if record is not None:
            self._boxes[name].give_back(record)

    def _reconnected(self, name: str) -> None:
        self._in_flight[name].clear()
        self._wants[name].clear()
        self._boxes[name].reconnected()


def _ready(box: ServedOutbox) -> list[str]:
    return [stream for stream in Stream if box.ready(stream)]
