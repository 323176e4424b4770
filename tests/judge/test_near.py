"""Nearest working hydrants against brute force and places measured by hand."""

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cli.found import geojson
from agent.judge.flow import FlowTest
from agent.judge.near import (
    TOO_OLD,
    AssetStatus,
    Found,
    Modelled,
    Nearby,
    Water,
    about,
    as_of,
    standing_as_json,
    standings_from_json,
)
from agent.judge.place import Grid, bearing_deg, distance_m, fitting_cell_m
from agent.judge.water_record import WaterRecord


def test_known_distances() -> None:
    # one degree of a meridian on the mean sphere: 111,195 m; at 60° N a degree of longitude is half that
    assert distance_m(118, 28, 118, 29) == pytest.approx(111_195, abs=1)
    assert distance_m(10, 60, 11, 60) == pytest.approx(55_597, rel=1e-4)
    # Quzhou to Hangzhou by published coordinates: about 195 km
    assert distance_m(118.8718, 28.9417, 120.1551, 30.2741) == pytest.approx(193_500, rel=0.01)


@pytest.mark.parametrize(("dx", "dy", "bearing"), [(0, 1, 0), (1, 0, 90), (0, -1, 180), (-1, 0, 270)])
def test_bearings(dx: int, dy: int, bearing: float) -> None:
    assert bearing_deg(118, 0, 118 + dx * 0.01, dy * 0.01) == pytest.approx(bearing, abs=0.01)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), lat=st.sampled_from([0.0, 28.9, 65.0, -45.0]), radius=st.floats(50, 4000))
def test_grid_equals_brute_force(seed: int, lat: float, radius: float) -> None:
    chance = random.Random(seed)
    grid: Grid[int] = Grid(250)
    places = [(118 + chance.uniform(-0.03, 0.03), lat + chance.uniform(-0.03, 0.03)) for _ in range(120)]
    for i, place in enumerate(places):
        grid.add(*place, i)
    here = (118 + chance.uniform(-0.04, 0.04), lat + chance.uniform(-0.04, 0.04))
    want = sorted((distance_m(*here, *p), i) for i, p in enumerate(places) if distance_m(*here, *p) <= radius)
    assert list(grid.nearest(*here, radius)) == want


