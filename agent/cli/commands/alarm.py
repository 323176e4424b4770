"""alarm: what stands, what a person says of it, and what is kept off the screens for a while."""

from __future__ import annotations

from agent.cli import exits, show
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.spans import seconds_in
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

LONGEST_SHELF_S = 7 * 86400
"""As `agent.core.requests.alarms` has it, which is not loaded for a command."""


def build(parser: Parser) -> None:
    """`hydronest alarm list|ack|note|shelve|unshelve|kpi|sound`; without a verb the list."""
    parser.runs(show_list)
    listed = parser.verb("list", _("what stands, who has seen it, what is shelved"), show_list)
    for verb in (parser, listed):
        verb.add_argument("--each", action="store_true", help=_("every alarm by itself, also those of one cause"))
    seen = parser.verb("ack", _("say that you have seen it; it stands on until it is over"), acknowledge)
    seen.add_argument("subject", metavar="ID")
    seen.add_argument("kind", metavar="EVENT", nargs="?", default="", help=_("all that stands of it otherwise"))
    seen.add_argument("--note", metavar="TEXT", default="")
    seen.add_argument("--group", action="store_true", help=_("and everything else of the same cause"))
    _by(seen)
    noted = parser.verb("note", _("say something of what stands: it is kept, and told upwards"), note)
    noted.add_argument("subject", metavar="ID")
    noted.add_argument("text", metavar="TEXT")
    noted.add_argument("--kind", metavar="EVENT", default="", help=_("all that stands of it otherwise"))
    _by(noted)
    shelved = parser.verb("shelve", _("keep one off the screens for a while, also when it comes again"), shelve)
    shelved.add_argument("subject", metavar="ID")
    shelved.add_argument("kind", metavar="EVENT")
    shelved.add_argument("--for", metavar="TIME", dest="span", required=True, help=_("90s, 30m, 12h or 7d, no longer"))
    shelved.add_argument("--why", metavar="TEXT", required=True)
    _by(shelved)
    figures = parser.verb("kpi", _("how good the alarms are: rates, floods, chattering, bad actors"), show_kpi)
    figures.add_argument("--since", metavar="TIME", default="30d", help=_("of the last 12h or 7d; 30d otherwise"))
    heard = parser.verb("sound", _("ring for alarms (no warnings) that nobody has seen, until Ctrl-C"), sound)
    heard.add_argument("--again", metavar="TIME", help=_("while one is left; as the settings say, or 0s for once"))
    what = _("not the bell; HYDRONEST_ALARM says for what")
    heard.add_argument("--run", metavar="COMMAND", dest="program", default="", help=what)
    heard.add_argument("--interval", type=float, default=1.0, metavar="S", help=_("seconds between two looks; 1"))
    heard.add_argument("--count", type=int, default=0, metavar="N", help=_("stop after N looks"))
    back = parser.verb("unshelve", _("back on the screens"), unshelve)
    back.add_argument("subject", metavar="ID")
    back.add_argument("kind", metavar="EVENT")
    _by(back)


def _by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", metavar="NAME", default="", help=_("who says so; your user id otherwise"))


def show_list(call: Call) -> int:
    """3 while an alarm stands that is not shelved, 1 while a warning does."""
    found = call.ask("alarm.list")
    if call.json:
        call.emit(found)
    else:
        stands = {(row["subject"], row["kind"]) for row in found["standing"]}
        waits = [_waiting(one) for one in found["shelf"] if (one["subject"], one["kind"]) not in stands]
        rows = found["standing"] if call.args.each else _folded(found)
        call.table(_columns(), [*rows, *waits], _("nothing stands"))
    severities = {row["severity"] for row in found["standing"] if row["shelved_s"] is None}
    return exits.ALARM if "alarm" in severities else exits.DEGRADED if "warning" in severities else exits.OK


def acknowledge(call: Call) -> int:
    """Kept when it returns."""
    args = call.args
    asked = {"subject": args.subject, "kind": args.kind, "group": args.group}
    answer = call.ask("alarm.ack", **asked, by=args.by, note=args.note)
    kinds, ids = ", ".join(map(term, answer["kinds"])), ", ".join(answer["subjects"])
    call.emit(answer, lambda: [_("{id}: {kinds} acknowledged").format(id=ids, kinds=kinds)])
    return exits.OK


def note(call: Call) -> int:
    """Kept when it returns."""
    args = call.args
    answer = call.ask("alarm.note", subject=args.subject, kind=args.kind, by=args.by, note=args.text)
    kinds = ", ".join(map(term, answer["kinds"]))
    call.emit(answer, lambda: [_("{id}: {kinds} noted").format(id=answer["subject"], kinds=kinds)])
    return exits.OK


def shelve(call: Call) -> int:
    """Kept when it returns."""
    for_s = seconds_in(call.args.span)
    if not for_s:
        raise Trouble(exits.USAGE, _("--for {span}: write 90s, 30m, 12h or 7d").format(span=call.args.span))
    if for_s > LONGEST_SHELF_S:
        raise Trouble(exits.USAGE, _("--for {span}: 7d at most").format(span=call.args.span))
    answer = _shelve(call, for_s, call.args.why)
    told = _("{id}: {kind} shelved for {time}")
    shown = {"id": answer["subject"], "kind": term(answer["kind"]), "time": show.age(answer["left_s"])}
    call.emit(answer, lambda: [told.format(**shown)])
    return exits.OK


