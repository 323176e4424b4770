"""status: the whole site on one screen."""

from __future__ import annotations

import time

from agent.cli import exits, nests, show, table, terminal
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.reasons import in_words
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_DEVICES = 40
"""One screen stays one screen when a whole district is silent."""

_ORDER = ("alarm", "bad", "late", "silent", "warning", "ok")


def build(parser: Parser) -> None:
    """`hydronest status` has no verbs."""
    parser.description = _("one screen: hydrants, lines, uplinks, journal, clock")
    parser.epilog = _("Exit code: 0 all well, 1 degraded, 3 an alarm stands.")
    parser.add_argument(
        "--wait", type=float, default=0.0, metavar="S", help=_("wait up to S seconds for the agent to come up")
    )
    parser.runs(run)


def run(call: Call) -> int:
    """Ask, show, and say the worst by the exit code. With -v every device is shown, not only what is not well."""
    deadline = time.monotonic() + call.args.wait
    while time.monotonic() < deadline and not call.agent_runs():
        time.sleep(0.1)
    try:
        site = call.ask("status", every=call.options.verbose > 0)
    except Trouble as trouble:
        hangs = trouble.reason is not None and trouble.reason.code == "request.silence"
        if trouble.code != exits.NOT_RUNNING and not hangs:
            raise
        from agent.cli.parts import parts_of
        from agent.cli.without_core import nests_told, show_without_core

        parts, found = parts_of(call.options.socket), nests_told(call)
        if not parts and found is None:
            raise
        if hangs:
            call.note(trouble.message)
        return show_without_core(call, parts, found)
    call.emit(site, lambda: lines(call, site))
    return exit_code(site)


def exit_code(site: dict[str, Any]) -> int:
    """3 an alarm stands; 1 a device, line, uplink, the journal or the clock is not well; 0 otherwise."""
    standing = {event["severity"] for event in show.on_screen(site["standing"])}
    waiting = any(one["phase"] in nests.TROUBLE for one in site.get("nests", []))
    if site["counts"].get("alarm") or "alarm" in standing or waiting:
        return exits.ALARM
    wires = any(line["up"] is False for line in site["lines"]) or any(
        u["state"] != "connected" for u in site["uplinks"]
    )
    well = site["counts"].get("ok") == site["devices_total"] and site["journal"]["state"] == "ok"
    return exits.DEGRADED if wires or standing or not well or not site["clock"]["trusted"] else exits.OK


def lines(call: Call, site: dict[str, Any]) -> list[str]:
    """The screen: facts above, what is not well below."""
    box, clock, journal = site["gateway"], site["clock"], site["journal"]
    facts = [
        (_("gateway"), f"{box['name']} ({box['id']})  {box['version']}  {_('up')} {show.age(box['uptime_s'])}"),
        (_("clock"), show.wall(clock) + ("" if clock["trusted"] else "  " + _("not to be trusted yet"))),
        (_("devices"), counted(call, site)),
        (_("lines"), wires(call, site["lines"])),
        *[(_("uplink"), uplink(call, one)) for one in site["uplinks"]],
        *[(_("nest"), nest(call, one)) for one in site.get("nests", [])],
        (_("journal"), kept(call, journal)),
    ]
    out = show.pairs([fact for fact in facts if fact[1]], call.width)
    out += [terminal.paint(show.notice(one), "alarm", call.colour) for one in site["notices"]]
    for event in show.on_screen(site["standing"]):
        told = f"! {term(event['kind'])} {event['subject']} ({show.age(event['age_s'])})"
        out.append(show.painted(told, event["severity"], call.colour))
    if site["devices"]:
        columns = [column for column in show.device_columns() if column.key != "kind"]
        out += ["", *table.lines(columns, site["devices"][:MOST_DEVICES], call.width, call.colour)]
    if (more := len(site["devices"]) - MOST_DEVICES) > 0:
        out.append(_("and {n} more: hydronest hydrant list").format(n=more))
    return out


def counted(call: Call, site: dict[str, Any]) -> str:
    """How many devices are in which state."""
    counts = [(state, site["counts"].get(state, 0)) for state in reversed(_ORDER)]
    told = [show.painted(f"{count} {term(state)}", state, call.colour) for state, count in counts if count]
    return f"{site['devices_total']}: " + ", ".join(told) if told else "0"


def wires(call: Call, found: list[dict[str, Any]]) -> str:
    """The lines, each with its state and, where it is down, the reason."""
    told = []
    for line in found:
        if line["up"] and (trouble := line["counters"].get("trouble")):
            told.append(show.painted(f"{line['id']} {in_words(trouble)}", "warning", call.colour))
        elif line["up"]:
            told.append(f"{line['id']} {show.painted(term('ok'), 'ok', call.colour)}")
        else:
            why = in_words(line["reason"])
            state = f"{line['id']} {term('down')} ({why})" if why else f"{line['id']} {term('down')}"
            if line["up"] is None:
                state = f"{line['id']} ({why or _('no contact yet')})"
            told.append(show.painted(state, "alarm" if line["up"] is False else "warning", call.colour))
    return ", ".join(told)


def uplink(call: Call, one: dict[str, Any]) -> str:
    """One uplink: its state, what it has delivered, what waits."""
    state = show.painted(term(one["state"]), one["state"], call.colour)
    waits = _("{n} wait").format(n=one["backlog"])
    if one["oldest_s"] is not None and one["backlog"]:
        waits += " " + _("(oldest {age})").format(age=show.age(one["oldest_s"]))
    told = _("{forwarded} forwarded, {confirmed} confirmed").format(**one)
    return "  ".join(part for part in (one["id"], state, told, waits, in_words(one["reason"])) if part)


def nest(call: Call, one: dict[str, Any]) -> str:
    """One nest: its phase, what led there if a person is needed, cover, weather, aircraft."""
    phase = terminal.paint(nests.phase(one), nests.style(one), call.colour)
    why = f"({nests.why(one)})" if one["phase"] in nests.TROUBLE and one["why"] else ""
    return "  ".join(part for part in (one["id"], phase, why, nests.told(one)) if part)


def kept(call: Call, journal: dict[str, Any]) -> str:
    """The journal: what it holds and whether anything was lost."""
    state = show.painted(term(journal["state"]), journal["state"], call.colour)
    told = _("{committed} committed, {waiting} not yet").format(**journal)
    lost = show.painted(_("{lost} lost").format(**journal), "alarm" if journal["lost"] else "ok", call.colour)
    room = _("{size} on disk, {free} free").format(
        size=show.size(journal["bytes"]), free=show.size(journal["free_bytes"])
    )
    return f"{state}  {told}  {lost}  {room}"
