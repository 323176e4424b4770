"""`bus scan`: which addresses of a line answer, and at what speed and parity."""

from __future__ import annotations

import time

from agent.cli import exits
from agent.cli.bus_access import BAUDS, BusLine
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.reasons import in_words
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FREE_WITHIN_S = 2.0  # for the line to be free: an agent's transaction, the quiet after a port is opened
LIKELY_BAUDS = "9600,19200,4800,115200,38400,57600,2400"


def add_scan(scan: Parser) -> None:
    """Its arguments beside the line's."""
    scan.add_argument("--units", default="1-32", metavar="N-N", help=_("the addresses to try (1-32)"))
    scan.add_argument("--bauds", default=LIKELY_BAUDS, metavar="N,N", help=_("the speeds to try, likely ones first"))
    scan.add_argument("--parities", default="E,N", metavar="E,N,O", help=_("the parities to try (E,N)"))
    scan.add_argument("--within", type=float, default=0.15, metavar="S", help=_("how long to wait for each (0.15 s)"))
    scan.add_argument("--patient", action="store_true", help=_("ask each twice, the line silent in between: slow"))


def scan_line(call: Call) -> int:
    """Every address that answers, at the line's own speed or at each that is tried. 4 if nobody does."""
    units = _numbers(call.args.units, 1, 247)
    from protocols.modbus.deadline import IN_STEP_S

    own = BusLine(call)
    settings: list[tuple[int | None, str | None]] = [(None, None)]
    if not own.through_agent and not own.address().host:
        bauds = [call.args.baud] if call.args.baud else [int(text) for text in _choice(call.args.bauds, BAUDS)]
        parities = [call.args.parity] if call.args.parity else _choice(call.args.parities, ("E", "N", "O"))
        settings = [(baud, parity) for baud in bauds for parity in parities]
    found: list[dict[str, Any]] = []
    with call.progress(len(settings) * len(units), _("scanning")) as bar:
        for baud, parity in settings:
            with own if own.through_agent else BusLine(call, baud, parity, 1000 * call.args.within) as line:
                for unit in units:
                    bar.step(1, f"{baud or ''} {parity or ''} {unit}".strip())
                    row = _met(line.read(unit, "holding", 0, 1, call.args.within + FREE_WITHIN_S))
                    if row is None and call.args.patient:
                        time.sleep(IN_STEP_S)
                        # two: an answer to this one is none to the first, come late
                        row = _met(line.read(unit, "holding", 0, 2, call.args.within + FREE_WITHIN_S))
                    if row:
                        found.append({"unit": unit, "baud": baud, "parity": parity, **row})
            if any(row["sure"] for row in found):
                break  # devices at two speeds on one pair do not happen
    columns = [
        Column("unit", _("unit"), right=True),
        Column("baud", _("speed"), lambda row: str(row["baud"] or ""), right=True),
        Column("parity", _("parity"), lambda row: row["parity"] or ""),
        Column("said", _("said"), lambda row: in_words(row["said"])),
    ]
    sure = [row for row in found if row["sure"]]
    call.table(columns, sure or found)
    if not sure:
        call.note(
            _("Something is heard, but not understood: other speed, other parity, or A and B swapped.")
            if found
            else _("Nobody answers: look at power, the wires A and B, and the addresses.")
        )
        if not found and not call.args.patient:
            call.note(_("Some devices lose step while the address before theirs is silent: try --patient."))
    return exits.OK if sure else exits.NO_ANSWER


def _met(said: dict[str, Any]) -> dict[str, Any] | None:
    if "words" in said:
        return {"sure": True, "said": "holding 0 = " + " ".join(str(word) for word in said["words"])}
    if "exception" in said:
        return {"sure": True, "said": said["reason"]}
    return {"sure": False, "said": said["reason"]} if said.get("garbled") else None


def _numbers(text: str, least: int, most: int) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, _dash, last = part.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            raise Trouble(exits.USAGE, _("{text}: write for example 1-32 or 1,5,9").format(text=text))
        found += range(int(first), int(last or first) + 1)
    if not found or min(found) < least or max(found) > most:
        raise Trouble(exits.USAGE, _("addresses go from {least} to {most}").format(least=least, most=most))
    return found


def _choice(text: str, known: tuple[object, ...]) -> list[str]:
    parts = text.split(",")
    for part in parts:
        if part not in [str(one) for one in known]:
            names = ", ".join(str(one) for one in known)
            raise Trouble(
                exits.USAGE, _("there is no {text}").format(text=part), _("Known here: {names}").format(names=names)
            )
    return parts
