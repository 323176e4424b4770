"""How one uplink is driven."""

from dataclasses import dataclass

from agent.link.record import Stream
from agent.uplinks.backoff import LONGEST_S
from agent.uplinks.gate import BACKLOG_SHARE

EVENT_REST_S = 3.0
"""After a silence of days an alarm may still find its stream resting: half as long again, at the longest."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How one uplink is driven. `strict` keeps each stream in order even through failures: one record at a time.

    `windows` bounds how many records of a stream are under way; `backlog_share` is the part of non-event sends the
    backlog gets at least; `longest_rest_s` bounds every back-off, and events rest shorter still.
    """

    events: int = 8
    live: int = 8
    backlog: int = 16
    strict: bool = False
    backlog_share: float = BACKLOG_SHARE
    longest_rest_s: float = LONGEST_S

    def window(self, stream: Stream) -> int:
        """How many records of `stream` may be under way."""
        if self.strict:
            return 1
        return {Stream.EVENTS: self.events, Stream.LIVE: self.live, Stream.BACKLOG: self.backlog}[stream]

    def longest_rest(self, stream: Stream) -> float:
        """Seconds `stream` rests at the most after failing again and again, give or take half."""
        return min(self.longest_rest_s, EVENT_REST_S) if stream is Stream.EVENTS else self.longest_rest_s


DEFAULT = Pace()
