"""near: what works near a place and how much it gives. Needs no network and no agent, only its last snapshot."""

from __future__ import annotations

from agent.cli import exits, show
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import ask_first, datum_option, left_behind, place_of, snapshot_of, snapshot_options, style_of
from agent.cli.reasons import in_words
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _, term
from protocols.system import why_failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_POINTS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


def build(parser: Parser) -> None:
    """`hydronest near` has no verbs."""
    parser.description = _("nearest working hydrants and water points, with what they give")
    parser.usage = f"{parser.prog} LON,LAT [--radius M] [--most N] [--flow L/S] [--all] [--geojson]"
    parser.add_argument("place", nargs="+", metavar="LON,LAT", help=_("degrees: 118.8718,28.9417"))
    parser.add_argument(
        "--radius", metavar="M", type=float, default=2000.0, help=_("how far to look; 2000 m otherwise")
    )
    parser.add_argument("--most", metavar="N", type=int, default=20, help=_("how many; 20 otherwise"))
    parser.add_argument("--flow", metavar="L/S", type=float, help=_("as many as it takes to give this much together"))
    parser.add_argument("--all", action="store_true", help=_("those that do not work too"))
    parser.add_argument("--geojson", action="store_true", help=_("print GeoJSON for a map"))
    datum_option(parser)
    snapshot_options(parser)
    parser.runs(run)


def run(call: Call) -> int:
    """The table; 1 if nothing works near or the wanted flow is not reached."""
    lon, lat = place_of(" ".join(call.args.place), call.args.datum)
    radius, most, flow = call.args.radius, call.args.most, call.args.flow
    if not 1 <= radius <= 100_000 or not 1 <= most <= 1000 or (flow is not None and not 0 < flow <= 10_000):
        told = _("--radius takes 1 to 100000 m, --most 1 to 1000, --flow up to 10000 L/s")
        raise Trouble(exits.USAGE, told)
    rows, as_of = _from_agent(call, lon, lat), None
    if rows is None:
        rows, as_of = _from_snapshot(call, lon, lat)
        call.note(left_behind(as_of))
    if call.args.geojson:
        call.emit(_geojson(rows))
    else:
        call.table(_columns(), rows, _("nothing that works within {radius} m").format(radius=f"{radius:g}"))
    return _close(call, rows)


def _from_agent(call: Call, lon: float, lat: float) -> list[dict[str, Any]] | None:
    """The running agent's answer, None where there is none at once."""
    asked = {"radius_m": call.args.radius, "most": call.args.most, "flow_l_s": call.args.flow or 0}
    rows = ask_first(call, "near", lon=lon, lat=lat, all=call.args.all, **asked)
    return rows if isinstance(rows, list) else None


def _from_snapshot(call: Call, lon: float, lat: float) -> tuple[list[dict[str, Any]], float | None]:
    """The answer worked out here from the last snapshot, and when that was written (UTC s)."""
    import time

    from agent.judge.near import Nearby, as_of, standings_from_json

    snapshot = snapshot_of(call)
    now_s = time.time()
    try:
        nearby = Nearby(as_of(thing, now_s) for thing in standings_from_json(snapshot["things"]))
    except (ValueError, TypeError) as error:
        told = _("the snapshot of the verdicts cannot be read: {why}").format(why=in_words(why_failed(error)))
        raise Trouble(exits.BAD_DATA, told) from None
    found = nearby.find(
        lon,
        lat,
        radius_m=call.args.radius,
        most=call.args.most,
        flow_l_s=call.args.flow,
        now_s=now_s,
        every_state=call.args.all,
    )
    return [one.as_json() for one in found], snapshot.get("written_s")


def _columns() -> list[Column]:
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


def _geojson(rows: list[dict[str, Any]]) -> dict[str, Any]:
    features = []
    for row in rows:
        properties = {key: value for key, value in row.items() if key not in ("lon", "lat")}
        point = {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
        features.append({"type": "Feature", "id": row["id"], "geometry": point, "properties": properties})
    return {"type": "FeatureCollection", "features": features}


def _close(call: Call, rows: list[dict[str, Any]]) -> int:
    """The remarks under the table, and the exit code."""
    working = [row for row in rows if row["state"] == "serviceable" and not row.get("below_100_kpa")]
    if call.args.flow is None:
        return exits.OK if working else exits.DEGRADED
    together = sum(row["counted_l_s"] for row in working)
    assumed = sum(row["assumed"] for row in working)
    told = _("together {l_s} L/s of {wanted}, if they do not draw each other down; {assumed} untested, taken as 15 L/s")
    call.note(told.format(l_s=f"{together:.0f}", wanted=f"{call.args.flow:.0f}", assumed=assumed))
    return exits.OK if together >= call.args.flow else exits.DEGRADED
