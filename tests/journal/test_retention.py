"""The cap: what goes first, what never goes, and that every reading is accounted for, with no byte free on the disk."""

import contextlib
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from agent.journal import body
from agent.journal.condense import condense
from agent.journal.ledger import Ledger, Stored, Work
from agent.journal.opening import Unsent
from agent.journal.retention import RetentionPlan
from agent.link.record import PriorityClass
from drivers.quality import Quality
from drivers.sample import Sample
from tests.journal.things import HYDRANT, MS, event

OWED: Unsent = {priority: [(1, 1 << 60)] for priority in PriorityClass}
OFF = 9.0  # a share never reached


class Feed:
    """Commits noise and keeps count of what was taken."""

    def __init__(self, path: Path, plan: RetentionPlan) -> None:
        self.now_ms = 1_000_000
        self.ledger = Ledger(path, plan, boot=5, kernel_boot="k" * 32, now_ms=lambda: self.now_ms)
        self.ledger.open()
        self.rng = random.Random(3)
        self.taken = 0
        self.events = 0
        self.told: list[Stored] = []

    def commit(self, samples: int = 30, events: int = 0, owed: bool = True) -> None:
        self.now_ms += 1000
        rows = []
        for k in range(samples):
            values = tuple(round(self.rng.random() * 1000, 3) for _ in HYDRANT.points)
            rows.append(Sample(f"hydrant-{k % 5}", HYDRANT, self.now_ms * MS, values, HYDRANT.good))
        drafts = [body.telemetry(rows)] if rows else []
        if events:
            drafts.append(body.events([event(self.events + k, self.now_ms) for k in range(events)]))
        unsent: Unsent = OWED if owed else {priority: [(1 << 50, 1 << 60)] for priority in PriorityClass}
        outboxes = {"platform": unsent}
        self.told += self.ledger.commit(Work(drafts=drafts, outboxes=outboxes))
        self.taken += 4 * samples
        self.events += events
        while self.ledger.crowded:
            if not self.ledger.condense():
                break

    def settle(self) -> dict[str, int]:
        """The account of telemetry and summaries, checked against the rows and the loss records that are to be sent."""
        ledger = self.ledger
        telemetry, summary = ledger.tally[PriorityClass.TELEMETRY], ledger.tally[PriorityClass.SUMMARY]
        for priority in PriorityClass:
            rows, bad = ledger.rows(priority, 0, 1 << 60, 1 << 30)
            assert not bad
            assert ledger.tally[priority].balanced
            assert ledger.tally[priority].held == sum(row.n for row in rows)
        assert telemetry.taken == self.taken
        assert telemetry.condensed == summary.taken
        told = {"telemetry": 0, "summary": 0, "event": 0}
        for row in ledger.rows(PriorityClass.EVENT, 0, 1 << 60, 1 << 30)[0]:
            for one in orjson.loads(ledger.body(PriorityClass.EVENT, row))["events"]:
                if one["kind"] == "data_lost":
                    told[one["evidence"]["lane"]] += one["evidence"]["readings"]
        assert told["telemetry"] == telemetry.lost, "a loss was counted that nobody will be told of"
        assert told["summary"] == summary.lost
        lost = telemetry.lost + summary.lost
        kept = telemetry.held + summary.held
        return {"kept": kept, "lost": lost, "released": telemetry.released + summary.released}

    def events_held(self) -> int:
        rows = self.ledger.rows(PriorityClass.EVENT, 0, 1 << 60, 1 << 30)[0]
        return sum(b'"pressure_low"' in self.ledger.body(PriorityClass.EVENT, row) for row in rows)


@pytest.fixture
def feeds() -> Iterator[list[Feed]]:
    made: list[Feed] = []
    yield made
    for feed in made:
        feed.ledger.close()


def test_what_is_kept_and_what_is_counted_as_lost_is_what_was_taken(tmp_path: Path, feeds: list[Feed]) -> None:
    feeds.append(feed := Feed(tmp_path / "j.db", RetentionPlan(256 << 10, 64 << 10, condense_at=OFF, drop_at=0.9)))
    for i in range(450):
        feed.commit(events=i % 20 == 0)
    account = feed.settle()
    assert account["kept"] + account["lost"] == feed.taken
    assert account["lost"] > 0
    assert account["released"] == 0
    assert feed.events_held() == 23, "telemetry took room that belongs to events"
    assert feed.ledger.room.used(feed.ledger.tally) <= 0.95


def test_old_telemetry_is_summed_up_before_it_is_lost(tmp_path: Path, feeds: list[Feed]) -> None:
    feeds.append(feed := Feed(tmp_path / "j.db", RetentionPlan(256 << 10, 64 << 10, condense_at=0.6)))
    for _ in range(450):
        feed.commit()
    account = feed.settle()
    assert account["kept"] == feed.taken
    assert account["lost"] == 0
    rows, _ = feed.ledger.rows(PriorityClass.SUMMARY, 0, 1 << 60, 1000)
    first = orjson.loads(feed.ledger.body(PriorityClass.SUMMARY, rows[0]))
    part = first["summaries"][0]
    assert set(part["device"]) == {f"hydrant-{k}" for k in range(5)}
    assert sum(part["samples"]) * 4 == rows[0].n
    for i in range(4):
        for low, mean, high in zip(part["min"][i], part["mean"][i], part["max"][i], strict=True):
            assert low <= mean <= high


