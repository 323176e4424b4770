"""coverage: the ground within reach of a working hydrant, the gaps, and which repair wins most."""

from __future__ import annotations

from agent.cli import exits, words
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import ask_first, left_behind, percent, snapshot_of, snapshot_options
from agent.cli.reasons import in_words
from agent.cli.trouble import Trouble
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def build(parser: Parser) -> None:
    """`hydronest coverage` has no verbs; it works on the last snapshot, with or without the agent."""
    parser.description = _("ground within reach of working hydrants, and its gaps")
    parser.add_argument("--radius", metavar="M", type=float, help=_("reach of a hydrant; the rules' 150 m otherwise"))
    area = _("GeoJSON polygon to be covered; the ground around all hydrants otherwise")
    parser.add_argument("--area", metavar="FILE", help=area)
    parser.add_argument("--svg", metavar="FILE", help=_("draw a map"))
    parser.add_argument("--geojson", metavar="FILE", help=_("write the gaps"))
    snapshot_options(parser)
    parser.runs(run)


def run(call: Call) -> int:
    """The share, the gaps, the repairs; 1 if anything is not covered."""
    radius = call.args.radius
    if radius is not None and not 10 <= radius <= 2000:
        raise Trouble(exits.USAGE, _("--radius takes 10 to 2000 m"))
    value = None
    if not call.args.area and not call.args.svg:  # for those the things themselves are needed, so the snapshot
        value = ask_first(call, "coverage", **({} if radius is None else {"radius_m": radius}))
    value = _from_snapshot(call, radius) if value is None else value
    gaps = value["gaps"]
    if call.args.geojson:
        import json

        _write(call.args.geojson, json.dumps(gaps) + "\n")
    areas = [gap["properties"]["area_m2"] for gap in gaps["features"]]
    whole = {**value, "area_m2": round(value["area_m2"]), "covered_m2": round(value["covered_m2"]),
             "gaps": len(areas), "wins_m2": {name: round(area) for name, area in value["wins_m2"].items()}}  # fmt: skip
    call.emit(whole, lambda: _lines(whole, areas))
    return exits.DEGRADED if areas or value.get("too_old") else exits.OK


def _from_snapshot(call: Call, radius: float | None) -> dict[str, Any]:
    """The same answer worked out here; draws the map."""
    import time

    from agent.judge.near import TOO_OLD, as_of, standings_from_json
    from agent.reports.coverage import cover

    snapshot = snapshot_of(call)
    call.note(left_behind(snapshot.get("written_s")))
    radius = snapshot.get("coverage_m", 150.0) if radius is None else radius
    try:
        things = [as_of(thing, time.time()) for thing in standings_from_json(snapshot["things"])]
        found = cover(things, radius, _area(call.args.area) if call.args.area else None)
    except (ValueError, TypeError) as error:
        raise Trouble(exits.BAD_DATA, in_words(str(error))) from None
    if call.args.svg:
        from agent.reports.map import draw

        _write(call.args.svg, draw(things, found, words.language()))
    return {
        "radius_m": radius,
        "area_m2": found.area_m2,
        "covered_m2": found.covered_m2,
        "share": found.share,
        "cell_m": found.cell_m,
        "gaps": found.geojson(),
        "wins_m2": found.wins_m2,
        "too_old": sum(TOO_OLD in thing.reasons for thing in things),
    }


def _lines(value: dict[str, Any], gaps: list[float]) -> list[str]:
    told = _("{share} of {area} ha lies within {radius} m of a working hydrant")
    lines = [told.format(share=percent(value["share"]), area=_ha(value["area_m2"]), radius=f"{value['radius_m']:g}")]
    if gaps:
        largest = ", ".join(_ha(area) for area in gaps[:5])
        lines.append(_("{n} gaps, the largest {largest} ha").format(n=len(gaps), largest=largest))
    wins = [(name, area) for name, area in value["wins_m2"].items() if area > 0]
    for name, area in wins[:10]:
        lines.append(_("{name} working again would win {area} ha").format(name=name, area=_ha(area)))
    return lines


def _ha(m2: float) -> str:
    return f"{m2 / 10_000:.2f}"


def _area(name: str) -> list[tuple[float, float]]:
    """The outer ring of the first polygon in a GeoJSON file. Raises Trouble."""
    import json
    from pathlib import Path

    try:
        shape = json.loads(Path(name).read_text("utf-8"))
        while shape["type"] in ("FeatureCollection", "Feature"):
            shape = shape["features"][0] if shape["type"] == "FeatureCollection" else shape["geometry"]
        rings = shape["coordinates"][0] if shape["type"] == "MultiPolygon" else shape["coordinates"]
        ring = [(float(lon), float(lat)) for lon, lat, *_height in rings[0]]
        if not ring or not all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in ring):
            raise ValueError
    except OSError as error:
        raise Trouble(exits.BAD_DATA, f"{name}: {error.strerror}") from None
    except (ValueError, KeyError, IndexError, TypeError):
        raise Trouble(exits.BAD_DATA, _("{name} holds no GeoJSON polygon").format(name=name)) from None
    return ring[:-1] if ring[0] == ring[-1] else ring


def _write(name: str, text: str) -> None:
    from pathlib import Path

    try:
        Path(name).write_text(text, "utf-8")
    except OSError as error:
        raise Trouble(exits.CANNOT_WRITE, f"{name}: {error.strerror}") from None
