"""near: what works near a place and how much it gives. Needs no network and no agent, only its last snapshot."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.found import columns, geojson
from agent.cli.judged import ask_first, datum_option, left_behind, place_of, snapshot_options
from agent.cli.trouble import Trouble
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def build(parser: Parser) -> None:
    """`hydronest near` has no verbs."""
    parser.description = _("nearest working hydrants and water points, with what they give")
    parser.usage = f"{parser.prog} LON,LAT [--radius M] [--most N] [--flow L/S] [--all] [--geojson]"
    parser.add_argument("place", nargs="+", metavar="LON,LAT", help=_("degrees: 118.8718,28.9417"))
    parser.add_argument(
        "--radius", metavar="M", type=float, default=2000.0, help=_("how far to look; 2000 m otherwise")
    )
    parser.add_argument("--most", metavar="N", type=int, default=20, help=_("how many; 20 otherwise"))
    parser.add_argument("--flow", metavar="L/S", type=float, help=_("those that give this much together (supply)"))
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
    if flow is not None:
        from agent.cli.preplan import Asked
        from agent.cli.supplied import answer_of, show_answer

        asked = Asked(lon, lat, flow, None, radius)
        return show_answer(call, answer_of(call, *asked), geojson=asked if call.args.geojson else None)
    rows, as_of = _from_agent(call, lon, lat), None
    if rows is None:
        rows, as_of = _from_snapshot(call, lon, lat)
        call.note(left_behind(as_of))
    if call.args.geojson:
        call.emit(geojson(rows))
    else:
        call.table(columns(), rows, _("nothing that works within {radius} m").format(radius=f"{radius:g}"))
    working = any(row["state"] == "serviceable" and not row.get("below_100_kpa") for row in rows)
    return exits.OK if working else exits.DEGRADED


def _from_agent(call: Call, lon: float, lat: float) -> list[dict[str, Any]] | None:
    """The running agent's answer, None where there is none at once."""
    asked = {"radius_m": call.args.radius, "most": call.args.most}
    rows = ask_first(call, "near", lon=lon, lat=lat, all=call.args.all, **asked)
    return rows if isinstance(rows, list) else None


def _from_snapshot(call: Call, lon: float, lat: float) -> tuple[list[dict[str, Any]], float | None]:
    """The answer worked out here from the last snapshot, and when that was written (UTC s)."""
    from agent.cli.left_water import found_near
    from agent.judge.together import NEAR_M

    radius = call.args.radius
    left = found_near(
        call, lon, lat, radius_m=radius, about_m=min(radius, NEAR_M), most=call.args.most, every_state=call.args.all
    )
    return [one.as_json() for one in left.found], left.written_s
