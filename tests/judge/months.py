"""Months on disk as a gateway leaves them, minute by minute, and what `rate over` says of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from agent.judge.asset import Asset
from agent.judge.days import MINUTE_NS, Days
from agent.judge.ledger import Ledger
from agent.judge.life import LifeEntry, LifeState
from agent.judge.service.asset_register import AssetRegister
from agent.judge.service.day_index import DayIndex
from agent.judge.service.files import write_days
from agent.judge.verdict import State
from agent.reports.answer import Progress
from agent.reports.job import Job
from agent.reports.rate import over
from agent.reports.remote_records import RemoteRecords
from agent.settings.rules import Counting

DAY = 1440
P, F, U = State.SERVICEABLE, State.NOT_SERVICEABLE, State.UNKNOWN


def thing(name: str, station: str = "A", kind: str = "hydrant") -> Asset:
    """An asset of a station."""
    return Asset(name, kind, station=station, district="柯城", lon=118.9, lat=28.9)


class Months:
    """`live` says what an asset is from when on; `judged` what came out; `over` asks. Times are local.

    Days are written as core writes them, and sealed as soon as they are asked for, unless `sealing` is off.
    """

    def __init__(self, folder: Path, zone: str = "Asia/Shanghai", now: str = "2026-01-01") -> None:
        self.folder = folder
        self.zone = zone
        self.days = Days(ZoneInfo(zone))
        self.now_min = self.minute(now)
        self.ledger = Ledger()
        self.register = AssetRegister(folder)
        self.index = DayIndex(folder)
        self.sealing = True
        self.open_days: dict[str, Any] = {}
        self.counting: Mapping[str, Any] = Counting().model_dump()

    def minute(self, at: str) -> int:
        """The UTC minute of a local time."""
        day, _, clock = at.partition(" ")
        hour, _, minute = (clock or "00:00").partition(":")
        return self.days.begin_min(day) + int(hour) * 60 + int(minute)

    def live(self, asset: str, at: str, state: LifeState | None, of: Asset | None = None, **more: Any) -> None:
        """Something is said of an asset, and committed."""
        at_s = self.minute(at) * 60.0
        self.register.accept(self.register.write([LifeEntry(asset, at_s, at_s, state, of, **more)]))

    def judged(self, asset: str, begin: str, end: str, state: State, *because: str) -> None:
        """From `begin` up to and without `end` it came out so, each minute."""
        minute, last = self.minute(begin), self.minute(end)
        while minute < last:
            day, first = self.days.place(minute)
            number = min(last - minute, self.days.length_min(day) - first)
            for of_day in range(first, first + number):
                self.ledger.put(day, of_day, asset, state, (), because)
            minute += number

    def write(self) -> None:
        """The days' files and their seals."""
        kept = self.ledger.as_json()
        write_days(self.folder, {day: orjson.dumps(kept[day]) for day in self.ledger.changed})
        self.ledger.changed.clear()
        for day in self.index.waiting([]) if self.sealing else ():
            self.index.add(day, self.days.length_min(day))

    def over(self, period: str, by: str = "all") -> dict[str, Any]:
        """The report's answer. Raises RequestError."""
        self.write()
        entries = [line.entry.as_json() for line in self.register.lines if line.entry is not None]
        inputs = {
            "period": period,
            "by": by,
            "state_dir": str(self.folder),
            "open_days": self.open_days,
            "lives": entries,
            "counting": self.counting,
            "utc_ns": self.now_min * MINUTE_NS,
            "timezone": self.zone,
            "rules": "r",
            "trouble": [],
        }
        (answer,) = over(Job("rate.over", {}, orjson.loads(orjson.dumps(inputs)), NO_RECORDS, Progress()))
        return answer

    def counts(self, period: str, by: str = "all") -> dict[str, tuple[int, int, int]]:
        """(serviceable, not, unknown) by group."""
        return {
            group["group"]: (group["serviceable"], group["not_serviceable"], group["unknown"])
            for group in self.over(period, by)["groups"]
        }


NO_RECORDS: RemoteRecords = None  # type: ignore[assignment]  # a rate asks for no records
