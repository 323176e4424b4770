"""One uplink's outbox while the card takes nothing: what is in memory only goes first, and is not asked for again."""

from collections import deque
from collections.abc import Sequence

from agent.journal.uplink_outbox import UplinkOutbox
from agent.link.outbox import Gap
from agent.link.record import PriorityClass, Record, Stream
from protocols.reason import Reason

MOST_RECORDS = 200
"""Of events, that wait for a far end; then the oldest are not shown before they are kept, and counted."""
Key = tuple[str, int]


class UnkeptOutbox:
    """A `ServedOutbox` (agent/core/outbox_server.py) around the journal's own. Whoever makes the unkept records calls
    `show` and `forget`.

    Of telemetry only the newest waits: it is there to be looked at. `lost`: records that found no room.
    """

    def __init__(self, kept: UplinkOutbox) -> None:
        self.lost = 0
        self._kept = kept
        self._shown = 0
        self._waiting: dict[Stream, deque[Record]] = {Stream.EVENTS: deque(), Stream.LIVE: deque(maxlen=1)}
        self._out: dict[Key, Record] = {}

    @property
    def uplink(self) -> str:
        """The uplink's id."""
        return self._kept.uplink

    @property
    def commits(self) -> dict[str, int]:
        """As the journal's, and what was shown counts: somebody may be waiting to connect for it."""
        commits = dict(self._kept.commits)
        commits[PriorityClass.EVENT.code] += self._shown
        return commits

    @property
    def idle(self) -> bool:
        """Whether no telemetry waits or is under way unkept."""
        return not self._waiting[Stream.LIVE] and all(one.priority is PriorityClass.EVENT for one in self._out.values())

    def show(self, record: Record) -> None:
        """Send it, although it is not kept."""
        stream = Stream.EVENTS if record.priority is PriorityClass.EVENT else Stream.LIVE
        waiting = self._waiting[stream]
        waiting.append(record)
        if len(waiting) > MOST_RECORDS:
            waiting.popleft()
            self.lost += 1
        self._shown += stream is Stream.EVENTS
        self._kept.changed()

    def forget(self) -> None:
        """The card takes everything again: what waits comes from there. What is under way comes to its end."""
        for waiting in self._waiting.values():
            waiting.clear()

    async def take(self, stream: Stream, limit: int) -> Sequence[Record]:
        """The next records of a stream."""
        waiting = self._waiting.get(stream)
        if not waiting:
            return await self._kept.take(stream, limit)
        records = [waiting.popleft() for _ in range(min(limit, len(waiting)))]
        self._out.update({(record.boot, record.seq): record for record in records})
        return records

    def ready(self, stream: Stream) -> bool:
        """Whether `take` would find something."""
        return bool(self._waiting.get(stream)) or self._kept.ready(stream)

    async def wait(self, *streams: Stream) -> None:
        """Return once any of these streams is ready."""
        while not any(self.ready(stream) for stream in streams or Stream):
            await self._kept.news()

    async def news(self) -> None:
        """Return once something is there, or may be taken again."""
        await self._kept.news()

    async def another(self, priority: PriorityClass) -> None:
        """As the journal's."""
        await self._kept.another(priority)

    def confirm(self, record: Record) -> None:
        """The far end has it; of what is unkept that releases nothing."""
        if self._out.pop((record.boot, record.seq), None) is None:
            self._kept.confirm(record)

    def give_back(self, record: Record) -> None:
        """Not delivered for now."""
        unkept = self._out.pop((record.boot, record.seq), None)
        if unkept is None:
            self._kept.give_back(record)
            return
        stream = Stream.EVENTS if unkept.priority is PriorityClass.EVENT else Stream.LIVE
        if stream is Stream.EVENTS or not self._waiting[stream]:  # a newer reading is better than that
            self._waiting[stream].appendleft(unkept)
        self._kept.changed()

    async def park(self, record: Record, reason: Reason) -> None:
        """The far end refuses it for ever: it will say so again of what is kept."""
        if self._out.pop((record.boot, record.seq), None) is None:
            await self._kept.park(record, reason)

    def lacks(self, gaps: Sequence[Gap]) -> None:
        """As the journal's: what was never kept cannot come again."""
        self._kept.lacks(gaps)

    def reconnected(self) -> None:
        """A connection is up: what was taken comes back."""
        for record in list(self._out.values())[::-1]:
            self.give_back(record)
        self._kept.reconnected()
