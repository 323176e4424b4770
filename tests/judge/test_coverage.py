"""Covered ground against circles worked by hand and a brute-force count."""

import math
import random
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.near import AssetStatus
from agent.reports.coverage.cover import Plane, cover
from agent.reports.coverage.map import draw

LON, LAT = 118.9, 28.9
M_EAST = 1 / (111_195 * math.cos(math.radians(LAT)))
M_NORTH = 1 / 111_195


def at(x: float, y: float, state: str = "serviceable", name: str = "") -> AssetStatus:
    return AssetStatus(name or f"{x:g},{y:g}", "hydrant", LON + x * M_EAST, LAT + y * M_NORTH, state)


def test_one_working_hydrant_covers_its_disc() -> None:
    c = cover([at(0, 0)], 150)
    assert c.covered_m2 == pytest.approx(math.pi * 150**2, rel=0.005)
    assert c.share == 1.0
    assert c.gaps == ()


def test_one_broken_hydrant_is_one_gap_of_its_disc() -> None:
    c = cover([at(0, 0, "not_serviceable", "H")], 150)
    assert c.covered_m2 == 0
    (gap,) = c.gap_areas_m2
    assert gap == pytest.approx(math.pi * 150**2, rel=0.005)
    assert c.wins_m2 == {"H": pytest.approx(math.pi * 150**2, rel=0.005)}


def test_unknown_does_not_cover() -> None:
    assert cover([at(0, 0, "unknown")], 150).share == 0


def test_two_discs_overlap_by_the_lens_formula() -> None:
    d, r = 120.0, 150.0
    lens = 2 * r * r * math.acos(d / (2 * r)) - d / 2 * math.sqrt(4 * r * r - d * d)
    # the area round both is their stadium: hull and 150 m more
    c = cover([at(0, 0), at(d, 0)], r)
    assert c.covered_m2 == pytest.approx(2 * math.pi * r * r - lens, rel=0.005)
    assert c.area_m2 == pytest.approx(math.pi * r * r + d * 2 * r, rel=0.005)


def test_killing_one_opens_a_gap_where_it_stands() -> None:
    street = [at(x, y) for x in (0, 240, 480) for y in (0, 240)]
    before = cover(street, 150)
    broken = [at(240, 0, "not_serviceable", "dead") if (s.id == "240,0") else s for s in street]
    after = cover(broken, 150)
    assert after.covered_m2 < before.covered_m2
    assert after.wins_m2["dead"] == pytest.approx(before.covered_m2 - after.covered_m2)
    lost = max(after.gap_areas_m2)
    assert lost > max(before.gap_areas_m2, default=0)


def test_given_area() -> None:
    square = [(LON + x * M_EAST, LAT + y * M_NORTH) for x, y in ((0, 0), (400, 0), (400, 400), (0, 400))]
    c = cover([at(0, 0)], 150, square)
    assert c.area_m2 == pytest.approx(160_000, rel=0.01)
    assert c.covered_m2 == pytest.approx(math.pi * 150**2 / 4, rel=0.02)
    assert len(c.gaps) == 1


def test_hole_in_a_gap_is_a_hole() -> None:
    square = [(LON + x * M_EAST, LAT + y * M_NORTH) for x, y in ((-300, -300), (300, -300), (300, 300), (-300, 300))]
    (gap,) = cover([at(0, 0)], 150, square).gaps
    assert len(gap) == 2
    plane = Plane.about([(LON, LAT)], 0)
    outer, hole = (ring_area([plane.to(*p) for p in ring]) for ring in gap)
    assert outer > 0 > hole
    assert outer + hole == pytest.approx(360_000 - math.pi * 150**2, rel=0.01)
    assert all(ring[0] == ring[-1] for ring in gap)


def ring_area(ring: list[tuple[float, float]]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) / 2


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_polygons_and_areas_agree_with_counting_points(seed: int) -> None:
    chance = random.Random(seed)
    things = [
        at(chance.uniform(0, 800), chance.uniform(0, 800), chance.choice(("serviceable", "unknown")), f"H{i}")
        for i in range(12)
    ]
    c = cover(things, 150)
    plane = Plane.about([(LON, LAT)], 0)
    polygons = [sum(ring_area([plane.to(*p) for p in ring]) for ring in gap) for gap in c.gaps]
    assert polygons == pytest.approx(list(c.gap_areas_m2), rel=0.01)
    assert sum(c.gap_areas_m2) == pytest.approx(c.area_m2 - c.covered_m2)
    spots = [plane.to(s.lon, s.lat) for s in things if s.state == "serviceable"]
    hits = 0
    for x in range(-200, 1001, 8):
        for y in range(-200, 1001, 8):
            hits += any((x - a) ** 2 + (y - b) ** 2 <= 150**2 for a, b in spots)
    assert c.covered_m2 == pytest.approx(hits * 64, rel=0.02, abs=500)


def test_bad_questions() -> None:
    with pytest.raises(ValueError, match="no hydrant"):
        cover([AssetStatus("P", "water_point", LON, LAT, "serviceable")], 150)
    with pytest.raises(ValueError, match="three corners"):
        cover([at(0, 0)], 150, [(0, 0), (1, 1), (0, 0)])


def test_picture_is_svg_and_says_everything() -> None:
    things = [at(0, 0, name="A&B"), at(200, 0, "not_serviceable"), at(400, 0, "unknown")]
    picture = draw(things, cover(things, 150), "zh")
    root = ET.fromstring(picture)
    text = "".join(root.itertext())
    assert "完好" in text and "覆盖率" in text and "A&B" in text
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 1


def test_a_picture_is_of_one_language_and_of_one_there_is() -> None:
    things = [at(0, 0), at(200, 0, "not_serviceable")]
    text = "".join(ET.fromstring(draw(things, cover(things, 150), "zh")).itertext())
    assert "不完好" in text and "serviceable" not in text
    of_a_client = draw(things, cover(things, 150), "en.TEXTS; os")
    assert of_a_client == draw(things, cover(things, 150), "en") and "not serviceable" in of_a_client
