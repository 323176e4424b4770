"""rate: how many hydrants and water points are serviceable, now or over a day or a month, and why not all."""

from __future__ import annotations

from agent.cli import exits, show, words
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import percent, style_of
from agent.cli.reasons import in_words, trouble_of
from agent.cli.table import Column
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

BY = ("all", "station", "district", "kind", "asset")


_NAMED = 8
"""So many ids of many are named in a note."""


def build(parser: Parser) -> None:
    """`hydronest rate [now|over|below|reasons|risk|why]`; without a verb the rate now."""
    parser.runs(show_rate)
    now = parser.verb("now", _("the rate at this moment"), show_rate)
    over = parser.verb("over", _("time-weighted over 2026-11-21, 2026-11, 2026 or 2026-06..2026-08"), show_over)
    over.add_argument("period", metavar="PERIOD")
    for verb in (parser, now):
        verb.set_defaults(period="")
    for verb in (parser, now, over):
        verb.add_argument("--by", choices=BY, default="all", help=_("a rate for each station, district, kind or thing"))
    below = parser.verb("below", _("minutes below each limit, over a day, a month, a year"), show_below)
    below.add_argument("period", metavar="PERIOD")
    because = parser.verb("reasons", _("minutes by reason, over a day, a month, a year"), show_reasons)
    because.add_argument("period", metavar="PERIOD")
    risk = parser.verb(
        "risk", _("dead hydrants side by side, and hours of low pressure: for a risk platform"), show_risk
    )
    risk.add_argument("period", metavar="PERIOD")
    why = parser.verb("why", _("every verdict with its reasons"), show_why)
    why.add_argument("--all", action="store_true", help=_("the serviceable ones too"))


def _checked(period: str) -> None:
    """Days of the calendar. Raises Trouble."""
    from agent.judge.days import NoPeriod, days_of

    try:
        days_of(period)
    except NoPeriod as error:
        raise trouble_of(exits.USAGE, error.reason) from None


def show_over(call: Call) -> int:
    """As `show_rate`, over days, months or years."""
    _checked(call.args.period)
    return show_rate(call)


def show_rate(call: Call) -> int:
    """A row a group; 1 unless everything is serviceable."""
    answer = _over(call, call.args.by) if call.args.period else call.ask("rate", by=call.args.by)
    if call.json:
        call.emit(answer)
    else:
        call.table(_columns(answer["counts"] == "asset_minutes"), answer["groups"])
        call.note(_("by the rules {rules}; unknown never counts as serviceable").format(rules=answer["rules"]))
        if answer.get("alarmed"):
            told = _("{n} counted as serviceable have an alarm, not long enough for a verdict: {ids}")
            shown = ", ".join(answer["alarmed"][:_NAMED]) + (" …" if len(answer["alarmed"]) > _NAMED else "")
            call.note(told.format(n=len(answer["alarmed"]), ids=shown))
        if answer["period"]:
            told = _("days of {zone}; a day's official rate is the one in its evidence, which anyone can recompute")
            call.note(told.format(zone=answer.get("timezone", "")))
            _say_missing(call, answer)
        for line in answer["trouble"]:
            call.note(in_words(line))
    return exits.OK if all(group["strict"] == 1.0 for group in answer["groups"]) else exits.DEGRADED


def _say_missing(call: Call, answer: dict[str, Any]) -> None:
    """Which days were asked for and are there, and what nobody judged of them; nothing with --json."""
    if call.json:
        return
    call.note(_("from {first} to {last}").format(first=answer["first_day"], last=answer["last_day"]))
    missing = answer["missing"]
    if missing["minutes"]:
        told = _("of {hours} no verdict is kept, they count as unknown: gateway off, power lost, or clock put right")
        call.note(told.format(hours=_hours(missing["minutes"])))
    if missing["days"]:
        days = ", ".join(first if first == last else f"{first}..{last}" for first, last in missing["days"])
        call.note(_("whole days: {days}").format(days=days))
    if missing["of_days"]:
        days = ", ".join(f"{day} ({minutes} min)" for day, minutes in missing["of_days"].items())
        call.note(_("parts of days: {days}").format(days=days))


def _over(call: Call, by: str) -> dict[str, Any]:
    """What the agent works out from its ledger."""
    with call.progress(0, _("working out")) as bar:
        (answer,) = call.stream("rate.over", bar.reach, by=by, period=call.args.period)
    return dict(answer)


def _columns(minutes: bool) -> list[Column]:
    def count(key: str, title: str) -> Column:
        return Column(key, title, lambda row: _hours(row[key]) if minutes else str(row[key]), right=True, priority=1)

    return [
        Column("group", _("group"), lambda row: term(row["group"]) or _("all")),
        Column("strict", _("strict rate"), lambda row: percent(row["strict"]), right=True),
        Column("of_known", _("of known"), lambda row: percent(row["of_known"]), right=True),
        count("serviceable", term("serviceable")),
        count("not_serviceable", term("not_serviceable")),
        count("unknown", term("unknown")),
    ]


