"""`bus record`: what passes on a line, into a file that a twin can be made of."""

from __future__ import annotations

from agent.cli import exits, words
from agent.cli.bus_access import BusLine
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.trouble import Trouble
from agent.cli.words import _


def add_recording(record: Parser) -> None:
    """Its arguments beside the line's."""
    record.add_argument("file", metavar="FILE", help=_("the file to write; never over one that is there"))
    blank = _("leave these registers out, such as 'holding 100-107': serial numbers, names of places")
    record.add_argument("--blank", action="append", default=[], metavar="SPAN", help=blank)
    record.add_argument("--for", dest="seconds", type=float, default=60.0, metavar="S", help=_("how long (60 s)"))


def record_line(call: Call) -> int:
    """JSON lines (docs/modbus.md), also after Ctrl-C; 4 if nothing passed."""
    from contextlib import suppress
    from pathlib import Path

    from protocols.modbus.redaction import redacted
    from protocols.modbus.trace import Piece, Trace, apart, written

    spans = [_registers(text) for text in call.args.blank]
    line = BusLine(call)
    at = None if line.through_agent else line.address()
    baud, parity = (call.args.baud or 0, call.args.parity or "E") if at is None else (at.baud, at.parity)
    path = Path(call.args.file)
    if path.exists():
        raise Trouble(exits.CANNOT_WRITE, _("{path} is there already").format(path=path))
    pieces: list[Piece] = []
    with suppress(KeyboardInterrupt):  # what was heard until then is kept
        pieces.extend(
            Piece(one["at_ns"], one["sent"], bytes.fromhex(one["data"])) for one in line.sniff(call.args.seconds)
        )
    pieces = list(redacted(apart(pieces), spans) if spans else apart(pieces))
    with path.open("x", encoding="ascii") as file:
        file.writelines(f"{text}\n" for text in written(Trace(baud, parity, pieces)))
    call.emit({"pieces": len(pieces)}, lambda: [_("{pieces} pieces recorded").format(pieces=len(pieces))])
    return exits.OK if pieces else exits.NO_ANSWER


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
