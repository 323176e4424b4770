"""Bit flips, torn and foreign files: found, mended where one bit flipped, salvaged, counted; it always starts."""

import contextlib
import os
import random
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import apsw
import orjson
import pytest

from agent.control.request import RequestError
from agent.journal import body, wal
from agent.journal.encryption import Encryption
from agent.journal.files import wal_of
from agent.journal.ledger import Ledger, Work
from agent.journal.mending import Sweep
from agent.journal.retention import RetentionPlan
from agent.journal.row import Row, checked, mended, pack
from agent.journal.schema import PAGE_BYTES
from agent.journal.selects import piece
from agent.journal.spans import FOR_EVER
from agent.journal.sqlite_reason import trouble_reason
from agent.journal.worker import JournalWorker
from agent.link.record import PriorityClass, Stream
from protocols.reason import Reason
from tests.journal.things import event, running, sample, subjects
from tests.reports_here import verified
from tests.waiting import until

PLAN = RetentionPlan(cap_bytes=512 << 10, wal_bytes=128 << 10)
FLIPS = int(os.environ.get("HYDRONEST_FLIPS", "40"))
ALL = {priority: [(1, 1 << 60)] for priority in PriorityClass}


def open_ledger(path: Path, seal: Encryption | None = None) -> Ledger:
    ledger = Ledger(path, PLAN, boot=random.getrandbits(47), kernel_boot="k" * 32, now_ms=lambda: 5_000_000, seal=seal)
    ledger.open()
    return ledger


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A journal an agent was killed over: 120 commits, some of them only in the log."""
    ledger = open_ledger(tmp_path / "made.db")
    for i in range(120):
        drafts = [body.telemetry([sample(20 * i + k) for k in range(20)])]
        if i % 10 == 0:
            drafts.append(body.events([event(i)]))
        ledger.commit(Work(drafts=drafts, outboxes={"platform": ALL}))
    copy = tmp_path / "journal.db"
    shutil.copy(ledger.path, copy)
    shutil.copy(wal_of(ledger.path), wal_of(copy))
    ledger.close()
    assert wal.inspect(wal_of(copy)).frames > 20
    return copy


def contents(ledger: Ledger) -> set[tuple[int, bytes]]:
    """Every row with its JSON; fails on a damaged one."""
    out = set()
    for priority in (PriorityClass.EVENT, PriorityClass.TELEMETRY):
        rows, bad = ledger.rows(priority, 0, 1 << 60, 1 << 30)
        assert not bad
        out |= {(row.seq, ledger.body(priority, row)) for row in rows if row.seq <= 132}
    return out


def swept(ledger: Ledger) -> None:
    """Sweep once through everything, as the agent does after its commits."""
    sweep = Sweep()
    for _ in range(400):
        try:
            sweep.step(ledger, 50)
        except apsw.CorruptError as trouble:
            ledger.rebuild(trouble_reason(trouble))
            ledger.commit(Work())
            sweep = Sweep()
        if sweep.rounds:
            return
    pytest.fail("the sweep does not end")


def flip(path: Path, at: int, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


def check_after_damage(path: Path, before: set[tuple[int, bytes]]) -> tuple[int, int]:
    """Start, sweep, and hold the account to what is there; returns (records missing, readings lost)."""
    ledger = open_ledger(path)
    try:
        ledger.commit(Work(outboxes={"platform": ALL}))
        swept(ledger)
        found = contents(ledger)
        assert found <= before, "a record came back with another content"
        lost = sum(ledger.tally[priority].lost for priority in PriorityClass)
        assert all(ledger.tally[priority].balanced for priority in PriorityClass)
        missing = len(before) - len(found)
        newest = before - found == {max(before)}  # in the log's very last commit damage looks like a power cut
        assert newest or bool(missing) == bool(lost), f"{missing} records missing, {lost} readings counted as lost"
        return missing, lost
    finally:
        ledger.close()


def damaged_copies(filled: Path, tmp_path: Path, which: str, count: int) -> list[tuple[int, int]]:
    rng = random.Random(4)
    good = (filled.read_bytes(), wal_of(filled).read_bytes())
    whole = tmp_path / "whole" / "journal.db"
    whole.parent.mkdir()
    whole.write_bytes(good[0])
    wal_of(whole).write_bytes(good[1])
    ledger = open_ledger(whole)
    before = contents(ledger)
    ledger.close()
    assert len(before) == 132
    end = wal.HEAD_BYTES + wal.inspect(wal_of(filled)).frames * 1048
    pages = ledger.tally.next_seq and len(good[0].rstrip(b"\0"))
    out = []
    for i in range(count):
        home = tmp_path / f"flip-{i}"
        home.mkdir()
        path = home / "journal.db"
        path.write_bytes(good[0])
        wal_of(path).write_bytes(good[1])
        size = end if which == "wal" else pages
        flip(wal_of(path) if which == "wal" else path, rng.randrange(size), rng.randrange(8))
        out.append(check_after_damage(path, before))
        shutil.rmtree(home)
    return out


def test_one_flipped_bit_in_the_log_loses_nothing_but_perhaps_the_last_commit(filled: Path, tmp_path: Path) -> None:
    results = damaged_copies(filled, tmp_path, "wal", FLIPS // 2)
    assert sum(missing for missing, _ in results) <= max(2, FLIPS // 20)


def test_one_flipped_bit_in_the_database_is_found_and_mended(filled: Path, tmp_path: Path) -> None:
    results = damaged_copies(filled, tmp_path, "db", FLIPS)
    assert sum(missing for missing, _ in results) <= max(2, FLIPS // 20)


@pytest.mark.parametrize("where", ["header", "tree", "tail", "everything", "marks", "log", "log head"])
def test_torn_files_are_salvaged_and_counted(filled: Path, tmp_path: Path, where: str) -> None:
    content = bytearray(filled.read_bytes())
    log = bytearray(wal_of(filled).read_bytes())
    used = len(bytes(content).rstrip(b"\0"))
    if where == "header":
        content[:512] = bytes(512)
    elif where == "tree":
        content[3 * 1024 : 8 * 1024] = random.Random(1).randbytes(5 * 1024)
    elif where == "tail":
        content = content[: used // 2]
    elif where == "everything":
        content = bytearray(random.Random(1).randbytes(len(content)))
        log = bytearray(random.Random(2).randbytes(len(log)))
    elif where == "marks":
        content = bytearray(bytes(content).replace(b"tally", b"tolly"))
        log = bytearray(bytes(log).replace(b"tally", b"tolly"))
    elif where == "log head":
        log[:1024] = bytes(1024)
    else:
        log[2000:9000] = random.Random(1).randbytes(7000)
    filled.write_bytes(content)
    wal_of(filled).write_bytes(log)
    ledger = open_ledger(filled)
    try:
        ledger.commit(Work(drafts=[body.events([event(999)])], outboxes={"platform": ALL}))
        swept(ledger)
        told, _ = ledger.rows(PriorityClass.EVENT, 0, 1 << 60, 1000)
        kinds = [e["kind"] for row in told for e in orjson.loads(ledger.body(PriorityClass.EVENT, row))["events"]]
        assert "damage_found" in kinds
        assert all(ledger.tally[priority].balanced for priority in PriorityClass)
        home = filled.with_name("journal.db.damaged-1")
        assert where == "tail" or (home / "journal.db").exists(), "the damaged file is kept for a person"
        rows, _ = ledger.rows(PriorityClass.TELEMETRY, 0, 1 << 60, 1000)
        if where != "everything":
            assert len(rows) > 20
        if where in ("header", "log", "log head", "tree"):
            held, lost = ledger.tally[PriorityClass.TELEMETRY].held, ledger.tally[PriorityClass.TELEMETRY].lost
            assert held + lost == 120 * 80
    finally:
        ledger.close()


def test_a_power_cut_in_the_middle_of_the_swap_ends_it(filled: Path, tmp_path: Path) -> None:
    """The salvaged file is whole, the damaged one half moved: the next start goes on from there."""
    saved = tmp_path / "saved.db"
    shutil.copy(filled, saved)
    ledger = open_ledger(saved)
    ledger.close()
    for moved in (0, 1, 2):
        home = tmp_path / f"cut-{moved}"
        home.mkdir()
        path = home / "journal.db"
        path.write_bytes(b"damaged")
        wal_of(path).write_bytes(b"damaged")
        shutil.copy(saved, path.with_name("journal.db.salvage"))
        aside = path.with_name("journal.db.damaged-1")
        aside.mkdir()
        for part in (wal_of(path), path)[:moved]:
            part.rename(aside / part.name)
        again = open_ledger(path)
        assert not again.damage
        assert again.tally.next_seq == ledger.tally.next_seq
        again.close()


def test_a_row_nobody_can_mend_goes_to_quarantine_and_is_counted(filled: Path) -> None:
    ledger = open_ledger(filled)
    try:
        ledger.db.execute("UPDATE telemetry SET body = x'0102030405' WHERE seq = 50")
        ledger.db.execute("DELETE FROM telemetry WHERE seq BETWEEN 60 AND 62")
        swept(ledger)
        tally = ledger.tally[PriorityClass.TELEMETRY]
        assert tally.balanced
        back = len(ledger.rows(PriorityClass.TELEMETRY, 60, 62, 3)[0])
        assert tally.lost == (1 + 3 - back) * 80, "rows that only the tree had lost are found again"
    finally:
        ledger.close()


def test_every_one_bit_error_of_a_row_is_mended() -> None:
    bare = Row(7, 700, 0x123456789ABC, None, 1_000_000, 100, 0, b"")
    row = pack(PriorityClass.TELEMETRY, bare, b'{"frames":[' + b"0123456789" * 20 + b"]}", None)
    assert checked(PriorityClass.TELEMETRY, tuple(row)) == row
    for bit in range(8 * len(row.body)):
        flipped = bytearray(row.body)
        flipped[bit // 8] ^= 1 << bit % 8
        assert mended(PriorityClass.TELEMETRY, tuple(row._replace(body=bytes(flipped)))) == row
    for name in ("cum", "boot", "t0", "n", "crc"):
        for bit in range(16):
            wrong = row._replace(**{name: getattr(row, name) ^ 1 << bit})
            assert mended(PriorityClass.TELEMETRY, tuple(wrong)) == row
    assert mended(PriorityClass.TELEMETRY, tuple(row._replace(body=row.body[:-3] + b"xyz"))) is None


def test_damage_met_while_running_is_survived(filled: Path) -> None:
    ledger = open_ledger(filled)
    ledger.commit(Work(parks=[("platform", PriorityClass.TELEMETRY, 50, Reason("too large"))]))
    before = ledger.tally.next_seq
    ledger.rebuild(Reason("told so by the test"))
    assert ledger.parked_count("platform") == 1, "what was put aside for a person is still there"
    stored = ledger.commit(Work(drafts=[body.telemetry([sample(1)])], outboxes={"platform": ALL}))
    assert [one.row.seq for one in stored] == [before, before + 1]
    assert len(contents(ledger)) == 132
    ledger.close()


TABLES = ("event", "telemetry", "mark", "run", "clock", "loss", "parked", "quarantine")


@pytest.mark.parametrize("table", TABLES)
async def test_the_journal_opens_and_answers_whatever_table_is_torn(tmp_path: Path, table: str) -> None:
    async with running(tmp_path) as journal:
        for i in range(20):
            journal.offer_sample(sample(i))
            await journal.flush()
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as db:
        ((root,),) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,))
    db.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * PAGE_BYTES : root * PAGE_BYTES] = bytes(PAGE_BYTES)
    path.write_bytes(content)
    async with running(tmp_path) as journal:
        status = await journal.status()
        await journal.flush()
        found, _ = journal._ledger.rows(PriorityClass.EVENT, 0, 1 << 60, 100)
        kinds = [
            e["kind"] for row in found for e in orjson.loads(journal._ledger.body(PriorityClass.EVENT, row))["events"]
        ]
        assert "damage_found" in kinds
        assert status["lanes"]["telemetry"]["taken"] == 80
        assert status["lost"] == 0, "the telemetry's own pages are whole"
        verdict = await verified(journal)
        assert verdict["ok"], verdict


async def test_a_number_that_became_a_text_of_no_language_is_damage(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        for i in range(20):
            journal.offer_sample(sample(i))
            await journal.flush()
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute("UPDATE telemetry SET t0 = CAST(x'92FF' AS TEXT) WHERE seq = 5")
    db.close()
    async with running(tmp_path) as journal:
        with contextlib.suppress(RequestError):
            await verified(journal)
        verdict = await verified(journal)
        assert verdict["ok"], verdict
        telemetry = (await journal.status())["lanes"]["telemetry"]
        assert telemetry["held"] + telemetry["lost"] == 80


async def test_damage_met_in_the_middle_of_a_long_look_ends_it_and_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as journal:
        for i in range(20):
            journal.offer_sample(sample(i))
        await journal.flush()
        asked: list[str] = []

        def torn_once(ledger: Ledger, name: str, values: Sequence[int], *, opened: bool) -> bytes:
            asked.append(name)
            if asked.count("telemetry") == 1 and name == "telemetry":
                raise apsw.CorruptError("told so by the test")
            return piece(ledger, name, values, opened=opened)

        monkeypatch.setattr("agent.journal.worker.piece", torn_once)
        with pytest.raises(RequestError, match="made anew"):
            await verified(journal)
        await journal.flush()
        assert (await journal.status())["lanes"]["event"]["held"] == 1
        assert (await verified(journal))["ok"]


def test_a_seq_that_an_uplink_has_passed_is_never_given_again(filled: Path) -> None:
    """Its mark may be newer than the account and the rows that could be saved: lower ones pass for confirmed."""
    ledger = open_ledger(filled)
    ledger.commit(Work(outboxes={"platform": {priority: [(1, 20), (500, FOR_EVER)] for priority in PriorityClass}}))
    ledger.rebuild(Reason("told so by the test"))
    (told, *_) = ledger.commit(Work())
    assert told.row.seq == 500
    ledger.close()


def test_what_is_here_of_anothers_numbering_outlives_the_damage(filled: Path) -> None:
    """Else what that process still has is sent and committed a second time."""
    ledger = open_ledger(filled)
    for number in (3, 7):
        ledger.commit(Work(notes={"flight": ("5f0c", number), "gone": None if number == 7 else 1}))
    ledger.rebuild(Reason("told so by the test"))
    assert ledger.notes == {"flight": ["5f0c", 7], "gone": None}
    ledger.close()


def test_a_seq_that_is_there_already_is_damage(tmp_path: Path) -> None:
    """The account is older than the rows: the file is made anew, and the commit done."""
    ledger = open_ledger(tmp_path / "journal.db")
    ledger.commit(Work(drafts=[body.telemetry([sample(i)]) for i in range(9)]))
    ledger.tally.next_seq = 5
    stored = JournalWorker(ledger).write(Work(), [sample(9)], [])
    assert [one.row.seq for one in stored] == [10, 11], "the damage found, and what was offered"
    ledger.close()


async def test_a_journal_that_is_removed_under_the_agent_is_put_back_and_told(tmp_path: Path) -> None:
    async with running(tmp_path / "state") as journal:
        for i in range(20):
            journal.offer_sample(sample(i))
            await journal.flush()
        shutil.rmtree(tmp_path / "state")
        journal.offer_event(event(1))

        def put_back() -> bool:
            journal.keep("poke", 1)  # it looks once a second, after a commit
            return (tmp_path / "state" / "journal.db").exists()

        await until("it is put back", put_back)
        journal.offer_sample(sample(20))
        await journal.flush()
        seqs = journal.next_seq
    async with running(tmp_path / "state") as journal:
        status = await journal.status()
        assert status["lanes"]["telemetry"]["held"] == 84
        assert status["lost"] == 0
        assert journal.next_seq >= seqs
        records = list(await journal.outbox("platform").take(Stream.EVENTS, 50))
        kinds = [e["kind"] for record in records for e in orjson.loads(record.body)["events"]]
        assert kinds.count("damage_found") == 1
        assert subjects(records) == [1]


def test_whatever_file_lies_there_no_number_is_given_twice_by_one_start(filled: Path) -> None:
    ledger = open_ledger(filled)
    before = ledger.tally.next_seq
    for part in (filled, wal_of(filled)):
        part.unlink()
    ledger.reopen()
    (told, *_) = ledger.commit(Work(drafts=[body.events([event(1)])]))
    assert told.row.seq >= before
    ledger.close()


@pytest.mark.parametrize("left", [None, 4096, 40_000])
def test_a_log_that_lost_its_end_is_told(filled: Path, left: int | None) -> None:
    log = wal_of(filled)
    assert log.stat().st_size > 40_000
    if left is None:
        log.unlink()
    else:
        os.truncate(log, left)
    ledger = open_ledger(filled)
    try:
        assert [one.why.code for one in ledger.damage][-1] == "journal.log_cut"
        ledger.commit(Work())
        assert not ledger.damage
    finally:
        ledger.close()
    again = open_ledger(filled)
    assert not again.damage, "it is told once"
    again.close()
    log.unlink()
    restored = open_ledger(filled)
    assert not restored.damage, "after a clean end the log holds nothing: a copy of the file alone is whole"
    restored.close()
