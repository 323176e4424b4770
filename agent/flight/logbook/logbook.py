"""The ledger: every flight in one folder, hours and battery cycles per aircraft, and the files other programs read."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from agent.flight.logbook.record import FlightRecord

_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")


class Logbook:
    """`folder`/ID/ per flight. Ids count up, for no clock can be relied on to tell flights apart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self, nest: str) -> FlightRecord:
        """A new flight's empty record."""
        last = max((int(path.name.rpartition("-")[2]) for path in self._folders()), default=0)
        return FlightRecord(self.folder / f"{nest}-{last + 1:06d}")

    def flight(self, flight_id: str) -> FlightRecord | None:
        """A flight by its id."""
        folder = self.folder / flight_id
        return FlightRecord(folder) if _ID.fullmatch(flight_id) and folder.is_dir() else None

    def summaries(self) -> list[dict[str, Any]]:
        """All flights, oldest first."""
        return [FlightRecord(path).summary() for path in self._folders()]

    def of_incident(self, incident: str) -> str | None:
        """The id of a flight that was flown, or is being flown, for this incident."""
        found = (s["id"] for s in self.summaries() if s.get("incident") == incident and s.get("launched", True))
        return next(found, None)

    def airframes(self) -> dict[str, dict[str, float]]:
        """Per aircraft: flights, hours in the air, battery cycles (percent used / 100)."""
        totals: dict[str, dict[str, float]] = {}
        for summary in self.summaries():
            if summary.get("launched"):
                of = totals.setdefault(str(summary.get("aircraft")), {"flights": 0, "hours": 0.0, "cycles": 0.0})
                of["flights"] += 1
                of["hours"] += float(summary.get("air_s", 0)) / 3600
                of["cycles"] += float(summary.get("battery_used_percent", 0)) / 100
        return totals

    def _folders(self) -> Iterator[Path]:
        named = (path for path in self.folder.iterdir() if path.is_dir() and path.name.rpartition("-")[2].isdigit())
        return iter(sorted(named, key=lambda path: int(path.name.rpartition("-")[2])))


def geojson(record: FlightRecord) -> str:
    """The track as a LineString with heights above sea level, and each change of phase as a Point."""
    points = [p for p in record.points() if p["lat"] and p["lon"]]
    line = [[float(p["lon"]), float(p["lat"]), float(p["altitude_m"] or 0)] for p in points]
    summary = record.summary()
    features: list[dict[str, Any]] = []
    if len(line) > 1:
        features.append(_feature("LineString", line, {"flight": record.id, **_plain(summary)}))
    last = ""
    for place, point in zip(line, points, strict=True):
        if point["phase"] != last:
            last = point["phase"]
            features.append(_feature("Point", place, {"phase": last, "utc": point["utc"], "t_s": float(point["t_s"])}))
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1) + "\n"


def kml(record: FlightRecord) -> str:
    """The track for map programs, heights above sea level."""
    points = [p for p in record.points() if p["lat"] and p["lon"]]
    places = " ".join(f"{p['lon']},{p['lat']},{p['altitude_m'] or 0}" for p in points)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>{escape(record.id)}</name><Placemark><name>{escape(record.id)}</name><LineString>"
        f"<altitudeMode>absolute</altitudeMode><coordinates>{places}</coordinates></LineString></Placemark>"
        "</Document></kml>\n"
    )


def track_csv(record: FlightRecord) -> str:
    """The track as it was kept."""
    return record.track_file.read_text(encoding="utf-8") if record.track_file.exists() else ""


EXPORTS = {"geojson": geojson, "kml": kml, "csv": track_csv}
"""By name, for the command line."""


def _feature(kind: str, coordinates: Any, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": dict(properties)}


def _plain(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in summary.items() if isinstance(value, str | int | float | bool)}
