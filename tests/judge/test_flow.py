"""Flow arithmetic against physics and NFPA 291's own tables."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.flow import FlowTest, nozzle_l_s, project_l_s, rate

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


def test_nothing_is_available_at_or_above_static() -> None:
    assert project_l_s(20, 300, 200, 300) == project_l_s(20, 300, 200, 400) == 0


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
    residual = static * (1 - drop)
    got = project_l_s(flow, static, residual, wanted)
    assert got >= 0
    assert project_l_s(flow, static, residual, residual) == pytest.approx(flow)
    assert project_l_s(flow, static, residual, wanted + 10) <= got


def test_the_edges_of_what_is_taken() -> None:
    assert nozzle_l_s(65, 0) == 0.0
    assert nozzle_l_s(1, 0.5) > 0.0
    assert nozzle_l_s(65, 100, 1.0) > nozzle_l_s(65, 100, 0.99)
    assert FlowTest("H", 0.0, 300.0, 0.0, 20.0).residual_kpa == 0.0
