"""One kind of event of one subject: raised once after its hold time, cleared once after its own."""

from collections.abc import Callable

from drivers.event import Event, EventKind, Evidence, Severity, Transition
from drivers.sample import Value
from protocols.reason import Reason

Emit = Callable[[Event], None]
"""Takes one event; never blocks and never raises."""


class AlarmDebounce:
    """Open while it has causes. Several causes (two bits, an angle) make one event, not several.

    `since_ns` is when the causes last came or went; a hold time counts from there.
    """

    __slots__ = ("active", "causes", "clear_after_ns", "evidence", "kind", "raise_after_ns", "severity", "since_ns")

    def __init__(self, kind: EventKind, severity: Severity, raise_after_ns: int, clear_after_ns: int) -> None:
        self.kind = kind
        self.severity = severity
        self.raise_after_ns = raise_after_ns
        self.clear_after_ns = clear_after_ns
        self.causes: set[str] = set()
        self.since_ns = 0
        self.active = False
        self.evidence: dict[str, Value | Reason] = {}

    @property
    def waiting(self) -> bool:
        """Whether time alone will turn it."""
        return bool(self.causes) != self.active

    def restore(self, event: Event) -> None:
        """It stands as it was raised, by this boot's clock; what it was raised for still holds until something says
        otherwise."""
        self.active, self.since_ns, self.evidence = True, event.at_ns, dict(event.evidence)
        cause = event.evidence.get("cause")
        self.causes = {cause} if isinstance(cause, str) else set()

    def set(self, cause: str, on: bool, now_ns: int, evidence: Evidence) -> bool:
        """Add or drop a cause; True when the latch now waits for its hold time."""
        had = bool(self.causes)
        if on:
            self.causes.add(cause)
            if not had:
                self.evidence = {"cause": cause, **evidence}
        else:
            self.causes.discard(cause)
            if not self.causes:
                self.evidence = {"cause": cause, **evidence}
        if had != bool(self.causes):
            self.since_ns = now_ns
        return self.waiting

    def settle(self, subject: str, now_ns: int) -> Event | None:
        """The event that is due at `now_ns`, if any."""
        if not self.waiting:
            return None
        if now_ns - self.since_ns < (self.clear_after_ns if self.active else self.raise_after_ns):
            return None
        self.active = not self.active
        turn = Transition.RAISED if self.active else Transition.CLEARED
        return Event(self.kind, subject, self.severity, turn, now_ns, dict(self.evidence))
