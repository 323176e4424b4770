"""completion: the file that lets a shell complete hydronest's commands."""

from __future__ import annotations

import sys

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.words import _


def build(parser: Parser) -> None:
    """One verb per shell."""
    parser.verb("bash", _("print the completion file for bash"), show_bash)


def show_bash(call: Call) -> int:
    """For `source <(hydronest completion bash)` or /usr/share/bash-completion/completions/hydronest."""
    from agent.cli.completion import bash

    text = bash()
    call.emit(text) if call.json else sys.stdout.write(text)
    return exits.OK
