"""The water model against cases worked by hand."""

import math

import pytest

from hil.water.demand import pattern
from hil.water.network import KPA_PER_M, Junction, Network, Pipe, Source, town
from hil.water.solve import Link, solve
from hil.water.water import Pond, Water

TWELVE = [f"H{i:02}" for i in range(12)]


def single_pipe(demand_l_s: float) -> Water:
    net = Network(
        {"J": Junction("J", 10.0, demand_l_s)},
        {"T": Source("T", 50.0)},
        {"P": Pipe("P", "T", "J", 1000, 200, 100)},
        {"H": "J"},
    )
    return Water(net, start_of_day_s=0)


def test_without_flow_pressure_is_the_height_of_water_above() -> None:
    assert single_pipe(0.0).pressure_kpa("H", 0) == pytest.approx(40 * KPA_PER_M, abs=1e-6)


def test_ten_metres_higher_is_98_kpa_less() -> None:
    net = Network(
        {"low": Junction("low", 0.0), "high": Junction("high", 10.0)},
        {"T": Source("T", 40.0)},
        {"a": Pipe("a", "T", "low", 100, 150), "b": Pipe("b", "low", "high", 100, 150)},
        {"L": "low", "U": "high"},
    )
    water = Water(net)
    assert water.pressure_kpa("L", 0) - water.pressure_kpa("U", 0) == pytest.approx(98.0665, abs=1e-4)


def test_loss_in_one_pipe_is_hazen_williams() -> None:
    # 30 L/s through 1,000 m of DN 200, C 100: r = 10667/(100^1.852·0.2^4.871) = 5357; h = 5357·0.03^1.852 = 8.10 m
    solution = solve(
        ["J"], {"T": 50.0}, [Link("T", "J", Pipe("P", "T", "J", 1000, 200, 100).resistance, 1.852)], {"J": 0.03}
    )
    assert 50.0 - solution.head["J"] == pytest.approx(8.10, abs=0.02)
    assert solution.flow[0] == pytest.approx(0.03, abs=1e-6)


def test_two_equal_pipes_share_the_flow() -> None:
    links = [Link("T", "J", 5000, 1.852), Link("T", "J", 5000, 1.852)]
    solution = solve(["J"], {"T": 50.0}, links, {"J": 0.04})
    assert solution.flow == pytest.approx([0.02, 0.02], abs=1e-6)


def test_unequal_parallel_pipes_lose_the_same_head() -> None:
    links = [Link("T", "J", 5000, 1.852), Link("T", "J", 20000, 1.852)]
    flow = solve(["J"], {"T": 50.0}, links, {"J": 0.04}).flow
    assert flow[0] / flow[1] == pytest.approx(4 ** (1 / 1.852), rel=1e-4)


def test_every_junction_balances() -> None:
    water = Water(town(TWELVE), start_of_day_s=12 * 3600)
    water.fire_flow("H05", 0, ramp_s=0)
    solution = water.solution(10)
    net = dict.fromkeys(water.network.junctions, 0.0)
    for pipe, q in zip(water.network.pipes.values(), solution.flow, strict=False):
        for point, sign in ((pipe.start, -1), (pipe.end, 1)):
            if point in net:
                net[point] += sign * q
    for junction, into in net.items():
        demand = 1.2 * pattern(12 * 3600 + 10) / 1000
        drawn = water.flow_l_s("H05", 10) / 1000 if junction == water.network.hydrants["H05"] else 0.0
        assert into == pytest.approx(demand + drawn, abs=2e-6)


def test_open_hydrant_gives_what_the_nozzle_formula_says() -> None:
    water = Water(town(TWELVE))
    water.fire_flow("H06", 100, 200, ramp_s=0)
    p = water.pressure_kpa("H06", 150)
    assert water.flow_l_s("H06", 150) == pytest.approx(0.0666 * 0.9 * 65**2 * math.sqrt(p) / 60)
    assert water.flow_l_s("H06", 99) == water.flow_l_s("H06", 200) == 0


def test_fire_flow_pulls_the_neighbours_down_less_with_distance() -> None:
    water = Water(town(TWELVE))
    before = {h: water.pressure_kpa(h, 90) for h in TWELVE}
    water.fire_flow("H11", 100, 1000)
    drop = {h: before[h] - water.pressure_kpa(h, 200) for h in TWELVE}
    assert drop["H11"] > drop["H10"] > drop["H00"] > 1
    assert all(water.pressure_kpa(h, 1001.0) > water.pressure_kpa(h, 200) for h in TWELVE)


def test_burst_lowers_the_whole_town_and_ends() -> None:
    water = Water(town(TWELVE))
    quiet = {h: water.pressure_kpa(h, 5) for h in TWELVE}
    water.burst("J1.2", 10, 50, hole_mm=120)
    assert all(quiet[h] - water.pressure_kpa(h, 30) > 30 for h in TWELVE)
    assert water.pressure_kpa("H00", 60) == pytest.approx(quiet["H00"], abs=2)


def test_night_pressure_is_higher_than_the_morning_peak() -> None:
    water = Water(town(TWELVE))
    assert water.pressure_kpa("H11", 3 * 3600) > water.pressure_kpa("H11", 7 * 3600) + 5
    assert sum(pattern(h * 3600) for h in range(24)) / 24 == pytest.approx(1)


def test_shut_feed_leaves_nothing_to_solve_but_a_shut_street_reroutes() -> None:
    water = Water(town(TWELVE))
    before = water.pressure_kpa("H01", 25_200)
    water.shut_pipe("E0.1", 25_000, 26_000)
    assert water.pressure_kpa("H01", 25_200) < before
    assert water.pressure_kpa("H01", 26_001) > water.pressure_kpa("H01", 25_999 - 1)


def test_pond_falls_by_what_is_pumped() -> None:
    water = Water(town(["H"]), ponds={"pond": Pond("pond", 500, 2.0, ((100, 1100, 50),))})
    assert water.level_m("pond", 100) == 2.0
    assert water.level_m("pond", 600) == pytest.approx(2.0 - 25 / 500)
    assert water.level_m("pond", 9999) == pytest.approx(2.0 - 50 / 500)


def test_same_question_same_answer() -> None:
    one, two = Water(town(TWELVE)), Water(town(TWELVE))
    for water in (one, two):
        water.fire_flow("H03", 10)
    forward = [one.pressure_kpa("H07", t / 2) for t in range(60)]
    back = [two.pressure_kpa("H07", t / 2) for t in reversed(range(60))]
    assert forward == pytest.approx(back[::-1], abs=1e-3)


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="no such point"):
        Network({}, {"T": Source("T", 1)}, {"P": Pipe("P", "T", "X", 1, 1)})
    with pytest.raises(KeyError, match="no hydrant Z"):
        Water(town(["H"])).pressure_kpa("Z", 0)
    with pytest.raises(KeyError, match="no pipe"):
        Water(town(["H"])).shut_pipe("none", 0)
