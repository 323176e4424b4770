"""Bad spots of a card in the small files: what can be read of them counts, the rest is skipped, counted and told."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.flight.event_spool import EventSpool
from agent.judge.asset import Asset
from agent.judge.facts import Inspection
from agent.judge.life import LifeEntry, LifeState
from agent.judge.service.asset_register import AssetRegister
from agent.judge.service.fact_store import FactStore, RecordedFact
from agent.logbook import index
from agent.runtime.durable import append_line, lines
from agent.runtime.readable import PAGE_BYTES, PATIENT_PAGES, read
from agent.runtime.write_behind import WriteBehind
from drivers.event import Event, EventKind, Severity, Transition

BadSpot = Callable[[Path, int, int], None]


@pytest.fixture
def bad_spot(monkeypatch: pytest.MonkeyPatch) -> BadSpot:
    """`bad_spot(file, first, last)`: these bytes of it cannot be read, however it is opened, from now on."""
    bad: dict[int, tuple[int, int]] = {}
    pread = os.pread

    def guarded(descriptor: int, size: int, at: int) -> bytes:
        first, last = bad.get(os.fstat(descriptor).st_ino, (0, 0))
        if at < last and at + size > first:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pread(descriptor, size, at)

    def spoil(file: Path, first: int, last: int) -> None:
        bad[file.stat().st_ino] = (first, last)

    monkeypatch.setattr(os, "pread", guarded)
    return spoil


def test_what_cannot_be_read_is_zeros_and_counted(tmp_path: Path, bad_spot: BadSpot) -> None:
    file = tmp_path / "file"
    content = os.urandom(10 * PAGE_BYTES + 100)
    file.write_bytes(content)
    assert read(file) == (content, 0)
    bad_spot(file, 2 * PAGE_BYTES + 5, 3 * PAGE_BYTES + 1)
    found = read(file)
    assert found.unreadable == 2 * PAGE_BYTES
    assert found.data == content[: 2 * PAGE_BYTES] + bytes(2 * PAGE_BYTES) + content[4 * PAGE_BYTES :]
    bad_spot(file, 10 * PAGE_BYTES, 11 * PAGE_BYTES)
    assert read(file) == (content[: 10 * PAGE_BYTES] + bytes(100), 100)


def test_a_card_that_gives_nothing_is_not_asked_for_every_page(
    tmp_path: Path, bad_spot: BadSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may take seconds to give up on each."""
    file = tmp_path / "file"
    file.write_bytes(bytes(2048 * PAGE_BYTES))
    bad_spot(file, 0, 1 << 40)
    asked: list[int] = []
    spoilt = os.pread

    def counted(descriptor: int, size: int, at: int) -> bytes:
        asked.append(at)
        return spoilt(descriptor, size, at)

    monkeypatch.setattr(os, "pread", counted)
    assert read(file).unreadable == 2048 * PAGE_BYTES
    assert len(asked) < 2 * PATIENT_PAGES


def test_a_line_is_appended_behind_what_cannot_be_read(tmp_path: Path, bad_spot: BadSpot) -> None:
    file = tmp_path / "log"
    append_line(file, "x" * (PAGE_BYTES - 1), sync=True)
    bad_spot(file, 0, PAGE_BYTES)
    append_line(file, "behind", sync=True)
    assert lines(file)[-1] == "behind"


def test_facts_behind_and_before_a_bad_spot_count(tmp_path: Path, bad_spot: BadSpot) -> None:
    store = FactStore(tmp_path)
    for number in range(200):
        store.write(RecordedFact(Inspection(f"H{number:03d}", 5.0, True, "李"), 12.0))
    size = store.path.stat().st_size
    bad_spot(store.path, PAGE_BYTES, 2 * PAGE_BYTES)
    again = FactStore(tmp_path)
    assert 150 < len(again.told) < 185
    assert [one.fact.asset for one in again.told if isinstance(one.fact, Inspection)][-1] == "H199"
    assert (len(again.unreadable), [one.code for one in again.trouble]) == (1, ["file.bad_spots"])
    assert store.path.stat().st_size == size, "what a card does not give today it may give tomorrow"


def test_facts_that_cannot_be_read_at_all_keep_no_agent_from_starting(tmp_path: Path, bad_spot: BadSpot) -> None:
    store = FactStore(tmp_path)
    store.write(RecordedFact(Inspection("H1", 5.0, True, "李"), 12.0))
    bad_spot(store.path, 0, 1 << 20)
    again = FactStore(tmp_path)
    assert again.told == []
    assert [one.code for one in again.trouble] == ["file.bad_spots"]
    again.write(RecordedFact(Inspection("H2", 5.0, True, "李"), 12.0))
    bad_spot(store.path, 0, 0)
    assert len(FactStore(tmp_path).told) == 2


def test_the_register_of_assets_goes_on_behind_a_bad_spot(tmp_path: Path, bad_spot: BadSpot) -> None:
    register = AssetRegister(tmp_path)
    (tmp_path / "ledger").mkdir()
    for number in range(60):
        thing = Asset(f"H{number:03d}", "hydrant")
        register.accept(register.write([LifeEntry(thing.id, 1.0, 1.0, LifeState.IN_SERVICE, thing)]))
    size = register.path.stat().st_size
    bad_spot(register.path, size - 100, size)
    again = AssetRegister(tmp_path)
    assert 40 < len(again.lines) < 60
    assert "chained.changed" not in [one.code for one in register.trouble]
    assert again.trouble
    again.accept(again.write([LifeEntry("H999", 2.0, 2.0, LifeState.IN_SERVICE, Asset("H999", "hydrant"))]))
    bad_spot(register.path, 0, 0)
    mended = AssetRegister(tmp_path)
    assert "H999" in mended.lives.assets
    assert len(mended.lines) == 61, "and what the card gives again counts again"


async def test_events_of_before_and_the_index_of_flights_are_read_around_a_bad_spot(
    tmp_path: Path, bad_spot: BadSpot
) -> None:
    writer = WriteBehind()
    spool = EventSpool(tmp_path / "events.jsonl", writer)
    for number in range(100):
        spool.add(Event(EventKind.FLIGHT, f"n{number}", Severity.INFO, Transition.NOTED, number, {}))
    await writer.done(lambda: None)
    bad_spot(tmp_path / "events.jsonl", 0, PAGE_BYTES)
    again = EventSpool(tmp_path / "events.jsonl", writer)
    await again.load()
    assert 0 < len(again) < 100

    flights = tmp_path / "flights"
    for number in range(1, 60):
        (flights / f"n1-{number:06d}").mkdir(parents=True)
        index.add(flights, {"id": f"n1-{number:06d}", "outcome": "home"})
    bad_spot(flights / index.INDEX, 0, PAGE_BYTES)
    assert len(index.read(flights).flights) == 59
