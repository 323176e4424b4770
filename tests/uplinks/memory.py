"""An Outbox without a disk: the journal's contract in a dict, for tests of the way out alone."""

import asyncio
import heapq
from collections.abc import Sequence

import orjson

from agent.link.outbox import Gap
from agent.link.record import PriorityClass, Record, Stream
from protocols.reason import Reason

T0_NS = 1_790_000_000_000_000_000


def record(
    seq: int, priority: PriorityClass = PriorityClass.TELEMETRY, n: int = 4, boot: str = "b1", pad: int = 0
) -> Record:
    """A record like the journal's: one frame of one pressure, or one event."""
    if priority is PriorityClass.EVENT:
        event = {"kind": "pressure_low", "subject": f"h{seq}", "severity": "alarm", "turn": "raised", "at_ms": 0}
        body = {"events": [{**event, "evidence": {"value": 90.5}}]}
        n = 1
    else:
        frame = {"profile": "p", "points": ["pressure"], "units": ["kPa"], "device": [f"h{i}" for i in range(n)]}
        body = {"frames": [{**frame, "at_ms": [0] * n, "values": [[float(seq)] * n]}]}
    text = orjson.dumps({**body, "pad": "x" * pad} if pad else body)
    return Record(boot, seq, priority, n, T0_NS + seq * 1_000_000, 20, "kernel-1", seq, text)


def a_site(pad: int = 0) -> bytes:
    """The smallest description of a site there is, and so many bytes more."""
    return orjson.dumps({"v": 1, "gateway": "g", "name": "x" * pad, "stations": [], "devices": [], "profiles": {}})


class MemoryOutbox:
    """Follows agent.link.outbox.Outbox to the letter, but for durability."""

    def __init__(self, uplink: str = "u", *, strict: bool = False) -> None:
        self.uplink = uplink
        self.strict = strict
        self.free: dict[Stream, dict[int, Record]] = {stream: {} for stream in Stream}
        self.taken: dict[int, tuple[Stream, Record]] = {}
        self.confirmed: list[Record] = []
        self.parked: list[tuple[Record, str]] = []
        self.most_taken: dict[Stream, int] = dict.fromkeys(Stream, 0)
        self.reconnects = 0
        self.commits = {priority.code: 0 for priority in PriorityClass}
        self._order: dict[Stream, list[int]] = {stream: [] for stream in Stream}
        self._news = asyncio.Event()
        self._fresh = {priority: asyncio.Event() for priority in PriorityClass}

    def offer(self, *records: Record) -> None:
        for one in records:
            stream = Stream.EVENTS if one.priority is PriorityClass.EVENT else Stream.LIVE
            self._free(stream, one)
            self._fresh[one.priority].set()
            self.commits[one.priority.code] += 1
        self._news.set()

    def _free(self, stream: Stream, one: Record) -> None:
        self.free[stream][one.seq] = one
        heapq.heappush(self._order[stream], one.seq)

    async def take(self, stream: Stream, limit: int) -> Sequence[Record]:
        await asyncio.sleep(0)
        records: list[Record] = []
        while self.free[stream] and len(records) < limit:
            seq = heapq.heappop(self._order[stream])
            if (one := self.free[stream].pop(seq, None)) is not None:
                records.append(one)
        self.taken.update({one.seq: (stream, one) for one in records})
        now = sum(1 for s, _ in self.taken.values() if s is stream)
        self.most_taken[stream] = max(self.most_taken[stream], now)
        return records

    def ready(self, stream: Stream) -> bool:
        return bool(self.free[stream])

    async def wait(self, *streams: Stream) -> None:
        while not any(self.free[stream] for stream in streams or tuple(Stream)):
            self._news.clear()
            await self._news.wait()

    async def news(self) -> None:
        self._news.clear()
        await self._news.wait()

    async def another(self, priority: PriorityClass) -> None:
        self._fresh[priority].clear()
        await self._fresh[priority].wait()

    def confirm(self, record: Record) -> None:
        self._finish(record)
        self.confirmed.append(record)

    def give_back(self, record: Record) -> None:
        stream, one = self.taken.pop(record.seq)
        self._free(stream, one)
        self._news.set()

    async def park(self, record: Record, reason: Reason) -> None:
        await asyncio.sleep(0)
        self._finish(record)
        self.parked.append((record, str(reason)))

    def reconnected(self) -> None:
        self.reconnects += 1
        for stream, one in self.taken.values():
            self._free(stream, one)
        self.taken.clear()
        if not self.strict:
            for one in self.free[Stream.LIVE].values():
                self._free(Stream.BACKLOG, one)
            self.free[Stream.LIVE].clear()
        self._news.set()

    def lacks(self, gaps: Sequence[Gap]) -> None:
        for one in self.confirmed:
            if any(gap.first <= one.seq <= gap.last for gap in gaps):
                self._free(Stream.BACKLOG, one)
        self._news.set()

    async def replay(self, first_seq: int) -> int:
        again = [one for one in self.confirmed if one.seq >= first_seq]
        for one in again:
            self._free(Stream.BACKLOG, one)
        self._news.set()
        return len(again)

    def _finish(self, record: Record) -> None:
        assert record.seq in self.taken, f"seq {record.seq} was not taken, so nothing about it can be settled"
        del self.taken[record.seq]
