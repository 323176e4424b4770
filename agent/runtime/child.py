"""What every child of the supervisor stands on: it beats, hears when to stop, and gets its channels to the others."""

import asyncio
import logging
import signal
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum

import uvloop

from agent.runtime.collector import settle_down
from agent.runtime.control_wire import Message, Say, receive, send
from agent.runtime.ticks import next_tick

BEAT_EVERY_S = 1.0
GIVE_UP_S = 60
"""Whole seconds without a beat after which the kernel ends this process: nobody else may be left to do it."""
END_ALONE_S = 15
"""The same for the orderly end of a child whose supervisor is gone."""
MOST_UNSAID = 100

_log = logging.getLogger("hydronest")


class Orphaned(Enum):
    """What a child does when its supervisor is gone."""

    END = "end"
    GO_ON = "go on"


def _close_it(_peer: str, sock: socket.socket) -> None:
    """Nobody here talks with that peer."""
    sock.close()


def _not_ours(_message: Message) -> None:
    """Nobody here is told."""


def _on_time(_lag_s: float) -> None:
    """Nobody here counts."""


class Child:
    """One child's end of its control socket. Made after the fork, by the child.

    `channels`: by the peer's name, the ends inherited at the fork. `draining`, `leaving` and `stopping` are set once;
    whoever stops for good looks at `stopping`. It beats every `beat_s`.
    """

    def __init__(
        self,
        name: str,
        control: socket.socket,
        channels: Mapping[str, socket.socket],
        orphaned: Orphaned = Orphaned.END,
        beat_s: float = BEAT_EVERY_S,
    ) -> None:
        self.name = name
        self.draining = asyncio.Event()
        self.leaving = asyncio.Event()
        self.stopping = asyncio.Event()
        self.alone = asyncio.Event()
        """The supervisor is gone."""
        self.lag_s = 0.0
        """By how much the last beat was late: how long the loop stood still, at least."""
        self._on_channel: Callable[[str, socket.socket], None] = _close_it
        self._heard: Callable[[Message], None] = _not_ours
        self._on_beat: Callable[[float], None] = _on_time
        self._control = control
        self._unsaid: deque[Message] = deque(maxlen=MOST_UNSAID)
        self._inherited = dict(channels)
        self._orphaned = orphaned
        self._beat_s = beat_s

    def run(
        self,
        work: Callable[[], Awaitable[None]],
        *,
        on_channel: Callable[[str, socket.socket], None] = _close_it,
        heard: Callable[[Message], None] = _not_ours,
        on_beat: Callable[[float], None] = _on_time,
    ) -> None:
        """Run `work` on a loop of its own until it returns. SIGTERM counts as STOP; SIGINT is the supervisor's.

        `on_channel` gets the inherited channels, before `work` begins, and every later one, each for a new life of that
        peer. `heard` gets everything that is not about life and death, `on_beat` the lag of each beat (s).
        """
        self._on_channel, self._heard, self._on_beat = on_channel, heard, on_beat
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._live(work))

    async def _live(self, work: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        loop.add_reader(self._control, self._hear)
        beating = asyncio.create_task(self._beat(), name="beat")
        try:
            while self._inherited:
                self._on_channel(*self._inherited.popitem())
            await work()
        finally:
            beating.cancel()
            await asyncio.wait([beating])
            self._say_all()
            loop.remove_reader(self._control)
            for sock in self._inherited.values():
                sock.close()

    def ready(self) -> None:
        """Tell the supervisor that it is all there and works."""
        settle_down()
        self.say(Say.READY)

    def say(self, what: Say, name: str = "", number: int = 0, value: float = 0.0) -> None:
        """Tell the supervisor, at the latest when it listens again: it may have been stopped or asleep for long."""
        self._unsaid.append(Message(what, name, number, value))
        self._say_all()

    def _say_all(self) -> None:
        while self._unsaid and send(self._control, self._unsaid[0]):
            self._unsaid.popleft()

    def hand_over(self, number: int, descriptors: Sequence[int]) -> bool:
        """Ask for a report, with what it needs. The descriptors stay ours to close."""
        return send(self._control, Message(Say.REPORT, number=number), descriptors)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            now = loop.time()
            self.lag_s = max(0.0, now - due)
            if not (self.alone.is_set() and self.stopping.is_set()):
                signal.alarm(GIVE_UP_S)
            self._say_all()
            send(self._control, Message(Say.BEAT, value=self.lag_s))
            self._on_beat(self.lag_s)
            due = await next_tick(self._beat_s)

    def _hear(self) -> None:
        try:
            while (message := receive(self._control)) is not None:
                self._take(message)
        except EOFError:
            asyncio.get_running_loop().remove_reader(self._control)
            self.alone.set()
            _log.error("%s: the supervisor is gone", self.name)
            if self._orphaned is Orphaned.END:
                signal.alarm(END_ALONE_S)
                self._stop()

    def _stop(self) -> None:
        self.draining.set()
        self.stopping.set()

    def _take(self, message: Message) -> None:
        match message.say:
            case Say.CHANNEL if message.descriptors:
                self._on_channel(message.name, socket.socket(fileno=message.descriptors[0]))
            case Say.DRAIN:
                self.draining.set()
            case Say.LEAVE:
                self.leaving.set()
            case Say.STOP:
                self._stop()
            case _:
                self._heard(message)
