"""drone: the aircraft."""

from __future__ import annotations

import time

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.orders import add_key, send_order
from agent.cli.reasons import in_words
from agent.cli.table import Column, text_of
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WRITE_S = 120.0


def build(parser: Parser) -> None:
    """The verbs of `hydronest drone`."""
    parser.runs(show_list)
    parser.verb("list", _("every aircraft: link, place, battery, hours"), show_list)
    audit = parser.verb("audit", _("what its autopilot is set to, and must be, before it may fly"), show_audit)
    audit.add_argument("drone", metavar="ID")
    audit.add_argument("--write", action="store_true", help=_("set what is not as needed; a person on site signs it"))
    audit.add_argument("--yes", action="store_true", help=_("do not ask"))
    add_key(audit)


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
            Column("abilities", _("for"), lambda row: ", ".join(map(term, row.get("abilities", ()))), priority=3),
            Column("height_m", _("height m"), lambda row: _one(row["height_m"]), right=True),
            Column("speed_ms", _("speed m/s"), lambda row: _one(row["speed_ms"]), right=True, priority=1),
            Column("battery_percent", _("battery %"), right=True),
            Column("satellites", _("satellites"), right=True, priority=2),
            Column("flights", _("flights"), right=True, priority=2),
            Column("hours", _("hours"), lambda row: f"{row['hours']:.1f}", right=True, priority=2),
            Column("cycles", _("battery cycles"), lambda row: f"{row['cycles']:.1f}", right=True, priority=3),
            Column(
                "service_in_h", _("service in h"), lambda row: _one(row.get("service_in_h")), right=True, priority=2
            ),
        ],
        rows,
        _("this site has no nests"),
    )
    return exits.NO_ANSWER if any(row["link"] != "connected" for row in rows) else exits.OK


def show_audit(call: Call) -> int:
    """0 where everything that decides is as needed and read lately, 1 where not."""
    told = call.ask_flight("drone.audit", drone=call.args.drone)
    if call.args.write:
        call.confirm(_("Set {count} parameters of {aircraft}?").format(count=len(_wrong(told)), aircraft=told["id"]),
                     call.args.yes)  # fmt: skip
        send_order(call, "adjust", told["nest"], {})
        told = _written(call)
    if call.json:
        call.emit(told)
    else:
        call.table(
            [
                Column("name", _("parameter")),
                Column("value", _("value"), lambda row: text_of(row["value"]), right=True),
                Column("ok", _("state"), _state, style=lambda row: "" if row["ok"] else "alarm"),
                Column("needed", _("needed"), lambda row: in_words(row["needed"])),
                Column("why", _("why"), lambda row: in_words(row["why"]), priority=1),
            ],
            told["findings"],
            _("nobody has a table for this autopilot, or it was not heard yet"),
        )
        age = _("not read yet") if told["age_s"] is None else _("read {age} s ago").format(age=round(told["age_s"]))
        call.note(f"{told['id']}: {told['autopilot']} {told['version']}, {age}")
    return exits.OK if told["good"] else exits.DEGRADED


def _wrong(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in told["findings"] if row["ok"] is False]


def _written(call: Call) -> dict[str, Any]:
    """As it is once what was ordered has been done; each parameter takes its answer's time."""
    until = time.monotonic() + WRITE_S
    while True:
        told: dict[str, Any] = call.ask_flight("drone.audit", drone=call.args.drone)
        if not told["writing"] or time.monotonic() > until:
            return told
        time.sleep(0.5)


def _state(row: dict[str, Any]) -> str:
    return _("not read") if row["ok"] is None else _("good") if row["ok"] else _("blocks")


def _one(value: float | None) -> str:
    return "" if value is None else text_of(round(value, 1))
