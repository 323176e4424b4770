"""Flow arithmetic against physics and NFPA 291's own tables."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.flow import FlowTest, available, nozzle_l_s, project_l_s, rate

PSI = 6.894757
GPM = 0.0630902


def test_the_sentence_in_the_rules() -> None:
    assert nozzle_l_s(65, 100) == pytest.approx(42.2, abs=0.05)


def test_against_torricelli() -> None:
    # Q = c·A·√(2p/ρ): 65 mm, 100 kPa, c 0.9 → 0.9 · 3.3183e-3 m² · 14.142 m/s = 42.24 L/s
    area = math.pi * 0.065**2 / 4
    assert nozzle_l_s(65, 100) == pytest.approx(1000 * 0.9 * area * math.sqrt(2 * 100e3 / 1000), rel=2e-3)


@pytest.mark.parametrize(
    ("pitot_psi", "gpm"),
    # NFPA 291, theoretical discharge through a 2.5 in circular orifice (c = 1): table 4.10.1
    [(1, 187), (5, 417), (10, 590), (20, 834), (30, 1022), (40, 1180), (50, 1319), (100, 1865)],
)
def test_nfpa_table_of_theoretical_discharge(pitot_psi: float, gpm: float) -> None:
    assert nozzle_l_s(63.5, pitot_psi * PSI, 1.0) / GPM == pytest.approx(gpm, abs=0.5 + 1.5e-3 * gpm)


@pytest.mark.parametrize(
    ("h", "power"),
    # NFPA 291, values of h to the 0.54 power: table 4.12.1
    [(2, 1.45), (5, 2.39), (10, 3.47), (20, 5.04), (50, 8.27), (75, 10.29), (100, 12.02), (150, 14.97)],
)
def test_nfpa_table_of_powers(h: float, power: float) -> None:
    assert project_l_s(1.0, 200.0, 199.0, 200.0 - h) == pytest.approx(power, abs=0.011)


def test_nfpa_worked_example() -> None:
    # static 80 psi, residual 60 psi at 800 gpm: at 20 psi 800·(60/20)^0.54 = 1448 gpm, class A
    test = FlowTest("H", 0, 80 * PSI, 60 * PSI, 800 * GPM)
    result = rate(test)
    assert result.nfpa_l_s / GPM == pytest.approx(1448, abs=1)
    assert result.nfpa_class == "A"
    assert result.gb_pass


@pytest.mark.parametrize(
    ("gpm", "name"),
    [(1500.1, "AA"), (1499.9, "A"), (1000.1, "A"), (999.9, "B"), (500.1, "B"), (499.9, "C"), (16, "C")],
)
def test_class_boundaries(gpm: float, name: str) -> None:
    assert rate(FlowTest("H", 0, 300, 20 * 6.894757, gpm * GPM)).nfpa_class == name


@pytest.mark.parametrize(("static_psi", "rated_psi"), [(80, 20), (40, 20), (39.9, 19.95), (30, 15), (10, 5)])
def test_below_forty_psi_the_rating_is_at_half_the_static_pressure(static_psi: float, rated_psi: float) -> None:
    test = FlowTest("H", 0, static_psi * PSI, static_psi * PSI * 0.8, 500 * GPM)
    result = rate(test)
    assert result.nfpa_kpa / PSI == pytest.approx(rated_psi)
    drop = (static_psi - rated_psi) / (static_psi * 0.2)
    assert result.nfpa_l_s / GPM == pytest.approx(500 * drop**0.54, rel=1e-4)


@pytest.mark.parametrize(("l_s", "good"), [(15.0, True), (14.99, False)])
def test_gb_pass_line(l_s: float, good: bool) -> None:
    assert rate(FlowTest("H", 0, 300, 100, l_s)).gb_pass is good


def test_interval_holds_the_value_and_widens_with_age() -> None:
    test = FlowTest("H", 0, 350, 250, 30)
    new, old, undated = available(test, 100, 0), available(test, 100, 5 * 365.25 * 86400), available(test, 100)
    assert new.flow_l_s == old.flow_l_s == pytest.approx(30 * 2.5**0.54)
    assert new.low_l_s < new.flow_l_s < new.high_l_s
    assert old.high_l_s - old.low_l_s > new.high_l_s - new.low_l_s
    assert new.age_days == 0
    assert old.age_days == pytest.approx(1826.25)
    assert undated.age_days is None
    a_year = available(test, 100, 365.25 * 86400)
    assert a_year.low_l_s == pytest.approx(new.low_l_s * 0.96, rel=1e-12)
    assert undated.high_l_s == pytest.approx(new.high_l_s * 1.4, rel=1e-12)
    assert undated.low_l_s < old.low_l_s
    # by hand, the worst corner is 3 % less flow, 5 kPa less static, 5 kPa less residual: 29.1·(245/100)^0.54 and so on
    corners = [29.1 * ((350 + s - 100) / (350 + s - 250 - r)) ** 0.54 for s in (-5, 5) for r in (-5, 5)]
    assert new.low_l_s == pytest.approx(min(corners))
    assert new.high_l_s == pytest.approx(max(corners) * 30.9 / 29.1)


def test_nothing_is_available_at_or_above_static() -> None:
    assert available(FlowTest("H", 0, 300, 200, 20), 300).flow_l_s == 0
    assert available(FlowTest("H", 0, 300, 200, 20), 400).high_l_s == 0


@pytest.mark.parametrize(("static", "residual", "flow"), [(300, 300, 20), (300, 310, 20), (300, 200, 0), (300, -1, 5)])
def test_tests_that_say_nothing_are_refused(static: float, residual: float, flow: float) -> None:
    with pytest.raises(ValueError, match=r"residual|flow above 0"):
        FlowTest("H", 0, static, residual, flow)


@pytest.mark.parametrize(("d", "p", "c"), [(0, 100, 0.9), (65, -1, 0.9), (65, 100, 0), (65, 100, 1.1)])
def test_nozzles_that_cannot_be_are_refused(d: float, p: float, c: float) -> None:
    with pytest.raises(ValueError, match="nozzle"):
        nozzle_l_s(d, p, c)


@settings(deadline=None)
@given(static=st.floats(150, 1000), drop=st.floats(0.05, 0.95), flow=st.floats(1, 200), wanted=st.floats(0, 1000))
def test_projection_is_sane(static: float, drop: float, flow: float, wanted: float) -> None:
    test = FlowTest("H", 0, static, static * (1 - drop), flow)
    got = available(test, wanted, 0)
    assert 0 <= got.low_l_s <= got.flow_l_s <= got.high_l_s
    assert project_l_s(flow, static, test.residual_kpa, test.residual_kpa) == pytest.approx(flow)
    assert available(test, wanted + 10, 0).flow_l_s <= got.flow_l_s


def test_the_edges_of_what_is_taken() -> None:
    assert nozzle_l_s(65, 0) == 0.0
    assert nozzle_l_s(1, 0.5) > 0.0
    assert nozzle_l_s(65, 100, 1.0) > nozzle_l_s(65, 100, 0.99)
    assert FlowTest("H", 0.0, 300.0, 0.0, 20.0).residual_kpa == 0.0


def test_the_gauges_error_is_never_more_than_half_a_small_drop() -> None:
    test = FlowTest("H", 86_400.0, 300.0, 296.0, 20.0)
    found = available(test, 100.0, now_s=86_400.0)
    assert found.age_days == 0.0
    assert found.low_l_s == pytest.approx(20.0 * 0.97 * (205 / 11) ** 0.54)
    assert found.high_l_s == pytest.approx(20.0 * 1.03 * (195 / 1) ** 0.54)
