"""The month on paper says what `rate over` and `flight list` say, in both languages, and nothing that a name put in."""

import copy
import json
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from agent.cli import exits, words
from agent.cli.report.page import html
from agent.control.request import Request
from tests.cli.conftest import Hydronest
from tests.cli.serving import serving


def _group(name: str, good: int, bad: int, unknown: int) -> dict[str, Any]:
    total = good + bad + unknown
    return {"group": name, "serviceable": good, "not_serviceable": bad, "unknown": unknown, "total": total,
            "strict": good / total, "of_known": good / (good + bad)}  # fmt: skip


RATE: dict[str, Any] = {
    "rules": "gb50974 1", "period": "2026-11", "first_day": "2026-11-01", "last_day": "2026-11-30",
    "counts": "asset_minutes", "by": "all", "groups": [_group("", 86_000, 300, 100)], "not_counted_min": 0,
    "missing": {"days": [["2026-11-03", "2026-11-04"]], "of_days": {"2026-11-09": 7}, "minutes": 2887},
    "below_min": {"H001": {"pressure_low": 41}}, "because_min": {"H001": {"pressure": 300, "fresh?": 100}},
    "timezone": "Asia/Shanghai", "trouble": [],
}  # fmt: skip
STATIONS = [_group("<script>alert(1)</script>", 43_000, 200, 0), _group("S2", 43_000, 100, 100)]
FLIGHTS: list[dict[str, Any]] = [  # the newest first, as the agent lists them
    {"id": "f4", "begun_utc": "2026-11-30T16:00:00Z", "outcome": "done", "air_s": 900.0},  # December there
    {"id": "f3", "begun_utc": "2026-11-30T15:59:59Z", "outcome": "done", "air_s": 600.0, "class": "incident"},
    {"id": "f2", "begun_utc": "", "outcome": "unknown"},
    {"id": "f1", "begun_utc": "2026-10-31T16:00:00Z", "outcome": "failed", "air_s": 120.5, "incident": "<b>&"},
    {"id": "f0", "begun_utc": "2026-10-31T15:59:59Z", "outcome": "done", "air_s": 900.0},  # October there
]


async def _over(request: Request) -> AsyncIterator[Any]:
    yield RATE if request.text("by") == "all" else {**RATE, "by": "station", "groups": STATIONS}


async def _flights(_request: Request) -> list[dict[str, Any]]:
    return FLIGHTS


async def test_the_report_is_made_of_the_answers_as_they_came(
    hydronest: Hydronest, socket_path: Path, tmp_path: Path
) -> None:
    page = tmp_path / "11.html"
    asks: dict[str, Any] = {"rate.over": _over, "flight.list": _flights}
    async with serving(socket_path, None, **asks):
        told = await hydronest("report", "month", "2026-11", "--json")
        written = await hydronest("report", "month", "2026-11", "--output", str(page), lang="zh")
        nowhere = await hydronest("report", "month", "2026-11", "--output", str(tmp_path / "no" / "11.html"))
        no_month = [(await hydronest("report", "month", text)).code for text in ("2026", "2026-13")]
    month = json.loads(told.out)
    assert (month["rate"], month["stations"]) == (RATE, STATIONS)
    assert [one["id"] for one in month["flights"]] == ["f1", "f3"], "the gateway's month, not that of Greenwich"
    assert (month["air_s"], month["flights_undated"], month["flights_cut"]) == (720.5, ["f2"], False)
    assert (told.code, written.code, nowhere.code, *no_month) == (0, 0, exits.CANNOT_WRITE, exits.USAGE, exits.USAGE)
    assert (written.out, "月报" in page.read_text("utf-8")) == ("", True)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_shows_the_numbers_and_takes_no_name_for_markup(language: str) -> None:
    words.use(language, "report")
    month = {"month": "2026-11", "rate": RATE, "stations": STATIONS, "flights": [FLIGHTS[3], FLIGHTS[1]],
             "flights_undated": ["f2"], "flights_cut": False, "air_s": 720.5}  # fmt: skip
    page = html(month, "2026-12-01 08:00 +0800")
    assert not re.search(r"<(script|b|img|link)\b|https?:|url\(|@import", page), "nothing is run, nothing is loaded"
    assert "default-src 'none'" in page and f'<html lang="{language}">' in page
    cells = [unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", page)]
    rows = [tuple(unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", line)) for line in page.split("</tr>")]
    assert ("S2", "99.54 %", "99.77 %", "716.7 h", "1.7 h", "1.7 h") in rows
    assert {"<script>alert(1)</script>", "<b>&", "300", "100", "41", "120.5", "600.0"} <= set(cells)
    assert all(day in page for day in ("2026-11-03..2026-11-04", "2026-11-09 (7 min)", "48.1 h", "f2"))
    assert "2026-11-01 00:00 +0800" in cells, "times are the gateway's"
    cut = copy.deepcopy(month) | {"flights_cut": True, "flights": [], "flights_undated": []}
    assert len(html(cut, "").split('class="no"')) == len(page.split('class="no"'))
