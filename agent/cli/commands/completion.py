"""completion: the file that lets a shell complete hydronest's commands."""

from __future__ import annotations

import sys

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.trouble import Trouble
from agent.cli.words import _


def build(parser: Parser) -> None:
    """One verb per shell."""
    parser.verb("bash", _("print the completion file for bash"), show)
    parser.verb("zsh", _("print the completion file for zsh"), show)
    parser.verb("fish", _("print the completion file for fish"), show)
    for shell, verb in parser.verbs.items():
        verb.set_defaults(of=shell)
    ids = parser.verb("ids", _("print the ids that a running agent knows, one a line, for these files"), show_ids)
    ids.add_argument("what", metavar="WHAT")


def show(call: Call) -> int:
    """For `source <(hydronest completion bash)`, or the folder where the shell looks."""
    from agent.cli import completion

    text = {"bash": completion.bash, "zsh": completion.zsh, "fish": completion.fish}[call.args.of]()
    call.emit(text) if call.json else sys.stdout.write(text)
    return exits.OK


ASKED = {
    "devices": ("status", "devices", "id"),
    "lines": ("status", "lines", "id"),
    "uplinks": ("status", "uplinks", "id"),
    "nests": ("status", "nests", "id"),
    "alarms": ("status", "standing", "subject"),
    "assets": ("asset.list", "", "id"),
    "aircraft": ("drone.list", "", "id"),
    "flights": ("flight.list", "", "id"),
    "keys": ("key.list", "", "id"),
    "links": ("web.list", "links", "id"),
}
"""What is asked, where the rows stand in the answer, and their key."""
_PLAIN = r"[A-Za-z0-9._:@/+-]{1,80}"
"""The shell expands what it completes: an id of other letters is typed by hand."""
MOST_S = 2.0
"""Somebody waits at the TAB key."""


def show_ids(call: Call) -> int:
    """Nothing where no agent answers at once."""
    import re

    if call.args.what not in ASKED:
        raise Trouble(exits.USAGE, _("one of {known}").format(known=", ".join(ASKED)))
    ask, table, key = ASKED[call.args.what]
    call.options.timeout = min(call.options.timeout, MOST_S)
    answer = call.ask(ask, every=True) if ask == "status" else call.ask(ask)
    found = dict.fromkeys(str(row[key]) for row in (answer[table] if table else answer))
    ids = [one for one in found if re.fullmatch(_PLAIN, one)]
    call.emit(ids, lambda: ids)
    return exits.OK
