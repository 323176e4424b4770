"""A card that takes nothing: what happens goes out at once all the same, marked, and once more when it is kept."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from agent.core.unkept import AFTER_S, Unkept
from agent.core.unkept_outbox import MOST_RECORDS, UnkeptOutbox
from agent.journal.journal import Journal, JournalPlan
from agent.link.record import Record, Stream
from drivers.event import Event, EventKind, Transition
from tests.journal.test_disk import Disk
from tests.journal.things import SMALL, event, sample, subjects
from tests.waiting import until


class Card:
    """A journal on a disk that can be broken, what it does not take, and a clock set by hand."""

    def __init__(self, journal: Journal, disk: Disk) -> None:
        self.journal = journal
        self.disk = disk
        self.now_ns = 0
        self.told: list[Event] = []
        self.said: list[bool] = []
        self.box = UnkeptOutbox(journal.outbox("platform"))
        self.unkept = Unkept(journal, [self.box], self.tell, self.say, lambda: self.now_ns)

    def tell(self, happened: Event) -> None:
        self.told.append(happened)
        self.journal.offer_event(happened)

    def say(self) -> None:
        self.said.append(self.unkept.failing is not None)

    async def fails(self) -> None:
        """Until it is news."""
        self.disk.broken = True
        self.journal.offer_event(event(1))
        await until("the journal fails", lambda: self.journal.failing)
        self.unkept.look()
        assert not self.told, "a moment's trouble is no news"
        self.now_ns += int(AFTER_S * 1e9)
        self.unkept.look()

    async def mended(self) -> None:
        self.disk.broken = False
        await until("it is well", lambda: self.journal.failing is None)
        self.unkept.look()

    async def records(self, stream: Stream = Stream.EVENTS) -> list[Record]:
        return list(await self.box.take(stream, 50))


@pytest_asyncio.fixture
async def card(tmp_path: Path) -> AsyncIterator[Card]:
    disk = Disk("unkept")
    plan = JournalPlan(tmp_path / "journal.db", room=SMALL, commit_s=0.02, vfs="unkept")
    journal = await Journal.open(plan, {"platform": "newest_first"})
    keeping = asyncio.create_task(journal.run())
    yield Card(journal, disk)
    disk.broken = False
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await journal.close()


def said(record: Record) -> object:
    return orjson.loads(record.body).get("kept", True)


async def test_an_alarm_goes_out_unkept_at_once_and_again_when_it_is_kept(card: Card) -> None:
    await card.fails()
    assert card.said == [True]
    assert [(one.kind, one.transition) for one in card.told] == [(EventKind.SELF_FAULT, Transition.RAISED)]
    shown = await card.records()
    assert subjects(shown) == [1]
    assert [said(one) for one in shown] == [False]
    assert b"self_fault" in shown[-1].body, "that the card fails is an event itself"
    card.journal.offer_event(event(2))
    card.unkept.look()
    card.unkept.look()
    assert subjects(await card.records()) == [2], "each once"
    for record in shown:
        card.box.confirm(record)

    await card.mended()
    assert card.said == [True, False]
    assert card.told[-1].transition is Transition.CLEARED
    kept = await card.records()
    assert subjects(kept) == [1, 2], "under its own number"
    assert all(said(one) for one in kept)
    assert {one.boot for one in kept} == {card.journal.boot} != {one.boot for one in shown}


async def test_what_is_read_is_shown_the_newest_of_each_device(card: Card) -> None:
    for number in (1, 2, 501):  # 1 and 501 are one device
        card.unkept.sample(sample(number))
    assert not card.box.ready(Stream.LIVE)
    await card.fails()
    (shown,) = await card.records(Stream.LIVE)
    assert (said(shown), shown.n) == (False, 8)
    card.unkept.look()
    assert not card.box.ready(Stream.LIVE), "nothing is new"
    card.unkept.sample(sample(3))
    card.unkept.look()
    assert not card.box.ready(Stream.LIVE), "one is under way"
    card.box.confirm(shown)
    card.unkept.look()
    assert len(await card.records(Stream.LIVE)) == 1


async def test_what_was_under_way_comes_back_with_a_new_connection(card: Card) -> None:
    await card.fails()
    shown = await card.records()
    assert not card.box.ready(Stream.EVENTS)
    card.box.reconnected()
    assert await card.records() == shown
    card.box.give_back(shown[0]._replace(body=b""))
    assert await card.records() == shown, "with what is in it"


async def test_what_waits_for_a_far_end_is_bounded_and_nothing_of_it_is_lost(card: Card) -> None:
    await card.fails()
    for number in range(MOST_RECORDS + 20):
        card.journal.offer_event(event(number))
        card.unkept.look()
    assert card.box.lost > 0
    shown = []
    while card.box.ready(Stream.EVENTS):
        shown += await card.records()
    assert len(shown) == MOST_RECORDS
    await card.mended()
    kept: list[Record] = []
    while card.box.ready(Stream.EVENTS):
        kept += await card.records()
    assert subjects(kept) == [1, *range(MOST_RECORDS + 20)]


async def test_a_commit_that_hangs_is_trouble_too(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.journal.journal.HANGS_AFTER_S", 0.05)
    card.disk.sync_s = 1.0
    card.journal.offer_event(event(1))
    await until("it hangs", lambda: card.journal.failing)
    assert card.journal.failing is not None
    assert card.journal.failing.code == "journal.card_hangs"
    assert card.journal.uncommitted == [event(1)]
    card.disk.sync_s = 0.0
    await card.mended()
