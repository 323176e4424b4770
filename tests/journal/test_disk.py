"""A slow disk, a failing disk, too much at once: the loop stays free, nothing is lost unsaid, it goes on by itself."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from agent.journal.journal import Journal, JournalPlan
from agent.journal.retention import RetentionPlan
from agent.link.record import Record, Stream
from drivers.sample import Sample
from tests.journal.things import HYDRANT, MS, SMALL, event, running, sample, subjects, tilts
from tests.waiting import Patience, patient, scaled


class Disk(apsw.VFS):
    """The ordinary disk, with a sync that takes `sync_s` and writes that fail while `broken`."""

    def __init__(self, name: str) -> None:
        self.sync_s = 0.0
        self.broken = False
        self.syncs = 0
        super().__init__(name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> "DiskFile":  # noqa: N802
        return DiskFile(name, flags, self)


class DiskFile(apsw.VFSFile):
    """One file on it."""

    def __init__(self, name: Any, flags: list[int], disk: Disk) -> None:
        self._disk = disk
        super().__init__("", name, flags)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.syncs += 1
        time.sleep(self._disk.sync_s)
        if self._disk.broken:
            raise apsw.IOError("the card does not answer")
        super().xSync(flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._disk.broken:
            raise apsw.FullError("no room")
        super().xWrite(data, offset)


@pytest.fixture
def disk() -> Iterator[Disk]:
    yield Disk("disk-of-the-test")


@pytest.mark.realtime
async def test_a_sync_of_250_ms_does_not_hold_the_loop_up(disk: Disk, tmp_path: Path) -> None:
    plan = JournalPlan(tmp_path / "journal.db", room=SMALL, commit_s=0.05, vfs="disk-of-the-test")
    journal = await Journal.open(plan, {"platform": "newest_first"})
    keeping = asyncio.create_task(journal.run())
    loop = asyncio.get_running_loop()
    try:
        disk.sync_s = scaled(0.25)
        before = disk.syncs
        worst = 0.0
        patience = Patience("four slow syncs", 10.0, lambda: disk.syncs)
        i = 0
        while disk.syncs < before + 4:
            assert not patience.over(), patience.stuck()
            for _ in range(20):
                journal.offer_sample(sample(i))
                i += 1
            asked = loop.time() + 0.005
            await asyncio.sleep(0.005)
            worst = max(worst, loop.time() - asked)
        assert worst < scaled(0.125), "the loop waited for the disk"
        disk.sync_s = 0.0
        await journal.flush()
        box = journal.outbox("platform")
        records: list[Record] = []
        while found := await box.take(Stream.LIVE, 50):
            records += found
        assert tilts(records) == list(range(i))
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await journal.close()


async def test_a_disk_that_fails_for_a_while_costs_nothing(disk: Disk, tmp_path: Path) -> None:
    plan = JournalPlan(tmp_path / "journal.db", room=SMALL, commit_s=0.02, vfs="disk-of-the-test")
    journal = await Journal.open(plan, {"platform": "newest_first"})
    keeping = asyncio.create_task(journal.run())
    marked: list[tuple[str, int]] = []
    try:
        async with patient("it goes on by itself", 20, lambda: disk.syncs):
            journal.offer_sample(sample(0))
            await journal.flush()
            disk.broken = True
            journal.offer_sample(sample(1))
            journal.offer_event(event(7))
            journal.offer_mark("flight", ("5f0c", 7), marked.append)
            waiting = asyncio.create_task(journal.durable())
            while journal.trouble is None:  # noqa: ASYNC110 - the journal tells of trouble by a plain attribute
                await asyncio.sleep(0.01)
            assert not waiting.done(), "durable before it was on the disk"
            assert (marked, journal.mark("flight")) == ([], ("", 0))
            journal.offer_sample(sample(2))
            disk.broken = False
            await waiting
            assert (marked, journal.mark("flight")) == ([("5f0c", 7)], ("5f0c", 7))
            await journal.flush()
        box = journal.outbox("platform")
        assert not journal.trouble
        assert subjects(list(await box.take(Stream.EVENTS, 50))) == [7]
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await journal.close()


async def test_what_memory_cannot_hold_is_counted_and_told(disk: Disk, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    plan = JournalPlan(path, room=SMALL, commit_s=0.02, commit_readings=100, most_waiting=1000, vfs="disk-of-the-test")
    journal = await Journal.open(plan, {"platform": "newest_first"})
    disk.broken = True
    for i in range(1000):
        journal.offer_sample(sample(i))
    disk.broken = False
    keeping = asyncio.create_task(journal.run())
    try:
        await journal.flush()
        box = journal.outbox("platform")
        kept = tilts(list(await box.take(Stream.LIVE, 50)))
        assert kept == list(range(1000 - len(kept), 1000)), "the newest are kept"
        (told,) = await box.take(Stream.EVENTS, 5)
        assert f'"readings":{4000 - 4 * len(kept)}'.encode() in told.body
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await journal.close()


async def test_a_burst_is_committed_in_parts_and_durable_means_all_of_it(tmp_path: Path) -> None:
    async with running(tmp_path, room=RetentionPlan(8 << 20)) as journal:
        for i in range(40_000):
            journal.offer_sample(sample(i))
        await journal.flush()
        assert journal.waiting == 0
        box = journal.outbox("platform")
        found: list[int] = []
        while records := await box.take(Stream.LIVE, 5):
            assert max(record.n for record in records) <= 50_000
            found += tilts(list(records))
        assert found == list(range(40_000))


async def test_one_malformed_sample_takes_no_other_with_it(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        journal.offer_sample(sample(0))
        journal.offer_sample(Sample("odd", HYDRANT, 1_000_000 * MS, (1.0,), HYDRANT.good))  # too short for its shape
        journal.offer_sample(Sample("huge", HYDRANT, 1_000_000 * MS, (2**70, 1.0, 1.0, -1), HYDRANT.good))
        journal.offer_sample(sample(1))
        await journal.flush()
        box = journal.outbox("platform")
        assert sorted(tilts(list(await box.take(Stream.LIVE, 9)))) == [-1, 0, 1]
        (told,) = await box.take(Stream.EVENTS, 5)
        assert b"self_fault" in told.body


async def test_cancelled_in_the_middle_of_a_commit_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    for round_ in range(8):
        async with running(tmp_path / str(round_), commit_s=0.001) as journal:
            for i in range(50):
                journal.offer_sample(sample(i))
                await asyncio.sleep(0)
            await asyncio.sleep(0.001 * round_ / 2)  # `running` now cancels the loop wherever it is, and closes
        async with running(tmp_path / str(round_)) as journal:
            box = journal.outbox("platform")
            found: list[int] = []
            while records := await box.take(Stream.LIVE, 5):
                found += tilts(list(records))
            assert found == list(range(50))
