"""Appended lines and whole files, on a disk that fills up in the middle of one."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.judge.facts import Inspection
from agent.judge.service.fact_store import FactStore, RecordedFact
from agent.runtime.durable import append_line, lines, write_whole


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file of this process can grow over `size` bytes: the last write is short, as on a full disk."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_line_that_does_not_fit_is_not_added(tmp_path: Path) -> None:
    path = tmp_path / "log"
    append_line(path, "the first", sync=True)
    with full_at(15), pytest.raises(OSError, match="space"):
        append_line(path, "the second", sync=True)
    assert path.read_bytes() == b"the first\n"
    append_line(path, "the third", sync=True)
    assert lines(path) == ["the first", "the third"]


def test_a_line_cut_off_by_a_crash_is_ended_first(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"whole\nhal")
    append_line(path, "next", sync=False)
    assert lines(path) == ["whole", "hal", "next"]


def test_a_fact_refused_by_a_full_disk_spoils_no_later_one(tmp_path: Path) -> None:
    store = FactStore(tmp_path)
    facts = [RecordedFact(Inspection(asset=name, at_s=1.0, passed=True, by="me"), 1.0) for name in ("H1", "H2", "H3")]
    store.write(facts[0])
    with full_at(store.path.stat().st_size + 20), pytest.raises(OSError, match="space"):
        store.write(facts[1])
    store.write(facts[2])
    again = FactStore(tmp_path)
    assert again.told == [facts[0], facts[2]]
    assert not again.unreadable


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state" / "file"
    write_whole(path, b"old")
    with full_at(100), pytest.raises(OSError, match="large"):
        write_whole(path, bytes(200))
    assert path.read_bytes() == b"old"
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
