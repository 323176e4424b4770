"""How old a reading is when it is safe, and what that costs the card: `python -m tests.bench.journal.sweeps`."""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent.journal.journal import Journal, JournalPlan
from drivers.sample import Layout, Sample
from protocols.clock import boottime_ns
from tests.bench.journal.measure import CountingVFS

DEVICES = 100
LAYOUT = Layout("hydrant/terminal-float", ("pressure", "temperature", "battery", "tilt"), ("kPa", "Cel", "V", "deg"))


class Cost(NamedTuple):
    """Of a second: commits, flushes, bytes in 4 KiB blocks; age of a reading when it is committed, milliseconds."""

    commits: float
    flushes: float
    bytes: float
    age_p50_ms: float
    age_p99_ms: float
    lost_at_kill: float


async def cost(seconds: int, sweeps_s: list[float], *, told: bool) -> Cost:
    """`sweeps_s`: how long each line's sweep of a hundred devices takes, once a second."""
    name = f"sweeps-{time.monotonic_ns()}"
    disk = CountingVFS(name)
    ages: list[float] = []
    waiting: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        journal = await Journal.open(JournalPlan(Path(folder) / "journal.db", vfs=name), {})
        settle = journal._settle

        def settled(writing, work, batch):  # type: ignore[no-untyped-def]
            settle(writing, work, batch)
            ages.extend((boottime_ns() - sample.read_ns) / 1e6 for sample in batch.samples)

        journal._settle = settled  # type: ignore[method-assign]
        keeping = asyncio.create_task(journal.run())
        rests = [journal.sweeps.of(f"line {n}") if told else lambda _answers: None for n in range(len(sweeps_s))]
        await asyncio.gather(*(_line(journal, n, 2, sweep_s, rests[n]) for n, sweep_s in enumerate(sweeps_s)))
        ages.clear()
        commits, syncs, blocks = journal._ledger.commits, disk.syncs, disk.blocks
        looking = asyncio.create_task(_look(journal, waiting))
        await asyncio.gather(*(_line(journal, n, seconds, sweep_s, rests[n]) for n, sweep_s in enumerate(sweeps_s)))
        commits, syncs, blocks = journal._ledger.commits - commits, disk.syncs - syncs, disk.blocks - blocks
        for task in (looking, keeping):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await journal.close()
    p50, p99 = statistics.median(ages), statistics.quantiles(ages, n=100)[98]
    return Cost(commits / seconds, syncs / seconds, 4096 * blocks / seconds, p50, p99, statistics.fmean(waiting))


async def _line(journal: Journal, number: int, seconds: int, sweep_s: float, rest) -> None:  # type: ignore[no-untyped-def]
    loop = asyncio.get_running_loop()
    for _ in range(seconds):
        began = loop.time() // 1 + 1
        await asyncio.sleep(began - loop.time())
        for i in range(DEVICES):
            await asyncio.sleep(max(0.0, began + (i + 1) / DEVICES * sweep_s - loop.time()))
            values = (300 + time.monotonic() % 1, 12.5, 3.6, i)
            journal.offer_sample(Sample(f"h-{number}-{i}", LAYOUT, boottime_ns(), values, LAYOUT.good))
        rest(DEVICES)


async def _look(journal: Journal, waiting: list[int]) -> None:
    """How many readings a kill would cost at a moment."""
    while True:
        waiting.append(journal.waiting)
        await asyncio.sleep(0.013)


def rows(seconds: int) -> Iterator[str]:
    """A line of the table for each way of running."""
    eight = [0.06, 0.1, 0.15, 0.2, 0.3, 0.45, 0.6, 0.85]
    for what, sweeps_s in (("1 line, 0.12 s", [0.12]), ("1 line, 0.6 s", [0.6]), ("8 lines, 0.06-0.85 s", eight)):
        for told in (False, True):
            got = asyncio.run(cost(seconds, sweeps_s, told=told))
            how = "as it ends" if told else "at 3/16"
            yield (
                f"| {what}, {how} | {got.commits:.2f} | {got.flushes:.2f} | {got.bytes / 1000:.0f} kB |"
                f" {got.age_p50_ms:.0f} ms | {got.age_p99_ms:.0f} ms | {got.lost_at_kill:.0f} |"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    for row in rows(parser.parse_args().seconds):
        sys.stdout.write(row + "\n")
