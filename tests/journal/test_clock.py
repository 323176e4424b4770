"""Wall time from doubtful clocks: reckoned right in the end, and never a matter of order."""

import asyncio
import os
import time
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.journal.journal import Journal, JournalPlan
from agent.link.record import Record, Stream
from agent.runtime.clock.jumps import JumpWatch
from agent.runtime.clock.reckon import Almanac, Fix
from agent.runtime.clock.trust import TIMESYNC_ERR_MS, Witness
from agent.runtime.clock.watch import ClockWatch
from tests.journal.things import MS, SMALL, Clock, sample, tilts
from tests.waiting import patient

BOOT = "a" * 32
TEN_YEARS_MS = 10 * 365 * 86_400_000
TRUE_START_MS = 1_795_000_000_000


def test_a_trusted_fix_wins_over_any_guess_and_says_how_far_off_it_can_be() -> None:
    almanac = Almanac([Fix(BOOT, 1_000, 0, None, "start")])
    assert almanac.wall(BOOT, 2_000) == (1_000 * MS, None)
    almanac.add(Fix(BOOT, 10_000, TRUE_START_MS, 20, "ntp"))
    assert almanac.wall(BOOT, 2_000) == ((TRUE_START_MS - 8_000) * MS, 20)
    assert almanac.wall(BOOT, 10_000 + 86_400_000).err_ms == 20 + 4_320
    assert almanac.wall("b" * 32, 2_000) == (0, None)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 500)), min_size=1), st.integers(0, 10**9))
def test_with_true_fixes_the_time_is_true_within_its_error(fixes: list[tuple[int, int]], mono_ms: int) -> None:
    almanac = Almanac(Fix(BOOT, mono, TRUE_START_MS + mono + err, err, "ntp") for mono, err in fixes)
    wall = almanac.wall(BOOT, mono_ms)
    assert wall.err_ms is not None
    assert abs(wall.wall_ns // MS - (TRUE_START_MS + mono_ms)) <= wall.err_ms


def test_timesyncs_mark_counts_only_if_touched_after_the_last_step(tmp_path: Path) -> None:
    mark = tmp_path / "synchronized"
    witness = Witness(mark, lambda: None)
    assert witness.err_ms() is None
    mark.touch()
    assert witness.err_ms() == TIMESYNC_ERR_MS
    witness.stepped()
    assert witness.err_ms() is None
    os.utime(mark, ns=(1, 1))
    assert witness.err_ms() == TIMESYNC_ERR_MS
    assert Witness(mark, lambda: 7).err_ms() == 7


async def test_a_step_of_the_clock_is_told() -> None:
    with JumpWatch() as jumps:
        try:
            time.clock_settime_ns(time.CLOCK_REALTIME, time.time_ns())  # a step of microseconds
        except PermissionError:
            pytest.skip("only root may set the clock")
        async with patient("the step is told"):
            await jumps.jumped()


class Steps:
    """Steps of the clock, told by hand."""

    def __init__(self) -> None:
        self.step = asyncio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_args: object) -> None:
        return None

    async def jumped(self) -> None:
        await self.step.wait()
        self.step.clear()


class Gateway:
    """A gateway whose clocks are set by hand: `true` is the time in the world, `wall` what its clock shows."""

    def __init__(self, mono: Clock) -> None:
        self.mono = mono
        self.off_ms = -TEN_YEARS_MS
        self.synced = False

    @property
    def true_ms(self) -> int:
        return TRUE_START_MS + self.mono.ns // MS

    def wall_ns(self) -> int:
        return (self.true_ms + self.off_ms) * MS


async def test_ten_years_back_and_forth_change_no_order_and_end_right(tmp_path: Path) -> None:
    mono = Clock()
    gateway = Gateway(mono)
    steps = Steps()
    plan = JournalPlan(tmp_path / "journal.db", room=SMALL, commit_s=0.01)
    journal = await Journal.open(plan, {"platform": "newest_first"}, now_ns=mono, kernel_boot=BOOT)
    watch = ClockWatch(
        journal.note_clock,
        BOOT,
        lambda: journal.almanac.newest_trusted_ms,
        mono_ns=mono,
        wall_ns=gateway.wall_ns,
        witness=Witness(tmp_path / "none", lambda: 5 if gateway.synced else None),
        jumps=lambda: steps,
        look_every_s=0.01,
    )
    tasks = [asyncio.create_task(journal.run()), asyncio.create_task(watch.run())]
    box = journal.outbox("platform")
    taken: dict[int, int] = {}
    try:
        for i, off in enumerate((-TEN_YEARS_MS, TEN_YEARS_MS, -TEN_YEARS_MS, 0)):
            gateway.off_ms = off
            gateway.synced = off == 0
            steps.step.set()
            for k in range(5):
                mono.forward(60_000)
                taken[5 * i + k] = gateway.true_ms
                journal.offer_sample(sample(5 * i + k, at_ms=mono.ns // MS))
                await journal.flush()
            if i == 1:
                assert (await box.take(Stream.LIVE, 1))[0].err_ms is None, "nobody vouches for it yet"
        watch.look("look")
        assert watch.trusted
        box.reconnected()
        records: list[Record] = []
        while found := await box.take(Stream.BACKLOG, 4):
            records += found
        assert [record.seq for record in records] == sorted(record.seq for record in records)
        assert tilts(records) == list(range(20))
        for i, record in enumerate(records):
            assert record.err_ms is not None
            assert abs(record.t0_ns // MS - taken[i]) <= record.err_ms <= 200
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await journal.close()
    again = await Journal.open(plan, {"platform": "newest_first"}, now_ns=mono, kernel_boot="c" * 32)
    try:
        again.outbox("platform").reconnected()
        (first,) = await again.outbox("platform").take(Stream.BACKLOG, 1)
        assert abs(first.t0_ns // MS - taken[0]) <= 200, "an earlier kernel boot keeps its own fixes"
    finally:
        await again.close()


async def test_a_clock_behind_a_trusted_time_is_not_believed() -> None:
    noted: list[Fix] = []
    mono = Clock()
    wall = [TRUE_START_MS]
    watch = ClockWatch(
        noted.append,
        BOOT,
        lambda: TRUE_START_MS,
        mono_ns=mono,
        wall_ns=lambda: wall[0] * MS,
        witness=Witness(Path("/nowhere"), lambda: 3),
    )
    watch.look("start", always=True)
    assert [watch.trusted] == [True]
    wall[0] -= TEN_YEARS_MS
    watch.look("look")
    assert [watch.trusted] == [False]
    assert [fix.err_ms is None for fix in noted] == [False, True]
