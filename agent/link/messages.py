"""What the children say to each other, as the JSON it passes in: short lists, read back into our own types."""

from collections.abc import Sequence
from typing import Any

import orjson

from agent.link.record import PriorityClass, Record
from agent.link.storable import storable_event
from agent.runtime.clock.carried import ClockReading
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.reason import Reason, from_json, plain

CLOCK = "clock"
"""core → everybody, at least every ten seconds, and each second it is news: `ClockReading` as it stands."""


def event_out(event: Event) -> list[Any]:
    """An event for a channel. What JSON cannot carry is told as text: an event is never lost for one value."""
    message = _plain(event)
    try:
        orjson.dumps(message, default=plain)
    except TypeError:
        message = _plain(storable_event(event))
    return message


def event_in(message: Any) -> Event:
    """The event again. Raises ValueError where it is none."""
    match message:
        case [kind, str(subject), severity, transition, int(at_ns), dict(evidence)]:
            facts = {name: said_in(value) for name, value in evidence.items()}
            return Event(EventKind(kind), subject, Severity(severity), Transition(transition), at_ns, facts)
        case _:
            raise ValueError("not an event")


def said_in(value: Any) -> Value | Reason:
    """A value of evidence or of a counter again, as JSON brought it."""
    if isinstance(value, list):
        return tuple(value)
    return (from_json(value) or str(value)) if isinstance(value, dict) else value


def record_out(record: Record) -> list[Any]:
    """A record for a channel. Its body stays the text it is: neither end reads it."""
    return [*record[:-1], record.body.decode()]


def record_in(message: Sequence[Any]) -> Record:
    """The record again."""
    boot, seq, priority, n, t0_ns, err_ms, kernel_boot, mono_ms, body = message
    return Record(boot, seq, PriorityClass(priority), n, t0_ns, err_ms, kernel_boot, mono_ms, body.encode())


def clock_in(message: Sequence[Any]) -> ClockReading:
    """What core says about the time."""
    return ClockReading(*message)


def _plain(event: Event) -> list[Any]:
    return [event.kind, event.subject, event.severity, event.transition, event.at_ns, dict(event.evidence)]
