"""The figures of alarms, against small histories worked out by hand and a slow way of counting."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from agent.reports.alarm_kpi import CHATTER_MS, DAY_MS, FLOOD, FLOOD_OVER, TEN_MIN_MS, measured

T0 = 1_763_600_400_000
MIN = 60_000


def turn(at_ms: float, subject: str = "H1", to: str = "raised", **more: Any) -> dict[str, Any]:
    given = {"kind": "pressure_low", "severity": "alarm", "err_ms": 5, **more}
    return {"t_ms": T0 + round(at_ms), "subject": subject, "turn": to, **given}


def over(turns: list[dict[str, Any]], days: float = 1) -> dict[str, Any]:
    return measured(turns, T0, T0 + round(days * DAY_MS))


def test_nothing_is_nothing() -> None:
    found = over([])
    assert (found["alarms"], found["per_day"], found["worst_ten_min"], found["floods"]) == (0, 0.0, 0, [])
    assert (found["chattering"], found["bad_actors"], found["stale"]) == ([], [], [])


def test_what_asks_for_nothing_is_no_alarm_and_what_has_no_time_is_in_no_rate() -> None:
    turns = [turn(1, severity="info"), turn(2, to="noted"), turn(3, err_ms=None), turn(4, severity="warning"), turn(-1)]
    found = over(turns, 2)
    assert (found["alarms"], found["undated"], found["per_day"]) == (1, 1, 0.5)


def test_a_flood_begins_with_the_eleventh_and_ends_below_five() -> None:
    eleven = [turn(n * MIN / 2, f"H{n}") for n in range(FLOOD + 1)]
    assert over(eleven[:-1])["floods"] == []
    (flood,) = over(eleven)["floods"]
    fifth_newest = T0 + (FLOOD - FLOOD_OVER + 1) * MIN // 2
    assert flood == {"from_ms": T0, "to_ms": fifth_newest + TEN_MIN_MS, "alarms": FLOOD + 1}
    assert over(eleven)["worst_ten_min"] == 11
    assert over(eleven)["worst_ten_min_ms"] == T0
    assert over(eleven)["in_flood_share"] == pytest.approx((flood["to_ms"] - T0) / DAY_MS, abs=1e-5)
    late = [*eleven, turn(3 * 60 * MIN, "H99")]
    assert over(late)["floods"] == [flood], "one alarm hours later is none of it"


def test_one_three_times_a_minute_chatters() -> None:
    slow = [turn(n * CHATTER_MS * 0.51) for n in range(3)]
    assert over(slow)["chattering"] == []
    fast = [turn(n * CHATTER_MS * 0.5) for n in range(4)]
    assert over(fast)["chattering"] == [{"subject": "H1", "kind": "pressure_low", "times": 2}]
    assert over([turn(n, f"H{n}") for n in range(9)])["chattering"] == [], "nine of nine chatter not"


def test_who_alarms_most_and_what_stands_for_over_a_day() -> None:
    turns = [turn(n * MIN, f"H{n % 12}") for n in range(30)]
    found = over(turns, 3)
    assert [(one["subject"], one["alarms"]) for one in found["bad_actors"][:7]] == [
        ("H0", 3), ("H1", 3), ("H2", 3), ("H3", 3), ("H4", 3), ("H5", 3), ("H10", 2),
    ]  # fmt: skip
    assert len(found["bad_actors"]) == 10
    assert len(found["stale"]) == 12
    cleared = [*turns, turn(40 * MIN, "H3", "cleared")]
    assert "H3" not in {one["subject"] for one in over(cleared, 3)["stale"]}
    assert over(turns, 1)["stale"] == [], "not yet"


def slowly(times: list[int]) -> Iterator[tuple[int, int]]:
    """(begin, end) of floods, looking at every second anew."""
    begin: int | None = None
    end = max(times, default=0) + 2 * TEN_MIN_MS
    for now in range(0, end, 1000):
        window = [at for at in times if now - TEN_MIN_MS < at <= now]
        if begin is None and len(window) > FLOOD:
            begin = window[0]
        elif begin is not None and len(window) < FLOOD_OVER:
            yield begin, now
            begin = None


@pytest.mark.parametrize("seed", range(6))
def test_floods_are_those_a_slow_count_finds(seed: int) -> None:
    chance = random.Random(seed)
    times: list[int] = []
    at = 0
    while at < 3 * 3600:
        at += chance.choice([1, 5, 20, 30, 60, 300])
        times.append(at * 1000)
    found = over([turn(time, f"H{n}") for n, time in enumerate(times)])["floods"]
    expected = list(slowly(times))
    assert len(found) == len(expected) > 0
    for flood, (begin, end) in zip(found, expected, strict=True):
        assert flood["to_ms"] - T0 == end
        assert flood["from_ms"] - T0 >= begin
