"""bench: real things on a bench, and tests that run on them. What the verbs do lies with the simulators (hil.bench)."""

from __future__ import annotations

import sys

from agent.cli import exits
from agent.cli.become import become
from agent.cli.bus_access import add_speed
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
    accept = parser.verb("accept", _("every check of a device against its profile, and a certificate"), run)
    device = _("a device of the bench, or with --line a profile")
    accept.add_argument("device", metavar="DEVICE|PROFILE", help=device)
    accept.add_argument("--bench", metavar="FILE", help=_("the bench file, such as bench.toml"))
    accept.add_argument("--line", metavar="LINE", help=_("a line of the site file, a serial port, or tcp://HOST:PORT"))
    accept.add_argument("--unit", type=int, default=1, metavar="N", help=_("the device's address, 1 to 247"))
    add_speed(accept)
    deadline = _("longest wait for an answer, in milliseconds (300)")
    accept.add_argument("--deadline", type=float, default=300.0, metavar="MS", help=deadline)
    signing = _("sign with this Ed25519 key in PEM: the gateway's, or the bench's")
    accept.add_argument("--key", metavar="FILE", help=signing)
    accept.add_argument("--output", "-o", metavar="FILE", help=_("write the certificate there, as JSON"))
    accept.add_argument("--html", metavar="FILE", help=_("write it there as a page for people"))
    twin = parser.verb("twin", _("a device that answers as the one of a trace did, on a port of its own"), run)
    twin.add_argument("file", metavar="TRACE", help=_("a file of hydronest bus record"))
    twin.add_argument("port", metavar="PORT", help=_("the port to make, a link such as ./tty"))
    twin.add_argument("--for", dest="seconds", type=float, metavar="S", help=_("how long; until Ctrl-C otherwise"))
    verify = parser.verb("verify", _("whether a certificate is as it was signed, and by whom"), run)
    verify.add_argument("file", metavar="FILE", help=_("a certificate"))
    verify.add_argument("--key", metavar="BASE64", help=_("the public key it must be signed by"))
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
