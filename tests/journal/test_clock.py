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
from agent.runtime.clock.reckon import Almanac, Fix, Reckoned
from agent.runtime.clock.trust import TIMESYNC_ERR_MS, Witness
from agent.runtime.clock.watch import ClockWatch
from agent.runtime.version import BUILT_MS
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
        journal.almanac,
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
    almanac = Almanac()
    mono = Clock()
    wall = [TRUE_START_MS]

    def note(fix: Fix) -> None:
        noted.append(fix)
        almanac.add(fix)

    watch = ClockWatch(
        note,
        BOOT,
        almanac,
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


class Kept:
    """A watch whose clocks and witness are set by hand, and all it says."""

    def __init__(self, *fixes: Fix) -> None:
        self.almanac = Almanac(fixes)
        self.notes: list[Fix] = list(fixes)
        self.doubts: list[str | None] = []
        self.refused: list[str] = []
        self.mono, self.wall_ms, self.vouched = Clock(), TRUE_START_MS, True
        self.watch = ClockWatch(
            self._note,
            BOOT,
            self.almanac,
            mono_ns=self.mono,
            wall_ns=lambda: self.wall_ms * MS,
            witness=Witness(Path("/nowhere"), lambda: 3 if self.vouched else None),
            on_doubt=lambda why: self.doubts.append(None if why is None else why.code),
            on_refused=lambda why: self.refused.append(why.code),
        )

    def _note(self, fix: Fix) -> None:
        self.notes.append(fix)
        self.almanac.add(fix)

    def after(self, seconds: int, *, step_ms: int = 0) -> None:
        self.mono.forward(seconds * 1000)
        self.wall_ms += seconds * 1000 + step_ms
        self.watch.look("look")

    @property
    def now(self) -> Reckoned:
        return self.almanac.wall(BOOT, self.mono.ns // MS)

    def sure(self) -> bool:
        return self.now.err_ms is not None


@pytest.mark.parametrize("step_ms", [TEN_YEARS_MS, -TEN_YEARS_MS + 1_000, 5_000, -5_000])
def test_a_vouched_clock_that_steps_is_doubted_until_it_is_back_or_a_person_speaks(step_ms: int) -> None:
    gateway = Kept()
    gateway.after(10)
    assert gateway.sure()
    gateway.after(100, step_ms=step_ms)
    (why,) = gateway.doubts
    assert why in ("clock.stepped", "clock.behind", "clock.before_built")
    assert not gateway.watch.trusted
    assert not gateway.sure(), "of two that were vouched for nobody knows which is right"
    gateway.after(10)
    assert not gateway.sure(), "saying it again makes it no truer"
    before_the_step_ms = gateway.mono.ns // MS - 60_000
    gateway.after(10, step_ms=-step_ms)
    assert gateway.doubts == [why, None]
    assert gateway.sure()
    assert gateway.almanac.wall(BOOT, before_the_step_ms).err_ms is not None


def test_a_clock_that_was_trusted_ten_years_ahead_is_revoked_and_dates_come_right() -> None:
    gateway = Kept(Fix("d" * 32, 1, TRUE_START_MS + TEN_YEARS_MS, 20, "look"))
    gateway.after(10)
    assert gateway.doubts == ["clock.behind"]
    gateway.after(3600)
    assert not gateway.sure()
    early_ms = gateway.mono.ns // MS
    gateway.watch.revoke()
    assert gateway.watch.trusted
    assert gateway.doubts == ["clock.behind", None]
    for almanac in (gateway.almanac, Almanac(gateway.notes)):  # and after a restart
        assert almanac.newest_trusted is not None
        assert almanac.newest_trusted.wall_ms == gateway.wall_ms
        reckoned = almanac.wall(BOOT, early_ms - 1_000_000)
        assert reckoned.err_ms is not None
        assert abs(reckoned.wall_ns // MS - (gateway.wall_ms - 1_000_000)) <= reckoned.err_ms
        assert almanac.wall("d" * 32, 1).err_ms is None, "what the wrong clock dated is not trusted any more"


def test_a_clock_older_than_the_program_is_wrong_whoever_vouches_for_it() -> None:
    gateway = Kept()
    gateway.wall_ms = BUILT_MS - 1_000
    gateway.watch.look("start", always=True)
    assert gateway.doubts == ["clock.before_built"]
    assert not gateway.sure()


def test_what_nobody_vouches_for_is_no_contradiction() -> None:
    gateway = Kept()
    gateway.after(10)
    gateway.vouched = False
    gateway.after(10, step_ms=TEN_YEARS_MS)
    assert gateway.doubts == []
    assert gateway.sure(), "the earlier word still holds"
    assert abs(gateway.now.wall_ns // MS - (gateway.wall_ms - TEN_YEARS_MS)) <= 10


def test_a_peers_word_on_the_time_is_a_guess() -> None:
    almanac = Almanac([Fix(BOOT, 1_000, TRUE_START_MS + 60 * TEN_YEARS_MS, None, "centre")])
    assert almanac.wall(BOOT, 2_000).err_ms is None
    assert almanac.newest_trusted is None


def test_a_receivers_word_counts_where_nobody_vouches_and_its_error_grows() -> None:
    gateway = Kept()
    gateway.vouched, gateway.wall_ms = False, 0
    gateway.after(10)
    assert not gateway.sure()
    gateway.watch.heard(TRUE_START_MS + 10_000, gateway.mono.ns // MS, 1_200)
    assert abs(gateway.now.wall_ns // MS - TRUE_START_MS - 10_000) <= 1
    assert gateway.now.err_ms == 1_200
    gateway.after(86_400)
    assert gateway.now.err_ms == 1_200 + 4_320, "50 ppm of a day"
    assert not gateway.watch.trusted, "the wall clock itself is as wrong as before"


def test_a_receivers_word_against_what_was_trusted_is_told_once_and_not_taken() -> None:
    gateway = Kept()
    gateway.after(10)
    gateway.watch.heard(TRUE_START_MS + TEN_YEARS_MS, gateway.mono.ns // MS, 1_200)
    assert gateway.refused == [], "the wall clock is vouched for: nobody asks the receiver"
    gateway.vouched = False
    gateway.after(10)
    for wrong_ms in (TRUE_START_MS + TEN_YEARS_MS, TRUE_START_MS - TEN_YEARS_MS, TRUE_START_MS + 60_000):
        gateway.watch.heard(wrong_ms, gateway.mono.ns // MS, 1_200)
    assert gateway.refused == ["clock.stepped"]
    assert gateway.doubts == []
    assert abs(gateway.now.wall_ns // MS - gateway.wall_ms) <= 10
    gateway.watch.heard(gateway.wall_ms + 400, gateway.mono.ns // MS, 1_200)
    gateway.watch.heard(TRUE_START_MS + TEN_YEARS_MS, gateway.mono.ns // MS, 1_200)
    assert gateway.refused == ["clock.stepped"] * 2, "it fitted in between"
