"""Rates and the ledger of minutes by hand."""

import pytest

from agent.judge.asset import Asset
from agent.judge.rate import Ledger, Tally, rate_now
from agent.judge.verdict import State, Verdict

P, F, U = State.SERVICEABLE, State.NOT_SERVICEABLE, State.UNKNOWN
ASSETS = [
    Asset("a", "hydrant", station="1", district="x"),
    Asset("b", "hydrant", station="1", district="y"),
    Asset("c", "fill_stand", station="2", district="x"),
    Asset("d", "water_point", station="2", district="x"),
]


def verdicts(**states: State) -> dict[str, Verdict]:
    return {asset: Verdict(asset, state, (), 0, "r") for asset, state in states.items()}


def test_strict_counts_unknown_against() -> None:
    (tally,) = rate_now(ASSETS, verdicts(a=P, b=F, c=P)).values()
    assert (tally.serviceable, tally.not_serviceable, tally.unknown, tally.total) == (2, 1, 1, 4)
    assert tally.strict == 0.5
    assert tally.of_known == pytest.approx(2 / 3)


def test_nothing_to_count_is_no_rate() -> None:
    assert Tally().strict is None
    assert Tally(unknown=3).of_known is None
    assert Tally(unknown=3).strict == 0.0
    assert rate_now([], {}) == {}


@pytest.mark.parametrize(
    ("by", "strict"),
    [
        ("station", {"1": 0.5, "2": 1.0}),
        ("district", {"x": 1.0, "y": 0.0}),
        ("kind", {"hydrant": 0.5, "fill_stand": 1.0, "water_point": 1.0}),
        ("asset", {"a": 1.0, "b": 0.0, "c": 1.0, "d": 1.0}),
    ],
)
def test_groups(by: str, strict: dict[str, float]) -> None:
    groups = rate_now(ASSETS, verdicts(a=P, b=F, c=P, d=P), by)  # type: ignore[arg-type]  # parametrised
    assert {name: tally.strict for name, tally in groups.items()} == strict


def ledger() -> Ledger:
    kept = Ledger()
    for minute in range(100):
        kept.minute("2026-11-21", "a", P if minute < 75 else F, ["low"] if minute >= 90 else [])
        kept.minute("2026-11-22", "a", P)
        kept.minute("2026-12-01", "a", F)
        kept.minute("undated", "a", F)
    kept.minute("2026-11-21", "b", U, ["low", "lower"])
    return kept


def test_time_weighted_by_day_and_month() -> None:
    elapsed = {"2026-11-21": 100, "2026-11-22": 100, "2026-12-01": 200, "undated": 0}.__getitem__
    a = ASSETS[:1]
    assert ledger().rate(a, "2026-11-21", elapsed)[""].strict == 0.75
    assert ledger().rate(a, "2026-11", elapsed)[""].strict == 0.875
    assert ledger().rate(a, "2026-12", elapsed)[""] == Tally(0, 100, 100), "the missing hundred minutes are unknown"
    assert ledger().rate(a, "2026", elapsed)[""].total == 400


def test_an_asset_without_minutes_was_unknown_all_day() -> None:
    day = ledger().rate(ASSETS, "2026-11-22", lambda _day: 100, "asset")
    assert day["d"] == Tally(0, 0, 100)


def test_minutes_below_limits() -> None:
    assert ledger().below("2026-11-21") == {"a": {"low": 10}, "b": {"low": 1, "lower": 1}}
    assert ledger().below("2026-12") == {}


def test_kept_and_read_again() -> None:
    again = Ledger.from_json(ledger().as_json())
    assert again == ledger()
    again.forget("2026-11-21")
    assert sorted(again.days) == ["2026-11-22", "2026-12-01", "undated"]


def test_minutes_of_two_ledgers_are_counted_together() -> None:
    twice = ledger()
    twice.join(ledger())
    assert twice.days["2026-11-21"]["a"].tally.total == 2 * ledger().days["2026-11-21"]["a"].tally.total
    assert twice.below("2026-11-21") == {"a": {"low": 20}, "b": {"low": 2, "lower": 2}}
