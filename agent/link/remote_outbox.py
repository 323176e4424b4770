"""An outbox whose journal is in another process: `Outbox` over a channel to core, over any number of core's lives.

What is waited for comes by itself, a few records ahead of any confirmation: in the usual case a record costs each side
one wake-up for its coming and one for its confirmation.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from agent.link.channel import Channel, ChannelGone
from agent.link.messages import record_in
from agent.link.outbox import Gap
from agent.link.record import PriorityClass, Record, Stream
from protocols.reason import Reason

TAKE: Final = "outbox.take"
"""asked (uplink, stream, limit): {"records", "ready"}; ends what was WANTed of this stream"""
PARK: Final = "outbox.park"
"""asked (uplink, boot, seq, reason)"""
WANT: Final = "outbox.want"
"""posted [uplink, stream, number]: send what comes of this stream without being asked, under this number"""
CONFIRM: Final = "outbox.confirm"
"""posted [uplink, [[boot, seq]]]"""
GIVE_BACK: Final = "outbox.give_back"
"""posted [uplink, boot, seq]; ends what was WANTed of this stream"""
RECONNECTED: Final = "outbox.reconnected"
"""posted [uplink]; ends everything that was WANTed"""
LACKS: Final = "outbox.lacks"
"""posted [uplink, [[boot, first, last]]]: what the far end says it lacks"""
READY: Final = "outbox.ready"
"""core posts [uplink, ready streams, commits by priority class, [[stream, number, records]]] when any of it changes"""

PARK_S = 60.0
"""A commit takes milliseconds, a card in trouble longer; what is not parked by then comes again."""
ASKED_AT_ONCE = 8
"""Records asked for at least, so that a backlog does not cost a question each."""
CONFIRMED_AT_ONCE = 8
CONFIRM_WITHIN_S = 0.05
"""So many confirmations go together, while more are to come, and none waits longer."""
_STREAMS: Final = {
    PriorityClass.EVENT: (Stream.EVENTS,),
    PriorityClass.TELEMETRY: (Stream.LIVE, Stream.BACKLOG),
    PriorityClass.SUMMARY: (Stream.LIVE, Stream.BACKLOG),
}

Key = tuple[str, int]


class RemoteOutbox:
    """Implements `Outbox`. `begin` with the channel to a new life of core, `end` with that channel.

    A record taken in an earlier life of core and still in hand when it is offered again is not handed out twice: what
    becomes of it counts for the new life. What became of it before is forgotten: it comes a second time.
    """

    def __init__(self, uplink: str) -> None:
        self._uplink = uplink
        self._channel: Channel | None = None
        self._life = 0
        self._ready: frozenset[str] = frozenset()
        self._commits: dict[str, int] = {}
        self._hand: dict[Key, int] = {}  # what was taken and is not settled: the life it was last offered in
        self._ahead: dict[Stream, deque[Record]] = {stream: deque() for stream in Stream}  # in hand, not handed out
        self._wanted: dict[Stream, int] = {}
        self._numbers = itertools.count(1)
        self._confirmed: list[Key] = []
        self._timer: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()
        self._fresh = {priority.code: asyncio.Event() for priority in PriorityClass}

    @property
    def uplink(self) -> str:
        """The uplink's id."""
        return self._uplink

    # What the channel's owner says

    def begin(self, channel: Channel) -> None:
        """Core is there (again): nothing of an earlier life is in flight there."""
        self.end()
        self._channel = channel
        self._life += 1
        self._ready = frozenset()
        self._commits = {}
        self._news.set()  # who waits says again what is wanted

    def end(self) -> None:
        """Core is gone: nothing is ready, and what is in hand will be offered again."""
        self._channel = None
        self._forget()

    def told(
        self, ready: Iterable[str], commits: Mapping[str, int], ahead: Iterable[tuple[str, int, list[Any]]] = ()
    ) -> None:
        """Core says what is ready, how many records of each class it has committed in its life, and what came."""
        for code, count in commits.items():
            if count > self._commits.get(code, 0):
                self._fresh[code].set()
        self._commits = dict(commits)
        for stream, number, records in ahead:
            self._came(Stream(stream), number, [record_in(record) for record in records])
        self._set(ready)

    def _came(self, stream: Stream, number: int, records: Iterable[Record]) -> None:
        wanted = self._wanted.get(stream) == number
        for record in records:
            if not wanted:
                self._unwanted(record)
            elif self._is_new(record, self._life):
                self._ahead[stream].append(record)
        if self._ahead[stream]:
            self._news.set()

    def _unwanted(self, record: Record) -> None:
        if self._channel is not None:
            self._channel.post(GIVE_BACK, [self._uplink, record.boot, record.seq])

    def _set(self, ready: Iterable[str]) -> None:
        self._ready = frozenset(ready)
        if self._ready:
            self._news.set()

    # What the uplink asks

    def ready(self, stream: Stream) -> bool:
        """Whether `take` would find something, as core last said."""
        there = self._channel is not None and self._channel.open
        return there and (bool(self._ahead[stream]) or stream in self._ready)

    async def wait(self, *streams: Stream) -> None:
        """Return once any of these streams (all when none is named) is ready."""
        awaited = streams or tuple(Stream)
        try:
            while not any(self.ready(stream) for stream in awaited):
                for stream in awaited:
                    self._want(stream)
                self._news.clear()
                await self._news.wait()
        except asyncio.CancelledError:
            for stream in awaited:
                self._return(stream)
            raise

    def _want(self, stream: Stream) -> None:
        if self._channel is not None and stream is not Stream.BACKLOG and stream not in self._wanted:
            self._wanted[stream] = number = next(self._numbers)
            self._channel.post(WANT, [self._uplink, stream, number])

    async def another(self, priority: PriorityClass) -> None:
        """Return at the next commit of this class that core tells of."""
        fresh = self._fresh[priority.code]
        fresh.clear()
        await fresh.wait()

    async def take(self, stream: Stream, limit: int) -> Sequence[Record]:
        """The next records of a stream by rising seq, at most `limit`; empty also while core is away or hangs."""
        channel, life, ahead = self._channel, self._life, self._ahead[stream]
        if channel is None:
            return []
        if not ahead:
            self._wanted.pop(stream, None)
            self.flush()
            records = await self._asked(channel, stream, max(limit, ASKED_AT_ONCE))
            ahead = self._ahead[stream]
            ahead += [record for record in records if self._is_new(record, life)]
        return [ahead.popleft() for _ in range(min(limit, len(ahead)))]

    async def _asked(self, channel: Channel, stream: Stream, limit: int) -> list[Record]:
        life = self._life

        def unwanted(answer: Any) -> None:
            for record in map(record_in, answer["records"]):
                channel.post(GIVE_BACK, [self._uplink, record.boot, record.seq])

        try:
            answer = await channel.ask(TAKE, late=unwanted, uplink=self._uplink, stream=stream, limit=limit)
        except (ChannelGone, TimeoutError):
            return []
        if life != self._life:
            return []
        self._set(answer["ready"])
        return [record_in(record) for record in answer["records"]]

    def _is_new(self, record: Record, life: int) -> bool:
        key = (record.boot, record.seq)
        new = key not in self._hand
        self._hand[key] = life
        return new

    # What becomes of a record

    def confirm(self, record: Record) -> None:
        """The far end has it for good."""
        if self._settled(record) is None:
            return
        self._confirmed.append((record.boot, record.seq))
        if not self._hand or len(self._confirmed) >= CONFIRMED_AT_ONCE:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(CONFIRM_WITHIN_S, self.flush)

    def flush(self) -> None:
        """Tell core now of everything that is confirmed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        confirmed, self._confirmed = self._confirmed, []
        if confirmed and self._channel is not None:
            self._channel.post(CONFIRM, [self._uplink, confirmed])

    def give_back(self, record: Record) -> None:
        """Not delivered for now: it comes again, before what came after it."""
        self._given_back(record)
        for stream in _STREAMS[record.priority]:
            self._return(stream)

    def _return(self, stream: Stream) -> None:
        """Nothing of this stream is wanted any more that was not handed out."""
        self._wanted.pop(stream, None)
        ahead = self._ahead[stream]
        while ahead:
            self._given_back(ahead.popleft())

    def _given_back(self, record: Record) -> None:
        if self._settled(record) is not None:
            self.flush()
            self._unwanted(record)

    def _settled(self, record: Record) -> Channel | None:
        """It is out of our hands; where that must be told, None where core's present life does not wait for it."""
        life = self._hand.pop((record.boot, record.seq), None)
        return self._channel if life == self._life else None

    async def park(self, record: Record, reason: Reason) -> None:
        """The far end refuses it for ever. Where core goes or hangs meanwhile it comes, and is refused, once more."""
        channel = self._settled(record)
        if channel is None:
            return
        self.flush()
        about: dict[str, Any] = {"uplink": self._uplink, "boot": record.boot, "seq": record.seq, "reason": reason}
        try:
            await channel.ask(PARK, PARK_S, **about)
        except (ChannelGone, TimeoutError):
            return

    def lacks(self, gaps: Sequence[Gap]) -> None:
        """The far end lacks these. Where core is away it says so again."""
        if self._channel is not None:
            self._channel.post(LACKS, [self._uplink, [list(gap) for gap in gaps]])

    def reconnected(self) -> None:
        """A connection is up: whatever was taken comes back."""
        self.flush()
        self._forget()
        self._hand.clear()
        if self._channel is not None:
            self._channel.post(RECONNECTED, [self._uplink])

    def _forget(self) -> None:
        """What was not handed out is not in hand any more, and nothing is wanted or left to be told."""
        for ahead in self._ahead.values():
            for record in ahead:
                self._hand.pop((record.boot, record.seq), None)
            ahead.clear()
        self._wanted.clear()
        self.flush()
