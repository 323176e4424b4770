"""The record: whole, chained, exported, and any later change named."""

import json
import xml.etree.ElementTree as ElementTree
from hashlib import sha256
from pathlib import Path

import pytest

from agent.control.server import ControlServer
from agent.flight.logbook.logbook import Logbook
from agent.flight.logbook.record import FlightRecord
from agent.logbook import index
from agent.logbook.exports import EXPORTS
from agent.logbook.reading import entries, seal, summary, verify
from agent.logbook.requests import register_ledger
from hil.virtual_card import VirtualCard
from protocols.reason import Reason
from tests.cli.serving import raw

CARD = VirtualCard()
HARMS = ["gone", "torn", "behind", "of other flights", "flight taken away"]


@pytest.fixture
async def flight(tmp_path: Path) -> FlightRecord:
    logbook = Logbook(tmp_path, CARD)
    await logbook.load()
    record = logbook.begin("n1")
    await record.make()
    record.note("flight", 100.0, "", flight={"id": record.id, "incident": "119-1"})
    for second in range(5):
        phase = "outbound" if second else "launching"
        record.track(
            {"t_s": 100.0 + second, "phase": phase, "lat": 28.9 + second * 1e-4, "lon": 118.8,
             "altitude_m": 80.0 + second, "height_m": 18.0 + second, "battery_percent": float("nan")}
        )  # fmt: skip
    record.note("phase", 105.0, "2026-06-01T00:00:05+00:00", at="outbound", to="on_scene", why=["goal_reached"])
    logbook.file(record, {"id": record.id, "outcome": "home", "aircraft": "a1", "launched": True, "air_s": 360.0,
                  "battery_used_percent": 25.0, "incident": "119-1"})  # fmt: skip
    return record


def test_an_untouched_record_verifies_and_goes_on_after_a_restart(flight: FlightRecord) -> None:
    assert verify(flight.folder) == []
    again = FlightRecord.reopened(flight.folder, CARD)
    again.note("restarted", 110.0, "")
    assert verify(flight.folder) == [Reason("record.changed", file="log.jsonl")]
    again.close(summary(flight.folder))
    assert verify(flight.folder) == []
    assert [entry["n"] for entry in entries(flight.folder)] == [1, 2, 3]


@pytest.mark.parametrize("name", ["log.jsonl", "track.csv", "flight.json"])
def test_any_change_is_named(flight: FlightRecord, name: str) -> None:
    path = flight.folder / name
    path.write_text(path.read_text().replace("1", "7", 1))
    assert Reason("record.changed", file=name) in verify(flight.folder)
    path.unlink()
    assert Reason("record.missing", file=name) in verify(flight.folder)


def test_an_edited_line_is_named_even_with_a_new_manifest(flight: FlightRecord) -> None:
    log = flight.folder / "log.jsonl"
    log.write_text(log.read_text().replace("on_scene", "returning"))
    FlightRecord.reopened(flight.folder, CARD).close(summary(flight.folder))
    assert verify(flight.folder) == [Reason("record.line_changed", file="log.jsonl", line=2)]


def test_a_log_cut_off_by_a_crash_goes_on(flight: FlightRecord) -> None:
    log = flight.folder / "log.jsonl"
    log.write_bytes(log.read_bytes()[:-20])
    again = FlightRecord.reopened(flight.folder, CARD)
    again.note("restarted", 110.0, "")
    assert [entry["kind"] for entry in entries(flight.folder)] == ["flight", "restarted"]


def test_exports(flight: FlightRecord) -> None:
    told = json.loads(EXPORTS["geojson"](flight.folder))
    kinds = [feature["geometry"]["type"] for feature in told["features"]]
    assert kinds == ["LineString", "Point", "Point"]
    assert told["features"][0]["geometry"]["coordinates"][0] == [118.8, 28.9, 80.0]
    tree = ElementTree.fromstring(EXPORTS["kml"](flight.folder))
    assert len("".join(tree.itertext()).split()) >= 5
    lines = EXPORTS["csv"](flight.folder).splitlines()
    assert len(lines) == 6
    assert lines[1].count("nan") == 0


async def ledger(folder: Path) -> Logbook:
    logbook = Logbook(folder, CARD)
    await logbook.load()
    return logbook


async def test_the_ledger_counts_hours_and_cycles(tmp_path: Path, flight: FlightRecord) -> None:
    logbook = await ledger(tmp_path)
    assert logbook.totals("a1") == {"flights": 1, "hours": 0.1, "cycles": 0.25}
    assert logbook.of_incident("119-1") == flight.id
    assert logbook.of_incident("119-2") is None
    assert logbook.begin("n1").id == "n1-000002"
    assert logbook.begin("n2").id == "n2-000003"


async def test_what_a_flight_has_come_to_stands_in_the_place_of_what_was_said_before(tmp_path: Path) -> None:
    logbook = Logbook(tmp_path, CARD)
    logbook.enter({"id": "n1-000007", "incident": "119-1", "aircraft": "a1", "outcome": "open"})
    with pytest.raises(ValueError, match="not been read"):
        logbook.begin("n1")
    await logbook.load()  # what was entered meanwhile counts
    assert (logbook.of_incident("119-1"), logbook.totals("a1")["flights"]) == ("n1-000007", 0)
    over = {"id": "n1-000007", "incident": "119-1", "aircraft": "a1", "outcome": "failed", "launched": True}
    for air_s in (360.0, 720.0):  # thought over, it went on
        logbook.enter({**over, "air_s": air_s, "battery_used_percent": 25.0})
    assert logbook.totals("a1") == {"flights": 1, "hours": 0.2, "cycles": 0.25}
    logbook.enter({**over, "launched": False})
    assert (logbook.of_incident("119-1"), logbook.totals("a1")["flights"]) == (None, 0)
    assert logbook.begin("n1").id == "n1-000008"


