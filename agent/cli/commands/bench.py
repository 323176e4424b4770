"""bench: real things on a bench, and tests that run on them. What the verbs do lies with the simulators (hil.bench)."""

from __future__ import annotations

import sys

from agent.cli import exits
from agent.cli.become import become
from agent.cli.call import Call
from agent.cli.command import Parser, Run
from agent.cli.trouble import Trouble
from agent.cli.words import _

VERBS: dict[str, Run] = {}
"""What each verb does; filled by `hil.bench`, for nothing in the agent imports the simulators."""


def build(parser: Parser) -> None:
    """The verbs of `hydronest bench`."""
    check = parser.verb("check", _("every mistake of a bench file at once; touches no wire"), run)
    show = parser.verb("show", _("what hangs on the bench, what it can do and must never do, and who has it"), run)
    for verb in (check, show):
        verb.add_argument("file", metavar="FILE", help=_("the bench file, such as bench.toml"))
    for name, verb in parser.verbs.items():
        verb.set_defaults(verb=name)


def run(call: Call) -> int:
    """Do what the verb does, or become the program that can: `python -m hil.bench` with the same words."""
    if not VERBS:
        from importlib.util import find_spec

        if find_spec("hil") is None:
            told = _("the bench is not installed here")
            advice = _("Install it: {command}").format(command="pip install 'hydronest[hil]'")
            raise Trouble(exits.CANNOT_WRITE, told, advice)
        become("hil.bench", sys.argv[1:])
    return VERBS[call.args.verb](call)
