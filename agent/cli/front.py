"""What hydronest says when no command is named: the top page, the version, the nearest name to a mistyped one."""

from __future__ import annotations

import sys

from agent.cli import exits, registry
from agent.cli.globals import Globals
from agent.cli.words import _


def top_page() -> str:
    """The page of `hydronest --help`, from the registry alone."""
    lines = [_("hydronest COMMAND [options]: hydrants, nests and drones at a fire station"), ""]
    for title, groups in registry.SECTIONS:
        lines.append(_(title) + ":")
        lines += [f"  {name:<12}{_(summary)}" for name, summary in groups]
        lines.append("")
    lines += [
        _("Options, before or after the command:"),
        "  --json           " + _("JSON for scripts, one value or one object per line"),
        "  --fields a,b     " + _("only these columns or JSON keys"),
        "  --lang zh|en     " + _("language; otherwise HYDRONEST_LANG, then the locale, then Chinese"),
        "  --wide           " + _("every column, however narrow the terminal"),
        "  --ascii          " + _("no curves and no signs outside ASCII"),
        "  --no-color       " + _("no colours (NO_COLOR does the same)"),
        "  --socket PATH    " + _("the agent's control socket (or HYDRONEST_SOCKET)"),
        "  --timeout S      " + _("give up after S seconds; 10 otherwise"),
        "  -v, -q           " + _("say more, say less"),
        "",
        _("hydronest COMMAND --help explains one command; hydronest --version the version."),
        "",
    ]
    return "\n".join(lines)


def no_command(options: Globals) -> int:
    """`hydronest` alone: the status if an agent answers, otherwise the top page."""
    from agent.control.client import Connection, NotRunning

    try:
        Connection(options.socket, options.timeout).close()
    except NotRunning:
        sys.stdout.write(top_page())
        return exits.OK
    from agent.cli.command import run_group

    return run_group("status", [], options)


def version() -> str:
    """The version of this program."""
    from agent.runtime.version import VERSION

    return VERSION
