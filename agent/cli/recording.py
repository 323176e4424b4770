"""`bus record`: what passes on a line, into a file that a twin can be made of."""

from __future__ import annotations

from agent.cli import exits, words
from agent.cli.bus_access import BusLine
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.trouble import Trouble
from agent.cli.words import _

LONGEST_S = 31 * 86_400
"""A month."""


def add_recording(record: Parser) -> None:
    """Its arguments beside the line's."""
    record.add_argument("file", metavar="FILE", help=_("the file to write; never over one that is there"))
    blank = _("leave these registers out, such as 'holding 100-107': serial numbers, names of places")
    record.add_argument("--blank", action="append", default=[], metavar="SPAN", help=blank)
    record.add_argument("--for", dest="seconds", type=float, default=60.0, metavar="S", help=_("how long (60 s)"))


def record_line(call: Call) -> int:
    """JSON lines (docs/modbus.md), each written as it passes: Ctrl-C, a pulled plug or a killed process lose none.

    4 if nothing passed, and no file then, or if the line went away.
    """
    from contextlib import suppress
    from itertools import islice
    from pathlib import Path

    from protocols.modbus.redaction import redacted
    from protocols.modbus.trace import MOST_PIECES, Piece, apart, written

    if not 0 < call.args.seconds <= LONGEST_S:
        raise Trouble(exits.USAGE, _("--for takes seconds above 0, up to {most}").format(most=LONGEST_S))

    spans = [_registers(text) for text in call.args.blank]
    line = BusLine(call)
    at = None if line.through_agent else line.address()
    baud, parity = (call.args.baud or 0, call.args.parity or "E") if at is None else (at.baud, at.parity)
    path = Path(call.args.file)
    heard = apart(Piece(one["at_ns"], one["sent"], bytes.fromhex(one["data"])) for one in line.sniff(call.args.seconds))
    pieces = islice(redacted(heard, spans) if spans else heard, MOST_PIECES - 1)  # one line is the head
    try:
        file = path.open("x", encoding="ascii", buffering=1)
    except FileExistsError:
        raise Trouble(exits.CANNOT_WRITE, _("{path} is there already").format(path=path)) from None
    count, gone = -1, None
    with file, suppress(KeyboardInterrupt):
        try:
            for text in written(baud, parity, pieces):
                file.write(f"{text}\n")
                count += 1
        except Trouble as trouble:
            gone = trouble
    if count < 1:
        path.unlink()
        if gone is not None:
            raise gone
    call.emit({"pieces": count}, lambda: [_("{pieces} pieces recorded").format(pieces=count)])
    if gone is not None:
        raise gone
    return exits.OK if count else exits.NO_ANSWER


def _registers(text: str) -> tuple[str, int, int]:
    from drivers.profile.location import parse_span
    from drivers.profile.mistake import Wrong

    try:
        span = parse_span(text)
    except Wrong as wrong:
        raise Trouble(exits.USAGE, wrong.text(words.language())) from None
    if span.table.bits:
        raise Trouble(exits.USAGE, _("--blank takes registers: holding or input"))
    return span.table.value, span.first, span.last
