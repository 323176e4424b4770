"""What a reading costs the card and the processor, from offer to release: counted, or as ratios; never in ms."""

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from agent.journal import body
from agent.journal.journal import Journal, JournalPlan
from agent.journal.ledger import Ledger, Work
from agent.journal.record import Lane, Record, Stream
from agent.journal.room import RoomPlan
from agent.journal.spans import LaneSpans
from drivers.event import Event, EventKind, Severity, Turn
from drivers.sample import Sample
from protocols.clock import boottime_ns
from tests.bench.journal.town import commits

BACKLOG = int(os.environ.get("HYDRONEST_BENCH_BACKLOG", "1000000"))
_BLOCK = 4096


class CountingVFS(apsw.VFS):
    """Counts what a disk is given: the 4 KiB blocks dirtied between syncs, and the syncs."""

    def __init__(self, name: str) -> None:
        self.blocks = 0
        self.syncs = 0
        super().__init__(name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> "CountingFile":  # noqa: N802
        return CountingFile(name, flags, self)


class CountingFile(apsw.VFSFile):
    """One file of it."""

    def __init__(self, name: Any, flags: list[int], disk: CountingVFS) -> None:
        self._disk = disk
        self._dirty: set[int] = set()
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._dirty.update(range(offset // _BLOCK, (offset + len(data) - 1) // _BLOCK + 1))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.blocks += len(self._dirty)
        self._dirty.clear()
        self._disk.syncs += 1
        super().xSync(flags)


class Rig:
    """A ledger with one far end that confirms at once; room for little, so that released records are trimmed."""

    def __init__(self, path: Path, readings: int, vfs: str = "", history: float = 0.1) -> None:
        self.plan = RoomPlan(cap_bytes=8 << 20, history=history)
        self.ledger = Ledger(path, self.plan, boot=77, kernel_boot="k" * 32, now_ms=lambda: 5_000_000, vfs=vfs)
        self.ledger.open()
        self.feed = commits(readings)
        self.spans = {lane: LaneSpans() for lane in Lane}

    def commit(self, group: list[Sample]) -> None:
        unsent = {lane: spans.ranges() for lane, spans in self.spans.items()}
        stored = self.ledger.commit(Work(drafts=[body.telemetry(group)], outboxes={"platform": unsent}))
        for one in stored:
            spans = self.spans[one.lane]
            spans.taken(spans.live, [one.row.seq], one.row.seq)
            spans.done(one.row.seq)


@pytest.mark.parametrize(("readings", "most"), [(100, 90), (500, 25), (1000, 16)])
def test_bytes_and_flushes_from_store_to_trim(tmp_path: Path, readings: int, most: float) -> None:
    disk = CountingVFS(f"counting-{readings}")
    rig = Rig(tmp_path / "j.db", readings, vfs=f"counting-{readings}")
    try:
        while rig.ledger.room.used(rig.ledger.tally) < rig.plan.history:
            rig.commit(next(rig.feed))
        blocks, syncs, made = disk.blocks, disk.syncs, rig.ledger.commits
        released = rig.ledger.tally[Lane.TELEMETRY].released
        for _ in range(700):
            rig.commit(next(rig.feed))
        made = rig.ledger.commits - made
        assert rig.ledger.tally[Lane.TELEMETRY].released > released, "nothing was trimmed"
        per_reading = (disk.blocks - blocks) * _BLOCK / (700 * readings)
        assert per_reading <= most
        assert (disk.syncs - syncs) / made <= 1.02
        assert rig.ledger.numbers()["used_bytes"] / rig.ledger.tally[Lane.TELEMETRY].held <= 10.5
    finally:
        rig.ledger.close()


def cpu(work: Callable[[], None], rounds: int) -> float:
    """CPU seconds of one call, the median of several."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


@pytest.mark.parametrize("readings", [100, 1000])
def test_cpu_of_a_reading_encoded_and_committed(tmp_path: Path, readings: int) -> None:
    rig = Rig(tmp_path / "j.db", readings)
    groups = [next(rig.feed) for _ in range(40)]
    plain = apsw.Connection(str(tmp_path / "plain.db"))
    plain.pragma("journal_mode", "WAL")
    plain.pragma("synchronous", "FULL")
    plain.execute("CREATE TABLE reading(id INTEGER PRIMARY KEY, device INT, point INT, t INT, value REAL, quality INT)")
    rows = [
        [(i, p, one.read_ns, value, 0) for i, one in enumerate(group) for p, value in enumerate(one.values)]
        for group in groups
    ]
    insert = "INSERT INTO reading (device, point, t, value, quality) VALUES (?, ?, ?, ?, ?)"

    def journal() -> None:
        for group in groups:
            rig.commit(group)

    def reference() -> None:
        for batch in rows:
            with plain:
                plain.executemany(insert, batch)

    try:
        journal()
        reference()
        ratio = cpu(journal, 7) / cpu(reference, 7)
        assert ratio <= 1.5 * 1.1, f"{ratio:.2f} times a plain executemany"
    finally:
        rig.ledger.close()
        plain.close()


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
        journal = await Journal.open(JournalPlan(tmp_path / "j.db", room=RoomPlan(1 << 20)), {})
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
            journal._samples.clear()
            least.samples.clear()
        await journal.close()
        return statistics.median(ratios)

    assert asyncio.run(measured()) <= 3


async def fill(journal: Journal, readings: int) -> None:
    """A backlog of so many readings, 1000 a record, committed by the ledger itself."""
    draft = body.telemetry(next(commits(1000)))
    ledger = journal._ledger
    for _ in range(readings // draft.n // 20):
        with ledger.transaction():
            for _ in range(20):
                ledger.append(draft)
    journal._last_seq[Lane.TELEMETRY] = ledger.tally.next_seq - 1


def roomy(path: Path) -> JournalPlan:
    return JournalPlan(path, room=RoomPlan(cap_bytes=max(32 << 20, BACKLOG * 8)), commit_s=0.02)


async def drain(box: Any, count: int) -> float:
    """CPU seconds per record of taking and confirming so many."""
    began = time.process_time()
    done = 0
    while done < count:
        records = await box.take(Stream.BACKLOG, 16)
        assert records
        for record in records:
            box.confirm(record)
        done += len(records)
    return (time.process_time() - began) / done


async def test_draining_costs_the_same_whatever_waits_behind_and_starting_too(tmp_path: Path) -> None:
    empty = await Journal.open(roomy(tmp_path / "empty.db"), {"platform": "newest_first"})
    await empty.close()
    journal = await Journal.open(roomy(tmp_path / "full.db"), {"platform": "newest_first"})
    await fill(journal, BACKLOG)
    await journal.close()

    async def start(name: str) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            opened = await Journal.open(roomy(tmp_path / name), {"platform": "newest_first"})
            times.append(time.perf_counter() - began)
            await opened.close()
        return min(times)

    assert await start("full.db") <= 5 * await start("empty.db")
    journal = await Journal.open(roomy(tmp_path / "full.db"), {"platform": "newest_first"})
    try:
        box = journal.outbox("platform")
        await box.reconnected()
        records = box.status().unsent["telemetry"]
        assert records == BACKLOG // 1000
        part = min(200, records // 5)
        early = min([await drain(box, part) for _ in range(2)])
        left = records - 4 * part
        await drain(box, left - left % 16) if left >= 16 else None
        late = min([await drain(box, part // 2) for _ in range(2)])
        assert early <= 1.2 * late, "a long backlog makes each record dearer"
    finally:
        await journal.close()


async def test_an_event_leaves_as_fast_while_a_backlog_drains(tmp_path: Path) -> None:
    """From offer_event to being taken by the uplink, beside a drain that never pauses."""
    journal = await Journal.open(roomy(tmp_path / "j.db"), {"platform": "newest_first"})
    await fill(journal, BACKLOG // 2)
    box = journal.outbox("platform")
    await journal.recount(box)
    await box.reconnected()
    keeping = asyncio.create_task(journal.run())

    async def event_times(count: int) -> list[float]:
        times = []
        for i in range(count):
            began = time.perf_counter()
            journal.offer_event(Event(EventKind.LEAK, f"h{i}", Severity.ALARM, Turn.RAISED, boottime_ns(), {}))
            taken: list[Record] = []
            while not taken:
                await box.wait(Stream.EVENTS)
                taken = list(await box.take(Stream.EVENTS, 8))
            times.append(time.perf_counter() - began)
            for record in taken:
                box.confirm(record)
            await asyncio.sleep(0.004)
        return sorted(times)

    async def drain_for_ever() -> None:
        while True:
            records = await box.take(Stream.BACKLOG, 16)
            for record in records:
                box.confirm(record)
            await asyncio.sleep(0)

    try:
        idle = await event_times(60)
        draining = asyncio.create_task(drain_for_ever())
        busy = await event_times(60)
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
        assert statistics.median(busy) <= 3 * statistics.median(idle), "the past delays an alarm"
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await journal.close()
