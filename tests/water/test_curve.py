"""What a hydrant gives without a model: from one test at ten o'clock, at two and at eighteen, against the referee."""

import random
import statistics
from pathlib import Path

import pytest

from agent.water.curve import Draw, Hour, Supply, supply
from tests.water import known
from tests.water.networks import TOWNS
from tests.water.referee import referee

YEAR_S = 365.25 * 86_400


def asked(name: str, seed: int, folder: Path, share: float) -> list[tuple[float, Supply]]:
    """What is true (L/s) and what is said from one test each, that drew `share` of what the hydrant gave then."""
    truth, chance = known.ground(TOWNS[name], seed), random.Random(seed)
    found: list[tuple[float, Supply]] = []

    def off(kpa: float) -> float:
        return kpa + chance.gauss(0, known.NOISE_KPA)

    with referee(truth.text(), folder) as judge:
        hydrants = list(truth.hydrants)
        hours, gives = [], []
        for hour in (2, 4, 7, 10, 14, 18, 22):
            judge.at(hour)
            hours.append(judge.pressures(hydrants))
            gives.append({h: judge.gives([h])[h] for h in hydrants} if hour in (2, 10, 18) else {})
        judge.at(known.TESTED_AT)
        for hydrant in hydrants:
            drawn = share * gives[3][hydrant]
            if drawn < 2:
                continue
            static, residual = hours[3][hydrant], judge.pressures([hydrant], {hydrant: drawn})[hydrant]
            draw = Draw(0.0, off(static), off(residual), drawn * (1 + chance.gauss(0, 0.02)))
            if not 0 <= draw.residual_kpa < draw.static_kpa:
                continue
            top = max(pressures[hydrant] for pressures in hours)
            for at in (0, 5):
                said = supply([draw], Hour(off(hours[at][hydrant]), 4.0, top), 100.0, 0.0)
                found.append((gives[at][hydrant], said))
    return found


def judged(found: list[tuple[float, Supply]]) -> tuple[float, float]:
    wet = [(true, said) for true, said in found if true >= 2.0]
    inside = [said.low_l_s <= true <= said.high_l_s for true, said in wet]
    return sum(inside) / len(inside), statistics.median(abs(said.flow_l_s / true - 1) for true, said in wet)


@pytest.mark.parametrize("name", TOWNS)
def test_flow_without_a_model(name: str, tmp_path: Path) -> None:
    share, off = judged([one for seed in (71, 72) for part in (0.3, 0.8) for one in asked(name, seed, tmp_path, part)])
    assert share >= 0.88
    assert off <= 0.20


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", [0.25, 0.5, 0.9])
@pytest.mark.parametrize("name", TOWNS)
def test_flow_without_a_model_in_many_towns(name: str, part: float, tmp_path: Path) -> None:
    share, off = judged([one for seed in range(300, 330) for one in asked(name, seed, tmp_path, part)])
    assert share >= 0.88
    assert off <= 0.20


def test_at_the_pressures_of_a_good_test_it_says_what_was_measured() -> None:
    said = supply([Draw(0.0, 400.0, 100.0, 50.0)], Hour(400.0, 1.0, 410.0), 100.0, 0.0)
    assert said.flow_l_s == pytest.approx(50.0, rel=0.01)
    assert 0.05 < said.spread < 0.1


@pytest.mark.parametrize("hour", [None, Hour(350.0, 4.0, 420.0)])
def test_what_is_less_sure_is_wider(hour: Hour | None) -> None:
    good = Draw(0.0, 350.0, 250.0, 30.0)
    spread = supply([good], hour, 100.0, 0.0).spread
    assert supply([good], hour, 100.0, 10 * YEAR_S).spread > spread, "older"
    assert supply([good], hour, 100.0, None).spread > spread, "of unknown age"
    assert supply([good._replace(error_kpa=15.0)], hour, 100.0, 0.0).spread > spread, "a worse gauge"
    assert supply([Draw(0.0, 350.0, 344.0, 7.0)], hour, 100.0, 0.0).spread > 2 * spread, "a drop the gauge hardly sees"
    assert supply([good, good._replace(at_s=9.0, residual_kpa=180.0, flow_l_s=39.0)], hour, 100.0, 9.0).spread < spread
    if hour is not None:
        assert supply([good], hour._replace(error_kpa=40.0), 100.0, 0.0).spread > spread, "an hour hardly known"
    else:
        assert spread > supply([good], Hour(350.0, 4.0, 350.0), 100.0, 0.0).spread, "an hour not known at all"


def test_two_draws_say_how_much_of_the_way_is_shared() -> None:
    """A hydrant on its own main follows NFPA 291's curve; on one where the town draws as much, it does not."""
    now = Hour(400.0, 2.0, 700.0)
    own = [Draw(0.0, 400.0, 400.0 - 300 * (q / 60) ** 1.852, q) for q in (15.0, 45.0)]
    shared = [Draw(0.0, 400.0, 400.0 - 300 * (((q + 60) / 60) ** 1.852 - 1), q) for q in (8.0, 22.0)]
    for draws, true in ((own, 60.0), (shared, 27.2)):
        said = supply(draws, now, 100.0, 0.0)
        assert said.flow_l_s == pytest.approx(true, rel=0.12)
        assert said.low_l_s < true < said.high_l_s


def test_below_the_wanted_pressure_nothing_is_given() -> None:
    said = supply([Draw(0.0, 350.0, 250.0, 30.0)], Hour(99.0, 4.0, 420.0), 100.0, 86_400.0)
    assert (said.flow_l_s, said.low_l_s, said.high_l_s, said.age_days) == (0.0, 0.0, 0.0, 1.0)
