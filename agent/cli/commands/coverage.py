"""coverage: the ground within reach of a working hydrant, the gaps, and which repair wins most."""

from __future__ import annotations

from agent.cli import exits, words
from agent.cli.call import Call, failed, not_running
from agent.cli.command import Parser
from agent.cli.judged import left_behind, percent, snapshot_of, snapshot_options
from agent.cli.reasons import in_words, trouble_of
from agent.cli.trouble import Trouble
from agent.cli.words import _
from agent.control.client import Connection, NotRunning, RequestFailed
from protocols.system import file_reason, why_failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    Ring: TypeAlias = list[tuple[float, float]]
    Reach: TypeAlias = Callable[[int, int], None]

MOST_CORNERS = 2_500


def build(parser: Parser) -> None:
    """`hydronest coverage` has no verbs; without an agent it works on the last snapshot."""
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
    area = _area(call.args.area) if call.args.area else None
    wanted = {"geojson": bool(call.args.geojson), "svg": words.language() if call.args.svg else ""}
    with call.progress(0, _("working out")) as bar:
        value = _from_agent(call, radius, area, wanted, bar.reach)
        value = _from_snapshot(call, radius, area, wanted, bar.reach) if value is None else value
    whole = {**value, "area_m2": round(value["area_m2"]), "covered_m2": round(value["covered_m2"]),
             "wins_m2": {name: round(area) for name, area in value["wins_m2"].items()}}  # fmt: skip
    call.emit(whole, lambda: _lines(whole))
    return exits.DEGRADED if whole["gaps"] or whole.get("too_old") else exits.OK


def _from_agent(
    call: Call, radius: float | None, area: Ring | None, wanted: dict[str, Any], reach: Reach
) -> dict[str, Any] | None:
    """The running agent's answer; None where there is none, and the snapshot it left must do. Raises Trouble."""
    asked = {
        **wanted,
        **({} if radius is None else {"radius_m": radius}),
        **({} if area is None else {"area": area}),
    }
    try:
        with Connection(call.options.socket, call.options.timeout, reach) as agent:
            return _written(call, agent.stream("coverage", **asked))
    except NotRunning as error:
        if error.denied:
            raise not_running(call.options.socket, error) from None
    except RequestFailed as error:
        if error.code not in ("silent", "hung_up"):
            raise failed(error) from None
    return None


def _from_snapshot(
    call: Call, radius: float | None, area: Ring | None, wanted: dict[str, Any], reach: Reach
) -> dict[str, Any]:
    """The same answer worked out here."""
    import time

    from agent.judge.near import TOO_OLD, as_of, standings_from_json
    from agent.reports.coverage.cover import NothingToCover
    from agent.reports.coverage.report import worked_out

    snapshot = snapshot_of(call)
    call.note(left_behind(snapshot.get("written_s")))
    radius = snapshot.get("coverage_m", 150.0) if radius is None else radius
    try:
        things = [as_of(thing, time.time()) for thing in standings_from_json(snapshot["things"])]
        value = _written(call, worked_out(things, radius, area, wanted, reach))
    except NothingToCover as error:
        raise trouble_of(exits.BAD_DATA, error.reason) from None
    except (ValueError, TypeError) as error:
        told = _("the snapshot of the verdicts cannot be read: {why}").format(why=in_words(why_failed(error)))
        raise Trouble(exits.BAD_DATA, told) from None
    return {**value, "too_old": sum(TOO_OLD in thing.reasons for thing in things)}


def _written(call: Call, answers: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The sums, which come last, once what came before is in its files. Raises Trouble."""
    features: list[Any] = []
    picture: list[str] = []
    value: dict[str, Any] = {}
    for value in answers:
        features += value.get("features", ())
        picture.append(value.get("svg", ""))
    if call.args.geojson:
        import json

        _write(call.args.geojson, json.dumps({"type": "FeatureCollection", "features": features}) + "\n")
    if call.args.svg:
        _write(call.args.svg, "".join(picture))
    return value


def _lines(value: dict[str, Any]) -> list[str]:
    told = _("{share} of {area} ha lies within {radius} m of a working hydrant")
    lines = [told.format(share=percent(value["share"]), area=_ha(value["area_m2"]), radius=f"{value['radius_m']:g}")]
    if value["gaps"]:
        largest = ", ".join(_ha(area) for area in value["largest_m2"][:5])
        lines.append(_("{n} gaps, the largest {largest} ha").format(n=value["gaps"], largest=largest))
    wins = [(name, area) for name, area in value["wins_m2"].items() if area > 0]
    for name, area in wins[:10]:
        lines.append(_("{name} working again would win {area} ha").format(name=name, area=_ha(area)))
    return lines


def _ha(m2: float) -> str:
    return f"{m2 / 10_000:.2f}"


def _area(name: str) -> Ring:
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
        raise trouble_of(exits.BAD_DATA, file_reason(name, error)) from None
    except (ValueError, KeyError, IndexError, TypeError):
        raise Trouble(exits.BAD_DATA, _("{name} holds no GeoJSON polygon").format(name=name)) from None
    ring = ring[:-1] if ring[0] == ring[-1] else ring
    if len(ring) > MOST_CORNERS:
        told = _("{name}: {n} corners; an area may have {most}")
        raise Trouble(exits.USAGE, told.format(name=name, n=len(ring), most=MOST_CORNERS))
    return ring


def _write(name: str, text: str) -> None:
    from pathlib import Path

    try:
        Path(name).write_text(text, "utf-8")
    except OSError as error:
        raise trouble_of(exits.CANNOT_WRITE, file_reason(name, error)) from None
