"""Months worked out by hand, to the minute: dead days, added, removed, repaired, moved, told late, told wrongly."""

import json
import time
from array import array
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from agent.control.request import RequestError
from agent.judge.days import every_day
from agent.judge.life import LifeEntry, LifeState
from agent.judge.service.day_index import DaySums, _line, index_file, line_of
from agent.judge.service.files import ledger_file
from agent.runtime import chained
from protocols.reason import Reason
from tests.judge.months import DAY, F, Months, P, U, thing
from tests.waiting import scaled

IN, REPAIR, MOVED = LifeState.IN_SERVICE, LifeState.UNDER_REPAIR, LifeState.MOVED
REPLACED, RETIRED = LifeState.REPLACED, LifeState.RETIRED


@pytest.fixture
def months(tmp_path: Path) -> Months:
    return Months(tmp_path)


def test_ten_dead_days_of_thirty_are_unknown(months: Months) -> None:
    months.live("H1", "2025-11-01", IN, thing("H1"))
    months.judged("H1", "2025-11-01", "2025-11-11", P)
    months.judged("H1", "2025-11-21", "2025-12-01", P)
    answer = months.over("2025-11")
    (group,) = answer["groups"]
    assert (group["serviceable"], group["unknown"], group["total"]) == (20 * DAY, 10 * DAY, 30 * DAY)
    assert group["strict"] == pytest.approx(2 / 3)
    assert group["of_known"] == 1.0
    assert answer["missing"] == {"days": [["2025-11-11", "2025-11-20"]], "of_days": {}, "minutes": 10 * DAY}
    assert months.counts("2025-11-15") == {"": (0, 0, DAY)}, "a single dead day too"


def test_hours_the_gateway_was_dead_are_told(months: Months) -> None:
    months.live("H1", "2025-11-01", IN, thing("H1"))
    months.judged("H1", "2025-11-01", "2025-11-03 10:00", P)
    months.judged("H1", "2025-11-03 12:30", "2025-11-05", F)
    answer = months.over("2025-11-01..2025-11-04")
    assert answer["missing"] == {"days": [], "of_days": {"2025-11-03": 150}, "minutes": 150}
    assert months.counts("2025-11-01..2025-11-04") == {"": (2 * DAY + 600, DAY + 690, 150)}


def test_summer_is_asked_for_in_november(months: Months) -> None:
    months.live("H1", "2025-05-20", IN, thing("H1"))
    months.judged("H1", "2025-05-20", "2025-06-21", P)
    months.judged("H1", "2025-08-31 12:00", "2025-09-02", F)
    months.now_min = months.minute("2025-11-15")
    assert months.counts("2025-06..2025-08") == {"": (20 * DAY, 720, 72 * DAY - 720)}
    assert months.counts("2025-06") == {"": (20 * DAY, 0, 10 * DAY)}
    assert months.counts("2025-07") == {"": (0, 0, 31 * DAY)}
    whole = months.over("2025")
    assert (whole["first_day"], whole["last_day"]) == ("2025-05-20", "2025-11-15")
    assert months.counts("2025")[""][0] == 32 * DAY


def test_one_added_on_the_sixteenth_counts_from_then(months: Months) -> None:
    months.live("H1", "2025-11-01", IN, thing("H1"))
    months.live("H2", "2025-11-16 10:30", IN, thing("H2"))
    months.judged("H1", "2025-11-01", "2025-12-01", P)
    months.judged("H2", "2025-11-16 10:30", "2025-12-01", P)
    answer = months.over("2025-11", "asset")
    assert {g["group"]: (g["serviceable"], g["total"]) for g in answer["groups"]} == {
        "H1": (30 * DAY, 30 * DAY),
        "H2": (14 * DAY + 810, 14 * DAY + 810),
    }
    (group,) = months.over("2025-11")["groups"]
    assert group["strict"] == 1.0
    assert months.counts("2025-11-15", "asset") == {"H1": (DAY, 0, 0)}


def test_one_that_was_there_before_the_gateway_was_unknown(months: Months) -> None:
    months.live("H1", "2025-11-10", IN, thing("H1"))
    months.judged("H1", "2025-11-10", "2025-12-01", P)
    months.live("H1", "2025-11-06", IN, by="王")
    assert months.counts("2025-11") == {"": (21 * DAY, 0, 4 * DAY)}


