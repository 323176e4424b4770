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
    parser.usage = f"{parser.prog} LON,LAT [--flow L/S] [--hour H] [--radius M] [--geojson], --against FILE"
    parser.add_argument("place", nargs="*", metavar="LON,LAT", help=_("degrees: 118.8718,28.9417"))
    parser.add_argument("--flow", metavar="L/S", type=float, help=_("what is wanted; 490 and all levels otherwise"))
    parser.add_argument("--hour", metavar="H", type=int, help=_("for an hour of the day, 0 to 23; otherwise for now"))
    parser.add_argument("--radius", metavar="M", type=float, default=1300.0, help=_("how far to look; 1300 m at most"))
    parser.add_argument("--geojson", action="store_true", help=_("print GeoJSON for a map"))
    parser.add_argument("--against", metavar="FILE", help=_("what is otherwise than in this GeoJSON of --geojson"))
    datum_option(parser)
    snapshot_options(parser)
    parser.runs(run)


def run(call: Call) -> int:
    """0 where it is enough, 1 where it is not or nobody knows."""
    from agent.cli.preplan import Asked
    from agent.cli.supplied import answer_of, show_answer

    if call.args.against:
        return _against(call, call.args.against)
    lon, lat = place_of(" ".join(call.args.place), call.args.datum)
    flow, hour = call.args.flow, call.args.hour
    if not 1 <= call.args.radius <= 100_000:
        raise Trouble(exits.USAGE, _("--radius takes 1 to 100000 m"))
    if (flow is not None and not 0 < flow <= 10_000) or (hour is not None and not 0 <= hour <= 23):
        raise Trouble(exits.USAGE, _("--flow takes up to 10000 L/s, --hour 0 to 23"))
    asked = Asked(lon, lat, flow, hour, call.args.radius)
    return show_answer(call, answer_of(call, *asked), geojson=asked if call.args.geojson else None)


def _against(call: Call, file: str) -> int:
    """0 where a crew that goes by the plan finds what it says, 1 where it finds less."""
    from agent.cli import preplan
    from agent.cli.supplied import FARTHEST_M, answer_of, verdict_text

    plan = preplan.read_plan(file)
    asked = preplan.asked_of(plan, file)
    answer = answer_of(call, *asked)
    found = preplan.changes(plan, answer, preplan.everything_near(call, asked, min(asked.radius_m, FARTHEST_M)))
    told = {"written_at": plan["asked"].get("written_at"), "was_enough": plan["supply"].get("enough"),
            "enough": answer["enough"], "changes": found}  # fmt: skip
    lines = [preplan.text_of(one) for one in found] or [_("everything is as in the plan")]
    call.emit(told, lambda: [*lines, "", verdict_text(answer)])
    return exits.DEGRADED if preplan.worse(found) else exits.OK
