"""The board on the hot path, against what making the Sample itself costs in the same run."""

import timeit
from typing import Any

import pytest

from agent.core.latest import DeviceInfo, LatestValues
from drivers.sample import Layout, Sample
from tests.alarms import alarms

SHAPE = Layout("make", ("pressure", "temperature", "battery", "alarms"), ("kPa", "Cel", "V", ""))
DEVICES = [f"h{n:03}" for n in range(500)]


def samples() -> list[Sample]:
    return [Sample(device, SHAPE, 1, (300.0 + n, 14.0, 3.6, ()), SHAPE.good) for n, device in enumerate(DEVICES)]


def a_board() -> LatestValues:
    return LatestValues((DeviceInfo(device, device, "hydrant", "pressure", "line-1") for device in DEVICES), alarms())


def test_taking_a_sample_costs_about_as_much_as_making_one() -> None:
    made = samples()
    take = a_board().sample

    def taken() -> None:
        for sample in made:
            take(sample)

    taken()
    making = min(timeit.repeat(samples, number=20, repeat=7))
    taking = min(timeit.repeat(taken, number=20, repeat=7))
    assert taking < 2 * making


@pytest.mark.benchmark(group="board")
def test_board_takes_500_samples(benchmark: Any) -> None:
    made = samples()
    take = a_board().sample
    benchmark(lambda: [take(sample) for sample in made])
