"""Offered, committed, handed out, confirmed, over restarts."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.journal.files import JournalTrouble
from agent.journal.journal import Journal, JournalPlan, next_commit
from agent.journal.offers import Offers
from agent.journal.start_name import start_text
from agent.journal.uplink_outbox import UplinkOutbox
from agent.link.record import PriorityClass, Record, Stream
from protocols.reason import Reason
from tests.journal.things import SMALL, event, running, sample, subjects, tilts
from tests.waiting import patient


async def take_all(box: UplinkOutbox, stream: Stream, limit: int = 10) -> list[Record]:
    out: list[Record] = []
    while records := await box.take(stream, limit):
        out += records
    return out


async def test_what_was_offered_is_handed_out_in_order(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        for i in range(30):
            journal.offer_sample(sample(i))
        journal.offer_event(event(1))
        await journal.durable()
        box = journal.outbox("platform")
        events = await take_all(box, Stream.EVENTS)
        live = await take_all(box, Stream.LIVE)
        assert subjects(events) == [1]
        assert tilts(live) == list(range(30))
        assert sum(record.n for record in live) == 120
        assert sorted(record.seq for record in [*events, *live]) == list(range(1, 3))


async def test_unconfirmed_comes_again_after_a_restart_and_confirmed_does_not(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        box = journal.outbox("platform")
        for i in range(6):
            journal.offer_sample(sample(i))
            await journal.flush()
        records = await take_all(box, Stream.LIVE)
        assert len(records) == 6
        for record in records[:3]:
            box.confirm(record)
        box.confirm(records[4])  # out of order: nothing is lost, it may come twice
    async with running(tmp_path) as journal:
        box = journal.outbox("platform")
        again = await take_all(box, Stream.LIVE)
        assert tilts(again) == [3, 4, 5]
        assert [r.seq for r in again] == [4, 5, 6]
        assert again[0].boot == records[0].boot
        journal.offer_sample(sample(6))
        await journal.flush()
        (new,) = await box.take(Stream.LIVE, 10)
        assert new.seq == 7
        assert new.boot != records[0].boot


async def test_after_a_reconnect_the_present_goes_first(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        box = journal.outbox("platform")
        for i in range(4):
            journal.offer_sample(sample(i))
            await journal.flush()
        await box.take(Stream.LIVE, 2)
        box.reconnected()
        assert not box.ready(Stream.LIVE)
        journal.offer_sample(sample(4))
        await journal.flush()
        assert tilts(await take_all(box, Stream.LIVE)) == [4]
        backlog = await take_all(box, Stream.BACKLOG, 3)
        assert tilts(backlog) == [0, 1, 2, 3]
        box.give_back(backlog[1])
        assert tilts(await take_all(box, Stream.BACKLOG)) == [1]


async def test_strict_order_keeps_the_past_first(tmp_path: Path) -> None:
    async with running(tmp_path, {"platform": "strict"}) as journal:
        box = journal.outbox("platform")
        for i in range(3):
            journal.offer_sample(sample(i))
            await journal.flush()
        box.reconnected()
        journal.offer_sample(sample(3))
        await journal.flush()
        assert not box.ready(Stream.BACKLOG)
        assert tilts(await take_all(box, Stream.LIVE)) == [0, 1, 2, 3]


async def test_each_uplink_has_its_own_way_through(tmp_path: Path) -> None:
    async with running(tmp_path, {"a": "newest_first", "b": "newest_first"}) as journal:
        journal.offer_sample(sample(0))
        await journal.flush()
        for record in await take_all(journal.outbox("a"), Stream.LIVE):
            journal.outbox("a").confirm(record)
    async with running(tmp_path, {"a": "newest_first", "b": "newest_first", "c": "newest_first"}) as journal:
        assert await take_all(journal.outbox("a"), Stream.LIVE) == []
        assert tilts(await take_all(journal.outbox("b"), Stream.LIVE)) == [0]
        assert tilts(await take_all(journal.outbox("c"), Stream.BACKLOG)) == [0], "a new uplink gets what is held"


async def test_wait_wakes_for_what_is_asked(tmp_path: Path) -> None:
    async with running(tmp_path) as journal, patient("it wakes"):
        box = journal.outbox("platform")
        waiting = asyncio.create_task(box.wait(Stream.EVENTS))
        journal.offer_sample(sample(0))
        await journal.flush()
        assert not waiting.done()
        journal.offer_event(event(1))
        await waiting
        assert box.ready(Stream.EVENTS)


async def test_another_is_a_new_one_of_its_lane(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        box = journal.outbox("platform")
        journal.offer_event(event(1))
        await journal.durable()
        waiting = asyncio.create_task(box.another(PriorityClass.EVENT))
        journal.offer_sample(sample(1))
        await journal.flush()
        assert box.ready(Stream.EVENTS)
        assert not waiting.done(), "neither the old one nor a reading"
        journal.offer_event(event(2))
        async with patient("it wakes"):
            await waiting


async def test_a_refused_record_is_kept_aside_and_reported(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        box = journal.outbox("platform")
        journal.offer_sample(sample(0))
        await journal.flush()
        (record,) = await box.take(Stream.LIVE, 5)
        await box.park(record, Reason("too large"))
        (report,) = await box.take(Stream.EVENTS, 5)
        assert b"uplink_refused" in report.body
        assert b"too large" in report.body
        assert box.status().parked == 1
    async with running(tmp_path) as journal:
        box = journal.outbox("platform")
        assert box.status().parked == 1
        assert await take_all(box, Stream.LIVE) == []


async def test_status_counts_what_is_unsent(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        box = journal.outbox("platform")
        for i in range(5):
            journal.offer_sample(sample(i))
            await journal.flush()
        assert box.status().unsent == {"event": 0, "telemetry": 5, "summary": 0}
        records = await box.take(Stream.LIVE, 5)
        assert box.status().in_flight == 5
        for record in records:
            box.confirm(record)
            box.confirm(record)
        assert box.status().unsent_readings["telemetry"] == 0
        assert box.status().confirmed_seq == 5
        assert await box.replay(3) == 3
        assert tilts(await take_all(box, Stream.BACKLOG)) == [2, 3, 4]


async def test_a_second_agent_is_refused_with_a_reason(tmp_path: Path) -> None:
    async with running(tmp_path):
        with pytest.raises(JournalTrouble, match="another process has the journal open"):
            await Journal.open(JournalPlan(tmp_path / "journal.db", room=SMALL), {})
        assert not list(tmp_path.glob("*.damaged*"))


async def test_the_account_balances(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        for i in range(50):
            journal.offer_sample(sample(i))
        await journal.flush()
        tally = journal._ledger.tally[PriorityClass.TELEMETRY]
        assert tally.balanced
        assert tally.taken == tally.held == 200


async def test_a_mark_is_committed_with_what_was_offered_before_it_and_told_then(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    async with running(tmp_path) as journal:
        assert journal.mark("flight") == ("", 0)
        for i in (1, 2):
            journal.offer_event(event(i))
            journal.offer_mark("flight", ("5f0c", i), told.append)
        assert journal.mark("flight") == ("", 0)
        await journal.durable()
        assert (journal.mark("flight"), told) == (("5f0c", 2), [("5f0c", 2)])
    async with running(tmp_path) as journal:
        assert journal.mark("flight") == ("5f0c", 2)


async def test_a_note_is_committed_with_what_was_offered_before_it_and_survives(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        journal.offer_sample(sample(1))
        journal.keep("gaps:H1", {"pressure": [1, 2]})
        journal.keep("gaps:H2", [3])
        assert journal.notes() == {}
        await journal.flush()
        assert journal.notes() == {"gaps:H1": {"pressure": [1, 2]}, "gaps:H2": [3]}
        journal.keep("gaps:H2", None)
        await journal.flush()
    async with running(tmp_path) as journal:
        assert journal.notes() == {"gaps:H1": {"pressure": [1, 2]}}


async def test_a_note_that_is_no_json_is_its_callers_fault_and_holds_nothing_up(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        with pytest.raises(TypeError):
            journal.keep("gaps:H1", {"pressure": object()})
        journal.keep("gaps:H2", {"why": Reason("restarted")})
        await journal.flush()
        assert journal.notes() == {"gaps:H2": {"why": Reason("restarted")}}
    async with running(tmp_path) as journal:
        assert journal.notes() == {"gaps:H2": {"why": {"code": "restarted", "facts": {}}}}


def test_a_note_waits_for_the_last_of_what_is_too_much_for_one_commit_and_a_newer_one_counts() -> None:
    offers = Offers(5_000, 500_000, lambda: None, lambda: None)
    for i in range(20_000):
        offers.sample(sample(i))
    offers.notes["n"] = 1, None
    first, last = offers.take(0), offers.take(0)
    assert (first.rest, first.notes) == (True, {})
    assert (last.rest, last.notes) == (False, {"n": (1, None)})
    offers.notes["n"] = 2, None
    offers.put_back(last)
    assert offers.notes == {"n": (2, None)}


@pytest.mark.parametrize("every_s", [1.0, 0.05, 30.0])
def test_a_group_is_committed_when_a_sweep_is_over_and_never_later_than_promised(every_s: float) -> None:
    began = 400 * every_s
    swept = [began + part * every_s for part in (0.0, 0.01, 0.1)]
    (commit,) = {next_commit(at, every_s) for at in swept}
    assert commit - swept[-1] < every_s / 4, "what is polled as the period begins does not wait out the period"
    for part in range(100):
        now = began + part / 100 * every_s
        assert 0 < next_commit(now, every_s) - now <= every_s * 1.000001


async def test_a_later_start_is_the_greater_name_whatever_the_clock_and_also_of_a_copy_put_back(tmp_path: Path) -> None:
    async def start(folder: Path, wall_s: float) -> int:
        plan = JournalPlan(folder / "journal.db", room=SMALL)
        journal = await Journal.open(plan, {}, wall_s=lambda: wall_s)
        journal.offer_event(event(1))
        await journal.close()
        assert journal.boot == start_text(int(journal.boot, 16)), "as it stands in records"
        return int(journal.boot, 16)

    here, copy, new = (tmp_path / name for name in ("here", "copy", "new"))
    first = await start(here, 1.8e9)
    shutil.copytree(here, copy)
    at_once = await start(here, 1.8e9)
    back = await start(here, 1.5e9)
    from_the_copy = await start(copy, 1.9e9)
    fresh = await start(new, 1.9e9 + 1)
    ahead = await start(here, 3e9)
    right_again = await start(here, 1.9e9)
    assert first < at_once < back < from_the_copy < fresh < ahead < right_again < 1 << 63
    with closing(sqlite3.connect(here / "journal.db")) as db:
        assert [boot for (boot,) in db.execute("SELECT boot FROM run ORDER BY id")] == [
            first, at_once, back, ahead, right_again
        ]  # fmt: skip
