"""Core's ways to the other children: one channel a life of each, and the clock for all of them."""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from agent.link.channel import Channel, Handler
from agent.link.messages import CLOCK
from agent.link.peer import Peer
from agent.runtime.clock.carried import CarriedClock, ClockReading
from agent.runtime.ticks import next_tick

CLOCK_EVERY_S = 1.0
CLOCK_NEWS_NS = 1_000_000
CLOCK_NEWS_MS = 1
"""What the others work out by themselves is no news, if it is right to a millisecond and so is its error."""
CLOCK_AT_LEAST = 10
"""So many times the clock is no news; then it is told all the same."""
AGAIN_S = 1.0

_log = logging.getLogger("hydronest")


class Side(Protocol):
    """What core is to one child. Everything but the handlers is called on core's loop and never blocks."""

    name: str

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """What core answers it."""

    def begun(self, channel: Channel) -> None:
        """A life of it begins: say hello, send state anew. It has been told the time."""

    def heard(self, kind: str, body: Any) -> None:
        """It posted this. What this raises is logged, and costs the message."""

    def ended(self) -> None:
        """That life is over; everything it had sent was heard. Not called where core itself stops."""


class Peers:
    """`attach` takes our end of each channel, at any time; `run` reads those of the sides that were added before it.

    `want` asks the supervisor for a new channel to a peer whose last one ended.
    """

    def __init__(self, want: Callable[[str], object] = lambda _name: None, every_s: float = CLOCK_EVERY_S) -> None:
        self._want = want
        self._every_s = every_s
        self._peers: dict[str, Peer] = {}
        self._sides: dict[str, Side] = {}
        self._open: dict[str, Channel] = {}

    def attach(self, name: str, sock: socket.socket) -> None:
        """The supervisor made a channel to this child."""
        self._peer(name).take(sock)

    def add(self, side: Side) -> None:
        """Core has business with this child."""
        self._sides[side.name] = side

    def channel(self, name: str) -> Channel | None:
        """The channel to this child's present life, None while it has none."""
        return self._open.get(name)

    async def run(self, clock: Callable[[], ClockReading]) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for side in self._sides.values():
                    group.create_task(self._lives(side, clock), name=f"channel to {side.name}")
                group.create_task(self._tell_time(clock), name="clock for others")
        finally:
            for peer in self._peers.values():
                peer.close()

    def tell(self, kind: str, body: Any) -> None:
        """Post this to everybody there is."""
        for channel in self._open.values():
            channel.post(kind, body, may_drop=True)

    def _peer(self, name: str) -> Peer:
        if name not in self._peers:
            self._peers[name] = Peer(partial(self._want, name))
        return self._peers[name]

    async def _lives(self, side: Side, clock: Callable[[], ClockReading]) -> None:
        while True:
            try:
                await self._peer(side.name).run(partial(self._live, side, clock))
            except Exception:  # our own bug in greeting one child costs no other, nor core
                _log.exception("what core has to say to %s failed", side.name)
            await asyncio.sleep(AGAIN_S)

    async def _live(self, side: Side, clock: Callable[[], ClockReading], sock: socket.socket) -> None:
        channel = self._open[side.name] = Channel(side.name, sock, side.heard, side.handlers)
        try:
            channel.post(CLOCK, list(clock()))
            side.begun(channel)
            await channel.run()
        except asyncio.CancelledError:
            raise
        except BaseException:
            channel.close()
            side.ended()
            raise
        else:
            side.ended()
        finally:
            del self._open[side.name]

    async def _tell_time(self, clock: Callable[[], ClockReading]) -> None:
        told = CarriedClock()
        spared = 0
        while True:
            await next_tick(self._every_s)
            reading = clock()
            spared += 1
            if spared >= CLOCK_AT_LEAST or _is_news(reading, told):
                told.take(reading)
                spared = 0
                self.tell(CLOCK, list(reading))


def _is_news(reading: ClockReading, told: CarriedClock) -> bool:
    """Whether who was told that would be wrong by now, or know less than there is to know."""
    wall_ns, err_ms = told.wall(reading.mono_ns)
    if abs(reading.wall_ns - wall_ns) > CLOCK_NEWS_NS or (err_ms is None) != (reading.err_ms is None):
        return True
    return err_ms is not None and reading.err_ms is not None and abs(reading.err_ms - err_ms) > CLOCK_NEWS_MS
