"""A place off a Chinese map lands where it is, at every door: settings, facts, orders, the command line."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from agent.cli.judged import place_of
from agent.flight.orders.gate import Refusal
from agent.flight.orders.incident import incident_from
from agent.judge.facts import BadFact, Incident, fact_from
from agent.settings.flight import Corner
from agent.settings.load import check, load
from drivers.drone.geometry import Place
from protocols.datum import DATUMS, Datum, from_wgs84, gcj02_to_bd09, to_wgs84
from tests.settings.conftest import SITE, Checked

KNOWN = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]
"""WGS 84 and GCJ-02 of places in Shanghai, Shenzhen and Beijing, as googollee/eviltransform publishes them."""
STATION_GCJ02, STATION_BD09 = (116.42703, 39.90245), (116.43351, 39.90851)
"""Beijing railway station in Tencent's and in Baidu's map."""
QUZHOU = 118.8718, 28.9690


def apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    return Place(one[1], one[0]).distance(Place(other[1], other[0]))


@pytest.mark.parametrize(("wgs84", "gcj02"), KNOWN)
def test_known_pairs_both_ways(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    assert apart_m(from_wgs84(*wgs84, "gcj02"), gcj02) < 0.01
    assert apart_m(to_wgs84(*gcj02, "gcj02"), wgs84) < 0.01


def test_baidus_own_shift_on_a_known_pair() -> None:
    assert apart_m(gcj02_to_bd09(*STATION_GCJ02), STATION_BD09) < 2.0
    there = to_wgs84(*STATION_BD09, "bd09")
    assert apart_m(there, to_wgs84(*STATION_GCJ02, "gcj02")) < 2.0


@given(st.floats(74, 134), st.floats(18, 53), st.sampled_from(DATUMS))
def test_there_and_back_is_where_it_was(lon: float, lat: float, datum: Datum) -> None:
    there = from_wgs84(lon, lat, datum)
    assert apart_m(to_wgs84(*there, datum), (lon, lat)) < 0.001
    assert datum == "wgs84" or 20 < apart_m(there, (lon, lat)) < 2000


def test_outside_china_no_map_is_shifted() -> None:
    assert to_wgs84(13.4, 52.5, "gcj02") == (13.4, 52.5)


def site(folder: Path, text: str) -> Path:
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_site_file_off_a_map_is_read_in_wgs84(tmp_path: Path) -> None:
    lon, lat = from_wgs84(*QUZHOU, "gcj02")
    text = SITE.replace('id = "g1"', 'id = "g1"\ndatum = "gcj02"').replace("lon = 118.87, lat = 28.97",
                                                                          f"lon = {lon!r}, lat = {lat!r}")  # fmt: skip
    place = load(site(tmp_path, text)).devices["H001"].place
    assert place is not None
    assert apart_m((place.lon, place.lat), QUZHOU) < 0.01


def test_a_place_may_be_of_another_map_than_its_file(tmp_path: Path) -> None:
    lon, lat = from_wgs84(*QUZHOU, "bd09")
    text = SITE.replace('id = "g1"', 'id = "g1"\ndatum = "gcj02"')
    text = text.replace("lon = 118.87, lat = 28.97", f'lon = {lon!r}, lat = {lat!r}, datum = "bd09"')
    place = load(site(tmp_path, text)).devices["H001"].place
    assert place is not None
    assert apart_m((place.lon, place.lat), QUZHOU) < 0.01


def test_a_fence_is_of_the_files_datum() -> None:
    corner = TypeAdapter(Corner).validate_python(from_wgs84(*QUZHOU, "gcj02"), context={"datum": "gcj02"})
    assert apart_m(corner, QUZHOU) < 0.01


@pytest.mark.parametrize(("change", "line"), [('datum = "itrf"', "gateway.datum"), ("datum = 7", "gateway.datum")])
def test_a_datum_nobody_knows_is_a_mistake(checked: Checked, change: str, line: str) -> None:
    told = checked(SITE.replace('id = "g1"', f'id = "g1"\n{change}'))
    assert [mistake.where for mistake in told] == [line]


@pytest.mark.parametrize("place", ["lon = 0.0, lat = 0.0", "lon = 116.39, lat = 39.9"])
def test_what_stands_far_from_its_station_is_doubted(checked: Checked, place: str) -> None:
    text = SITE.replace('name = "城关站"', 'name = "城关站"\nplace = { lon = 118.8718, lat = 28.969 }')
    text = text.replace("unit = 1", 'unit = 1\nstation = "S1"')
    assert checked(text) == []
    told = checked(text.replace("lon = 118.87, lat = 28.97", place))
    assert [(mistake.what, mistake.doubtful) for mistake in told] == [("settings.far_from_station", True)]


def test_two_hydrants_at_one_place_are_doubted(checked: Checked) -> None:
    _, _, device = SITE.partition("[[devices]]")
    device, _, uplink = device.partition("[[uplinks]]")
    second = device.replace("H001", "H002").replace("unit = 1", "unit = 2")
    told = checked(SITE.replace("[[uplinks]]", f"[[devices]]{second}[[uplinks]]"))
    assert [(mistake.what, mistake.where) for mistake in told] == [("settings.place_taken", 'devices[1] "H002".place')]
    assert uplink


def test_a_told_incident_is_kept_where_it_is() -> None:
    lon, lat = from_wgs84(*QUZHOU, "gcj02")
    fact = fact_from("incident", {"id": "f1", "lon": lon, "lat": lat, "at_s": 1.0, "datum": "gcj02"})
    assert isinstance(fact, Incident)
    assert apart_m((fact.lon, fact.lat), QUZHOU) < 0.01
    with pytest.raises(BadFact, match="itrf"):
        fact_from("incident", {"id": "f1", "lon": lon, "lat": lat, "at_s": 1.0, "datum": "itrf"})
    with pytest.raises(BadFact, match="datum"):
        fact_from("inspection", {"asset": "H1", "passed": True, "at_s": 1.0, "datum": "gcj02"})


def test_an_order_flies_to_where_it_is() -> None:
    lon, lat = from_wgs84(*QUZHOU, "bd09")
    told = json.loads(json.dumps({"incident": "f1", "lat": lat, "lon": lon, "datum": "bd09"}))
    place = incident_from(told).place
    assert apart_m((place.lon, place.lat), QUZHOU) < 0.01
    for wrong in ("itrf", 7, None, math.nan, ["bd09"]):
        with pytest.raises(Refusal):
            incident_from(told | {"datum": wrong})


def test_a_place_typed_off_a_map() -> None:
    lon, lat = from_wgs84(*QUZHOU, "gcj02")
    assert apart_m(place_of(f"{lon},{lat}", "gcj02"), QUZHOU) < 0.01


def test_a_mistaken_place_gives_its_own_message_and_no_other(tmp_path: Path) -> None:
    text = SITE.replace('id = "g1"', 'id = "g1"\ndatum = "gcj02"').replace("lon = 118.87,", 'lon = "east",')
    _, mistakes = check(site(tmp_path, text))
    assert [mistake.where for mistake in mistakes] == ['devices[0] "H001".place.lon']