@pytest.mark.parametrize("harm", HARMS)
async def test_the_index_is_made_anew_where_it_differs(tmp_path: Path, flight: FlightRecord, harm: str) -> None:
    await ledger(tmp_path)
    before = index.read(tmp_path)
    assert not before.mended
    file = tmp_path / index.INDEX
    if harm == "gone":
        file.unlink()
    elif harm == "torn":
        file.write_bytes(file.read_bytes() + b'{"stamp": [1,')
    elif harm == "behind":
        told = summary(flight.folder) | {"outcome": "landed away"}
        FlightRecord.reopened(flight.folder, CARD).close(told)
        before = before._replace(flights=[told])
    elif harm == "of other flights":
        file.write_text(file.read_text().replace("n1-000001", "n1-000002"))
    else:
        for path in flight.folder.iterdir():
            path.unlink()
        flight.folder.rmdir()
        before = before._replace(flights=[])
    assert index.read(tmp_path) == (before.flights, True)
    await ledger(tmp_path)
    assert index.read(tmp_path) == (before.flights, False)


async def test_a_damaged_flight_costs_only_itself(tmp_path: Path, flight: FlightRecord) -> None:
    for name in ("n1-000002", "n1-000003"):
        (tmp_path / name).mkdir()
    (tmp_path / "n1-000002/flight.json").write_text('{"launched": true, "air_s": "long", "aircraft": ["a1"]}')
    (tmp_path / "n1-000003/flight.json").mkdir()  # reading it fails
    logbook = await ledger(tmp_path)
    assert [told["outcome"] for told in index.read(tmp_path).flights if "outcome" in told] == ["home", "unreadable"]
    assert logbook.totals("a1") == {"flights": 1, "hours": 0.1, "cycles": 0.25}
    assert logbook.begin("n1").id == "n1-000004"


SUMMARY = {"id": "n1-000001", "outcome": "home", "air_s": 360.0, "reason": Reason("order.no_motion")}


@pytest.fixture
async def ended(tmp_path: Path) -> tuple[FlightRecord, str]:
    """A flight that ended, with its seal."""
    logbook = Logbook(tmp_path, CARD)
    await logbook.load()
    record = logbook.begin("n1")
    await record.make()
    record.note("flight", 100.0, "", flight={"id": record.id})
    record.track({"t_s": 100.0, "lat": 28.9, "lon": 118.8, "battery_percent": float("nan")})
    record.track({"t_s": 101.0, "lat": 28.91, "lon": 118.8})
    told = record.end(110.0, "", SUMMARY)
    logbook.file(record, SUMMARY)
    return record, told


def filed_anew(folder: Path) -> None:
    """The manifest as if nothing had been changed."""
    names = ("log.jsonl", "track.csv", "flight.json")
    hashes = {name: sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / "manifest.json").write_text(json.dumps({"flight": folder.name, "sha256": hashes}))


@pytest.mark.parametrize(("name", "was", "by_now"), [("flight.json", "home", "lost"), ("track.csv", "28.91", "28.99")])
def test_summary_and_track_that_contradict_the_flights_own_log_are_named(
    ended: tuple[FlightRecord, str], name: str, was: str, by_now: str
) -> None:
    record, told = ended
    assert (verify(record.folder), seal(record.folder)) == ([], told)
    path = record.folder / name
    path.write_text(path.read_text().replace(was, by_now))
    filed_anew(record.folder)
    assert verify(record.folder) == [Reason("record.contradicts", file=name)]


async def test_a_flight_invented_whole_is_whole_and_has_another_seal(
    ended: tuple[FlightRecord, str], tmp_path: Path
) -> None:
    record, told = ended
    invented = FlightRecord(tmp_path / "elsewhere" / "n1-000001", CARD)
    await invented.make()
    invented.note("flight", 100.0, "", flight={"id": record.id})
    invented.end(110.0, "", SUMMARY | {"outcome": "lost"})
    invented.close(SUMMARY | {"outcome": "lost"})
    assert verify(invented.folder) == []
    assert seal(invented.folder) != told


def test_a_flight_that_went_on_after_its_end_is_held_by_its_last_one(ended: tuple[FlightRecord, str]) -> None:
    record, first = ended
    again = FlightRecord.reopened(record.folder, CARD)
    again.note("restarted", 120.0, "")
    again.track({"t_s": 121.0, "lat": 28.92, "lon": 118.8})
    last = again.end(130.0, "", SUMMARY | {"air_s": 380.0})
    again.close(SUMMARY | {"air_s": 380.0})
    assert (verify(record.folder), seal(record.folder)) == ([], last)
    assert last != first


async def test_the_seal_that_went_upwards_is_asked_for(ended: tuple[FlightRecord, str], tmp_path: Path) -> None:
    record, told = ended
    server = ControlServer(tmp_path / "s")
    register_ledger(server, record.folder.parent)
    await server.start()
    for given, ok in (("", True), (told.upper(), True), ("0" * 32, False)):
        ask = {"ask": "flight.verify", "flight": record.id, "seal": given}
        (answer,) = await raw(tmp_path / "s", json.dumps(ask).encode() + b"\n")
        assert (answer["value"]["ok"], answer["value"]["seal"]) == (ok, told)
    await server.close()