def test_a_broken_one_removed_stays_in_its_month(months: Months) -> None:
    for name, state in (("H1", P), ("H2", F)):
        months.live(name, "2025-10-01", IN, thing(name))
        months.judged(name, "2025-10-01", "2025-10-31", state)
    months.judged("H1", "2025-10-31", "2025-12-01", P)
    months.live("H2", "2025-10-31", RETIRED)
    assert months.counts("2025-10") == {"": (31 * DAY, 30 * DAY, 0)}
    assert months.over("2025-10")["not_counted_min"] == DAY
    assert months.counts("2025-11") == {"": (30 * DAY, 0, 0)}


def test_one_that_vanished_from_the_settings_goes_on_counting(months: Months) -> None:
    for name in ("H1", "H2"):
        months.live(name, "2025-11-01", IN, thing(name))
        months.judged(name, "2025-11-01", "2025-11-11", F if name == "H2" else P)
    months.judged("H1", "2025-11-11", "2025-12-01", P)
    months.live("H2", "2025-11-11", None, gone=True)
    assert months.counts("2025-11", "asset") == {"H1": (30 * DAY, 0, 0), "H2": (0, 10 * DAY, 20 * DAY)}


def test_repair_counts_as_the_rules_say_to_the_minute(months: Months) -> None:
    months.live("H1", "2025-11-01", IN, thing("H1"))
    months.judged("H1", "2025-11-01", "2025-12-01", P)
    months.live("H1", "2025-11-05 08:10", REPAIR)
    months.live("H1", "2025-11-07 17:45", IN)
    repaired = 2 * DAY + 9 * 60 + 35
    assert months.counts("2025-11") == {"": (30 * DAY - repaired, repaired, 0)}
    assert months.counts("2025-11-05") == {"": (490, DAY - 490, 0)}
    assert months.counts("2025-11-06") == {"": (0, DAY, 0)}
    months.counting = {**months.counting, "under_repair": "unknown"}
    assert months.counts("2025-11") == {"": (30 * DAY - repaired, 0, repaired)}
    months.counting = {**months.counting, "under_repair": "judged"}
    assert months.counts("2025-11") == {"": (30 * DAY, 0, 0)}


def test_repaired_within_a_day(months: Months) -> None:
    months.live("H1", "2025-11-01", IN, thing("H1"))
    months.judged("H1", "2025-11-01", "2025-11-06", P)
    months.live("H1", "2025-11-05 08:10", REPAIR)
    months.live("H1", "2025-11-05 09:20", IN)
    assert months.counts("2025-11-01..2025-11-05") == {"": (5 * DAY - 70, 70, 0)}


def test_a_reason_is_of_what_counted_as_judged_and_else_of_the_state(months: Months) -> None:
    for name in ("H1", "H2"):
        months.live(name, "2025-11-01", IN, thing(name))
        months.judged(name, "2025-11-01", "2025-12-01", F, "pressure")
    months.live("H1", "2025-11-05 08:10", REPAIR)
    months.live("H1", "2025-11-07 17:45", IN)
    months.live("H2", "2025-11-20 06:00", RETIRED)
    repaired = 2 * DAY + 9 * 60 + 35
    assert months.over("2025-11")["because_min"] == {
        "H1": {"pressure": 30 * DAY - repaired, "under_repair": repaired},
        "H2": {"pressure": 19 * DAY + 360},
    }
    assert months.over("2025-11-05")["because_min"]["H1"] == {"pressure": 490, "under_repair": DAY - 490}
    assert months.over("2025-11-06")["because_min"] == {"H1": {"under_repair": DAY}, "H2": {"pressure": DAY}}
    assert "H2" not in months.over("2025-11-21")["because_min"]
    months.counting = {**months.counting, "under_repair": "judged"}
    assert months.over("2025-11")["because_min"]["H1"] == {"pressure": 30 * DAY}


def test_moved_counts_where_it_stood(months: Months) -> None:
    months.live("H1", "2025-11-01", IN, thing("H1", "A"))
    months.live("H1", "2025-11-10 12:00", MOVED, thing("H1", "B"))
    months.judged("H1", "2025-11-01", "2025-11-20", P)
    months.judged("H1", "2025-11-20", "2025-12-01", F)
    assert months.counts("2025-11", "station") == {
        "A": (9 * DAY + 720, 0, 0),
        "B": (9 * DAY + 720, 11 * DAY, 0),
    }


