"""Old telemetry in small: count, minimum, maximum, mean and last of every point, per device and quarter hour. Pure.

The body of a summary record: {"summaries": [{"profile", "points", "units", "window_ms", "device": [one per row],
"from_ms": […], "to_ms": […], "samples": […], "count", "min", "max", "mean", "last": [[one per row] per point]}],
"covers": [first telemetry seq, last]}. `count` is how many of `samples` had a usable number; text has only `last`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from agent.journal.body import Draft, is_number
from agent.link.record import PriorityClass
from drivers.quality import Quality

WINDOW_MS = 15 * 60 * 1000
_UNUSABLE = int(Quality.OUT_OF_RANGE)


class _Cell:
    """One device in one window."""

    __slots__ = ("count", "first", "last", "last_at", "maximum", "minimum", "samples", "total")

    def __init__(self, points: int, at: int) -> None:
        self.first = at
        self.last_at = at
        self.samples = 0
        self.count = [0] * points
        self.minimum: list[Any] = [None] * points
        self.maximum: list[Any] = [None] * points
        self.total = [0.0] * points
        self.last: list[Any] = [None] * points


def condense(records: Iterable[tuple[int, bytes]], covers: tuple[int, int]) -> Draft:
    """One summary draft of telemetry records, given as (t0_ms, json) of one kernel boot."""
    frames: dict[tuple[str, tuple[str, ...], tuple[str, ...]], dict[tuple[int, str], _Cell]] = {}
    n = 0
    for t0, json in records:
        for frame in orjson.loads(json)["frames"]:
            layout = (frame["profile"], tuple(frame["points"]), tuple(frame["units"]))
            n += len(layout[1]) * len(frame["device"])
            _add(frames.setdefault(layout, {}), t0, frame, len(layout[1]))
    t0 = min(cell.first for cells in frames.values() for cell in cells.values())
    summaries = [_columns(layout, cells, t0) for layout, cells in frames.items()]
    return Draft(PriorityClass.SUMMARY, t0, n, orjson.dumps({"summaries": summaries, "covers": covers}))


def _add(cells: dict[tuple[int, str], _Cell], t0: int, frame: dict[str, Any], points: int) -> None:
    quality = frame.get("quality")
    for row, (device, offset) in enumerate(zip(frame["device"], frame["at_ms"], strict=True)):
        at = t0 + offset
        key = (at // WINDOW_MS, device)
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = _Cell(points, at)
        cell.samples += 1
        cell.first = min(cell.first, at)
        newest = at >= cell.last_at
        if newest:
            cell.last_at = at
        for i, column in enumerate(frame["values"]):
            value = column[row]
            if value is None or (quality is not None and quality[i][row] >= _UNUSABLE):
                continue
            if newest:
                cell.last[i] = value
            if is_number(value):
                cell.count[i] += 1
                cell.total[i] += value
                if cell.minimum[i] is None or value < cell.minimum[i]:
                    cell.minimum[i] = value
                if cell.maximum[i] is None or value > cell.maximum[i]:
                    cell.maximum[i] = value


def _columns(
    layout: tuple[str, tuple[str, ...], tuple[str, ...]], cells: dict[tuple[int, str], _Cell], t0: int
) -> dict[str, Any]:
    profile, points, units = layout
    rows: Sequence[tuple[str, _Cell]] = [(device, cell) for (_, device), cell in cells.items()]
    along = range(len(points))
    return {
        "profile": profile,
        "points": points,
        "units": units,
        "window_ms": WINDOW_MS,
        "device": [device for device, _ in rows],
        "from_ms": [cell.first - t0 for _, cell in rows],
        "to_ms": [cell.last_at - t0 for _, cell in rows],
        "samples": [cell.samples for _, cell in rows],
        "count": [[cell.count[i] for _, cell in rows] for i in along],
        "min": [[cell.minimum[i] for _, cell in rows] for i in along],
        "max": [[cell.maximum[i] for _, cell in rows] for i in along],
        "mean": [[_mean(cell, i) for _, cell in rows] for i in along],
        "last": [[cell.last[i] for _, cell in rows] for i in along],
    }


def _mean(cell: _Cell, i: int) -> float | None:
    return float(f"{cell.total[i] / cell.count[i]:.6g}") if cell.count[i] else None
