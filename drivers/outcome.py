"""How an order to a thing ended, decided by reading the thing back and never by an acknowledgement."""

from enum import StrEnum
from typing import NamedTuple

from protocols.errors import Reasoned
from protocols.reason import Fact, Reason


class Outcome(StrEnum):
    """Stored and forwarded: never rename one."""

    DONE = "done"  # the state asked for was read back
    REFUSED = "refused"  # not sent, or the far end said no and nothing changed
    FAILED = "failed"  # it was sent, and the state read back is another
    EXPIRED = "expired"  # too old, or superseded before it was sent
    UNKNOWN = "unknown"  # it was sent, and the state could not be read back


class Report(NamedTuple):
    """One order's end: what came of it, why, and how long it took."""

    outcome: Outcome
    reason: Reason | None = None
    took_s: float = 0.0

    @property
    def done(self) -> bool:
        """Whether the state asked for was read back."""
        return self.outcome is Outcome.DONE


class OrderStopped(Reasoned):
    """Ends an order inside a driver with the report it carries."""

    def __init__(self, outcome: Outcome, reason: Reason | str, /, **facts: Fact) -> None:
        super().__init__(reason, **facts)
        self.outcome = outcome
