"""completion: the file that lets a shell complete hydronest's commands."""

from __future__ import annotations

import sys

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.words import _


def build(parser: Parser) -> None:
    """One verb per shell."""
    parser.verb("bash", _("print the completion file for bash"), show)
    parser.verb("zsh", _("print the completion file for zsh"), show)
    parser.verb("fish", _("print the completion file for fish"), show)
    for shell, verb in parser.verbs.items():
        verb.set_defaults(shell=shell)


def show(call: Call) -> int:
    """For `source <(hydronest completion bash)`, or the folder where the shell looks."""
    from agent.cli import completion

    text = {"bash": completion.bash, "zsh": completion.zsh, "fish": completion.fish}[call.args.shell]()
    call.emit(text) if call.json else sys.stdout.write(text)
    return exits.OK