def _of_judged(none: str, missing_min: int) -> str:
    return _("of what was judged: {none}").format(none=none) if missing_min else none


def _hours(minutes: int) -> str:
    return f"{minutes / 60:.1f} h"


def show_below(call: Call) -> int:
    """A row a thing that was below a limit, a column a limit; 1 if there is any."""
    _checked(call.args.period)
    answer = _over(call, "all")
    found: dict[str, dict[str, int]] = answer["below_min"]
    limits = sorted({limit for minutes in found.values() for limit in minutes})
    rows = [{"id": asset, **dict.fromkeys(limits, 0), **minutes} for asset, minutes in sorted(found.items())]
    columns = [Column("id", _("id")), *(Column(limit, f"{term(limit)} min", right=True) for limit in limits)]
    call.table(columns, rows, _of_judged(_("nothing was below a limit"), answer["missing"]["minutes"]))
    _say_missing(call, answer)
    return exits.DEGRADED if rows else exits.OK


def show_reasons(call: Call) -> int:
    """A row a thing and a rule that it failed, or that could not be answered, the longest first; 1 if there is any.

    A minute with two reasons counts in both. One that nobody judged has none, and is 1 too.
    """
    _checked(call.args.period)
    answer = _over(call, "all")
    found: dict[str, dict[str, int]] = answer["because_min"]
    rows: list[dict[str, Any]] = [
        {"id": asset, "reason": reason, "minutes": n}
        for asset, reasons in found.items()
        for reason, n in reasons.items()
    ]
    rows.sort(key=lambda row: (-row["minutes"], row["id"], row["reason"]))
    columns = [
        Column("id", _("id")),
        Column("reason", _("because"), _of_rule),
        Column("minutes", "min", lambda row: str(row["minutes"]), right=True),
    ]
    missing = answer["missing"]["minutes"]
    call.table(columns, rows, _of_judged(_("nothing was out of order"), missing))
    _say_missing(call, answer)
    return exits.DEGRADED if rows or missing else exits.OK


def show_risk(call: Call) -> int:
    """Clusters now and hours below each limit, as two tables; 1 if there is any."""
    _checked(call.args.period)
    with call.progress(0, _("working out")) as bar:
        (value,) = call.stream("risk", bar.reach, period=call.args.period)
    dead, low = value["clusters"], value["low_pressure"]
    call.emit(value, lambda: _risk(dead, low, value))
    _say_missing(call, value)
    return exits.DEGRADED if dead or low else exits.OK


def _risk(dead: list[dict[str, Any]], low: list[dict[str, Any]], value: dict[str, Any]) -> Iterator[str]:
    if not dead:
        yield _("no two that do not work stand within {m} m of each other").format(m=f"{value['link_m']:g}")
    for one in dead:
        told = _("{n} side by side do not work ({unknown} of them not known to), {lon},{lat}, within {m} m: {ids}")
        yield told.format(n=len(one["ids"]), m=f"{one['reach_m']:.0f}", ids=", ".join(one["ids"]), **{
            name: one[name] for name in ("unknown", "lon", "lat")})  # fmt: skip
    if not low:
        yield _of_judged(_("nothing was below a limit"), value["missing"]["minutes"])
    for one in low:
        hours = ", ".join(f"{term(limit)} {hours:g} h" for limit, hours in one["hours"].items())
        yield f"{one['id']}: {hours}"


def _of_rule(row: dict[str, Any]) -> str:
    rule = row["reason"].removesuffix("?")
    return _("not known whether: {what}").format(what=term(rule)) if rule != row["reason"] else term(rule)


def show_why(call: Call) -> int:
    """What is not serviceable, since when and why; 1 if there is any."""
    rows = call.ask("verdict.list")
    shown = rows if call.args.all or call.json else [row for row in rows if row["state"] != "serviceable"]
    call.table(
        [
            Column("id", _("id")),
            Column("name", _("name"), priority=3),
            Column("state", _("state"), lambda row: term(row["state"]), style=style_of),
            Column("since_s", _("for"), lambda row: show.age(row["since_s"]), right=True, priority=1),
            Column("reasons", _("because"), reasons),
            Column("station", _("station"), priority=4),
        ],
        shown,
        _("all {n} are serviceable").format(n=len(rows)),
    )
    return exits.OK if all(row["state"] == "serviceable" for row in rows) else exits.DEGRADED


def reasons(row: dict[str, Any]) -> str:
    """The rules' own words for what failed."""
    language = words.language()
    said = []
    for reason in row["reasons"]:
        rule = reason.removesuffix("?")
        text = row["say"].get(rule, {}).get(language) or term(rule)
        said.append(_("not known whether: {what}").format(what=text) if rule != reason else text)
    return ", ".join(said)
