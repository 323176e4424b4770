"""drone: the aircraft."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.table import Column, text_of
from agent.cli.words import _, term


def build(parser: Parser) -> None:
    """The verbs of `hydronest drone`."""
    parser.runs(show_list)
    parser.verb("list", _("every aircraft: link, place, battery, hours"), show_list)


def show_list(call: Call) -> int:
    """4 while an aircraft is not heard."""
    rows = call.listed(call.look_at_flight, "drone.list")
    call.table(
        [
            Column("id", _("aircraft")),
            Column("nest", _("nest")),
            Column("link", _("link"), lambda row: term(row["link"])),
            Column("where", _("where"), lambda row: term(row["where"])),
            Column("mode", _("mode"), priority=1),
            Column("height_m", _("height m"), lambda row: _one(row["height_m"]), right=True),
            Column("speed_ms", _("speed m/s"), lambda row: _one(row["speed_ms"]), right=True, priority=1),
            Column("battery_percent", _("battery %"), right=True),
            Column("satellites", _("satellites"), right=True, priority=2),
            Column("flights", _("flights"), right=True, priority=2),
            Column("hours", _("hours"), lambda row: f"{row['hours']:.1f}", right=True, priority=2),
            Column("cycles", _("battery cycles"), lambda row: f"{row['cycles']:.1f}", right=True, priority=3),
        ],
        rows,
        _("this site has no nests"),
    )
    return exits.NO_ANSWER if any(row["link"] != "connected" for row in rows) else exits.OK


def _one(value: float | None) -> str:
    return "" if value is None else text_of(round(value, 1))
