"""dispatch: send the nearest ready nest's drone to an incident, or ask whether it would go."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import datum_option, place_of
from agent.cli.orders import KEPT_WAITING_S, accepted, add_key, key_id, send_order
from agent.cli.reasons import in_words
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def build(parser: Parser) -> None:
    """`hydronest dispatch --incident ID`; its place is known from the incident, or given."""
    parser.runs(dispatch)
    parser.add_argument("--incident", metavar="ID", required=True, help=_("the incident's id; one flight each"))
    parser.add_argument("--place", metavar="LON,LAT", help=_("where, in degrees; where the incident is otherwise"))
    datum_option(parser)
    parser.add_argument("--kind", metavar="KIND", default="fire", help=_("fire otherwise; for standing orders"))
    parser.add_argument("--height", metavar="M", type=float, default=60.0, help=_("above the nest; 60 m otherwise"))
    parser.add_argument(
        "--orbit", metavar="M", type=float, default=0.0, help=_("circle with this radius; hover otherwise")
    )
    parser.add_argument("--nest", metavar="NEST", default="", help=_("this nest; the nearest ready one otherwise"))
    needs = _("only an aircraft for that: scout, extinguish, patrol, carry or survey; repeatable")
    parser.add_argument("--needs", metavar="ABILITY", action="append", default=[], help=needs)
    parser.add_argument("--training", action="store_true", help=_("a training flight"))
    parser.add_argument("--again", action="store_true", help=_("fly although this incident was flown before"))
    parser.add_argument("--redirect", action="store_true", help=_("lead an aircraft already on scene elsewhere to it"))
    parser.add_argument("--dry-run", action="store_true", help=_("only: would it go, and why not"))
    parser.add_argument("--yes", action="store_true", help=_("do not ask"))
    add_key(parser)


def dispatch(call: Call) -> int:
    """With a key a signed order; without one what a standing order allows."""
    args = call.args
    lon, lat = place_of(args.place, args.datum) if args.place else _known(call, args.incident)
    incident: dict[str, Any] = {"incident": args.incident, "lat": lat, "lon": lon, "kind": args.kind,
                                "height_m": args.height, "orbit_m": args.orbit, "training": args.training,
                                "again": args.again, "redirect": args.redirect}  # fmt: skip
    if args.needs:
        incident["needs"] = args.needs
    if args.dry_run:
        return _dry_run(call, incident)
    call.confirm(_("Launch for incident {id}?").format(id=args.incident), args.yes)
    if args.key:
        done = send_order(call, "fly", args.nest, incident)
    else:
        call.options.timeout += KEPT_WAITING_S
        done = accepted(call.ask_flight("dispatch.incident", incident=incident, nest=args.nest))
    call.emit(done, lambda: [_("{nest} launches: flight {flight}").format(**done)])
    return exits.OK


def _dry_run(call: Call, incident: dict[str, Any]) -> int:
    by = {"signed": bool(call.args.key), "key": key_id(call)}
    told = call.ask_flight("dispatch.propose", incident=incident, nest=call.args.nest, **by)
    code = exits.OK if told["would_fly"] else exits.DEGRADED
    if call.json:
        call.emit(told)
        return code
    if told["two_people"]:
        call.note(_("It takes two people: somebody else has to countersign."))
    if told["flown_before"]:
        call.note(in_words(told["flown_before"]))
    call.table(
        [
            Column("nest", _("nest")),
            Column("would_fly", _("would fly"), lambda row: _("yes") if row["would_fly"] else _("no")),
            Column("away_m", _("away m"), right=True),
            Column("why_not", _("why not"), lambda row: "; ".join(map(in_words, row["why_not"]))),
        ],
        told["choices"],
    )
    return code


def _known(call: Call, incident: str) -> tuple[float, float]:
    """Where the incident is that the agent was told of last under this id."""
    told = [fact for fact in call.ask("facts.list", fact="incident") if fact["id"] == incident]
    if not told:
        raise Trouble(
            exits.USAGE,
            _("nobody told the agent of incident {id}").format(id=incident),
            _("Say where it is: --place LON,LAT"),
        )
    return told[-1]["lon"], told[-1]["lat"]
