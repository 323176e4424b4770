"""What a far end lacks although it was confirmed: it comes again, or it is told that it is not held any more."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

from agent.journal.journal import Journal, JournalPlan
from agent.journal.recent import Recent
from agent.journal.tally import Fate
from agent.journal.uplink_outbox import UplinkOutbox
from agent.link.outbox import Gap
from agent.link.record import PriorityClass, Stream
from tests.journal.things import SMALL, event, running, sample
from tests.waiting import until

BEHIND = "f" * 16


async def confirmed(box: UplinkOutbox) -> dict[int, str]:
    """Everything there is, taken and confirmed: seq → boot."""
    taken: dict[int, str] = {}
    for stream in Stream:
        while records := await box.take(stream, 64):
            for record in records:
                taken[record.seq] = record.boot
                box.confirm(record)
    return taken


def told(journal: Journal) -> list[dict[str, Any]]:
    """What was said to be not held."""
    ledger, lane = journal._ledger, PriorityClass.EVENT
    rows, _bad = ledger.rows(lane, 1, 1 << 40, 1000)
    events = [one for row in rows for one in json.loads(ledger.body(lane, row))["events"]]
    return [one["evidence"] for one in events if one["evidence"].get("why") == "not_held"]


async def test_what_is_held_comes_again_and_what_is_not_is_told_once(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        box = journal.outbox("platform")
        for i in range(12):
            journal.offer_sample(sample(i))
            if i == 5:
                journal.offer_event(event(1))
            await journal.flush()
        everything = await confirmed(box)
        assert list(everything) == [6, *range(1, 6), *range(7, 14)]
        ledger = journal._ledger
        async with journal.turn:
            with ledger.transaction():
                ledger.room.remove(ledger.tally, PriorityClass.TELEMETRY, 8, 9, 2, Fate.RELEASED, frozenset())
            journal._recent = Recent(14)  # what was released is older than what is remembered
        asked = [Gap(everything[13], 4, 9), Gap(BEHIND, 11, 11), Gap(BEHIND, 500, 600)]
        box.lacks(asked)
        await until("it is looked at", lambda: not box.lacking)
        await journal.flush()
        again = await confirmed(box)
        assert sorted(again) == [4, 5, 6, 7, 11, 14], "the last one is what follows"
        assert again[4] == everything[4]
        gone = [(one["boot"], one["first_seq"], one["last_seq"], one["records"]) for one in told(journal)]
        assert gone == [(everything[13], 8, 9, 2), (BEHIND, 500, 600, 101)]
        assert told(journal)[0]["uplinks"] == ["platform"]
        box.lacks(asked)
        await until("it is looked at again", lambda: not box.lacking)
        await journal.flush()
        assert sorted(await confirmed(box)) == [4, 5, 6, 7, 11], "asked again it comes again, and is not told again"
        box.lacks([Gap(BEHIND, 1, 13)])
        await until("all of it is owed", lambda: not box.lacking)
        await journal.flush()  # it is counted behind that
        assert box.status().unsent == {"event": 1, "telemetry": 10, "summary": 0}


async def test_a_new_event_does_not_wait_for_those_that_come_again(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        box = journal.outbox("platform")
        for i in range(3):
            journal.offer_event(event(i))
            await journal.flush()
        await confirmed(box)
        box.lacks([Gap(BEHIND, 1, 3)])
        await until("they are owed", lambda: not box.lacking)
        journal.offer_event(event(9))
        await journal.flush()
        assert [record.seq for record in await box.take(Stream.EVENTS, 1)] == [4]


async def test_numbers_that_another_life_has_used_are_not_what_is_lacking(tmp_path: Path) -> None:
    """The backup holds 1 to 3; the life that was lost wrote 4 to 6, and the one that followed it 4 to 8."""

    async def live(folder: Path, more: int, wall_s: float) -> str:
        journal = await Journal.open(JournalPlan(folder / "journal.db", room=SMALL), {}, wall_s=lambda: wall_s)
        run = asyncio.create_task(journal.run())
        for i in range(more):
            journal.offer_sample(sample(i))
            await journal.flush()
        run.cancel()
        await asyncio.wait([run])
        await journal.close()
        return journal.boot

    here, copy = tmp_path / "here", tmp_path / "copy"
    await live(here, 3, 1.8e9)
    shutil.copytree(here, copy)
    lost = await live(here, 3, 1.8e9 + 10)
    await live(copy, 5, 1.8e9 + 20)
    async with running(copy, {"platform": "newest_first"}) as journal:
        box = journal.outbox("platform")
        await confirmed(box)
        box.lacks([Gap(lost, 2, 5)])
        await until("it is looked at", lambda: not box.lacking)
        await journal.flush()
        assert [(one["boot"], one["first_seq"], one["last_seq"]) for one in told(journal)] == [(lost, 4, 5)]
        assert {2, 3} <= set(await confirmed(box))
