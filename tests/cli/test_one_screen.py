"""One time zone and one unit a screen, both named."""

import json
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.cli import show, svg, words
from agent.cli.judged import time_text
from tests.cli.conftest import Hydronest
from tests.cli.serving import serving
from tests.cli.test_answers import saying

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    words.use("en")
    yield
    words.use("en")


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.32, "MPa", "320.0 kPa"),
        (3.2, "bar", "320.0 kPa"),
        (320.0, "kPa", "320.0 kPa"),
        (0, "MPa", "0.0 kPa"),
        (298.15, "K", "25.0 C"),
        (36, "m3/h", "10.0 L/s"),
        (4.5, "m", "4.50 m"),
        (True, "state", "yes"),
        (["leak"], "bits", "leak"),
    ],
)
def test_a_reading_stands_in_the_unit_of_its_screen(value: object, unit: str, shown: str) -> None:
    assert show.reading({"value": value, "unit": unit, "quality": "good"}) == shown


def test_what_an_event_saw_stands_in_it_too() -> None:
    assert show.because({"value": 0.09, "limit": 0.14, "unit": "MPa"}) == "90.0 kPa, limit 140.0"


def test_a_curve_is_labelled_in_the_unit_of_its_readings() -> None:
    one = {"points": [], "standing": [], "curve": [0.1, 0.2, 0.3], "unit": "MPa"}
    assert "300.0" in "\n".join(show.device_body(one, 80, False, True))


async def test_flights_and_journal_show_the_gateways_time_and_name_its_zone(
    hydronest: Hydronest, socket_path: Path
) -> None:
    flight = {"id": "n1-000001", "begun_utc": "2026-11-30T20:15:30.250+00:00", "class": "fire", "incident": "7",
              "operator": "", "aircraft": "a1", "outcome": "done", "air_s": 1, "battery_used_percent": 2}  # fmt: skip
    record = {"seq": 7, "t0_ms": 1_796_069_730_000, "err_ms": 3, "readings": 1, "bytes": 9, "boot": "b"}
    asks = {"flight.list": saying([flight]), "journal.peek": saying([record]), "timezone": saying("Asia/Shanghai")}
    async with serving(socket_path, None, **asks):
        flights = await hydronest("flight", "list", TZ="America/New_York")
        records = await hydronest("journal", "peek", TZ="America/New_York")
        as_json = await hydronest("flight", "list", "--json")
    assert "2026-12-01 04:15 +0800" in flights.out
    assert time_text(record["t0_ms"] / 1000, SHANGHAI, whole=True) in records.out and "+0800" in records.out  # type: ignore[operator]  # a number among texts
    assert json.loads(as_json.out)[0]["begun_utc"] == flight["begun_utc"]


def test_a_drawn_curve_names_the_zone_of_its_times() -> None:
    points = [(1_796_069_730.0, 1.0), (1_796_069_790.0, 2.0)]
    assert ["UTC+0800" in svg.curve("h1 pressure", "", points, 10.0, zone) for zone in (SHANGHAI, UTC)] == [True, False]
    assert "UTC+0000" in svg.curve("h1 pressure", "", points, 10.0, UTC)
