"""An outbox whose journal is in another process: `Outbox` over a channel to core, over any number of core's lives."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from agent.link.channel import Channel, ChannelGone
from agent.link.messages import record_in
from agent.link.record import PriorityClass, Record, Stream
from protocols.reason import Reason

TAKE: Final = "outbox.take"
"""asked (uplink, stream, limit): {"records", "ready"}"""
PARK: Final = "outbox.park"
"""asked (uplink, boot, seq, reason)"""
CONFIRM: Final = "outbox.confirm"
"""posted [uplink, boot, seq]"""
GIVE_BACK: Final = "outbox.give_back"
"""posted [uplink, boot, seq]"""
RECONNECTED: Final = "outbox.reconnected"
"""posted [uplink]"""
READY: Final = "outbox.ready"
"""core posts [uplink, ready streams, commits by priority class] whenever that changes"""

PARK_S = 60.0
"""A commit takes milliseconds, a card in trouble longer; what is not parked by then comes again."""

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
        self._news = asyncio.Event()
        self._fresh = {priority.code: asyncio.Event() for priority in PriorityClass}

    @property
    def uplink(self) -> str:
        """The uplink's id."""
        return self._uplink

    # What the channel's owner says

    def begin(self, channel: Channel) -> None:
        """Core is there (again): nothing of an earlier life is in flight there."""
        self._channel = channel
        self._life += 1
        self._ready = frozenset()
        self._commits = {}

    def end(self) -> None:
        """Core is gone: nothing is ready, and what is in hand will be offered again."""
        self._channel = None

    def told(self, ready: Iterable[str], commits: Mapping[str, int]) -> None:
        """Core says what is ready, and how many records of each class it has committed in its life."""
        for code, count in commits.items():
            if count > self._commits.get(code, 0):
                self._fresh[code].set()
        self._commits = dict(commits)
        self._set(ready)

    def _set(self, ready: Iterable[str]) -> None:
        self._ready = frozenset(ready)
        if self._ready:
            self._news.set()

    # What the uplink asks

    def ready(self, stream: Stream) -> bool:
        """Whether `take` would find something, as core last said."""
        return self._channel is not None and self._channel.open and stream in self._ready

    async def wait(self, *streams: Stream) -> None:
        """Return once any of these streams (all when none is named) is ready."""
        while not any(self.ready(stream) for stream in streams or Stream):
            self._news.clear()
            await self._news.wait()

    async def another(self, priority: PriorityClass) -> None:
        """Return at the next commit of this class that core tells of."""
        fresh = self._fresh[priority.code]
        fresh.clear()
        await fresh.wait()

    async def take(self, stream: Stream, limit: int) -> Sequence[Record]:
        """The next records of a stream by rising seq, at most `limit`; empty also while core is away or hangs."""
        channel, life = self._channel, self._life
        if channel is None:
            return []

        def unwanted(answer: Any) -> None:
            for record in map(record_in, answer["records"]):
                channel.post(GIVE_BACK, [self._uplink, record.boot, record.seq])

        try:
            answer = await channel.ask(TAKE, late=unwanted, uplink=self._uplink, stream=stream, limit=limit)
        except (ChannelGone, TimeoutError):
            return []
        if life == self._life:
            self._set(answer["ready"])
        return [record for record in map(record_in, answer["records"]) if self._is_new(record, life)]

    def _is_new(self, record: Record, life: int) -> bool:
        key = (record.boot, record.seq)
        new = key not in self._hand
        self._hand[key] = life
        return new

    def confirm(self, record: Record) -> None:
        """The far end has it for good."""
        self._post(CONFIRM, record)

    def give_back(self, record: Record) -> None:
        """Not delivered for now."""
        self._post(GIVE_BACK, record)

    def _post(self, kind: str, record: Record) -> None:
        channel = self._settled(record)
        if channel is not None:
            channel.post(kind, [self._uplink, record.boot, record.seq])

    def _settled(self, record: Record) -> Channel | None:
        """It is out of our hands; where that must be told, None where core's present life does not wait for it."""
        life = self._hand.pop((record.boot, record.seq), None)
        return self._channel if life == self._life else None

    async def park(self, record: Record, reason: Reason) -> None:
        """The far end refuses it for ever. Where core goes or hangs meanwhile it comes, and is refused, once more."""
        channel = self._settled(record)
        if channel is None:
            return
        about: dict[str, Any] = {"uplink": self._uplink, "boot": record.boot, "seq": record.seq, "reason": reason}
        try:
            await channel.ask(PARK, PARK_S, **about)
        except (ChannelGone, TimeoutError):
            return

    def reconnected(self) -> None:
        """A connection is up: whatever was taken comes back."""
        self._hand.clear()
        if self._channel is not None:
            self._channel.post(RECONNECTED, [self._uplink])
