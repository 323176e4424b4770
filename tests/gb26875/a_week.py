"""A site that was cut off from its centre for a week: what its journal holds, and the forwarder that carries it out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

from agent.journal.journal import Journal, JournalPlan
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.gb26875.duty import DutyChecks
from agent.uplinks.gb26875.mapping import Mapper, Seat
from agent.uplinks.gb26875.uplink import Centre as CentreSettings
from agent.uplinks.gb26875.uplink import Gb26875Uplink
from agent.uplinks.pace import Pace
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Layout, Sample
from hil.centre import Centre
from protocols.gb26875.dialect import STANDARD
from tests.uplinks.conformance import GATEWAY

MINUTE_NS = 60_000_000_000
WEEK_MIN = 7 * 24 * 60
"""A centre gets one analog per device, point and minute: of a week and thirty hydrants 10,080 frames of 60 each."""

HYDRANTS = [f"H{number}" for number in range(1, 31)]
SEATS = {name: Seat(number) for number, name in enumerate(HYDRANTS, 1)}
SHAPE = Layout("hydrant", ("pressure", "temperature"), ("kPa", "Cel"))
PACE = Pace(events=8, live=16, backlog=8, longest_rest_s=0.2)


@contextlib.asynccontextmanager
async def backlog(folder: Path, minutes: int = WEEK_MIN) -> AsyncIterator[Journal]:
    """A journal with so many minutes' readings, a record each, none of them sent."""
    now_ns = MINUTE_NS

    plan = JournalPlan(folder / "journal.db", commit_s=0.05)
    journal = await Journal.open(plan, {"centre": "newest_first"}, now_ns=lambda: now_ns)
    keeping = asyncio.create_task(journal.run())
    try:
        for minute in range(minutes):
            now_ns += MINUTE_NS
            for name in HYDRANTS:
                journal.offer_sample(Sample(name, SHAPE, now_ns, (280.0 + minute % 50, 9.5), SHAPE.good))
            await journal.flush()
        yield journal
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        await journal.close()


@contextlib.asynccontextmanager
async def carrying(
    journal: Journal, centre: Centre, window: int = 8, timeout_s: float = 3.0, duty: DutyChecks | None = None
) -> AsyncIterator[Forwarder]:
    """A forwarder to this centre; cancelled at the end."""
    settings = CentreSettings("127.0.0.1", centre.port, 7, 1, STANDARD, timeout_s=timeout_s, window=window)
    uplink = Gb26875Uplink(
        "centre", settings, Mapper(SEATS, STANDARD, UTC), lambda _device: {}, duty or DutyChecks(),
        lambda: 1_763_700_000_000_000_000, version=(0, 1), on_clock=lambda _wall: None,
    )  # fmt: skip
    forwarder = Forwarder(GATEWAY, uplink, journal.outbox("centre"), journal.offer_event, PACE)
    task = asyncio.create_task(forwarder.run())
    try:
        yield forwarder
    finally:
        task.cancel()
        await asyncio.wait([task])


def alarm(device: str) -> Event:
    """A leak of this hydrant, raised."""
    return Event(EventKind.LEAK, device, Severity.ALARM, Transition.RAISED, MINUTE_NS)
