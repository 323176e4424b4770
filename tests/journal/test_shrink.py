"""A smaller cap gives disk back at a start, and costs no record, whatever happens on the way."""

import os
import random
from pathlib import Path

import pytest

from agent.journal import shrink
from agent.journal.opening import LOG_MARK
from agent.journal.retention import RetentionPlan
from agent.link.record import PriorityClass
from agent.runtime import durable
from tests.journal.test_retention import Feed

LARGE, LITTLE = RetentionPlan(3 << 20, 256 << 10), RetentionPlan(1 << 20, 256 << 10)


class Life:
    """A journal's file over several starts."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "j.db"

    def live(self, plan: RetentionPlan, commits: int = 0) -> list[tuple[int, bytes]]:
        """What it holds at the start of this life: telemetry by seq."""
        feed = Feed(self.path, plan)
        feed.ledger.boot = random.Random(commits).getrandbits(40)
        held, bad = feed.ledger.rows(PriorityClass.TELEMETRY, 1, 1 << 40, 1 << 20)
        assert not bad
        assert not feed.ledger.damage
        assert feed.ledger.tally[PriorityClass.TELEMETRY].rows == len(held)
        assert feed.ledger.tally[PriorityClass.TELEMETRY].balanced
        for _ in range(commits):
            feed.commit(300, owed=False)
        self.at_the_end, _ = feed.ledger.rows(PriorityClass.TELEMETRY, 1, 1 << 40, 1 << 20)
        feed.ledger.close()
        return [(row.seq, row.body) for row in held]

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @property
    def left(self) -> list[tuple[int, bytes]]:
        """What the last life left."""
        return [(row.seq, row.body) for row in self.at_the_end]


def test_what_was_only_reserved_is_given_back_at_once(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.live(LARGE, 50)
    assert life.size >= LARGE.cap_bytes
    left = life.left
    assert life.live(LITTLE, 5) == left
    assert life.size == LITTLE.cap_bytes
    left = life.left
    assert life.live(LARGE) == left
    assert life.size >= LARGE.cap_bytes, "and taken again"


def test_what_is_spread_over_the_file_is_moved_together_once_it_fits(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.live(LARGE, 300)
    left = life.left
    assert sum(len(body) for _, body in left) > LITTLE.cap_bytes
    assert life.live(LITTLE, 100) == left, "no record is let go for the file's sake"
    assert life.size >= LARGE.cap_bytes
    left = life.left
    assert life.live(LITTLE, 3) == left
    assert life.size == LITTLE.cap_bytes
    assert not list(tmp_path.glob("*.smaller"))


def test_a_crash_or_a_full_disk_on_the_way_leaves_the_old_or_the_new_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(tmp_path)
    life.live(LARGE, 300)
    life.live(LITTLE, 100)
    left = life.left

    def broken(*_args: object) -> None:
        raise OSError(28, "full")

    places: list[tuple[object, str]] = [(Path, "chmod"), (durable, "put"), (durable, "sync"), (os, "truncate")]
    for module, name in places:
        with monkeypatch.context() as patched:
            patched.setattr(module, name, broken)
            assert shrink.shrink(life.path, LITTLE.cap_bytes, LOG_MARK) is False
        assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".smaller")] == []
        assert life.live(LARGE) == left
    assert life.live(LITTLE) == left
    assert life.size == LITTLE.cap_bytes
