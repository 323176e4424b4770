"""A record that is larger than a far end or a bearer takes goes in parts: the same rows, some in each. Pure.

Parts are halves, quarters, eighths … of the record's rows (events, or rows of its frames), so that one cut is the same
each time: a receiver puts them together by (part, parts), and knows a repeat.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson

from agent.link.record import PriorityClass, Record
from agent.uplinks.contract import Message

COLUMNS = ("device", "at_ms", "source_ms", "backfilled", "from_ms", "to_ms", "samples")
"""Of a frame or a summary: a value a row."""
GRIDS = ("values", "quality", "count", "min", "max", "mean", "last")
"""Of a frame or a summary: by point, then a value a row."""
LEFT_OUT = "evidence_left_out"
"""In place of an event's evidence that nothing else makes small enough: how many bytes it had."""


Judge = Callable[[Message], bool]


def parts(whole: Message, fits: Judge, taken: Judge) -> list[Message]:
    """The record in as few parts as fit, or row by row; a row that is not `taken` even so is shortened if it can be."""
    content, rows, count = whole.content(), _rows(whole.content()), 1
    while True:
        count *= 2
        found = list(_cut(whole, content, rows, count))
        if all(map(fits, found)):
            return found
        if count >= rows:
            return [one if taken(one) else _shortened(one) for one in found]


def _rows(content: Mapping[str, Any]) -> int:
    if "events" in content:
        return len(content["events"])
    return sum(len(frame["device"]) for frame in _frames(content))


def _frames(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*content.get("frames", ()), *content.get("summaries", ())]


def _cut(whole: Message, content: Mapping[str, Any], rows: int, count: int) -> Iterator[Message]:
    """Parts without a row are left out, and not counted."""
    record = whole.record
    spans = list(pairwise(sorted({rows * number // count for number in range(count + 1)})))
    for number, (first, last) in enumerate(spans, 1):
        piece = _piece(content, first, last)
        n = last - first if record.priority is PriorityClass.EVENT else _readings(record, piece)
        yield Message(whole.gateway, record._replace(n=n, body=orjson.dumps(piece)), number, len(spans))


def _piece(content: Mapping[str, Any], first: int, last: int) -> dict[str, Any]:
    """These rows, and everything that is not a row."""
    out = dict(content)
    if "events" in content:
        out["events"] = content["events"][first:last]
        return out
    for name in ("frames", "summaries"):
        if name not in content:
            continue
        out[name] = []
        for frame in content[name]:
            length = len(frame["device"])
            lo, hi = max(0, first), min(length, last)
            if lo < hi:
                out[name].append(_slice(frame, lo, hi))
            first, last = first - length, last - length
    return out


def _slice(frame: Mapping[str, Any], lo: int, hi: int) -> dict[str, Any]:
    out = dict(frame)
    for name in COLUMNS:
        if name in frame:
            out[name] = frame[name][lo:hi]
    for name in GRIDS:
        if name in frame:
            out[name] = [column[lo:hi] for column in frame[name]]
    return out


def _readings(record: Record, piece: Mapping[str, Any]) -> int:
    if record.priority is PriorityClass.TELEMETRY:
        return sum(len(frame["points"]) * len(frame["device"]) for frame in _frames(piece))
    return sum(len(frame["points"]) * sum(frame["samples"]) for frame in _frames(piece))


def _shortened(part: Message) -> Message:
    """An event of more evidence than is taken: that it happened is told, and that there is more to know here."""
    content = part.content()
    for event in content.get("events", ()):
        event["evidence"] = {LEFT_OUT: len(orjson.dumps(event["evidence"]))}
    return replace(part, record=part.record._replace(body=orjson.dumps(content)))
