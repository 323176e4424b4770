"""asset: what the hydrants and water points are and were: in service, under repair, moved, replaced, retired."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import seconds_of, time_text, zone_of
from agent.cli.table import Column
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo
    from typing import Any

STATES = ("in_service", "under_repair", "moved", "replaced", "retired")


def build(parser: Parser) -> None:
    """`hydronest asset list|show|history|set|tag`."""
    shown = parser.verb("list", _("every one that was ever known, and what it is now"), show_list)
    shown.add_argument("--state", choices=STATES, default="")
    one = parser.verb("show", _("one, from its installation on"), show_one)
    one.add_argument("asset", metavar="ID", help=_("or what its QR code or NFC tag says"))
    history = parser.verb("history", _("what was said of it, in that order; of all without an id"), show_history)
    history.add_argument("asset", metavar="ID", nargs="?", default="")
    told = parser.verb("set", _("say what became of it; the rules say how its minutes count from then on"), tell)
    told.add_argument("asset", metavar="ID")
    told.add_argument("state", choices=STATES)
    told.add_argument("--at", metavar="TIME", help=_("since when: 2026-11-21T08:00; now otherwise"))
    told.add_argument("--with", metavar="ID", dest="successor", default="", help=_("what stands there instead"))
    told.add_argument("--by", metavar="NAME", default="", help=_("who says so; your user id otherwise"))
    told.add_argument("--note", metavar="TEXT", default="")
    tagged = parser.verb("tag", _("say which QR code or NFC tag hangs on it"), tag)
    tagged.add_argument("asset", metavar="ID")
    tagged.add_argument("tag", metavar="TAG", help=_("what it says, by the letter"))
    tagged.add_argument("--off", action="store_true", help=_("it hangs there no longer"))
    tagged.add_argument("--by", metavar="NAME", default="", help=_("who says so; your user id otherwise"))
    tagged.add_argument("--note", metavar="TEXT", default="")


def show_list(call: Call) -> int:
    """A row an asset; 1 if one is gone from the settings and nobody has said why."""
    rows = call.ask("asset.list")
    wanted = [row for row in rows if not call.args.state or row["state"] == call.args.state]
    zone = _zone(call) if wanted and not call.json else None
    call.table(
        [
            Column("id", _("id")),
            Column("name", _("name"), priority=3),
            Column("kind", _("kind"), lambda row: term(row["kind"]), priority=2),
            Column("station", _("station"), priority=4),
            Column("state", _("state"), _state),
            Column("since_s", _("since"), lambda row: time_text(row["since_s"], zone)),
            Column("counts", _("counts"), lambda row: term(row["counts"]), priority=1),
        ],
        wanted,
        _("there are none"),
    )
    return exits.DEGRADED if any(map(_unexplained, rows)) else exits.OK


def show_one(call: Call) -> int:
    """Its description and its history."""
    found = call.ask("asset.show", asset=call.args.asset)
    zone = None if call.json else _zone(call)
    thing = found["thing"]
    place = "" if thing["lon"] is None or thing["lat"] is None else f"{thing['lon']:.5f},{thing['lat']:.5f}"
    call.facts(
        found,
        [
            (_("id"), found["id"]),
            (_("name"), found["name"]),
            (_("kind"), term(found["kind"])),
            (_("place"), place),
            (_("station"), found["station"]),
            (_("district"), found["district"]),
            (_("tags"), ", ".join(found["tags"])),
            (_("state"), _state(found)),
            (_("since"), time_text(found["since_s"], zone)),
            (_("known since"), time_text(found["first_s"], zone)),
            (_("counts"), term(found["counts"])),
            *((time_text(entry["from_s"], zone), _what(entry)) for entry in found["history"]),
        ],
    )
    return exits.DEGRADED if _unexplained(found) else exits.OK


def show_history(call: Call) -> int:
    """A row an entry: since when, what, who said it when."""
    rows = call.ask("asset.history", asset=call.args.asset)
    zone = _zone(call) if rows and not call.json else None
    call.table(
        [
            Column("asset", _("id")),
            Column("from_s", _("since"), lambda row: time_text(row["from_s"], zone)),
            Column("what", _("what"), _what),
            Column("by", _("by"), lambda row: term(row["by"]), priority=1),
            Column("told_s", _("told"), lambda row: time_text(row["told_s"], zone), priority=2),
        ],
        rows,
        _("there are none"),
    )
    return exits.OK


def tell(call: Call) -> int:
    """Committed when it returns; a slip is put right by saying it again with the same time."""
    args = call.args
    asked = {"asset": args.asset, "state": args.state, "by": args.by, "note": args.note, "successor": args.successor}
    if args.at is not None:
        from datetime import UTC

        seconds_of(args.at, UTC)  # what is no time at all needs no agent to say so
        asked["at_s"] = seconds_of(args.at, _zone(call))
    answer = call.ask("asset.set", **asked)
    zone = None if call.json else _zone(call)
    since = time_text(answer["from_s"], zone)
    kept = _("kept: {id} is {state} since {time}")
    call.emit(answer, lambda: [kept.format(id=answer["asset"], state=term(answer["state"]), time=since)])
    return exits.OK


def tag(call: Call) -> int:
    """Committed when it returns; a tag that hung elsewhere hangs there no longer."""
    args = call.args
    answer = call.ask("asset.tag", asset=args.asset, tag=args.tag, off=args.off, by=args.by, note=args.note)
    kept = _("kept: {tag} hangs on {id} no longer") if args.off else _("kept: {tag} hangs on {id}")
    call.emit(answer, lambda: [kept.format(tag=answer["tag"], id=answer["asset"])])
    return exits.OK


def _unexplained(row: dict[str, Any]) -> bool:
    return not row["in_settings"] and row["state"] not in ("retired", "replaced")


def _state(row: dict[str, Any]) -> str:
    if _unexplained(row):
        return _("gone from the settings: retired?")
    return term(row["state"]) if row["state"] else _("not known yet")


def _what(entry: dict[str, Any]) -> str:
    said = []
    if entry["state"]:
        said.append(term(entry["state"]))
    if entry.get("tag"):
        said.append((_("tag {tag} off") if entry["tag_off"] else _("tag {tag}")).format(tag=entry["tag"]))
    if entry["successor"]:
        said.append(entry["successor"])
    if entry["gone"]:
        said.append(_("gone from the settings"))
    if entry["thing"]:
        thing = entry["thing"]
        place = "" if thing["lon"] is None or thing["lat"] is None else f"{thing['lon']:.5f},{thing['lat']:.5f}"
        said.append(" ".join(filter(None, (term(thing["kind"]), thing["name"], thing["station"], place))))
    if entry["note"]:
        said.append(entry["note"])
    return "; ".join(said)


def _zone(call: Call) -> tzinfo:
    """The gateway's time zone, asked of the agent."""
    return zone_of(call.ask("timezone"))
