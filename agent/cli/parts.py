"""What is to be known when core is gone: the parts of the agent as their supervisor told, the nests from flight itself.

`tree.json` and `flight.sock` lie beside the control socket.
"""

from __future__ import annotations

import time
from pathlib import Path

from agent.cli import exits, nests, show, table, terminal
from agent.cli.reasons import in_words
from agent.cli.trouble import Trouble
from agent.cli.words import _, term
from agent.control.client import Connection, NotRunning, RequestFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.cli.call import Call

WORKS = "running"
_FLIGHT_S = 3.0


def parts_of(socket: str) -> list[dict[str, Any]]:
    """Every part of the agent whose core would answer at this socket; none where no agent runs."""
    from agent.supervisor.tree_file import read_tree

    tree = read_tree(Path(socket).with_name("tree.json"))
    return [] if tree is None else list(tree["children"])


def gone(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that do not work now."""
    return [part for part in parts if part["state"] != WORKS]


def sentence(part: dict[str, Any]) -> str:
    """That it does not work, and why."""
    told = _("{part} is not running ({state})").format(part=term(part["child"]), state=term(part["state"]))
    why = in_words(part["last_reason"])
    return f"{told}: {why}" if why else told


def core_gone(parts: list[dict[str, Any]]) -> Trouble:
    """Nobody answers at the control socket, but the agent runs."""
    core = next((part for part in gone(parts) if part["child"] == "core"), None)
    message = sentence(core) if core is not None else _("the agent is starting, or stopping")
    return Trouble(exits.NOT_RUNNING, message, _("It begins anew by itself; hydronest status shows every part."))


def show_without_core(call: Call, parts: list[dict[str, Any]]) -> int:
    """`status` while core is gone: an alarm, whatever else works."""
    found = _nests(call)
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
    out += ["", *table.lines(columns, parts, call.width, call.colour)]
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


def _nests(call: Call) -> list[dict[str, Any]] | None:
    """What flight says of its nests; None where it says nothing."""
    from agent.cli.call import flight_socket

    try:
        with Connection(flight_socket(call.options.socket), min(call.options.timeout, _FLIGHT_S)) as flight:
            answer: list[dict[str, Any]] = flight.ask("nest.list")
    except (NotRunning, RequestFailed):
        return None
    return answer if call.json else terminal.clean(answer)
