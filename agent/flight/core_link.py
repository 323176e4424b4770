"""Flight's way to core, over every life of core: what it tells, and what it goes by. Nothing here waits for core."""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from typing import Any

from agent.flight.control.wall import Wall
from agent.flight.event_spool import EventSpool
from agent.link import flight_messages as say
from agent.link import messages
from agent.link.channel import Channel
from agent.link.peer import Peer
from agent.link.samples import LayoutNumbers, SampleSender
from agent.runtime.clock.carried import CarriedClock
from drivers.event import Event
from drivers.sample import Sample
from protocols.clock import NowNs
from protocols.reason import Reason
from protocols.system import why_failed

JOURNAL_OLD_S = 5.0
"""Core's last word on its journal counts for so long."""
_log = logging.getLogger("hydronest")


class CoreLink:
    """`run` for ever. `incident` is told of what core passes on, `state` is asked how flight stands."""

    def __init__(
        self,
        spool: EventSpool,
        now_ns: NowNs,
        state: Callable[[], say.FlightState],
        incident: Callable[[Mapping[str, Any]], None],
        want: Callable[[], object] = lambda: None,
    ) -> None:
        self.spool = spool
        self.samples_lost = 0
        self._now_ns = now_ns
        self._state = state
        self._incident = incident
        self._clock = CarriedClock()
        self._journal_ns = 0
        self._told = False
        self._lines: dict[str, tuple[bool, Reason]] = {}
        self._peer = Peer(want)
        self._channel: Channel | None = None
        self._sender: SampleSender | None = None
        self._greeted = False

    # -- what flight goes by
    def wall(self) -> Wall:
        """The clock core vouched for last, carried on."""
        now = self._clock.wall(self._now_ns())
        return Wall(now.wall_ns / 1e9, None if now.err_ms is None else now.err_ms / 1000)

    def journal_ok(self) -> bool:
        """Whether core said a moment ago that its journal takes what it is given."""
        return bool(self._journal_ns) and self._now_ns() - self._journal_ns <= JOURNAL_OLD_S * 1e9

    def told(self) -> bool:
        """Whether core has said anything of its journal since we began."""
        return self._told

    # -- what flight tells
    def event(self, event: Event) -> None:
        """Kept until core has committed it."""
        self.spool.add(event)
        self._send_events()

    def sample(self, sample: Sample) -> None:
        """Dropped and counted where core is gone or does not read."""
        if self._sender is None:
            self.samples_lost += 1
        else:
            self._sender.put(sample)

    def line_state(self, line: str, up: bool, reason: Reason) -> None:
        """A line came up or went down."""
        self._lines[line] = up, reason
        if self._channel is not None:
            self._channel.post(say.LINE, [line, up, reason])

    # -- core's lives
    def take(self, sock: socket.socket) -> None:
        """Our end of the channel to a new life of core."""
        self._peer.take(sock)

    async def run(self) -> None:
        """For ever."""
        await self._peer.run(self._live)

    async def _live(self, sock: socket.socket) -> None:
        self._greeted = False
        self._channel = channel = Channel("core", sock, self._heard)
        self._sender = SampleSender(LayoutNumbers(channel), channel, self._lost)
        try:
            async with asyncio.TaskGroup() as group:  # a telling that ends by a bug ends the channel: the next tells
                telling = group.create_task(self._tell(channel), name="state for core")
                for line, (up, reason) in self._lines.items():
                    channel.post(say.LINE, [line, up, reason])
                await channel.run()
                telling.cancel()
        finally:
            self._channel = self._sender = None

    async def _tell(self, channel: Channel) -> None:
        failing = False
        while True:
            try:
                channel.post(say.STATE, self._state()._asdict(), may_drop=True)
                failing = False
            except Exception as error:  # a bug of whoever is asked: core hears why, and of all else as before
                if not failing:
                    _log.exception("how flight stands cannot be told")
                failing = True
                channel.post(say.UNTOLD, Reason("flight.untold", why=why_failed(error)), may_drop=True)
            await asyncio.sleep(say.STATE_EVERY_S)
            self._send_events()

    def _heard(self, kind: str, body: Any) -> None:
        match kind:
            case messages.CLOCK:
                self._clock.take(messages.clock_in(body))
            case say.JOURNAL:
                self._told, self._journal_ns = True, self._now_ns() if body is True else 0
            case say.HAVE:
                self.spool.core_has(*body)
                self._greeted = True
                self._send_events()
            case say.KEPT:
                self.spool.core_keeps(*body)
                self._send_events()
            case say.INCIDENT:
                self._incident(body)
            case _:
                _log.warning("core says %s, which is not known here", kind)

    def _send_events(self) -> None:
        """What core lacks, as far as it takes it now."""
        if self._channel is None or not self._greeted:
            return
        while events := self.spool.to_send():
            if not self._channel.post(say.EVENTS, [list(one) for one in events]):
                return
            self.spool.sent(len(events))

    def _lost(self, count: int) -> None:
        self.samples_lost += count
