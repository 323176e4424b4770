"""The journal's side of one uplink: `Outbox` over spans, the present from memory, the past from the file."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Literal, Protocol

from agent.journal.opening import Unsent
from agent.journal.outbox_status import OutboxStatus
from agent.journal.spans import PrioritySpans, Range, Span
from agent.link.outbox import Gap
from agent.link.record import PriorityClass, Record, Stream
from protocols.reason import Reason


class Kept(Protocol):
    """What an outbox asks of the journal."""

    turn: asyncio.Lock
    """Held while the file is read."""

    @property
    def next_seq(self) -> int:
        """The seq the next record will get."""

    def last_seq(self, priority: PriorityClass) -> int:
        """The newest seq of a class."""

    def recent(self, priority: PriorityClass, lo: int, hi: int, limit: int) -> list[Record] | None:
        """Records from memory; None where the file must be asked."""

    async def read(self, priority: PriorityClass, lo: int, hi: int, limit: int) -> list[Record]:
        """Records from the file; the caller holds `turn`."""

    def acknowledged(self) -> None:
        """Something changed that rides in the next group commit."""

    def soon(self) -> None:
        """Something waits for the next moment at which groups are committed."""

    async def park(self, uplink: str, record: Record, reason: Reason) -> None:
        """Keep a copy of a refused record aside and report it; durable on return."""

    async def recount(self, box: "UplinkOutbox") -> None:
        """Count anew what this uplink has not confirmed."""


Order = Literal["newest_first", "strict"]
"""`newest_first`: after an outage the present goes before the past. `strict`: telemetry always oldest first."""

_GONE_REMEMBERED = 1000  # what is not held is told once, also where it is asked for again
_MOST_READ = 64  # records looked at in one hop to the file


class UplinkOutbox:
    """Implements `Outbox`. All methods run on the event loop; only reading old records hops to the journal's thread."""

    def __init__(self, journal: Kept, uplink: str, order: Order) -> None:
        self._journal = journal
        self._uplink = uplink
        self._order = order
        self._priorities = {priority: PrioritySpans([], 1) for priority in PriorityClass}
        self._news = asyncio.Event()
        self._fresh = {priority: asyncio.Event() for priority in PriorityClass}
        self._progress = asyncio.Event()
        self._epoch = 0
        self._taking = {stream: asyncio.Lock() for stream in Stream}
        self.dirty = True
        self.parked = 0
        self.lacking: Sequence[Gap] = ()  # the far end says so, and nobody has looked yet
        self._told_gone: deque[Gap] = deque(maxlen=_GONE_REMEMBERED)
        self.commits: dict[str, int] = {priority.code: 0 for priority in PriorityClass}
        self.reckoned: set[PriorityClass] = set()  # lanes whose number of records is not exact
        self.unsent_records = dict.fromkeys(PriorityClass, 0)
        self.unsent_readings = dict.fromkeys(PriorityClass, 0)
        self.oldest_s: dict[PriorityClass, float | None] = dict.fromkeys(PriorityClass)

    @property
    def uplink(self) -> str:
        """The uplink's id."""
        return self._uplink

    # What the journal asks

    def take_up(self, stored: Unsent | None, next_seq: int) -> None:
        """The journal is open: go on from what was stored; an uplink that is new owes everything."""
        for priority in PriorityClass:
            ranges = list(stored[priority]) if stored else [(1, next_seq - 1)] if next_seq > 1 else []
            live = ranges.pop()[0] if stored else next_seq
            self._priorities[priority] = PrioritySpans(ranges, live)
        self._epoch += 1
        self.dirty = True

    def unsent(self) -> Unsent:
        """What the far end has not confirmed, as it is stored."""
        return {priority: spans.ranges() for priority, spans in self._priorities.items()}

    def in_flight(self) -> list[int]:
        """Every seq that was taken and is not done."""
        return [seq for spans in self._priorities.values() for seq in spans.in_flight()]

    def committed(self, priority: PriorityClass, n: int) -> None:
        """One more record is owed."""
        self.unsent_records[priority] += 1
        self.unsent_readings[priority] += n
        self.commits[priority.code] += 1
        self._news.set()
        self._fresh[priority].set()

    def counted(self, priority: PriorityClass, records: int, readings: int, exact: bool) -> None:
        """So much is owed, counted in the file."""
        self.unsent_records[priority], self.unsent_readings[priority] = records, readings
        (self.reckoned.discard if exact else self.reckoned.add)(priority)
        self._progress.set()

    def _done(self, record: Record) -> None:
        priority = record.priority
        if self._priorities[priority].holds(record.seq):
            self.unsent_records[priority] = max(0, self.unsent_records[priority] - 1)
            self.unsent_readings[priority] = max(0, self.unsent_readings[priority] - record.n)
        if self._priorities[priority].done(record.seq):
            self.dirty = True
            self._journal.acknowledged()
        self._progress.set()

    async def drained(self) -> None:
        """Return once everything committed is confirmed or parked. Bound it: the far end may be away."""
        while any(self.status().unsent.values()):
            self._progress.clear()
            await self._progress.wait()

    def changed(self) -> None:
        """Let who waits for news look."""
        self._news.set()

    async def news(self) -> None:
        """Return once something was committed, or may be taken again."""
        self._news.clear()
        await self._news.wait()

    # What the uplink asks

    def _spans(self, stream: Stream) -> list[tuple[PriorityClass, Span]]:
        events, telemetry, summary = (self._priorities[priority] for priority in PriorityClass)
        if stream is Stream.EVENTS:
            strict = self._order == "strict"  # else what comes again never holds up what is new
            owed = (*events.past, events.live) if strict else (events.live, *events.past)
            return [(PriorityClass.EVENT, span) for span in owed]
        old = [(PriorityClass.SUMMARY, span) for span in (*summary.past, summary.live)]
        past = [(PriorityClass.TELEMETRY, span) for span in telemetry.past]
        live = [(PriorityClass.TELEMETRY, telemetry.live)]
        if self._order == "strict":
            return [*old, *past, *live] if stream is Stream.LIVE else []
        return live if stream is Stream.LIVE else [*past, *old]

    def _has(self, priority: PriorityClass, span: Span) -> bool:
        return bool(span.returned) or span.cursor <= min(span.hi, self._journal.last_seq(priority))

    def ready(self, stream: Stream) -> bool:
        """Whether `take` would find something."""
        return any(self._has(priority, span) for priority, span in self._spans(stream))

    async def wait(self, *streams: Stream) -> None:
        """Return once any of these streams (all when none is named) is ready."""
        while not any(self.ready(stream) for stream in streams or Stream):
            self._news.clear()
            await self._news.wait()

    async def another(self, priority: PriorityClass) -> None:
        """Return at the next commit of this lane from now on."""
        self._fresh[priority].clear()
        await self._fresh[priority].wait()

    async def take(self, stream: Stream, limit: int) -> Sequence[Record]:
        """The next records of a stream by rising seq, at most `limit`."""
        async with self._taking[stream]:
            while True:
                found = next(
                    ((priority, span) for priority, span in self._spans(stream) if self._has(priority, span)), None
                )
                if found is None:
                    return []
                records = await self._take(*found, limit)
                if records:
                    return records

    async def _take(self, priority: PriorityClass, span: Span, limit: int) -> list[Record]:
        if span.returned:
            wanted = span.returned[:limit]
            lo, hi, limit = wanted[0], wanted[-1], min(wanted[-1] - wanted[0] + 1, _MOST_READ)
        else:
            wanted, lo, hi = None, span.cursor, min(span.hi, self._journal.last_seq(priority))
            limit = min(limit, _MOST_READ)
        epoch = self._epoch
        at_hand = self._journal.recent(priority, lo, hi, limit)
        if at_hand is not None:
            return self._hand_out(priority, span, at_hand, wanted, hi)
        async with self._journal.turn:
            records = await self._journal.read(priority, lo, hi, limit)
            return [] if epoch != self._epoch else self._hand_out(priority, span, records, wanted, hi)

    def _hand_out(
        self, priority: PriorityClass, span: Span, records: list[Record], wanted: list[int] | None, hi: int
    ) -> list[Record]:
        spans = self._priorities[priority]
        if wanted is not None:
            upto = records[-1].seq if records else hi
            chosen = {seq for seq in wanted if seq <= upto}
            records = [record for record in records if record.seq in chosen]
            span.returned = [seq for seq in span.returned if seq not in chosen]
            span.out.update(record.seq for record in records)
            missing = chosen.difference(record.seq for record in records)
            for seq in missing:  # lost or damaged since it was taken first
                self.dirty |= spans.done(seq)
            return records
        # fewer than asked for may be all there is, or all that was read at once: only nothing means nothing is left
        spans.taken(span, [record.seq for record in records], records[-1].seq if records else hi)
        if not records:
            self.dirty |= spans.exhausted(span) if span is not spans.live else span.settle()
        return records

    def confirm(self, record: Record) -> None:
        """The far end has it for good."""
        self._done(record)

    def give_back(self, record: Record) -> None:
        """Not delivered for now."""
        self._priorities[record.priority].give_back(record.seq)
        self._news.set()

    async def park(self, record: Record, reason: Reason) -> None:
        """The far end refuses it for ever."""
        self._done(record)
        self.parked += 1
        await self._journal.park(self._uplink, record, reason)

    def reconnected(self) -> None:
        """A connection is up: the unsent telemetry becomes backlog."""
        self._epoch += 1
        for priority, spans in self._priorities.items():
            if priority is PriorityClass.TELEMETRY and self._order == "newest_first":
                spans.freeze(self._journal.last_seq(priority) + 1)
            else:
                spans.rewind()
        self.dirty = True
        self._news.set()

    async def replay(self, first_seq: int) -> int:
        """Send again, as backlog, everything still held from `first_seq` on."""
        self._epoch += 1
        before = sum(self.unsent_records.values())
        for spans in self._priorities.values():
            self.dirty |= spans.reopen(first_seq)
        await self._journal.recount(self)
        self._journal.acknowledged()
        self._news.set()
        return sum(self.unsent_records.values()) - before

    def lacks(self, gaps: Sequence[Gap]) -> None:
        """The far end lacks these: looked at behind the next group commit."""
        self.lacking = gaps
        self._journal.soon()

    def close_gaps(self, gone: Sequence[Gap]) -> list[Gap]:
        """Owe what is lacking once more; what of it is not held was found out. Returns what of that is news."""
        for gap in self.lacking:
            for spans in self._priorities.values():
                self.dirty |= spans.owe_again(gap.first, gap.last)
        self.lacking = ()
        news = [gap for gap in gone if gap not in self._told_gone]
        self._told_gone += news
        self._journal.acknowledged()
        self._news.set()
        return news

    def status(self) -> OutboxStatus:
        """Numbers for people and metrics."""
        starts = [owed[0][0] for priority in PriorityClass if (owed := self.owed(priority))]
        return OutboxStatus(
            uplink=self._uplink,
            unsent={priority.code: self._records(priority) for priority in PriorityClass},
            unsent_readings={priority.code: self.unsent_readings[priority] for priority in PriorityClass},
            oldest_s={priority.code: self.oldest_s[priority] for priority in PriorityClass},
            in_flight=len(self.in_flight()),
            parked=self.parked,
            confirmed_seq=min(starts, default=self._journal.next_seq) - 1,
        )

    def _records(self, priority: PriorityClass) -> int:
        count = self.unsent_records[priority]
        return count if priority not in self.reckoned else max(count, 1) if self.owed(priority) else 0

    def owed(self, priority: PriorityClass) -> list[Range]:
        """The unsent ranges of a lane, the open end cut at the newest record."""
        last = self._journal.last_seq(priority)
        return [(lo, min(hi, last)) for lo, hi in self._priorities[priority].ranges() if lo <= last]
