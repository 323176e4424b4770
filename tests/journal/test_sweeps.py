"""What was read is committed as a sweep ends: once a sweep, several lines together, never more often than is set."""

import asyncio
from pathlib import Path

import pytest
import uvloop

from agent.journal.sweeps import AGAIN, SHARE_S, Sweeps
from tests.journal.things import event, running, sample
from tests.waiting import patient


class Clock:
    now_s = 1000.0

    def __init__(self, every_s: float = 1.0) -> None:
        self.asked: list[float] = []
        self.sweeps = Sweeps(every_s, self._commit, lambda: self.now_s)

    def _commit(self, when: float) -> bool:
        self.asked.append(when)
        return True

    def commits(self) -> list[float]:
        """Asked for since the last look, from now on."""
        asked, self.asked[:] = [round(when - self.now_s, 6) for when in self.asked], []
        return asked


def test_a_line_alone_is_committed_at_once_and_not_more_often_than_is_set() -> None:
    clock = Clock(every_s=5.0)
    ended = clock.sweeps.of("one")
    found = []
    for _ in range(20):
        ended(100)
        found.append(clock.commits())
        clock.now_s += 1.0
    assert found[0] == [0.0]
    assert all(asked in ([], [0.0]) for asked in found)
    assert sum(map(len, found)) == 20 / (5.0 * AGAIN + 0.25), "each five seconds, give or take a sweep"
    assert clock.sweeps.told
    clock.now_s += 11.0
    assert not clock.sweeps.told, "a line that went down tells nothing"


def test_several_lines_wait_for_each_other_a_moment() -> None:
    clock = Clock()
    one, other = clock.sweeps.of("one"), clock.sweeps.of("other")
    one(100)
    assert clock.commits() == [SHARE_S]
    clock.now_s += 0.05
    other(20)
    assert clock.commits() == [SHARE_S], "the earlier of the two is kept by who commits"


def test_a_straggler_is_no_sweep_and_a_line_that_became_smaller_is_one_again() -> None:
    clock = Clock()
    ended = clock.sweeps.of("one")
    ended(100)
    clock.now_s += 0.9
    clock.commits()
    ended(1)
    assert clock.commits() == [], "a device that did not answer was asked again alone"
    clock.now_s += 0.1
    ended(99)
    assert clock.commits() == [0.0]
    found = 0
    for _ in range(20):
        clock.now_s += 1.0
        ended(10)
        found += len(clock.commits())
    assert found == 5, "after the largest is forgotten"


@pytest.mark.parametrize("lines", [1, 2])
async def test_the_journal_commits_as_the_sweep_ends_and_has_nothing_to_do_without_readings(
    tmp_path: Path, lines: int
) -> None:
    async with running(tmp_path, commit_s=300.0) as journal:
        ends = [journal.sweeps.of(f"line {n}") for n in range(lines)]
        ends[0](2)
        commits = journal._ledger.commits
        journal.offer_sample(sample(1))
        journal.offer_sample(sample(2))
        ends[-1](2)
        async with patient("it is committed long before its time", 5.0):
            await journal.durable()
        assert journal._ledger.commits == commits + 1
        assert journal.waiting == 0


def test_what_is_due_at_once_bears_what_comes_after_it(tmp_path: Path) -> None:
    """uvloop's handle of a moment less than half a millisecond away does not know its moment."""

    async def offers() -> None:
        async with running(tmp_path) as journal:
            now = asyncio.get_running_loop().time()
            for ahead_s in (0.0002, 0.0001, 0.0003):
                journal._commit_by(now + ahead_s)
            journal.offer_event(event(1))
            await journal.durable()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(offers())
