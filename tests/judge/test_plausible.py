"""Facts that are well formed and cannot be meant."""

import pytest

from agent.judge.facts import Fact, Incident, Inspection, Permit
from agent.judge.flow import FlowTest
from agent.judge.plausible import AHEAD_S, check
from tests.judge.stand import hydrant

ASSETS = {"H01": hydrant("H01"), "H02": hydrant("H02", 3)}
NOW = 1_763_600_000.0
DAY = 86_400


def incident(lon: float = 118.9, lat: float = 28.9, at_s: float = NOW, level: int = 1) -> Incident:
    return Incident("A", lon, lat, at_s, level=level)


@pytest.mark.parametrize(
    "fact",
    [
        incident(),
        incident(level=5),
        incident(at_s=NOW + AHEAD_S),
        incident(lat=28.9 + 0.89),  # 99 km
        Inspection("H01", NOW, True),
        FlowTest("H02", NOW, 2500, 2499, 500),
        Permit("P", "x", NOW, NOW + 400 * DAY, asset="H01"),
        Permit("P", "x", NOW, NOW + DAY, lon=118.9, lat=28.9, radius_m=500),
    ],
)
def test_what_can_be_meant_passes(fact: Fact) -> None:
    check(fact, ASSETS, NOW)


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        (incident(level=0), "level = 0 lies outside 1 to 5"),
        (incident(level=6), "level = 6"),
        (incident(at_s=NOW + AHEAD_S + 1), "at_s is 301 s ahead"),
        (incident(lat=28.9 + 0.91), "lon, lat: .* lies 101 km"),
        (incident(lon=28.9, lat=18.9), "lon, lat"),
        (Inspection("H0l", NOW, True), "asset: there is no H0l on this site; did you mean H0"),
        (Inspection("pump", NOW, True), "asset: there is no pump on this site; ids are"),
        (Inspection("H01", NOW + 2 * DAY, True), "at_s"),
        (FlowTest("H3", NOW, 300, 200, 20), "asset: there is no H3"),
        (FlowTest("H01", NOW, 2501, 200, 20), "static_kpa = 2501 lies outside 0 to 2500 kPa"),
        (FlowTest("H01", NOW, 300, 200, 501), "flow_l_s = 501 lies outside 0 to 500 L/s"),
        (Permit("P", "x", NOW, NOW + 1, asset="H9"), "asset: there is no H9"),
        (Permit("P", "x", NOW, NOW + 1, lon=0, lat=0, radius_m=5), "lon, lat"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_field(fact: Fact, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check(fact, ASSETS, NOW)


def test_without_a_trusted_clock_no_time_is_too_late() -> None:
    check(incident(at_s=NOW + 2 * DAY), ASSETS, None)


def test_where_nothing_is_surveyed_every_place_passes() -> None:
    check(incident(lon=0, lat=0), {}, NOW)
