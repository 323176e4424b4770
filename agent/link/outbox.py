"""What one uplink sees of the journal. `agent/uplinks` depends on this Protocol and on nothing else in here."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from agent.link.record import PriorityClass, Record, Stream
from protocols.reason import Reason


class Gap(NamedTuple):
    """Records a far end lacks, `first` and `last` included; `boot` is that of the first one behind them that it has."""

    boot: str
    first: int
    last: int


class Outbox(Protocol):
    """One uplink's way through the journal. Used from the event loop's thread only; uplinks never wait for each other.

    A record is in one of three places: to be taken, taken, or done. `take` moves it to taken; `confirm` and `park`
    to done; `give_back` and `reconnected` to be taken again. Nothing is lost by forgetting: at the next start whatever
    was not durably done is to be taken again (so the far end may see a record twice, never not at all).
    """

    @property
    def uplink(self) -> str:
        """The uplink's id."""
        ...

    async def take(self, stream: Stream, limit: int) -> Sequence[Record]:
        """The next records of a stream by rising seq, at most `limit`; empty when there is nothing now.

        Costs a hop to the journal's thread for what is not in memory. A damaged record is put in quarantine,
        counted and reported on the way, and never handed out.
        """
        ...

    def ready(self, stream: Stream) -> bool:
        """Whether `take` would find something."""
        ...

    async def wait(self, *streams: Stream) -> None:
        """Return once any of these streams (all when none is named) is ready. Cancel freely."""
        ...

    async def another(self, priority: PriorityClass) -> None:
        """Return at the next commit of this lane from now on. For one caller at a time; cancel freely."""
        ...

    def confirm(self, record: Record) -> None:
        """The far end has it for good. Durable with the next group commit, at no cost of its own; in any order."""
        ...

    def give_back(self, record: Record) -> None:
        """Not delivered for now: it will be taken again, before what comes after it."""
        ...

    async def park(self, record: Record, reason: Reason) -> None:
        """The far end refuses it for ever: kept aside for a person, reported as an event. Durable on return."""
        ...

    def reconnected(self) -> None:
        """A connection is up: what was taken comes back, unsent telemetry becomes backlog, the present goes first.

        With `order = "strict"` nothing is moved behind: telemetry goes oldest first on `Stream.LIVE`.
        """
        ...

    def lacks(self, gaps: Sequence[Gap]) -> None:
        """The far end lacks these although they were confirmed: what is held of them comes again, as backlog, and
        what is not is told as an event. What is still unsent comes anyway. A later call takes the place of one that
        was not looked at yet.
        """
        ...
