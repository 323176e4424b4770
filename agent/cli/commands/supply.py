"""supply: which hydrants together feed a wanted flow. Needs no network and no agent, only what it left."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import datum_option, place_of, snapshot_options
from agent.cli.trouble import Trouble
from agent.cli.words import _


def build(parser: Parser) -> None:
    """`hydronest supply` has no verbs."""
    parser.description = _("which hydrants together feed a flow at 0.10 MPa, yes or no, and what is missing")
    parser.usage = f"{parser.prog} LON,LAT [--flow L/S] [--hour H] [--radius M] [--geojson]"
    parser.add_argument("place", nargs="+", metavar="LON,LAT", help=_("degrees: 118.8718,28.9417"))
    parser.add_argument("--flow", metavar="L/S", type=float, help=_("what is wanted; 490 and all levels otherwise"))
    parser.add_argument("--hour", metavar="H", type=int, help=_("for an hour of the day, 0 to 23; otherwise for now"))
    parser.add_argument("--radius", metavar="M", type=float, default=1300.0, help=_("how far to look; 1300 m at most"))
    parser.add_argument("--geojson", action="store_true", help=_("print GeoJSON for a map"))
    datum_option(parser)
    snapshot_options(parser)
    parser.runs(run)


def run(call: Call) -> int:
    """0 where it is enough, 1 where it is not or nobody knows."""
    from agent.cli.supplied import answer_of, show_answer

    lon, lat = place_of(" ".join(call.args.place), call.args.datum)
    flow, hour = call.args.flow, call.args.hour
    if not 1 <= call.args.radius <= 100_000:
        raise Trouble(exits.USAGE, _("--radius takes 1 to 100000 m"))
    if (flow is not None and not 0 < flow <= 10_000) or (hour is not None and not 0 <= hour <= 23):
        raise Trouble(exits.USAGE, _("--flow takes up to 10000 L/s, --hour 0 to 23"))
    return show_answer(call, answer_of(call, lon, lat, flow, hour, call.args.radius), geojson=call.args.geojson)
