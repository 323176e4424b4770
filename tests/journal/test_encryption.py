"""Encryption at rest: nothing readable in the files, nothing movable, no nonce twice, and a wrong key is said so."""

from pathlib import Path

import pytest

from agent.journal.encryption import Encryption, KeyTrouble, read_key
from agent.journal.files import wal_of
from agent.journal.journal import Journal, JournalPlan
from agent.journal.row import Row, pack, unpack
from agent.link.record import PriorityClass, Stream
from tests.journal.things import SMALL, sample, tilts

BARE = Row(7, 700, 12345, None, 1_000_000, 100, 0, b"")


def key_file(path: Path, fill: str = "ab") -> Path:
    path.write_text(fill * 32 + "\n")
    return path


async def test_a_sealed_journal_reads_as_before_and_shows_nothing(tmp_path: Path) -> None:
    plan = JournalPlan(tmp_path / "journal.db", room=SMALL, key_file=key_file(tmp_path / "key"))
    for start in (0, 1):
        journal = await Journal.open(plan, {"platform": "newest_first"})
        journal.offer_sample(sample(start))
        await journal._commit()
        if start:
            box = journal.outbox("platform")
            assert tilts(list(await box.take(Stream.LIVE, 9))) == [0, 1]
        await journal.close()
    for path in (plan.path, wal_of(plan.path)):
        assert b"hydrant" not in path.read_bytes()
    wrong = JournalPlan(plan.path, room=SMALL, key_file=key_file(tmp_path / "other", "cd"))
    with pytest.raises(KeyTrouble, match="not sealed with this key"):
        await Journal.open(wrong, {})
    with pytest.raises(KeyTrouble, match="key file"):
        await Journal.open(JournalPlan(plan.path, room=SMALL), {})


def test_a_body_cannot_be_moved_under_another_name() -> None:
    seal = Encryption(bytes(range(32)))
    row = pack(PriorityClass.TELEMETRY, BARE, b"{}", seal)
    assert unpack(PriorityClass.TELEMETRY, row, seal) == b"{}"
    for other in (row._replace(seq=8), row._replace(n=99), row._replace(boot=5), row._replace(t0=1)):
        with pytest.raises(KeyTrouble):
            unpack(PriorityClass.TELEMETRY, other, seal)
    with pytest.raises(KeyTrouble):
        unpack(PriorityClass.EVENT, row, seal)


def test_no_nonce_is_used_twice_even_when_a_seq_is_tried_again() -> None:
    seal = Encryption(bytes(32))
    bodies = {pack(PriorityClass.TELEMETRY, BARE, b"the same", seal).body for _ in range(100)}
    assert len(bodies) == 100
    assert len({body[1:5] for body in bodies}) == 100


def test_a_key_file_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    with pytest.raises(KeyTrouble, match="openssl rand"):
        read_key(tmp_path / "none")
    (tmp_path / "short").write_text("abc")
    with pytest.raises(KeyTrouble, match="3 bytes; wanted 32"):
        read_key(tmp_path / "short")
    (tmp_path / "raw").write_bytes(bytes(range(32)))
    assert read_key(tmp_path / "raw") == bytes(range(32))
