"""How far each OPC UA point is kept: from there on its server's history is read back when a line begins anew."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from agent.journal.files import JournalTrouble
from agent.journal.journal import Journal
from agent.link.record import PriorityClass
from drivers.sample import Sample

RECORDS = 900
"""How far back is looked: a quarter of an hour at a record a second. What lies further back is history already."""
_NOTE = "gaps:"

Gaps = Mapping[str, Mapping[str, list[Any]]]
"""By device and point, what is still to be read back, as the driver says it (drivers/opcua/gaps.py: `Kept`)."""


class SourceTimes:
    """The newest source time of each point, and its open gaps: what the process that reads needs to begin.

    `newest` and `notes` are the journal's at the start; `keep` is its `keep`: a gap is noted with the samples that
    opened or filled it, or neither is. Devices that are no longer there are forgotten.
    """

    def __init__(
        self,
        devices: Collection[str],
        newest: Mapping[tuple[str, str], int],
        notes: Mapping[str, object],
        keep: Callable[[str, object], None],
    ) -> None:
        self._keep = keep
        self._newest: dict[tuple[str, tuple[str, ...]], int] = {
            (device, (point,)): source_ns for (device, point), source_ns in newest.items()
        }
        self._gaps: dict[str, dict[str, list[Any]]] = {}
        for name, note in notes.items():
            device = name.removeprefix(_NOTE)
            if device == name:
                continue
            if device in devices and isinstance(note, dict):
                self._gaps[device] = note
            else:
                keep(name, None)

    def took(self, sample: Sample) -> None:
        """A sample has arrived; it is in the journal's hands."""
        if sample.source_ns is not None:
            key = (sample.device, sample.layout.points)
            if sample.source_ns > self._newest.get(key, 0):
                self._newest[key] = sample.source_ns

    def changed(self, gaps: Gaps) -> None:
        """These points' gaps are now others. Call it after `took`, before anything is awaited."""
        for device, points in gaps.items():
            merged = {**self._gaps.get(device, {}), **points}
            self._gaps[device] = open_ones = {point: kept for point, kept in merged.items() if kept}
            self._keep(_NOTE + device, open_ones or None)

    def told(self) -> list[list[Any]]:
        """For the process that reads: [device, point, newest source time or None, gaps] of every point known."""
        newest: dict[tuple[str, str], int] = {}
        for (device, points), source_ns in self._newest.items():
            for point in points:
                newest[device, point] = max(newest.get((device, point), 0), source_ns)
        keys = newest.keys() | {(device, point) for device, points in self._gaps.items() for point in points}
        return [
            [device, point, newest.get((device, point)), self._gaps.get(device, {}).get(point, [])]
            for device, point in sorted(keys)
        ]


async def last_known(journal: Journal, devices: Collection[str]) -> dict[tuple[str, str], int]:
    """(device, point) → UTC nanoseconds of its newest kept value, of these devices."""
    if not devices:
        return {}
    try:
        seqs = await journal.inspect(lambda reader: reader.newest(PriorityClass.TELEMETRY, RECORDS))
    except JournalTrouble:  # the card does not let us open it
        return {}
    if not seqs:
        return {}
    records = await journal.inspect(
        lambda reader: reader.peek(PriorityClass.TELEMETRY, len(seqs), seqs[0], with_body=True)
    )
    return newest(records, devices)


def newest(records: Iterable[Mapping[str, Any]], devices: Collection[str]) -> dict[tuple[str, str], int]:
    """The same of records in hand, to the millisecond the journal keeps: a row's moment is longer (10 ms)."""
    found: dict[tuple[str, str], int] = {}
    for record in records:
        for frame in record.get("body", {}).get("frames", ()):
            sources = frame.get("source_ms")
            if sources is None:
                continue
            for device, source_ms in zip(frame["device"], sources, strict=True):
                if device in devices and source_ms is not None:
                    for point in frame["points"]:
                        key = (device, point)
                        found[key] = max(found.get(key, 0), source_ms * 1_000_000)
    return found
