"""`status` while core is gone: the parts as their supervisor told, the nests from flight itself."""

from __future__ import annotations

import time

from agent.cli import exits, nests, show, table, terminal
from agent.cli.call import Call, flight_socket
from agent.cli.parts import WORKS, gone, orphaned, sentence
from agent.cli.reasons import in_words
from agent.cli.words import _, term
from agent.control.client import Connection, NotRunning, RequestFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FLIGHT_S = 3.0


def show_without_core(call: Call, parts: list[dict[str, Any]], found: list[dict[str, Any]] | None) -> int:
    """`status` while core is gone: an alarm, whatever else works. No `parts`: flight is an orphan."""
    call.emit({"core": False, "parts": parts, "nests": found}, lambda: _lines(call, parts, found))
    return exits.ALARM


def _lines(call: Call, parts: list[dict[str, Any]], found: list[dict[str, Any]] | None) -> list[str]:
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    columns = [
        table.Column("child", _("part"), lambda row: term(row["child"])),
        table.Column("state", _("state"), lambda row: term(row["state"]), style=_style),
        table.Column("since_s", _("for"), lambda row: show.age(max(0.0, now - row["since_s"])), right=True),
        table.Column("restarts", _("restarts"), right=True, priority=1),
        table.Column("last_reason", _("ended last because"), lambda row: in_words(row["last_reason"]), priority=2),
    ]
    out = [terminal.paint(f"! {sentence(part)}", "alarm", call.colour) for part in gone(parts)]
    if parts:
        out += ["", *table.lines(columns, parts, call.width, call.colour)]
    else:
        out = [terminal.paint(f"! {orphaned()}", "alarm", call.colour)]
    if found is None:
        if any(part["child"] == "flight" for part in parts):
            out += [
                "",
                terminal.paint(_("flight does not answer: nests and aircraft are unknown"), "alarm", call.colour),
            ]
        return out
    told = [(_("nest"), f"{one['id']}  {term(one['phase'])}  {nests.why(one)}") for one in found]
    return [*out, "", *show.pairs(told, call.width)] if told else out


def _style(row: dict[str, Any]) -> str:
    return "good" if row["state"] == WORKS else "alarm"


def nests_told(call: Call, within_s: float = _FLIGHT_S) -> list[dict[str, Any]] | None:
    """What flight says of its nests; None where it says nothing in time."""
    try:
        with Connection(flight_socket(call.options.socket), min(call.options.timeout, within_s)) as flight:
            answer: list[dict[str, Any]] = flight.ask("nest.list")
    except (NotRunning, RequestFailed):
        return None
    return answer if call.json else terminal.clean(answer)
