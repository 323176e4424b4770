"""The rate now, by hand."""

import pytest

from agent.judge.asset import Asset
from agent.judge.rate import rate_now
from agent.judge.tally import Tally
from agent.judge.verdict import State, Verdict

P, F = State.SERVICEABLE, State.NOT_SERVICEABLE
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
