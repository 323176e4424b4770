"""duty: the fire centre asks whether somebody is there; a person answers, in time."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.table import Column
from agent.cli.words import _


def build(parser: Parser) -> None:
    """The verbs of `hydronest duty`."""
    parser.verb("list", _("open duty checks, and how many were answered or missed"), show_list)
    answer = parser.verb("answer", _("say that somebody is here"), answer_one)
    answer.add_argument("--centre", default="", metavar="UPLINK", help=_("only this centre's check; otherwise all"))
    answer.add_argument("--operator", type=int, default=0, metavar="N", help=_("your number at the centre, 0 to 255"))


def show_list(call: Call) -> int:
    """What is asked now. Exit code 1 while something waits."""
    told = call.ask("duty.list")
    if call.json:
        call.emit(told)
    else:
        columns = [
            Column("subject", _("centre")),
            Column("left_s", _("seconds left"), lambda row: f"{row['left_s']:.0f}"),
        ]
        call.table(columns, told["open"], _("no duty check is open"))
        call.note(_("answered {answered}, missed {missed}").format(**told))
    return exits.DEGRADED if told["open"] else exits.OK


def answer_one(call: Call) -> int:
    """Answer; 65 where nothing is asked."""
    told = call.ask("duty.answer", centre=call.args.centre, operator=call.args.operator)
    names = ", ".join(told["answered"])
    call.emit(told, lambda: [_("answered: {names}").format(names=names)])
    return exits.OK
