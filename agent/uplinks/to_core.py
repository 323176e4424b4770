"""What the uplinks process tells core and core must not miss: numbered, and kept until core has kept it."""

import logging
import math
from collections import deque
from typing import Any

from agent.link.channel import Channel
from agent.link.messages import event_out
from agent.link.uplink_messages import CENTRE_CLOCK, EVENT, HELLO, ORDER, OWN_CLOCK, SAID
from agent.runtime.flood import Flood
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.clock import boottime_ns

CLOCK_EVERY_NS = 10_000_000_000
MOST = 1000
"""Kept while core is away; what comes then is lost and counted."""
ORDERS_SHARE = 0.5
"""Of these: however many facts are told, what happens to an uplink finds room."""

_log = logging.getLogger("hydronest")


class ToCore:
    """`begin` with the channel to a new life of core, `end` with it. Core may hear a thing twice, never not at all."""

    def __init__(self, most: int = MOST) -> None:
        self.dropped = 0
        self._told_dropped = 0
        self._most = most
        self._flood = Flood(lambda more: _log.warning("core takes nothing: lost are %s more", dict(more)))
        self._number = 0
        self._waiting: deque[tuple[int, str, Any]] = deque()
        self._standing: dict[tuple[EventKind, str], Event] = {}
        self._channel: Channel | None = None
        self._clock_due_ns = 0

    def begin(self, channel: Channel) -> None:
        """Core is there (again): say what stands as far as core knows of it, and all it has not kept."""
        self._channel = channel
        channel.post(HELLO, {"standing": [event_out(event) for event in self._standing.values()]})
        for number, what, body in self._waiting:
            self._post(number, what, body)

    def end(self) -> None:
        """Core is gone: what is said waits."""
        self._channel = None

    def kept(self, number: int) -> None:
        """Core has kept everything up to this number."""
        while self._waiting and self._waiting[0][0] <= number:
            _number, _what, body = self._waiting.popleft()
            if isinstance(body, Event):
                self._note(body)
        if self.dropped > self._told_dropped:
            lost, self._told_dropped = self.dropped - self._told_dropped, self.dropped
            evidence: dict[str, Value] = {"lane": "event", "readings": lost, "records": 0, "why": "not_committed"}
            self.event(
                Event(EventKind.DATA_LOST, "uplinks", Severity.WARNING, Transition.NOTED, boottime_ns(), evidence)
            )

    def event(self, event: Event) -> None:
        """Something happened to an uplink."""
        self._say(EVENT, event)

    def order(self, uplink: str, topic: str, text: str) -> bool:
        """The platform of this uplink tells a fact; False where no more of them may wait."""
        return self._say(ORDER, [topic, text, uplink], self._most * ORDERS_SHARE)

    def centre_clock(self, wall: str) -> None:
        """A centre says what time it is, as ISO text; one that says so all the time is heard now and then."""
        now = boottime_ns()
        if now >= self._clock_due_ns:
            self._clock_due_ns = now + CLOCK_EVERY_NS
            self._say(CENTRE_CLOCK, [wall, now // 1_000_000])

    def own_clock(self, told: tuple[int, int, int]) -> None:
        """A receiver of ours says what time it is: UTC and CLOCK_BOOTTIME milliseconds, and its error in those."""
        self._say(OWN_CLOCK, list(told))

    def _say(self, what: str, body: Any, most: float = math.inf) -> bool:
        if len(self._waiting) >= min(most, self._most):
            self.dropped += 1
            if self._flood.passes(what):
                _log.warning("core takes nothing: lost is %s", what)
            return False
        self._number += 1
        self._waiting.append((self._number, what, body))
        self._post(self._number, what, body)
        return True

    def _post(self, number: int, what: str, body: Any) -> None:
        if self._channel is not None:
            self._channel.post(SAID, [number, what, event_out(body) if isinstance(body, Event) else body])

    def _note(self, event: Event) -> None:
        key = (event.kind, event.subject)
        match event.transition:
            case Transition.RAISED:
                self._standing[key] = event
            case Transition.CLEARED:
                self._standing.pop(key, None)
            case Transition.NOTED:
                return
