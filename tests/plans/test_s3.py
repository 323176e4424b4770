"""S3 消防供水全覆盖: a hydrant is killed and the gap stands where it was, as large as a grid counts it."""

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest

from agent.judge.place import distance_m
from tests.judge.stand import hydrant
from tests.plans.town import Reading, town

RADIUS_M, GRID_M = 150.0, 5.0
STREET = [hydrant(f"H{x}{y}", 2 * x, 2 * y) for x in range(3) for y in range(2)]
DEAD = "H10"


def counted_m2(works: list[tuple[float, float]], all_of_it: list[tuple[float, float]]) -> float:
    """Ground within reach of `all_of_it` and not of `works`, by a grid."""
    lon0, lat0 = all_of_it[0]
    east, north = GRID_M / (111_195 * math.cos(math.radians(lat0))), GRID_M / 111_195
    missed = 0
    for x in range(-40, 130):
        for y in range(-40, 90):
            here = (lon0 + x * east, lat0 + y * north)
            if any(distance_m(*here, *one) <= RADIUS_M for one in works):
                continue
            missed += any(distance_m(*here, *one) <= RADIUS_M for one in all_of_it)
    return missed * GRID_M**2


async def test_the_gap_of_a_killed_hydrant_is_on_the_map_at_once_and_as_large_as_counted(tmp_path: Path) -> None:
    dead = ""

    def read(asset: str, _t: float) -> Reading:
        return {"pressure": 300.0, "alarms": ("knocked_over",) if asset == dead else ()}

    gaps = tmp_path / "gaps.json"
    async with town(tmp_path, STREET) as here:
        await here.live(300, read)
        before = await here.told("coverage")
        assert before["wins_m2"] == {}
        dead = DEAD
        await here.live(120, read)
        after = await here.told("coverage", "--geojson", str(gaps))
    places = [(one.lon or 0.0, one.lat or 0.0) for one in STREET]
    lost = counted_m2([(one.lon or 0.0, one.lat or 0.0) for one in STREET if one.id != DEAD], places)
    assert after["wins_m2"][DEAD] == pytest.approx(lost, rel=0.02)
    assert before["covered_m2"] - after["covered_m2"] == pytest.approx(lost, rel=0.02)
    place = next((one.lon or 0.0, one.lat or 0.0) for one in STREET if one.id == DEAD)
    rings = [ring for gap in json.loads(gaps.read_text())["features"] for ring in gap["geometry"]["coordinates"]]
    assert any(inside(place, ring) for ring in rings)


def inside(place: tuple[float, float], ring: list[list[float]]) -> bool:
    """Whether a place lies in a ring, by the crossings to its east."""
    x, y = place
    crossed = [
        (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1 for (x1, y1), (x2, y2) in pairwise(ring)
    ]
    return sum(crossed) % 2 == 1
