"""Thirty alarms in every state they can be in, and the agent ended at any moment, orderly or not: all views agree."""

import asyncio
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from agent.control.encoding import encoded
from agent.core.active_alarms import ActiveAlarms, alarms_of
from agent.core.latest import DeviceInfo, LatestValues
from agent.core.requests.device_row import row_of
from agent.core.requests.events import group_rows, standing_rows, unseen
from agent.core.retained.documents import Documents
from agent.core.retained.others import AlarmDocuments
from agent.journal.journal import Journal, JournalPlan
from agent.judge.alarm_groups import Where
from drivers.event import Event, EventKind, Severity, Transition
from tests.journal.things import running
from tests.site.test_documents import look, told

S = 10**9
SUBJECTS = [f"h{number:02}" for number in range(30)]
KINDS = (EventKind.PRESSURE_LOW, EventKind.KNOCKED_OVER, EventKind.DEVICE_LOST)
PLACES = {name: Where("l", 118.9, 28.9 + number * 0.001) for number, name in enumerate(SUBJECTS)}
STEPS = 200


class Clock:
    def __init__(self) -> None:
        self.now = 1000 * S

    def now_ns(self) -> int:
        return self.now


def begun(journal: Journal, clock: Clock) -> ActiveAlarms:
    """The room of an agent that starts."""
    return alarms_of(journal, clock.now_ns, PLACES.get)


async def views(alarms: ActiveAlarms) -> dict[str, Any]:
    """What every screen and the platform are told."""
    documents = Documents()
    look(AlarmDocuments(documents, alarms, alarms.moments.now_ns, str).look())
    latest = LatestValues([DeviceInfo(name, name, "hydrant", "pressure", "l") for name in SUBJECTS], alarms)
    return {
        "standing": json.loads(encoded(await standing_rows(alarms))),
        "groups": group_rows(alarms),
        "shelf": sorted((key, alarms.shelved_s(key)) for key in alarms.shelf),
        "unseen": sorted(unseen(alarms)),
        "devices": [row_of(one, alarms.moments.now_ns()) for one in latest.readings()],
        "platform": told(documents),
    }


def something(dice: random.Random, journal: Journal, alarms: ActiveAlarms, clock: Clock) -> None:
    """One step of a history."""
    clock.now += dice.randrange(90) * S
    key = dice.choice(SUBJECTS), dice.choice(KINDS)
    stands = [(one.event.subject, one.event.kind) for one in alarms] or [key]
    there = dice.choice(stands)
    match dice.randrange(8):
        case 0 if there in alarms:
            alarms.acknowledge(there, "Wang", dice.choice(("", "crew on its way")))
        case 1 if there in alarms:
            alarms.annotate(there, "valve 7 is shut")
        case 2:
            alarms.shelve(there, dice.choice((0, 60, 7200)), "Wang", "works")
        case _:
            to = Transition.CLEARED if key in alarms else Transition.RAISED
            severity = dice.choice((Severity.ALARM, Severity.WARNING))
            event = Event(key[1], key[0], severity, to, clock.now, {"value": dice.random(), "cause": "pressure"})
            journal.offer_event(event)
            alarms.turned(event)


@pytest.mark.parametrize("seed", range(6))
async def test_all_views_agree_before_and_after(tmp_path: Path, seed: int) -> None:
    dice, clock, folder = random.Random(seed), Clock(), tmp_path / "life"
    folder.mkdir()
    seen: set[object] = set()
    before: dict[str, Any] = {}
    for life in range(3):
        async with running(folder, {}) as journal:
            alarms = begun(journal, clock)
            if life:
                assert await views(alarms) == before, "an orderly end"
            for _ in range(STEPS):
                something(dice, journal, alarms, clock)
                if dice.random() < 0.1:
                    await asyncio.sleep(0)
                seen |= {
                    (one.acknowledged is not None, bool(one.note), one.shelved_until_ns > clock.now) for one in alarms
                }
            await journal.durable()
            before = await views(alarms)
            shutil.copytree(folder, tmp_path / f"killed-{life}")
        left = await Journal.open(JournalPlan(tmp_path / f"killed-{life}" / "journal.db"), {})
        assert await views(begun(left, clock)) == before, "a kill"
        await left.close()
        assert len(before["standing"]) > 10
    assert len(seen) == 8, "every state was met"
