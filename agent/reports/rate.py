"""`rate` over a day or a month as a report: from the ledger's files, and from what core has not written down yet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.control.request import RequestError
from agent.judge.asset import Asset
from agent.judge.rate import Ledger, Tally, elapsed_min
from agent.judge.service.files import Unreadable, days_on_disk, ledger_file, read_json
from agent.reports.job import Job
from protocols.reason import Reason
from protocols.system import why_failed


def over(job: Job) -> Iterator[dict[str, Any]]:
    """One answer, day by day summed up: no more than one day is in memory."""
    inputs, by = job.inputs, job.inputs["by"]
    period = inputs["period"]
    folder, open_days = Path(inputs["state_dir"]), inputs["open_days"]
    days = sorted({*days_on_disk(folder), *open_days})
    wanted = [day for day in days if day == period or day.startswith(period + "-")]
    if not wanted:
        code = "report.no_minutes_but" if days else "report.no_minutes"
        raise RequestError("not_found", Reason(code, period=period, days=tuple(days)))
    assets = [Asset(**one) for one in inputs["assets"]]
    zone = ZoneInfo(inputs["timezone"])
    groups: dict[str, Tally] = {}
    below: dict[str, dict[str, int]] = {}
    trouble = list(inputs["trouble"])
    for done, day in enumerate(wanted):
        job.progress.reach(done, len(wanted))
        try:
            kept = open_days[day] if day in open_days else read_json(ledger_file(folder, day))
            ledger = Ledger.from_json({day: kept or {}})
        except Unreadable as error:
            trouble.append(error.reason.as_json())
        except (ValueError, TypeError, AttributeError) as error:
            trouble.append(Reason("judge.minutes_left_aside", day=day, why=why_failed(error)).as_json())
            continue
        elapsed = elapsed_min(day, inputs["utc_ns"], zone)
        for group, tally in ledger.rate(assets, day, lambda _day, elapsed=elapsed: elapsed, by).items():  # type: ignore[misc]  # bound now
            groups.setdefault(group, Tally()).join(tally)
        for asset, limits in ledger.below(day).items():
            mine = below.setdefault(asset, {})
            for limit, minutes in limits.items():
                mine[limit] = mine.get(limit, 0) + minutes
    yield {
        "rules": inputs["rules"],
        "period": period,
        "counts": "asset_minutes",
        "by": by,
        "groups": [{"group": name, **tally.as_json()} for name, tally in sorted(groups.items())],
        "below_min": below,
        "days": days,
        "timezone": inputs["timezone"],
        "trouble": trouble,
    }


ANSWERS = {"rate.over": over}
