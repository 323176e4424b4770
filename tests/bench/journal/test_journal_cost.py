"""What a reading costs the card and the processor, from offer to release: counted, or as ratios; never in ms."""

import asyncio
import os
import statistics
from pathlib import Path

import pytest

from agent.journal.journal import Journal, JournalPlan
from agent.journal.retention import RetentionPlan
from agent.link.record import PriorityClass
from drivers.sample import Sample
from tests.bench.journal.measure import (
    UPLINKS,
    CountingVFS,
    Rig,
    cost_ratio,
    cpu,
    drain,
    fill,
    idle_and_draining,
    roomy,
    start_s,
)
from tests.bench.journal.town import commits

BACKLOG = int(os.environ.get("HYDRONEST_BENCH_BACKLOG", "1000000"))
_BLOCK = 4096


@pytest.mark.parametrize(("readings", "most"), [(100, 90), (500, 25), (1000, 16)])
def test_bytes_and_flushes_from_store_to_trim(tmp_path: Path, readings: int, most: float) -> None:
    disk = CountingVFS(f"counting-{readings}")
    rig = Rig(tmp_path / "j.db", readings, vfs=f"counting-{readings}")
    try:
        while rig.ledger.room.used(rig.ledger.tally) < rig.plan.history:
            rig.commit(next(rig.feed))
        blocks, syncs, made = disk.blocks, disk.syncs, rig.ledger.commits
        released = rig.ledger.tally[PriorityClass.TELEMETRY].released
        for _ in range(700):
            rig.commit(next(rig.feed))
        made = rig.ledger.commits - made
        assert rig.ledger.tally[PriorityClass.TELEMETRY].released > released, "nothing was trimmed"
        per_reading = (disk.blocks - blocks) * _BLOCK / (700 * readings)
        assert per_reading <= most
        assert (disk.syncs - syncs) / made <= 1.02
        assert rig.ledger.numbers()["used_bytes"] / rig.ledger.tally[PriorityClass.TELEMETRY].held <= 10.5
    finally:
        rig.ledger.close()


@pytest.mark.parametrize("readings", [100, 1000])
def test_cpu_of_a_reading_encoded_and_committed(tmp_path: Path, readings: int) -> None:
    _, ratio = cost_ratio(tmp_path, readings)
    assert ratio <= 1.5, f"{ratio:.2f} times a plain executemany"


def test_offering_a_sample_costs_next_to_nothing(tmp_path: Path) -> None:
    """Against the least there is: appending it to a list and adding up, in a method."""

    class Least:
        def __init__(self) -> None:
            self.samples: list[Sample] = []
            self.waiting = 0

        def offer(self, sample: Sample) -> None:
            self.samples.append(sample)
            self.waiting += len(sample.values)

    group = next(commits(4000))

    async def measured() -> float:
        journal = await Journal.open(JournalPlan(tmp_path / "j.db", room=RetentionPlan(1 << 20)), {})
        least = Least()

        def ours() -> None:
            for sample in group:
                journal.offer_sample(sample)

        def theirs() -> None:
            for sample in group:
                least.offer(sample)

        ratios = []
        for _ in range(9):
            ratios.append(cpu(ours, 3) / cpu(theirs, 3))
            journal._offers.samples.clear()
            least.samples.clear()
        await journal.close()
        return statistics.median(ratios)

    assert asyncio.run(measured()) <= 3


async def test_starting_costs_the_same_whatever_waits(tmp_path: Path) -> None:
    empty = await start_s(roomy(tmp_path / "empty.db", BACKLOG))
    plan = roomy(tmp_path / "full.db", BACKLOG)
    journal = await Journal.open(plan, UPLINKS)
    await fill(journal, BACKLOG)
    await journal.close()
    assert await start_s(plan) <= 5 * empty


async def test_draining_costs_the_same_whatever_waits_behind(tmp_path: Path) -> None:
    journal = await Journal.open(roomy(tmp_path / "full.db", BACKLOG), UPLINKS)
    try:
        await fill(journal, BACKLOG)
        box = journal.outbox("platform")
        box.reconnected()
        records = BACKLOG // 1000
        part = records // 24
        early = min([await drain(box, part) for _ in range(8)])
        await drain(box, records - 17 * part)
        late = min([await drain(box, part) for _ in range(8)])
        assert early <= 1.2 * late, "a long backlog makes each record dearer"
    finally:
        await journal.close()


async def test_an_event_leaves_as_fast_while_a_backlog_drains(tmp_path: Path) -> None:
    ratios = []
    for attempt in range(4):  # the best of four: what else this machine does is not ours to judge
        plan = roomy(tmp_path / f"{attempt}.db", 2 * BACKLOG)
        idle, busy = await idle_and_draining(plan, 2 * BACKLOG, 60)
        ratios.append(statistics.median(busy) / statistics.median(idle))
        if ratios[-1] <= 2:
            return
    assert min(ratios) <= 3, "the past delays an alarm"