def test_replaced_by_another(months: Months) -> None:
    months.live("H1", "2025-11-01", IN, thing("H1"))
    months.live("H9", "2025-11-10 06:00", IN, thing("H9"))
    months.live("H1", "2025-11-10 06:00", REPLACED, successor="H9")
    months.judged("H1", "2025-11-01", "2025-11-10 06:00", F)
    months.judged("H9", "2025-11-10 06:00", "2025-12-01", P)
    assert months.counts("2025-11") == {"": (20 * DAY + 1080, 9 * DAY + 360, 0)}


def test_a_correction_is_a_new_entry_and_the_later_told_counts(months: Months) -> None:
    months.live("H1", "2025-11-01", IN, thing("H1"))
    months.judged("H1", "2025-11-01", "2025-12-01", P)
    months.live("H1", "2025-11-20", RETIRED)
    assert months.counts("2025-11") == {"": (19 * DAY, 0, 0)}
    months.live("H1", "2025-11-20", IN, note="the wrong one was named")
    assert months.counts("2025-11") == {"": (30 * DAY, 0, 0)}
    assert [entry.state for entry in months.register.lives.told("H1")] == [IN, RETIRED, IN]


def test_a_day_of_twenty_five_hours(tmp_path: Path) -> None:
    months = Months(tmp_path, "Europe/Berlin")
    months.live("H1", "2025-10-01", IN, thing("H1"))
    months.judged("H1", "2025-10-01", "2025-11-01", P)
    assert months.counts("2025-10") == {"": (31 * DAY + 60, 0, 0)}
    assert months.counts("2025-10-26") == {"": (1500, 0, 0)}
    assert months.over("2025-10")["missing"]["minutes"] == 0


def test_today_counts_up_to_now(months: Months) -> None:
    months.live("H1", "2025-11-01", IN, thing("H1"))
    months.judged("H1", "2025-11-01", "2025-11-03 07:00", P)
    months.write()
    months.open_days = {day: months.ledger.as_json()[day] for day in ("2025-11-02", "2025-11-03")}
    months.now_min = months.minute("2025-11-03 09:00")
    assert months.counts("2025-11") == {"": (2 * DAY + 420, 0, 120)}
    months.now_min = months.minute("2025-11-03 06:00")
    assert months.counts("2025-11") == {"": (2 * DAY + 360, 0, 0)}, "what lies ahead has not been"


def test_before_anything_and_of_the_future_there_is_nothing(months: Months) -> None:
    with pytest.raises(RequestError) as none:
        months.over("2025-11")
    assert none.value.reason == Reason("report.no_minutes", period="2025-11")
    months.live("H1", "2025-11-10", IN, thing("H1"))
    for period in ("2025-10", "2026-02"):
        with pytest.raises(RequestError) as other:
            months.over(period)
        told = Reason("report.no_minutes_but", period=period, first="2025-11-10", last="2026-01-01")
        assert other.value.reason == told


def test_sums_and_files_say_the_same_and_a_changed_file_is_told(months: Months) -> None:
    for n in range(4):
        months.live(f"H{n}", f"2025-10-{10 + n} 0{n}:07", IN, thing(f"H{n}", "AB"[n % 2]))
    months.live("H1", "2025-10-20 13:13", REPAIR)
    months.live("H1", "2025-11-03 01:01", IN)
    months.live("H2", "2025-11-05 23:59", RETIRED)
    for n in range(4):
        for day in range(10, 30, 1 + n):
            months.judged(f"H{n}", f"2025-10-{day} 0{n}:00", f"2025-10-{day} 2{n}:00", (P, F, U)[(n + day) % 3])
    months.sealing = False
    plain = [months.over(period, "asset") for period in ("2025-10", "2025-10..2025-11", "2025-10-20")]
    months.sealing = True
    assert [months.over(period, "asset") for period in ("2025-10", "2025-10..2025-11", "2025-10-20")] == plain
    file = ledger_file(months.folder, "2025-10-20")
    kept = json.loads(file.read_text())["of"]
    assert "H1" in kept
    file.write_text(json.dumps(kept | {"H1": [[0], 1440, {}]}))
    assert months.over("2025-10-19")["trouble"] == []
    assert months.over("2025-10-20")["trouble"] == [Reason("judge.day_changed", day="2025-10-20").as_json()]


def test_a_day_counted_in_again_is_sealed_again_and_the_last_seal_counts(months: Months) -> None:
    months.live("H1", "2025-11-01", IN, thing("H1"))
    months.judged("H1", "2025-11-01", "2025-11-02", P)
    assert months.counts("2025-11-01") == {"": (DAY, 0, 0)}
    months.judged("H1", "2025-11-01 23:00", "2025-11-02", F)
    months.write()
    months.index.add("2025-11-01", DAY)
    assert months.counts("2025-11-01") == {"": (DAY - 60, 60, 0)}