@pytest.mark.parametrize(("count", "step_deg"), [(2000, 0.00005), (2000, 0.0013), (5, 0.00005)])
def test_a_grid_that_fits_looks_at_few_however_thick_they_stand(
    monkeypatch: pytest.MonkeyPatch, count: int, step_deg: float
) -> None:
    looked = 0

    def counted(*ends: float) -> float:
        nonlocal looked
        looked += 1
        return distance_m(*ends)

    side = math.isqrt(count)
    places = [(118 + n % side * step_deg, 28.9 + n // side * step_deg) for n in range(count)]
    grid: Grid[int] = Grid(fitting_cell_m(places, 250))
    for n, place in enumerate(places):
        grid.add(*place, n)
    monkeypatch.setattr("agent.judge.place.distance_m", counted)
    for place in places[:: max(1, count // 50)]:
        looked = 0
        assert len(list(itertools.islice(grid.nearest(*place, 500), 9))) == min(9, count)
        assert looked <= 200, "of two thousand"


def test_no_place_needs_no_cell() -> None:
    assert fitting_cell_m([], 250) == 0.0


def test_empty_grid_finds_nothing() -> None:
    assert list(Grid[int]().nearest(0, 0, 1000)) == []


def street(*states: str, test: FlowTest | None = None) -> Nearby:
    return Nearby(
        AssetStatus(f"H{i}", "hydrant", 118 + i * 0.001, 28.9, state, test=test, seen_s=1000.0)
        for i, state in enumerate(states)
    )


def test_only_working_ones_nearest_first() -> None:
    near = street("serviceable", "not_serviceable", "unknown", "serviceable")
    assert [f.standing.id for f in near.find(118.0021, 28.9)] == ["H3", "H0"]
    assert [f.standing.id for f in near.find(118.0021, 28.9, every_state=True)] == ["H2", "H3", "H1", "H0"]
    assert [f.standing.id for f in near.find(118.0021, 28.9, most=1)] == ["H3"]
    assert near.find(118.0021, 28.9, radius_m=50) == []


def test_distance_bearing_and_flow() -> None:
    test = FlowTest("H0", 500.0, 350, 250, 30)
    (found,) = street("serviceable", test=test).find(118, 28.901, water=Water(500.0 + 86_400))
    assert found.distance_m == pytest.approx(111.2, abs=0.1)
    assert found.bearing_deg == pytest.approx(180)
    assert found.flow_l_s == pytest.approx(49.2, rel=0.03)  # NFPA 291's figure, drawn a little to what any gives
    assert found.age_days == 1
    assert found.by == "draws"
    assert found.proof == ("reading", 1000.0)
    assert not found.assumed


def test_rows_of_a_snapshot_survive_and_are_a_map() -> None:
    test = FlowTest("H0", 500.0, 350, 250, 30, "张")
    things = [
        AssetStatus("H0", "hydrant", 118, 28.9, "serviceable", "门口", reasons=("x",), outlets_mm=(65, 100), test=test),
        AssetStatus("P", "water_point", 118, 28.9, "unknown", capacity_m3=200.0, level_m=1.5),
    ]
    assert list(standings_from_json(map(standing_as_json, things))) == things
    collection = geojson([one.as_json() for one in Nearby(things).find(118, 28.9, every_state=True)])
    assert [f["geometry"]["coordinates"] for f in collection["features"]] == [[118, 28.9]] * 2
    assert collection["features"][0]["properties"]["outlets_mm"] == [65, 100]


def test_of_a_city_only_what_may_be_near_is_looked_at() -> None:
    chance = random.Random(3)
    rows = [{"lon": 118 + chance.uniform(-0.1, 0.1), "lat": 60 + chance.uniform(-0.1, 0.1)} for _ in range(4000)]
    left = list(about(rows, 118.0, 60.0, 1000.0))
    assert len(left) < 200
    near = [row for row in rows if distance_m(118.0, 60.0, row["lon"], row["lat"]) <= 1000.0]
    assert near and all(row in left for row in near)
    assert list(about([1, {"lon": "x", "lat": 60}, {}], 118.0, 60.0, 1000.0)) == [1, {"lon": "x", "lat": 60}, {}]


def test_a_file_that_is_no_snapshot_says_so() -> None:
    with pytest.raises(ValueError, match="not a thing with a verdict"):
        list(standings_from_json([{"id": "x", "colour": "red"}]))


def at_pressure(kpa: float | None, *, age_s: float | None = 5.0, test: FlowTest | None = None) -> AssetStatus:
    return AssetStatus(
        "H", "hydrant", 118, 28.9, "serviceable", pressure_kpa=kpa, seen_s=1000.0, age_s=age_s, fresh_s=900.0, test=test
    )


@pytest.mark.parametrize(
    ("kpa", "age_s", "counted", "below"),
    [
        (100.0, 5, 0, True),  # 0.10 MPa at rest leaves nothing to drop
        (52.0, 5, 0, True),
        (100.1, 5, 15, False),
        (52.0, 900, 0, True),
        (52.0, 900.1, 15, False),  # too old to speak of now: its verdict is unknown by then
        (52.0, None, 15, False),
        (None, 5, 15, False),
    ],
)
def test_a_hydrant_below_the_wanted_pressure_promises_nothing(
    kpa: float | None, age_s: float | None, counted: float, below: bool
) -> None:
    (found,) = Nearby([at_pressure(kpa, age_s=age_s)]).find(118, 28.9)
    assert (found.counted_l_s, found.below, found.assumed) == (counted, below, not below)
    assert found.flow_l_s == (0 if below else None)


def test_a_flow_test_gives_what_the_pressure_of_now_leaves() -> None:
    test = FlowTest("H", 500.0, 350, 250, 30)
    water = Water(500.0)
    flows = [Nearby([at_pressure(kpa, test=test)]).find(118, 28.9, water=water)[0] for kpa in (400, 350, 225, 101, 99)]
    gives = [f.flow_l_s for f in flows]
    assert gives == sorted(gives, key=lambda flow: -(flow or 0))
    assert gives[1] == pytest.approx(30 * 2.5**0.54, rel=0.03)
    assert gives[4] == 0
    for f in flows[:4]:
        assert f.low_l_s is not None and f.flow_l_s is not None and f.high_l_s is not None
        assert f.low_l_s < f.flow_l_s < f.high_l_s


def test_the_model_comes_first_and_falls_with_the_pressure_of_now() -> None:
    test = FlowTest("H", 500.0, 350, 250, 30)
    water = Water(500.0, 18, model={"H": Modelled(80.0, 0.05, 300.0)})

    def flow(kpa: float) -> float | None:
        return Nearby([at_pressure(kpa, test=test)]).find(118, 28.9, water=water)[0].flow_l_s

    assert flow(400) == flow(285) == 80.0
    assert flow(200) == pytest.approx(80.0 * 0.5**0.54)
    assert flow(99) == 0
    (found,) = Nearby([at_pressure(None, test=test)]).find(118, 28.9, water=water)
    assert found.by == "model"
    assert found.low_l_s == pytest.approx(80 * math.exp(-1.645 * 0.05))


def test_of_an_hour_that_is_not_now_the_usual_pressure_counts() -> None:
    seen = WaterRecord()
    for _ in range(10):
        seen.stood(2, 400.0)
        seen.stood(18, 250.0)
    test = FlowTest("H", 500.0, 350, 250, 30)

    def found(hour: int | None) -> Found:
        water = Water(500.0, hour, {"H": seen}.get)
        return Nearby([at_pressure(None, test=test)]).find(118, 28.9, water=water)[0]

    assert (found(18).flow_l_s or 0) < (found(None).flow_l_s or 0) < (found(2).flow_l_s or 0)
    assert (found(4).flow_l_s or 0) == (found(None).flow_l_s or 0), "of four o'clock nothing was seen"


@pytest.mark.parametrize(
    ("later_s", "state"),
    [
        (0, "serviceable"),
        (900, "serviceable"),
        (901, "unknown"),
        (3 * 86_400, "unknown"),
        (-120, "serviceable"),
        (-121, "unknown"),
    ],
)
def test_an_old_snapshot_knows_only_what_is_fresh(later_s: float, state: str) -> None:
    thing = as_of(at_pressure(300.0), 1000.0 + later_s)
    assert (thing.state, thing.age_s) == (state, later_s)
    assert (TOO_OLD in thing.reasons) == (state == "unknown")


def test_a_thing_without_limit_or_reading_is_unknown() -> None:
    assert as_of(AssetStatus("H", "hydrant", 118, 28.9, "serviceable", seen_s=1000.0), 1000.0).state == "unknown"
    assert as_of(AssetStatus("H", "hydrant", 118, 28.9, "serviceable", fresh_s=900.0), 1000.0).state == "unknown"
