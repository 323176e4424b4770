"""How one uplink is driven."""

from dataclasses import dataclass

from agent.journal.record import Stream
from agent.uplinks.backoff import LONGEST_S
from agent.uplinks.gate import BACKLOG_SHARE


@dataclass(frozen=True, slots=True)
class Pace:
    """How one uplink is driven. `strict` keeps each stream in order even through failures: one record at a time.

    `windows` bounds how many records of a stream are under way; `backlog_share` is the part of non-event sends the
    backlog gets at least; `longest_rest_s` bounds every back-off.
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


DEFAULT = Pace()
