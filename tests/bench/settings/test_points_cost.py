"""Raw to value and quality, and the dead-band, against the least a Python loop can do in the same run."""

import timeit
from typing import Any

import pytest

from drivers.points import Row, layout_of, rules_of
from drivers.profile.load import SHIPPED, load
from drivers.publish import Publisher
from drivers.sample import Sample

NAMES = ("pressure", "temperature", "battery", "alarms", "mode", "flow", "tilt", "signal")
RAWS = (312.5, 215, 3612, 0, 1, 3.5, 12, -80)
SCALES = (1, 0.1, 0.001, 1, 1, 1, 0.1, 1)


def row() -> Row:
    profile = load(SHIPPED / "hydrant/terminal-float.toml")
    layout = layout_of(profile.profile, profile.points, NAMES)
    return Row(layout, rules_of(profile.points, layout))


def bare() -> tuple[float, ...]:
    """Scaling alone: no range, no pattern, no enum, no bits, no quality."""
    return tuple([raw * scale for raw, scale in zip(RAWS, SCALES, strict=True)])


def least(call: Any) -> float:
    return min(timeit.repeat(call, number=2000, repeat=9))


def test_a_judged_row_costs_at_most_four_times_its_bare_multiplications() -> None:
    decode = row().decode
    assert decode(RAWS)[1] == bytes(len(NAMES))
    assert least(lambda: decode(RAWS)) < 4 * least(bare)


def test_a_row_that_did_not_move_costs_less_than_judging_it() -> None:
    one = row()
    values, quality = one.decode(RAWS)
    profile = load(SHIPPED / "hydrant/terminal-float.toml")
    publisher = Publisher({profile.profile: profile.points})
    moved = (values[0], 21.6, *values[2:])  # inside the dead-band: every value is compared
    samples = [Sample("H1", one.layout, at, held, quality) for at, held in enumerate((values, moved))]
    assert [publisher.passes(sample) for sample in samples] == [True, False]
    assert least(lambda: publisher.passes(samples[1])) < least(lambda: one.decode(RAWS))


@pytest.mark.benchmark(group="points")
def test_decode_eight_points(benchmark: Any) -> None:
    decode = row().decode
    benchmark(lambda: decode(RAWS))


@pytest.mark.benchmark(group="points")
def test_bare_multiplications_of_eight_points(benchmark: Any) -> None:
    benchmark(bare)