def test_what_every_uplink_has_goes_first(tmp_path: Path, feeds: list[Feed]) -> None:
    feeds.append(feed := Feed(tmp_path / "j.db", RetentionPlan(256 << 10, 64 << 10, history=0.5)))
    for i in range(450):
        feed.commit(owed=i % 50 == 0)
    account = feed.settle()
    assert account["lost"] == 0
    assert account["released"] > 0
    assert 0.3 < feed.ledger.room.used(feed.ledger.tally) < 0.8, "what is released stays as history while there is room"


def test_a_storm_of_events_leaves_telemetry_its_floor(tmp_path: Path, feeds: list[Feed]) -> None:
    feeds.append(
        feed := Feed(tmp_path / "j.db", RetentionPlan(256 << 10, 64 << 10, condense_at=OFF, telemetry_floor=0.2))
    )
    for _ in range(60):
        feed.commit()
    for _ in range(400):
        feed.commit(samples=2, events=60)
    tally = feed.ledger.tally
    assert tally[PriorityClass.EVENT].lost > 0
    assert tally[PriorityClass.TELEMETRY].size > 0
    assert all(tally[priority].balanced for priority in PriorityClass)


@contextlib.contextmanager
def full_disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A small disk of its own, and what fills it to the last byte."""
    home = tmp_path / "disk"
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(home)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")

    def fill_up() -> None:
        with (home / "hog").open("wb", buffering=0) as hog, contextlib.suppress(OSError):
            while hog.write(bytes(4096)) == 4096:
                pass
        assert os.statvfs(home).f_bavail == 0

    try:
        yield home, fill_up
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)


def test_with_no_byte_free_everything_still_works(tmp_path: Path, feeds: list[Feed]) -> None:
    with full_disk(tmp_path) as (home, fill_up):
        feed = Feed(home / "j.db", RetentionPlan(1 << 20, 256 << 10, condense_at=OFF))
        fill_up()
        count = int(os.environ.get("HYDRONEST_FULL_DISK_COMMITS", "1000"))
        for i in range(count):
            feed.commit(events=i % 40 == 0)
        account = feed.settle()
        assert os.statvfs(home).f_bavail == 0
        assert account["kept"] + account["lost"] == feed.taken
        assert feed.events_held() == feed.events
        assert feed.ledger.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        feed.ledger.close()


def test_with_no_byte_free_a_damaged_journal_still_starts(tmp_path: Path) -> None:
    with full_disk(tmp_path) as (home, fill_up):
        feed = Feed(home / "j.db", RetentionPlan(1 << 20, 256 << 10, condense_at=OFF))
        for i in range(200):
            feed.commit(events=i % 40 == 0)
        feed.ledger.close()
        with (home / "j.db").open("r+b") as file:
            file.write(bytes(512))
        fill_up()
        again = Ledger(home / "j.db", feed.ledger._plan, boot=6, kernel_boot="k" * 32, now_ms=lambda: 5_000_000)
        again.open()
        assert again.damage
        again.commit(Work())
        assert again.tally[PriorityClass.TELEMETRY].taken == feed.taken
        assert again.tally[PriorityClass.TELEMETRY].held == feed.taken, "all of it fits into memory"
        assert all(again.tally[priority].balanced for priority in PriorityClass)
        again.close()


def test_a_summary_leaves_bad_values_out_and_keeps_text() -> None:
    odd = HYDRANT.__class__("hydrant", ("pressure", "alarms"), ("kPa", ""))
    bad = bytes([Quality.OUT_OF_RANGE, Quality.GOOD])
    rows = [
        Sample("h1", odd, 1_000 * MS, (300.0, ("low",)), odd.good),
        Sample("h1", odd, 2_000 * MS, (99_999.0, ()), bad),
        Sample("h1", odd, 3_000 * MS, (310.0, ("low", "tilt")), odd.good),
        Sample("h2", odd, 3_000 * MS, (None, ()), bytes([Quality.NO_ANSWER, Quality.NO_ANSWER])),
    ]
    draft = body.telemetry(rows)
    summary = condense([(draft.t0_ms, draft.json)], (4, 4))
    assert summary.n == draft.n == 8
    content = orjson.loads(summary.json)
    (part,) = content["summaries"]
    assert content["covers"] == [4, 4]
    assert part["count"] == [[2, 0], [0, 0]]
    assert (part["min"][0], part["max"][0], part["mean"][0]) == ([300.0, None], [310.0, None], [305.0, None])
    assert part["last"] == [[310.0, None], [["low", "tilt"], None]]
    assert part["samples"] == [3, 1]
