"""The newest source times an earlier run kept: from there on an OPC UA server's history is read back."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from agent.journal.journal import Journal
from agent.link.record import PriorityClass

RECORDS = 900
"""How far back is looked: a quarter of an hour at a record a second. What lies further back is history already."""


async def last_known(journal: Journal, devices: Collection[str]) -> dict[tuple[str, str], int]:
    """(device, point) → UTC nanoseconds of its newest kept value, of these devices."""
    if not devices:
        return {}
    seqs = await journal.inspect(lambda reader: reader.newest(PriorityClass.TELEMETRY, RECORDS))
    if not seqs:
        return {}
    records = await journal.inspect(
        lambda reader: reader.peek(PriorityClass.TELEMETRY, len(seqs), seqs[0], with_body=True)
    )
    return newest(records, devices)


def newest(records: Iterable[Mapping[str, Any]], devices: Collection[str]) -> dict[tuple[str, str], int]:
    """The same of records in hand. The journal keeps milliseconds: the next one is taken, or the value came twice."""
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
                        found[key] = max(found.get(key, 0), (source_ms + 1) * 1_000_000)
    return found
