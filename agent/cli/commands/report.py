"""report: a month on paper, from what `rate over` and `flight list` say."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import time_text, zone_of
from agent.cli.reasons import trouble_of
from agent.cli.words import _
from protocols.system import file_reason


def build(parser: Parser) -> None:
    """`hydronest report month 2026-11`."""
    month = parser.verb("month", _("the rate, its reasons and the flights of a month as HTML that prints on A4"), show)
    month.add_argument("month", metavar="MONTH")
    month.add_argument("--output", metavar="FILE", default="", help=_("standard output otherwise"))


def show(call: Call) -> int:
    """The page to a file or standard output; with --json what it is made of."""
    import time

    from agent.cli.report.month import month_of
    from agent.cli.report.page import html

    month = month_of(call, call.args.month)
    if call.json:
        call.emit(month)
        return exits.OK
    page = html(month, time_text(time.time(), zone_of(month["rate"]["timezone"])))
    if not call.args.output:
        call.emit(month, page.splitlines)
        return exits.OK
    try:
        with open(call.args.output, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
            file.write(page)
    except OSError as error:
        raise trouble_of(exits.CANNOT_WRITE, file_reason(call.args.output, error)) from None
    call.note(_("written: {file}").format(file=call.args.output))
    return exits.OK
