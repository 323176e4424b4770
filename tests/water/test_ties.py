"""Hydrants on the mains: by name, by the nearest pipe that is wide enough, between two nodes; where a drawing lies."""

import pytest

from agent.judge.place import distance_m
from agent.water.ground import inverse, on_earth
from agent.water.hydraulics import Hydraulics
from agent.water.inp import Read
from agent.water.inp_text import BadNetwork
from agent.water.ties import Hydrant, tie
from protocols.datum import from_wgs84

LON, LAT = 118.87, 28.94
FILE = f"""[JUNCTIONS]
A 10 1
B 20 1
C 20 1
D 12 1
[RESERVOIRS]
R 60
[PIPES]
wide A B 400 200 110
thin A C 400 80 110
in R A 500 300 110
side B D 200 150 110
[OPTIONS]
UNITS LPS
[COORDINATES]
A {LON} {LAT}
B {LON + 0.004} {LAT}
C {LON + 0.004} {LAT + 0.0008}
D {LON + 0.004} {LAT - 0.002}
R {LON - 0.005} {LAT}
[END]
"""


def tied(*hydrants: Hydrant) -> tuple[Read, dict[str, str], dict[str, list[str]]]:
    read = Read(FILE.encode())
    found = tie(read.network, on_earth(read.places, "wgs84", None), hydrants)
    doubts: dict[str, list[str]] = {}
    for name, doubt in found.doubts:
        doubts.setdefault(name, []).append(doubt.code)
    return read, {stand.id: read.network.nodes[stand.node].id for stand in found.stands}, doubts


@pytest.mark.parametrize(
    ("lon", "lat", "node", "doubts"),
    [
        (LON + 0.00005, LAT - 0.00005, "A", []),  # seven metres from a node
        (LON + 0.002, LAT - 0.0001, "wide@0.500", []),  # between two nodes, eleven metres from the pipe
        (LON + 0.003, LAT + 0.0004, "wide@0.750", ["network.far_tie"]),  # the thin main is nearer, but not by much
        (LON - 0.0049, LAT, "in@0.020", []),  # never on a reservoir
        (LON + 0.002, LAT - 0.0004, "wide@0.500", ["network.far_tie"]),
        (LON + 0.002, LAT + 0.0045, None, ["network.not_tied"]),
    ],
)
def test_a_hydrant_stands_on_the_nearest_main(lon: float, lat: float, node: str | None, doubts: list[str]) -> None:
    _, at, told = tied(Hydrant("H", lon, lat))
    assert at.get("H") == node
    assert told.get("H", []) == doubts


def test_a_name_that_both_know_counts_before_the_nearest_pipe() -> None:
    _, at, doubts = tied(Hydrant("d", LON + 0.0035, LAT - 0.001), Hydrant("C", LON - 0.004, LAT))
    assert at == {"d": "D", "C": "in@0.200"}, "a name 800 m away is another's"
    assert doubts == {"d": ["network.far_tie"]}


def test_what_is_doubted() -> None:
    _, _, doubts = tied(
        Hydrant("one", LON, LAT, elevation_m=10.5),
        Hydrant("two", LON, LAT, elevation_m=15.0),
        Hydrant("thin", LON + 0.0036, LAT + 0.0009),
    )
    assert doubts == {
        "two": ["network.height", "network.same_node"],
        "thin": ["network.thin"],
    }


def test_a_pipe_that_is_cut_in_two_or_three_is_the_same_water() -> None:
    read, at, _ = tied(Hydrant("x", LON + 0.001, LAT), Hydrant("y", LON + 0.002, LAT), Hydrant("z", LON + 0.003, LAT))
    assert sorted(at.values()) == ["wide++@0.500", "wide+@0.333", "wide@0.250"]
    plain = Read(FILE.encode()).network
    heads = [Hydraulics(net) for net in (plain, read.network)]
    whole, cut = (one.solve(one.at(0.0)) for one in heads)
    assert cut.heads[: len(whole.heads)] == pytest.approx(whole.heads, abs=1e-4)
    assert sum(link.length_m for link in read.network.links) == pytest.approx(1500)
    middle = next(node for node in read.network.nodes if node.id == "wide@0.250")
    assert middle.elev_m == pytest.approx(12.5)


def test_degrees_of_a_chinese_map_are_moved() -> None:
    moved = on_earth({"A": from_wgs84(LON, LAT, "gcj02")}, "gcj02", None)["A"]
    assert distance_m(*moved, LON, LAT) < 0.01
    assert distance_m(*on_earth({"A": from_wgs84(LON, LAT, "gcj02")}, "wgs84", None)["A"], LON, LAT) > 400


def test_metres_of_a_strip() -> None:
    # the quarter of the meridian to 45° N is 4,984,944.378 m long on GRS 80
    assert inverse(500_000.0, 4_984_944.378, 120.0) == pytest.approx((120.0, 45.0), abs=1e-8)
    lon, lat = inverse(439_000.0, 3_203_000.0, 120.0)
    assert distance_m(lon, lat, *inverse(440_000.0, 3_203_000.0, 120.0)) == pytest.approx(998.1, abs=0.5)
    by_zone = on_earth({"A": (40_439_000.0, 3_203_000.0)}, "wgs84", None)["A"]
    six = on_earth({"A": (20_439_000.0, 3_203_000.0)}, "wgs84", None)["A"]
    turned = on_earth({"A": (3_203_000.0, 439_000.0)}, "wgs84", 120.0)["A"]
    assert by_zone == turned == pytest.approx((lon, lat), abs=1e-9)
    assert six == pytest.approx((lon - 3.0, lat), abs=1e-9)


@pytest.mark.parametrize(
    ("places", "code"),
    [
        ({}, "network.no_places"),
        ({"A": (439_000.0, 3_203_000.0)}, "network.which_strip"),
        ({"A": (1e5, 9e6)}, "network.which_strip"),
    ],
)
def test_coordinates_that_could_lie_anywhere_are_refused(places: dict[str, tuple[float, float]], code: str) -> None:
    with pytest.raises(BadNetwork) as caught:
        on_earth(places, "wgs84", None)
    assert caught.value.reason.code == code
