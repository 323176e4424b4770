"""nest: the drone nests, and whether they may launch."""

from __future__ import annotations

from functools import partial

from agent.cli import exits, nests
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import time_text, zone_here
from agent.cli.orders import add_key, send_order
from agent.cli.reasons import in_words
from agent.cli.table import Column, text_of
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ALARMS = ("failed", "stopped", "aircraft_lost", "landed_off_site")


def build(parser: Parser) -> None:
    """The verbs of `hydronest nest`."""
    parser.verb("list", _("every nest: phase, cover, weather, readiness"), show_list)
    ready = parser.verb("ready", _("may it launch: yes or no, why not, and every interlock"), show_ready)
    ready.add_argument("nest", metavar="NEST", nargs="?", default="")
    over = parser.verb("readiness", _("how long each could launch over days, months or years, and why not"), show_over)
    over.add_argument("period", metavar="DAY|MONTH|YEAR")
    over.add_argument("--by", choices=("nest", "brigade"), default="nest")
    over.add_argument("--stretches", action="store_true", help=_("each stretch, to the second"))
    clear = parser.verb("clear", _("say, on site, that the trouble is dealt with"), clear_one)
    clear.add_argument("nest", metavar="NEST")
    clear.add_argument("--yes", action="store_true", help=_("do not ask"))
    add_key(clear)


def show_list(call: Call) -> int:
    """3 while a nest needs a person, 1 while one is not ready at rest."""
    rows = call.listed(call.look_at_flight, "nest.list")
    call.table(
        [
            Column("id", _("nest")),
            Column("phase", _("phase"), lambda row: term(row["phase"]), style=_style),
            Column("ready", _("ready"), lambda row: _("yes") if row["ready"] else _("no")),
            Column("cover", _("cover"), lambda row: term(f"cover_{row['cover']}")),
            Column("wind_ms", _("wind m/s"), right=True, priority=1),
            Column("gust_ms", _("gust m/s"), right=True, priority=2),
            Column("flight", _("flight"), priority=1),
            Column("incident", _("incident"), priority=2),
            Column("why", _("because"), nests.why, priority=3),
        ],
        rows,
        _("this site has no nests"),
    )
    if any(row["phase"] in ALARMS for row in rows):
        return exits.ALARM
    return exits.DEGRADED if any(row["phase"] == "rest" and not row["ready"] for row in rows) else exits.OK


def show_ready(call: Call) -> int:
    """0 for yes, 1 for no."""
    told = call.look_at_flight("nest.ready", nest=call.args.nest)
    if call.json:
        call.emit(told)
        return exits.OK if told["ready"] else exits.DEGRADED
    answer = _("yes") if told["ready"] else _("no")
    call.note(_("{nest}: may launch: {answer} ({phase})").format(nest=told["nest"], answer=answer,
                                                               phase=term(told["phase"])))  # fmt: skip
    for reason in told["why_not"]:
        call.note("  " + in_words(reason))
    for doubt in told.get("doubts", ()):
        call.note(_("  to be known: {what}").format(what=in_words(doubt)))
    call.table(interlock_columns(), told["interlocks"])
    return exits.OK if told["ready"] else exits.DEGRADED


def show_over(call: Call) -> int:
    """A row a nest or brigade; with --stretches a row each time that it turned."""
    args = call.args
    told = call.ask("nest.readiness", period=args.period, by=args.by, stretches=args.stretches)
    if call.json:
        call.emit(told)
    elif args.stretches:
        zone = zone_here(call)
        call.table(
            [
                Column("nest", _("nest")),
                Column("from_s", _("from"), lambda row: time_text(row["from_s"], zone, whole=True)),
                Column("to_s", _("until"), lambda row: time_text(row["to_s"], zone, whole=True)),
                Column("stands", _("state"), lambda row: term(row["stands"])),
                Column("why", _("why not"), lambda row: ", ".join(map(term, row["why"]))),
            ],
            told["stretches"],
        )
    else:
        hours = (("ready_s", _("ready h")), ("out_s", _("out h")), ("not_ready_s", _("not ready h")),
                 ("unknown_s", _("unknown h")))  # fmt: skip
        call.table(
            [
                Column("group", _("nest") if args.by == "nest" else _("brigade"), lambda row: row["group"] or "-"),
                Column("ready_percent", _("ready %"), lambda row: _percent(row["ready_percent"]), right=True),
                Column("of_known_percent", _("of known %"), lambda row: _percent(row["of_known_percent"]), right=True),
                *(Column(name, title, partial(_hours, name), right=True, priority=1) for name, title in hours),
                Column("why_s", _("why not"), _most_often, priority=2),
            ],
            told["groups"],
        )
    return exits.OK


def _hours(name: str, row: dict[str, Any]) -> str:
    return f"{row[name] / 3600:.1f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _most_often(row: dict[str, Any]) -> str:
    """The three that took longest, in hours."""
    longest = sorted(row["why_s"].items(), key=lambda one: -one[1])[:3]
    return ", ".join(f"{term(name)} {seconds / 3600:.1f}" for name, seconds in longest)


def interlock_columns() -> list[Column]:
    """What one interlock says."""
    return [
        Column("name", _("interlock"), lambda row: term(row["name"])),
        Column("ok", _("state"), _state, style=lambda row: "" if row["ok"] or row["on_the_way"] else "alarm"),
        Column("value", _("value"), lambda row: in_words(row["value"])),
        Column("limit", _("needed"), lambda row: in_words(row["limit"]), priority=1),
        Column("age_s", _("age s"), lambda row: text_of(row["age_s"])[:5], right=True, priority=2),
    ]


def clear_one(call: Call) -> int:
    """A person on site says so, and signs it."""
    nest = call.args.nest
    call.confirm(_("Is everybody and everything clear of nest {nest}? It will move.").format(nest=nest), call.args.yes)
    done = send_order(call, "clear", nest, {})
    call.emit(done, lambda: [_("{nest} goes on: {phase}").format(nest=nest, phase=term(done["phase"]))])
    return exits.OK


def _state(row: dict[str, Any]) -> str:
    if row["ok"]:
        return _("good")
    return _("comes with the launch") if row["on_the_way"] else _("blocks")


def _style(row: dict[str, Any]) -> str:
    return "alarm" if row["phase"] in ALARMS else ""
