"""facts: tell the agent of incidents, permits to draw water, inspections and flow tests."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser, shortened
from agent.cli.judged import datum_option, place_of, seconds_of, time_text, zone_of
from agent.cli.reasons import trouble_of
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo
    from typing import Any

LONGEST = 400
"""Characters of an id, a name or a note."""
KINDS = ("incident", "permit", "inspection", "flow_test")


def build(parser: Parser) -> None:
    """`hydronest facts list|incident|permit|inspection|flow-test`."""
    shown = parser.verb("list", _("everything that was told, newest last"), show_list)
    shown.add_argument("--kind", choices=KINDS, default="")
    incident = parser.verb("incident", _("an incident opens, changes or closes"), tell_incident)
    incident.add_argument("id", metavar="ID")
    incident.add_argument("place", metavar="LON,LAT")
    incident.add_argument("--kind", metavar="WORD", default="fire", help=_("fire, rescue ...; fire otherwise"))
    incident.add_argument("--level", metavar="N", type=int, default=1)
    incident.add_argument("--closed", action="store_true", help=_("it is over"))
    permit = parser.verb("permit", _("somebody may draw water"), tell_permit)
    permit.add_argument("id", metavar="ID")
    permit.add_argument("holder", metavar="HOLDER")
    permit.add_argument("--asset", metavar="ID", default="", help=_("from this hydrant"))
    permit.add_argument("--place", metavar="LON,LAT", help=_("or from any within --radius of here"))
    permit.add_argument("--radius", metavar="M", type=float, default=0.0)
    permit.add_argument("--from", metavar="TIME", dest="begin", help=_("2026-11-21T08:00; now otherwise"))
    permit.add_argument("--until", metavar="TIME", required=True)
    look = parser.verb("inspection", _("somebody looked at it"), tell_inspection)
    look.add_argument("asset", metavar="ID")
    look.add_argument("result", choices=("passed", "failed"))
    test = parser.verb("flow-test", _("a flow test: pressures without and with the flow, and the flow"), tell_flow)
    test.add_argument("asset", metavar="ID")
    test.add_argument("--static", metavar="KPA", type=float, required=True)
    test.add_argument("--residual", metavar="KPA", type=float, required=True)
    test.add_argument("--flow", metavar="L/S", type=float, help=_("measured flow, or --nozzle and --pitot"))
    test.add_argument("--nozzle", metavar="MM", type=float, help=_("diameter of the open outlet"))
    test.add_argument("--pitot", metavar="KPA", type=float, help=_("velocity pressure in its stream"))
    test.add_argument("--coefficient", metavar="C", type=float, default=0.9, help=_("of the outlet; 0.9 otherwise"))
    for verb in (incident, permit):
        datum_option(verb)
    for verb in (look, test):
        verb.add_argument("--by", metavar="NAME", default="")
    for verb in (incident, look, test):
        verb.add_argument("--at", metavar="TIME", help=_("2026-11-21T08:00; now otherwise"))
    for verb in (incident, look):
        verb.add_argument("--note", metavar="TEXT", default="")


def show_list(call: Call) -> int:
    """A row a fact."""
    rows = call.ask("facts.list", fact=call.args.kind)
    zone = _zone(call) if rows and not call.json else None
    call.table(
        [
            Column("fact", _("fact"), lambda row: term(row["fact"])),
            Column("id", _("id"), lambda row: row.get("id") or row.get("asset") or ""),
            Column("at_s", _("time"), lambda row: time_text(row["at_s"], zone)),
            Column("what", _("what"), lambda row: _what(row, zone)),
            Column("told_by", _("told by"), _told_by, priority=2),
        ],
        rows,
        _("no facts have been told"),
    )
    return exits.OK


def tell_incident(call: Call) -> int:
    """Repeats are dropped: sending the same twice changes nothing."""
    lon, lat = place_of(call.args.place, call.args.datum)
    state = "closed" if call.args.closed else "open"
    more = {"kind": call.args.kind, "level": call.args.level, "state": state, "note": call.args.note}
    return _tell(
        call,
        "incident",
        {"id": call.args.id, "lon": lon, "lat": lat, "at_s": _seconds(call.args.at, call), **more},
    )


def tell_permit(call: Call) -> int:
    """For one hydrant, or for a place and its surroundings."""
    args = call.args
    dates = {"from_s": _seconds(args.begin, call), "until_s": _seconds(args.until, call)}
    content = {"id": args.id, "holder": args.holder, **dates}
    if args.place:
        lon, lat = place_of(args.place, args.datum)
        content |= {"lon": lon, "lat": lat, "radius_m": args.radius}
    return _tell(call, "permit", {**content, "asset": args.asset, "at_s": _seconds(None, call)})


def tell_inspection(call: Call) -> int:
    """Passed or failed."""
    args = call.args
    content = {"asset": args.asset, "passed": args.result == "passed", "by": args.by, "note": args.note}
    return _tell(call, "inspection", {**content, "at_s": _seconds(args.at, call)})


def tell_flow(call: Call) -> int:
    """From a measured flow, or from a pitot reading."""
    args = call.args
    flow = args.flow
    if flow is None:
        if args.nozzle is None or args.pitot is None:
            raise Trouble(exits.USAGE, _("a flow test needs --flow, or --nozzle and --pitot"))
        from agent.judge.flow import BadTest, nozzle_l_s

        try:
            flow = nozzle_l_s(args.nozzle, args.pitot, args.coefficient)
        except BadTest as error:
            raise trouble_of(exits.USAGE, error.reason) from None
    content = {"static_kpa": args.static, "residual_kpa": args.residual, "flow_l_s": round(flow, 3), "by": args.by}
    return _tell(call, "flow_test", {"asset": args.asset, "at_s": _seconds(args.at, call), **content})


def _tell(call: Call, fact: str, content: dict[str, Any]) -> int:
    for text in content.values():
        if isinstance(text, str) and len(text) > LONGEST:
            told = _("{text} is too long: at most {most} characters")
            raise Trouble(exits.USAGE, told.format(text=shortened(text), most=LONGEST))
    if not 1 <= content.get("level", 1) <= 5:
        raise Trouble(exits.USAGE, _("--level takes 1 to 5"))
    answer = call.ask("facts.add", fact=fact, content=content)
    call.emit(answer, lambda: [_("kept") if answer["news"] else _("known already: nothing changed")])
    return exits.OK


def _seconds(text: str | None, call: Call) -> float:
    """UTC seconds of a time of the gateway as written; now without one. Raises Trouble."""
    import time
    from datetime import UTC

    if text is None:
        return time.time()
    seconds_of(text, UTC)  # what is no time at all needs no agent to say so
    return seconds_of(text, _zone(call))


def _zone(call: Call) -> tzinfo:
    """The gateway's time zone, asked of the agent."""
    return zone_of(call.ask("timezone"))


def _told_by(row: dict[str, Any]) -> str:
    return _("a claim: nobody signed it") if row.get("claim") else row.get("told_by", "")


def _what(row: dict[str, Any], zone: tzinfo | None) -> str:
    if row["fact"] == "incident":
        return f"{row['lon']:.5f},{row['lat']:.5f} {term(row['kind'])} {row['level']} {term(row['state'])}"
    if row["fact"] == "permit":
        return f"{row['holder']} - {time_text(row['until_s'], zone)}"
    if row["fact"] == "inspection":
        return f"{_('passed') if row['passed'] else _('failed')} {row['by']}".strip()
    return f"{row['static_kpa']:g} -> {row['residual_kpa']:g} kPa, {row['flow_l_s']:g} L/s"
