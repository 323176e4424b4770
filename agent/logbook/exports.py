"""A flight's track as the files other programs read."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent.logbook.reading import TRACK, points, summary


def geojson(folder: Path) -> str:
    """The track as a LineString with heights above sea level, and each change of phase as a Point."""
    track = [p for p in points(folder) if p["lat"] and p["lon"]]
    line = [[float(p["lon"]), float(p["lat"]), float(p["altitude_m"] or 0)] for p in track]
    features: list[dict[str, Any]] = []
    if len(line) > 1:
        features.append(_feature("LineString", line, {"flight": folder.name, **_plain(summary(folder))}))
    last = ""
    for place, point in zip(line, track, strict=True):
        if point["phase"] != last:
            last = point["phase"]
            features.append(_feature("Point", place, {"phase": last, "utc": point["utc"], "t_s": float(point["t_s"])}))
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1) + "\n"


def kml(folder: Path) -> str:
    """The track for map programs, heights above sea level."""
    from xml.sax.saxutils import escape  # brings half of urllib along, and core keeps what it loads

    track = [p for p in points(folder) if p["lat"] and p["lon"]]
    places = " ".join(f"{p['lon']},{p['lat']},{p['altitude_m'] or 0}" for p in track)
    name = escape(folder.name)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>{name}</name><Placemark><name>{name}</name><LineString>"
        f"<altitudeMode>absolute</altitudeMode><coordinates>{places}</coordinates></LineString></Placemark>"
        "</Document></kml>\n"
    )


def track_csv(folder: Path) -> str:
    """The track as it was kept."""
    path = folder / TRACK
    return path.read_text(encoding="utf-8") if path.exists() else ""


EXPORTS: Mapping[str, Callable[[Path], str]] = {"geojson": geojson, "kml": kml, "csv": track_csv}
"""By name, for the command line. Each takes a flight's folder."""


def _feature(kind: str, coordinates: Any, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": dict(properties)}


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if isinstance(value, str | int | float | bool)}
