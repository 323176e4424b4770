"""Samples and events as the JSON they are stored and forwarded in: columns, nothing per point named twice. Pure."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from agent.link.record import PriorityClass
from agent.link.storable import storable_event, storable_sample
from drivers.event import Event
from drivers.sample import Sample
from protocols.reason import plain

_MS = 1_000_000


class Draft(NamedTuple):
    """A record before it has a number: `t0_ms` is CLOCK_BOOTTIME, `n` its readings, `json` its body."""

    priority: PriorityClass
    t0_ms: int
    n: int
    json: bytes


def telemetry(samples: Sequence[Sample]) -> Draft:
    """One draft of all these samples, a frame per shape. `quality` is left out where every value is good."""
    t0 = min([sample.read_ns for sample in samples]) // _MS
    groups: dict[int, list[Sample]] = {}
    for sample in samples:
        group = groups.get(id(sample.layout))
        if group is None:
            groups[id(sample.layout)] = [sample]
        else:
            group.append(sample)
    n = 0
    frames = []
    for group in groups.values():
        n += len(group[0].layout.points) * len(group)
        frames.append(_frame(group, t0))
    try:
        text = orjson.dumps({"frames": frames})
    except TypeError:
        frames = [_frame([storable_sample(sample) for sample in group], t0) for group in groups.values()]
        text = orjson.dumps({"frames": frames})
    return Draft(PriorityClass.TELEMETRY, t0, n, text)


def _frame(group: Sequence[Sample], t0: int) -> dict[str, Any]:
    layout = group[0].layout
    good = layout.good
    frame: dict[str, Any] = {
        "profile": layout.profile,
        "points": layout.points,
        "units": layout.units,
        "device": [sample.device for sample in group],
        "at_ms": [sample.read_ns // _MS - t0 for sample in group],
        "values": list(zip(*[sample.values for sample in group], strict=True)),
    }
    quality = [sample.quality for sample in group]
    if quality.count(good) != len(group):
        frame["quality"] = list(zip(*quality, strict=True))
    if not len(layout.points) == len(frame["values"]) == len(frame.get("quality", layout.points)):
        raise ValueError(f"{layout}: samples with {len(frame['values'])} values")
    source = [sample.source_ns for sample in group]
    if source.count(None) != len(group):
        frame["source_ms"] = [None if at is None else at // _MS for at in source]
    backfilled = [sample.backfilled for sample in group]
    if True in backfilled:
        frame["backfilled"] = backfilled
    return frame


def fits(sample: Sample) -> bool:
    """Whether a sample can be stored at all: it is as long as its shape says and holds what its fields promise."""
    try:
        telemetry([sample])
    except (TypeError, ValueError, AttributeError, OverflowError):
        return False
    return True


def events(happened: Sequence[Event]) -> Draft:
    """One draft of these events, in the order they were raised."""
    t0 = min([event.at_ns for event in happened]) // _MS
    try:
        text = orjson.dumps({"events": [_row(event, t0) for event in happened]}, default=plain)
    except TypeError:
        text = orjson.dumps({"events": [_row(storable_event(event), t0) for event in happened]}, default=plain)
    return Draft(PriorityClass.EVENT, t0, len(happened), text)


def _row(event: Event, t0: int) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "subject": event.subject,
        "severity": event.severity,
        "turn": event.transition,
        "at_ms": event.at_ns // _MS - t0,
        "evidence": dict(event.evidence),
    }


def is_number(value: object) -> bool:
    """Whether a stored value can be summed up: a finite number, and neither a switch nor a text."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
