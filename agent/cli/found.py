"""How what was found near a place is shown: `near` and `supply` have the same columns and the same map."""

from __future__ import annotations

from agent.cli import show
from agent.cli.judged import style_of
from agent.cli.table import Column
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_POINTS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


def columns() -> list[Column]:
    """What stands of each."""
    return [
        Column("id", _("id")),
        Column("name", _("name"), priority=3),
        Column("kind", _("kind"), lambda row: term(row["kind"]), priority=4),
        Column("state", _("state"), lambda row: term(row["state"]), priority=1, style=style_of),
        Column("distance_m", _("metres"), lambda row: f"{row['distance_m']:.0f}", right=True),
        Column("bearing_deg", _("towards"), lambda row: compass(row["bearing_deg"])),
        Column("flow_l_s", _("L/s at 100 kPa"), flow_text, right=True),
        Column("pressure_kpa", "kPa", pressure_text, right=True),
        Column("events", _("events"), lambda row: ", ".join(map(term, row.get("events", ()))), priority=2),
        Column("outlets_mm", _("outlets mm"), priority=5),
        Column("proof", _("last proof"), _proof, priority=2),
    ]


def compass(degrees: float) -> str:
    """One of eight directions."""
    return term(_POINTS[round(degrees / 45) % 8])


def flow_text(row: dict[str, Any]) -> str:
    """Below 0.10 MPa nothing; a tested flow with its interval; what every hydrant must give; what a pond holds."""
    if row.get("below_100_kpa"):
        return _("below 100 kPa now")
    if row["flow_l_s"] is not None:
        return f"{row['flow_l_s']:.0f} ({row['flow_low_l_s']:.0f}-{row['flow_high_l_s']:.0f})"
    if row["kind"] == "water_point":
        return f"{row['capacity_m3']:.0f} m3" if row["capacity_m3"] else "-"
    return f"({row['counted_l_s']:.0f}?)"


def pressure_text(row: dict[str, Any]) -> str:
    """The newest pressure, with its age once that is too old to count."""
    text = show.number(row["pressure_kpa"])
    if row["pressure_kpa"] is None or row.get("reading_fresh", False):
        return text
    age_s = row.get("reading_age_s")
    return f"{text} ({_('age unknown') if age_s is None else show.age(max(0.0, age_s))})"


def _proof(row: dict[str, Any]) -> str:
    import time

    proof = row["proof"]
    return "-" if not proof else f"{term(proof['by'])} {show.age(max(0.0, time.time() - proof['at_s']))}"


def geojson(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The rows as a FeatureCollection of points (RFC 7946)."""
    features = []
    for row in rows:
        properties = {key: value for key, value in row.items() if key not in ("lon", "lat")}
        point = {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
        features.append({"type": "Feature", "id": row["id"], "geometry": point, "properties": properties})
    return {"type": "FeatureCollection", "features": features}
