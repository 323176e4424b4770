"""What was counted is sealed, and its newest seal is told: once, whatever there was to seal."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.judge.life import LifeState
from agent.judge.service import sealing
from agent.judge.service.asset_register import rules_of
from agent.judge.service.day_index import index_file
from agent.judge.service.sealing import DaySealer
from agent.judge.service.service import AssessmentService
from drivers.event import Event, EventKind
from tests.judge.months import DAY, F, Months, P, thing
from tests.judge.stand import hydrant, rules


def newest(folder: Path, month: str) -> str:
    """The hash of a month's last line."""
    return index_file(folder, month).read_bytes().splitlines()[-1][:64].decode()


async def test_days_that_were_left_are_sealed_in_one_go_and_the_last_hash_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "PAUSE_S", 0.0)
    months = Months(tmp_path)
    months.sealing = False
    months.live("H1", "2025-11-01", LifeState.IN_SERVICE, thing("H1"))
    months.judged("H1", "2025-11-28", "2025-12-03", F)
    months.write()
    told: list[tuple[str, str]] = []
    with ThreadPoolExecutor(1) as worker:
        sealer = DaySealer(tmp_path, months.days, worker, lambda: ["2025-12-02"], [], lambda *last: told.append(last))
        await sealer.seal()
        before = newest(tmp_path, "2025-11")
        assert told == [("2025-12-01", newest(tmp_path, "2025-12"))]
        await sealer.seal()
        assert len(told) == 1, "nothing was sealed: nothing is told"
        months.judged("H1", "2025-11-30 23:00", "2025-12-01", P)
        months.write()
        sealer.closed("2025-11-30")
        await sealer.seal()
    assert told[1:] == [("2025-11-30", newest(tmp_path, "2025-11"))]
    assert told[1][1] != before


async def test_a_day_that_closes_while_the_disk_is_looked_at_is_sealed(tmp_path: Path) -> None:
    """A start after days away: yesterday's file was open a moment ago, and sealed once, by what it said then."""
    months = Months(tmp_path)
    months.live("H1", "2025-11-01", LifeState.IN_SERVICE, thing("H1"))
    months.judged("H1", "2025-12-01", "2025-12-02", F)
    months.write()
    before = newest(tmp_path, "2025-12")
    months.sealing = False
    months.judged("H1", "2025-12-01 23:00", "2025-12-02", P)
    months.write()
    goes_on = threading.Event()
    with ThreadPoolExecutor(1) as worker:
        sealer = DaySealer(tmp_path, months.days, worker, lambda: ["2025-12-01"], [], lambda *_last: None)
        worker.submit(goes_on.wait)
        sealing_now = asyncio.create_task(sealer.seal())
        await asyncio.sleep(0)
        sealer.closed("2025-12-01")
        goes_on.set()
        await sealing_now
    assert newest(tmp_path, "2025-12") != before
    assert months.counts("2025-12-01") == {"": (60, DAY - 60, 0)}


async def test_the_seal_goes_upwards_with_that_of_assets_and_rules(tmp_path: Path) -> None:
    events: list[Event] = []
    service = AssessmentService(
        [hydrant("H1")], rules(), events.append, tmp_path, gateway="g", utc_ns=lambda: None, now_ns=lambda: 7
    )
    register = service.assets.register
    service._sealed("2025-12-01", "ab" * 32)
    register.accept(register.write([rules_of("r", "text", 1.0)]))
    service._sealed("2025-12-02", "cd" * 32)
    assert [(event.kind, event.subject, dict(event.evidence)) for event in events] == [
        (EventKind.AUDIT, "days", {"day": "2025-12-01", "head": "ab" * 32, "assets": ""}),
        (EventKind.AUDIT, "days", {"day": "2025-12-02", "head": "cd" * 32, "assets": register.lines[-1].hash}),
    ]
    await service.close()