def unshelve(call: Call) -> int:
    """Kept when it returns."""
    answer = _shelve(call, 0, "")
    told = _("{id}: {kind} is back on the screens").format(id=answer["subject"], kind=term(answer["kind"]))
    call.emit(answer, lambda: [told])
    return exits.OK


def sound(call: Call) -> int:
    """Until Ctrl-C."""
    from agent.cli.sound import follow

    return follow(call)


def show_kpi(call: Call) -> int:
    """Each figure beside what EEMUA 191 and ISA-18.2 ask for; 1 where one is beyond it."""
    span_s = seconds_in(call.args.since)
    if not span_s:
        raise Trouble(exits.USAGE, _("--since {span}: write 12h or 7d").format(span=call.args.since))
    with call.progress(0, _("reading")) as bar:
        (told,) = call.stream("alarm.kpi", bar.reach, span_s=span_s)
    rows = [
        _figure(_("alarms a day, those of one cause as one"), told["per_day"], 150),
        _figure(_("most in ten minutes"), told["worst_ten_min"], 10),
        _figure(_("time in a flood, %"), round(told["in_flood_share"] * 100, 2), 1),
        _figure(_("standing for over a day"), len(told["stale"]), 5),
        _figure(_("chattering"), len(told["chattering"]), 0),
    ]
    if call.json:
        call.emit(told)
    else:
        call.table(_figure_columns(), rows)
        call.table(_bad_columns(), told["bad_actors"], _("no alarm in this time"))
    return exits.OK if all(row["value"] <= row["most"] for row in rows) else exits.DEGRADED


def _figure(name: str, value: float, most: float) -> dict[str, Any]:
    return {"name": name, "value": value, "most": most}


def _figure_columns() -> list[Column]:
    return [
        Column("name", _("figure")),
        Column("value", _("is"), right=True, style=lambda row: "good" if row["value"] <= row["most"] else "warning"),
        Column("most", _("at most"), right=True),
    ]


def _bad_columns() -> list[Column]:
    return [
        Column("subject", _("most alarms of")),
        Column("kind", _("event"), lambda row: term(row["kind"])),
        Column("alarms", _("alarms"), right=True),
    ]


def _shelve(call: Call, for_s: int, why: str) -> Any:
    args = call.args
    return call.ask("alarm.shelve", subject=args.subject, kind=args.kind, for_s=for_s, by=args.by, why=why)


def _waiting(one: dict[str, Any]) -> dict[str, Any]:
    """A row of what is shelved and does not stand."""
    row: dict[str, Any] = {"severity": "", "age_s": None, "acknowledged_by": None, "evidence": {}}
    return {**row, "subject": one["subject"], "kind": one["kind"], "shelved_s": one["left_s"]}


def _folded(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What stands, that of one cause in one row: who was first, how many others, and which."""
    groups = {group["group"]: _as_row(group) for group in found["groups"]}
    rows: list[dict[str, Any]] = []
    for row in found["standing"]:
        if row["group"] not in groups or row["shelved_s"] is not None:
            rows.append(row)
        elif groups[row["group"]] not in rows:
            rows.append(groups[row["group"]])
    return rows


def _as_row(group: dict[str, Any]) -> dict[str, Any]:
    first, subjects = group["group"], group["subjects"]
    others = [subject for subject in subjects if subject != first]
    seen = _("{n} of {of}").format(n=group["acknowledged"], of=group["alarms"]) if group["acknowledged"] else None
    row = {"subject": f"{first} +{len(others)}", "shelved_s": None, "acknowledged_by": None, "of_one_cause": others}
    return {**row, "kinds": group["kinds"], "severity": group["severity"], "age_s": group["age_s"], "seen": seen}


def _columns() -> list[Column]:
    return [
        Column("subject", _("id")),
        Column(
            "kind", _("event"), lambda row: ", ".join(map(term, row.get("kinds", (row.get("kind"),)))), style=_style
        ),
        Column("severity", _("severity"), lambda row: term(row["severity"]) if row["severity"] else "-", priority=2),
        Column("age_s", _("for"), lambda row: show.age(row["age_s"]), right=True),
        Column("state", _("state"), _state),
        Column("evidence", _("because"), _because, priority=1),
    ]


def _because(row: dict[str, Any]) -> str:
    if "of_one_cause" in row:
        return _("of one cause: {ids}").format(ids=", ".join(row["of_one_cause"]))
    return show.because(row["evidence"])


def _state(row: dict[str, Any]) -> str:
    said = []
    if row["shelved_s"] is not None:
        said.append(_("shelved, {time} left").format(time=show.age(row["shelved_s"])))
    if row["acknowledged_by"] is not None:
        said.append(_("acknowledged by {by}").format(by=row["acknowledged_by"]))
    if row.get("seen") is not None:
        said.append(_("acknowledged: {seen}").format(seen=row["seen"]))
    if row.get("note"):
        said.append(f"“{row['note']}”")
    return ", ".join(said) or _("new")


def _style(row: dict[str, Any]) -> str:
    return str(row["severity"]) if row["severity"] in ("alarm", "warning") and row["shelved_s"] is None else "dim"
