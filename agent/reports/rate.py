"""`rate` over days, months and years as a report: from the ledger's index, and from what is not sealed yet."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from agent.control.request import RequestError
from agent.judge.days import MINUTE_NS, UNDATED, Days, days_of, every_day
from agent.judge.ledger import minutes_from
from agent.judge.life import Lives, entry_from
from agent.judge.minutes import Minutes
from agent.judge.service.day_index import DaySums, is_sealed, read_index, sums_of
from agent.judge.service.files import LEDGER, Unreadable, days_on_disk, ledger_file, read_json
from agent.reports.job import Job
from agent.reports.over_time import Counter, OneDay
from protocols.reason import Reason
from protocols.system import file_reason, why_failed


def over(job: Job) -> Iterator[dict[str, Any]]:
    """One answer, day by day summed up: no more than one day's own minutes are in memory."""
    inputs, by, period = job.inputs, job.inputs["by"], job.inputs["period"]
    days = Days(ZoneInfo(inputs["timezone"]))
    lives = Lives(entry_from(row) for row in inputs["lives"])
    utc_ns = _now_ns(inputs, days)
    bounds = _bounds(days, lives, utc_ns, period)
    trouble = list(inputs["trouble"])
    ledger = _Ledger(Path(inputs["state_dir"]), inputs["open_days"])
    end_min = min(bounds.now_min, days.begin_min(bounds.last) + days.length_min(bounds.last))
    counter = Counter(lives, inputs["counting"], by, days, days.begin_min(bounds.first), end_min)
    number = bounds.last.toordinal() - bounds.first.toordinal() + 1
    for done, day in enumerate(every_day(bounds.first, bounds.last)):
        job.progress.reach(done, number)
        counter.day(ledger.day(days, day, utc_ns))
    groups = counter.finish()
    yield {
        "rules": inputs["rules"],
        "period": period,
        "first_day": bounds.first.isoformat(),
        "last_day": bounds.last.isoformat(),
        "counts": "asset_minutes",
        "by": by,
        "groups": [{"group": name, **tally.as_json()} for name, tally in sorted(groups.items())],
        "not_counted_min": counter.not_counted_min,
        "missing": counter.missing.as_json(),
        "below_min": counter.below,
        "because_min": counter.because,
        "timezone": inputs["timezone"],
        "trouble": [*trouble, *(reason.as_json() for reason in ledger.trouble)],
    }


class _Bounds(NamedTuple):
    """The days of a period that have come and in which anything existed."""

    first: date
    last: date
    now_min: int


def _now_ns(inputs: Mapping[str, Any], days: Days) -> int:
    """UTC now; while nobody knows it, the end of the newest day with minutes. Raises RequestError."""
    if inputs["utc_ns"] is not None:
        return int(inputs["utc_ns"])
    dated = {*inputs["open_days"], *days_on_disk(Path(inputs["state_dir"]))} - {UNDATED}
    if not dated:
        raise RequestError("refused", Reason("clock.no_day"))
    return (days.begin_min(max(dated)) + days.length_min(max(dated))) * MINUTE_NS


def _bounds(days: Days, lives: Lives, utc_ns: int, period: str) -> _Bounds:
    """Raises RequestError where there is nothing to sum up."""
    first, last = days_of(period)
    now_min = utc_ns // MINUTE_NS
    begun_min = lives.first_min()
    if begun_min >= now_min:
        raise RequestError("not_found", Reason("report.no_minutes", period=period))
    since, today = days.day_of(begun_min), days.day_of(now_min)
    if last < since or first > today or now_min <= days.begin_min(first):
        told = Reason("report.no_minutes_but", period=period, first=since.isoformat(), last=today.isoformat())
        raise RequestError("not_found", told)
    return _Bounds(max(first, since), min(last, today), now_min)


class _Ledger:
    """The days, from the index, from their files where they are not in it, and from what core has not written down."""

    def __init__(self, folder: Path, open_days: Mapping[str, Any]) -> None:
        self._folder = folder
        self._open = open_days
        self._month = ""
        self._sums: dict[str, DaySums] = {}
        self.trouble: list[Reason] = []

    def day(self, days: Days, day: date, utc_ns: int) -> OneDay:
        """One day; a spoilt file costs what it held and is told."""
        name = day.isoformat()
        elapsed = days.elapsed_min(day, utc_ns)

        @cache
        def minutes() -> Mapping[str, Minutes]:
            return self._minutes(name)

        sums = self._indexed(name)
        if sums is None:
            own = minutes()
            sums = sums_of(own, elapsed) if own else None
        return OneDay(day, days.begin_min(day), elapsed, sums, minutes)

    def _indexed(self, day: str) -> DaySums | None:
        if day in self._open:
            return None
        if day[:7] != self._month:
            self._month = day[:7]
            try:
                self._sums = read_index(self._folder, self._month, self.trouble)
            except OSError as error:
                self.trouble.append(file_reason(self._folder, error))
                self._sums = {}
        return self._sums.get(day)

    def _minutes(self, day: str) -> Mapping[str, Minutes]:
        try:
            if day in self._open:
                return minutes_from(self._open[day])
            kept = minutes_from(read_json(ledger_file(self._folder, day), LEDGER) or {})
            sealed = self._sums.get(day)
            if sealed is not None and not is_sealed(self._folder, day, sealed):
                self.trouble.append(Reason("judge.day_changed", day=day))
        except Unreadable as error:
            self.trouble.append(error.reason)
        except OSError as error:
            self.trouble.append(file_reason(ledger_file(self._folder, day), error))
        except (ValueError, TypeError, AttributeError) as error:
            self.trouble.append(Reason("judge.minutes_left_aside", day=day, why=why_failed(error)))
        else:
            return kept
        return {}


ANSWERS = {"rate.over": over}