def test_a_day_that_is_written_again_counts_by_its_file_until_it_is_sealed_again(months: Months) -> None:
    """Whatever ends the agent between the two: the seal of before is of another file."""
    months.live("H1", "2025-11-01", IN, thing("H1"))
    months.judged("H1", "2025-11-01", "2025-11-03", P)
    months.write()
    months.judged("H1", "2025-11-01 23:00", "2025-11-02", F)
    months.index.reopen("2025-11-01")
    assert line_of(months.folder, "2025-11-01") == b"", "evidence names no seal of another file"
    months.sealing = False
    assert months.counts("2025-11-01") == {"": (DAY - 60, 60, 0)}
    assert (months.over("2025-11")["trouble"], months.index.waiting([])) == ([], ["2025-11-01"])
    months.index.reopen("2025-11-01")
    months.sealing = True
    assert months.counts("2025-11-01") == {"": (DAY - 60, 60, 0)}
    days = [json.loads(line[65:])["day"] for line in index_file(months.folder, "2025-11").read_bytes().splitlines()]
    assert days == ["2025-11-01", "2025-11-02", "2025-11-01", "2025-11-01"]
    months.index.reopen("2025-11-01")
    assert months.index.waiting([]) == ["2025-11-01"]


def test_every_spoilt_byte_of_the_index_is_told_and_costs_no_minute(months: Months) -> None:
    months.live("H1", "2025-11-01", IN, thing("H1"))
    months.judged("H1", "2025-11-01", "2025-11-05", F)
    whole = months.over("2025-11-01..2025-11-04")
    path = index_file(months.folder, "2025-11")
    raw = path.read_bytes()
    months.sealing = False
    for at in range(0, len(raw), 31):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        spoilt = months.over("2025-11-01..2025-11-04")
        assert spoilt["groups"] == whole["groups"]
        assert spoilt["trouble"], at
    lines = raw.splitlines(keepends=True)
    path.write_bytes(lines[0] + b"".join(lines[2:]))
    (told,) = months.over("2025-11-01..2025-11-04")["trouble"]
    assert told["code"] == "chained.gap"


def _years(months: Months, names: list[str]) -> None:
    """Three years of the same day: 1,400 minutes good, 30 bad, 10 unknown."""
    good, bad, unknown = (array("H", [n] * len(names)) for n in (1400, 30, 10))
    own = {name: [[0, 1400 << 2 | 1, 1430 << 2 | 2], DAY, {}] for name in names}
    file = json.dumps(own).encode()
    sums = DaySums(" ".join(names), good, bad, unknown, DAY, {}, {}, sha256(file).hexdigest())
    before = chained.FIRST
    for day in every_day(date(2023, 1, 1), date(2025, 12, 31)):
        lines, before = chained.chained(before, [_line(day.isoformat(), sums, sums.file)])
        path = index_file(months.folder, day.isoformat()[:7])
        path.parent.mkdir(exist_ok=True)
        with path.open("ab") as index:
            index.write(lines)
    for turning in ("2024-07-03", "2024-07-04"):
        ledger_file(months.folder, turning).write_bytes(file)


def test_three_years_of_five_hundred_cost_little(months: Months) -> None:
    names = [f"H{n:03}" for n in range(500)]
    at_s = months.minute("2023-01-01 09:00") * 60.0
    known = [LifeEntry(name, at_s, at_s, IN, thing(name)) for name in names]
    months.register.accept(months.register.write(known))
    for name in names[::25]:
        months.live(name, "2024-07-03 08:00", REPAIR)
        months.live(name, "2024-07-04 08:00", IN)
    _years(months, names)
    began = time.process_time()
    (july,) = months.over("2024-07")["groups"]
    month_s = time.process_time() - began
    assert july["not_serviceable"] == 480 * 31 * 30 + 20 * (29 * 30 + (DAY - 480) + (480 + 30))
    assert july["total"] == 500 * 31 * DAY
    began = time.process_time()
    (group,) = months.over("2023..2025")["groups"]
    years_s = time.process_time() - began
    assert group["total"] == 500 * (1096 * DAY - 540)
    print(f"a month {month_s:.3f} s, three years {years_s:.3f} s")
    assert month_s < scaled(0.5) and years_s < scaled(1.5), (month_s, years_s)
