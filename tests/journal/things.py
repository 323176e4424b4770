"""Samples, events and journals for the tests: small, and each different from the others."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import orjson

from agent.journal.journal import Journal, JournalPlan
from agent.journal.retention import RetentionPlan
from agent.journal.uplink_outbox import Order
from agent.link.record import Record
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Layout, Sample

MS = 1_000_000
HYDRANT = Layout("hydrant", ("pressure", "temperature", "battery", "tilt"), ("kPa", "C", "V", "deg"))
SMALL = RetentionPlan(cap_bytes=1 << 20, wal_bytes=256 << 10)


class Clock:
    """A monotonic clock set by hand, in nanoseconds."""

    def __init__(self, at_ms: int = 1_000_000) -> None:
        self.ns = at_ms * MS

    def __call__(self) -> int:
        return self.ns

    def forward(self, ms: int) -> None:
        self.ns += ms * MS


def sample(i: int, at_ms: int | None = None, layout: Layout = HYDRANT) -> Sample:
    """The i-th reading of one of 500 hydrants."""
    values = (300 + i % 17 / 10, 12.5, 3.6, i)
    return Sample(
        f"hydrant-{i % 500:03d}", layout, (1_000_000 + i if at_ms is None else at_ms) * MS, values, layout.good
    )


def event(i: int, at_ms: int = 1_000_000) -> Event:
    """The i-th event."""
    return Event(
        EventKind.PRESSURE_LOW, f"hydrant-{i:03d}", Severity.ALARM, Transition.RAISED, at_ms * MS, {"value": i}
    )


def tilts(records: list[Record]) -> list[int]:
    """The numbers of the samples inside telemetry records, in order."""
    out: list[int] = []
    for record in records:
        for frame in orjson.loads(record.body)["frames"]:
            out += frame["values"][frame["points"].index("tilt")]
    return out


def subjects(records: list[Record]) -> list[int]:
    """The numbers of the events inside event records, in order; other events are left out."""
    return [e["evidence"]["value"] for r in records for e in orjson.loads(r.body)["events"] if "value" in e["evidence"]]


@asynccontextmanager
async def running(
    directory: Path, uplinks: Mapping[str, Order] | None = None, room: RetentionPlan = SMALL, commit_s: float = 0.02
) -> AsyncIterator[Journal]:
    """An open journal with its commit loop running."""
    plan = JournalPlan(directory / "journal.db", room=room, commit_s=commit_s, acknowledge_s=0.05)
    journal = await Journal.open(plan, uplinks if uplinks is not None else {"platform": "newest_first"})
    loop = asyncio.create_task(journal.run())
    try:
        yield journal
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        await journal.close()
