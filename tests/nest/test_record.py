"""The record: whole, chained, exported, and any later change named."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from agent.flight.logbook.logbook import EXPORTS, Logbook
from agent.flight.logbook.record import FlightRecord, verify


@pytest.fixture
def flight(tmp_path: Path) -> FlightRecord:
    record = Logbook(tmp_path).begin("n1")
    record.note("flight", 100.0, "", flight={"id": record.id, "incident": "119-1"})
    for second in range(5):
        phase = "outbound" if second else "launching"
        record.track(
            {"t_s": 100.0 + second, "phase": phase, "lat": 28.9 + second * 1e-4, "lon": 118.8,
             "altitude_m": 80.0 + second, "height_m": 18.0 + second, "battery_percent": float("nan")}
        )  # fmt: skip
    record.note("phase", 105.0, "2026-06-01T00:00:05+00:00", at="outbound", to="on_scene", why=["goal_reached"])
    record.close({"id": record.id, "outcome": "home", "aircraft": "a1", "launched": True, "air_s": 360.0,
                  "battery_used_percent": 25.0, "incident": "119-1"})  # fmt: skip
    return record


def test_an_untouched_record_verifies_and_goes_on_after_a_restart(flight: FlightRecord) -> None:
    assert verify(flight.folder) == []
    again = FlightRecord(flight.folder)
    again.note("restarted", 110.0, "")
    assert verify(flight.folder) == ["log.jsonl is not what it was when the flight was closed"]
    again.close(flight.summary())
    assert verify(flight.folder) == []
    assert [entry["n"] for entry in again.entries()] == [1, 2, 3]


@pytest.mark.parametrize("name", ["log.jsonl", "track.csv", "flight.json"])
def test_any_change_is_named(flight: FlightRecord, name: str) -> None:
    path = flight.folder / name
    path.write_text(path.read_text().replace("1", "7", 1))
    assert any(name in wrong for wrong in verify(flight.folder))
    path.unlink()
    assert f"{name} is missing" in verify(flight.folder)


def test_an_edited_line_is_named_even_with_a_new_manifest(flight: FlightRecord) -> None:
    log = flight.folder / "log.jsonl"
    log.write_text(log.read_text().replace("on_scene", "returning"))
    FlightRecord(flight.folder).close(flight.summary())
    assert verify(flight.folder) == ["log.jsonl line 2 was changed, or a line before it taken out"]


def test_a_log_cut_off_by_a_crash_goes_on(flight: FlightRecord) -> None:
    log = flight.folder / "log.jsonl"
    log.write_bytes(log.read_bytes()[:-20])
    again = FlightRecord(flight.folder)
    again.note("restarted", 110.0, "")
    assert [entry["kind"] for entry in again.entries()] == ["flight", "restarted"]


def test_exports(flight: FlightRecord) -> None:
    told = json.loads(EXPORTS["geojson"](flight))
    kinds = [feature["geometry"]["type"] for feature in told["features"]]
    assert kinds == ["LineString", "Point", "Point"]
    assert told["features"][0]["geometry"]["coordinates"][0] == [118.8, 28.9, 80.0]
    tree = ElementTree.fromstring(EXPORTS["kml"](flight))
    assert len("".join(tree.itertext()).split()) >= 5
    lines = EXPORTS["csv"](flight).splitlines()
    assert len(lines) == 6
    assert lines[1].count("nan") == 0


def test_the_ledger_counts_hours_and_cycles(tmp_path: Path, flight: FlightRecord) -> None:
    logbook = Logbook(tmp_path)
    assert logbook.airframes() == {"a1": {"flights": 1, "hours": 0.1, "cycles": 0.25}}
    assert logbook.of_incident("119-1") == flight.id
    assert logbook.of_incident("119-2") is None
    assert logbook.begin("n1").id == "n1-000002"
    assert logbook.begin("n2").id == "n2-000003"
    assert logbook.flight("../../etc") is None
