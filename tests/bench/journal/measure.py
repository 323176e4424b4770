"""The parts of the journal's measurements; `python -m tests.bench.journal.measure --backlog 10000000` prints them."""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from agent.journal import body
from agent.journal.journal import Journal, JournalPlan
from agent.journal.ledger import Ledger, Work
from agent.journal.recent import Recent
from agent.journal.retention import RetentionPlan
from agent.journal.spans import PrioritySpans
from agent.journal.uplink_outbox import Order, UplinkOutbox
from agent.link.record import PriorityClass, Record, Stream
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Sample
from protocols.clock import boottime_ns
from tests.bench.journal.town import commits

_BLOCK = 4096
UPLINKS: dict[str, Order] = {"platform": "newest_first"}


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
        self.plan = RetentionPlan(cap_bytes=8 << 20, history=history)
        self.ledger = Ledger(path, self.plan, boot=77, kernel_boot="k" * 32, now_ms=lambda: 5_000_000, vfs=vfs)
        self.ledger.open()
        self.feed = commits(readings)
        self.spans = {priority: PrioritySpans() for priority in PriorityClass}

    def commit(self, group: list[Sample]) -> None:
        unsent = {priority: spans.ranges() for priority, spans in self.spans.items()}
        stored = self.ledger.commit(Work(drafts=[body.telemetry(group)], outboxes={"platform": unsent}))
        for one in stored:
            spans = self.spans[one.priority]
            spans.taken(spans.live, [one.row.seq], one.row.seq)
            spans.done(one.row.seq)


def cpu(work: Callable[[], None], rounds: int) -> float:
    """CPU seconds of one call, the median of several."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def cost_ratio(home: Path, readings: int, rounds: int = 7) -> tuple[float, float]:
    """CPU of a reading encoded and committed: in seconds, and against a plain executemany of the same readings."""
    rig = Rig(home / "j.db", readings)
    groups = [next(rig.feed) for _ in range(40)]
    plain = apsw.Connection(str(home / "plain.db"))
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
        ours, theirs = zip(*[(cpu(journal, 1), cpu(reference, 1)) for _ in range(rounds)], strict=True)
        return min(ours) / (len(groups) * readings), min(ours) / min(theirs)
    finally:
        rig.ledger.close()
        plain.close()


async def fill(journal: Journal, readings: int) -> None:
    """A backlog of so many readings, 1000 a record, committed by the ledger itself."""
    draft = body.telemetry(next(commits(1000)))
    ledger = journal._ledger
    for _ in range(readings // draft.n // 20):
        with ledger.transaction():
            for _ in range(20):
                ledger.append(draft)
        ledger._maybe_checkpoint()
    journal._last_seq[PriorityClass.TELEMETRY] = ledger.tally.next_seq - 1
    journal._recent = Recent(ledger.tally.next_seq)  # none of it is in memory


def roomy(path: Path, backlog: int) -> JournalPlan:
    """A journal with room for a backlog of so many readings."""
    return JournalPlan(path, room=RetentionPlan(cap_bytes=max(32 << 20, backlog * 8)), commit_s=0.02)


async def drain(box: UplinkOutbox, count: int) -> float:
    """CPU seconds per record of taking and confirming so many."""
    began = time.process_time()
    done = 0
    while done < count:
        records = await box.take(Stream.BACKLOG, min(16, count - done))
        assert records
        for record in records:
            box.confirm(record)
        done += len(records)
    return (time.process_time() - began) / done


async def start_s(plan: JournalPlan, rounds: int = 5) -> float:
    """The fastest of several starts, in seconds."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        opened = await Journal.open(plan, UPLINKS)
        times.append(time.perf_counter() - began)
        await opened.close()
    return min(times)


async def event_times(journal: Journal, count: int) -> list[float]:
    """Seconds from offer_event until the uplink has taken it, ascending."""
    box = journal.outbox("platform")
    times = []
    for i in range(count):
        began = time.perf_counter()
        journal.offer_event(Event(EventKind.LEAK, f"h{i}", Severity.ALARM, Transition.RAISED, boottime_ns(), {}))
        taken: list[Record] = []
        while not taken:
            await box.wait(Stream.EVENTS)
            taken = list(await box.take(Stream.EVENTS, 8))
        times.append(time.perf_counter() - began)
        for record in taken:
            box.confirm(record)
        await asyncio.sleep(0.004)
    return sorted(times)


async def idle_and_draining(plan: JournalPlan, backlog: int, count: int) -> tuple[list[float], list[float]]:
    """Event times with nothing else to do, and beside a drain as fast as any far end can take it."""
    journal = await Journal.open(plan, UPLINKS)
    await fill(journal, backlog)
    box = journal.outbox("platform")
    box.reconnected()
    keeping = asyncio.create_task(journal.run())

    async def drain_for_ever() -> None:
        while True:
            records = await box.take(Stream.BACKLOG, 16)
            assert records, "the backlog is too short for this"
            for record in records:
                box.confirm(record)
            await asyncio.sleep(0.002)  # some 2 million readings a second: no far end takes more

    try:
        idle = await event_times(journal, count)
        draining = asyncio.create_task(drain_for_ever())
        busy = await event_times(journal, count)
        assert not draining.done()
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
        return idle, busy
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await journal.close()


async def report(home: Path, backlog: int) -> None:
    """Print what docs/performance/journal.md shows."""
    for readings in (100, 1000):
        folder = home / str(readings)
        folder.mkdir()
        each, ratio = cost_ratio(folder, readings)
        print(f"CPU a reading, {readings} a commit: {each * 1e6:.2f} us, {ratio:.2f} x plain executemany")
    print(f"start, empty: {await start_s(roomy(home / 'empty.db', backlog)) * 1000:.1f} ms")
    plan = roomy(home / "full.db", backlog)
    journal = await Journal.open(plan, UPLINKS)
    await fill(journal, backlog)
    await journal.close()
    print(f"start with {backlog} readings waiting: {await start_s(plan) * 1000:.1f} ms")
    journal = await Journal.open(plan, UPLINKS)
    box = journal.outbox("platform")
    box.reconnected()
    early = await drain(box, 500)
    left = box.status().unsent["telemetry"]
    await drain(box, left - 600)
    late = await drain(box, 500)
    await journal.close()
    print(f"drain a reading, {backlog} waiting: {early * 1e3:.3f} us; the last ones: {late * 1e3:.3f} us")
    idle, busy = await idle_and_draining(roomy(home / "busy.db", backlog), backlog, 200)
    for name, times in (("idle", idle), ("draining", busy)):
        p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99) - 1]
        print(f"event to uplink, {name}: p50 {p50 * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms")


def main() -> int:
    """Measure on a disk in memory where there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backlog", type=int, default=10_000_000, help="readings waiting, 1000 a record")
    parser.add_argument("--dir", default="/dev/shm" if Path("/dev/shm").is_dir() else None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as home:
        asyncio.run(report(Path(home), options.backlog))
    return 0


if __name__ == "__main__":
    sys.exit(main())
