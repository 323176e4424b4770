"""Registers as people read them: word by word, or as wide values in all four orders; once, or again and again."""

from __future__ import annotations

import sys
import time

from agent.cli import exits
from agent.cli.reasons import in_words, trouble_of
from agent.cli.table import Column, lines
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.cli.bus_access import BusLine
    from agent.cli.call import Call
    from drivers.profile.location import Location

WIDE = {"int32": 2, "uint32": 2, "float32": 2, "bcd32": 2, "int64": 4, "uint64": 4, "float64": 4}
"""What takes several registers, and how many."""

ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")


def read_registers(call: Call, line: BusLine, unit: int, at: Location, count: int, wide: str | None) -> int:
    """One reading, `count` registers or wide values. 4 when nobody answers, 1 when it is refused."""
    said = line.read(unit, at.table.value, at.number, count * WIDE.get(wide or "", 1))
    if "words" not in said:
        raise trouble_of(_exit_of(said), said["reason"])
    call.table(_columns(at, wide), _rows(at, said["words"], wide))
    return exits.OK


def watch_registers(
    call: Call, line: BusLine, unit: int, at: Location, count: int, wide: str | None, every_s: float
) -> int:
    """A reading every so many seconds until Ctrl-C; one that fails is a line too. With --json an object each."""
    due = begun = time.monotonic()
    while True:
        said = line.read(unit, at.table.value, at.number, count * WIDE.get(wide or "", 1))
        at_s = round(time.monotonic() - begun, 3)
        if "words" in said:
            rows = _rows(at, said["words"], wide)
            call.emit({"at_s": at_s, "rows": rows}, lambda rows=rows, at_s=at_s: _lines(call, at, rows, wide, at_s))  # type: ignore[misc]
        else:
            told = {"at_s": at_s, "exit": _exit_of(said), "reason": said["reason"]}
            call.emit(told, lambda told=told: [f"{told['at_s']:9.3f}  {in_words(told['reason'])}"])  # type: ignore[misc]
        sys.stdout.flush()  # a pipe wants each as it comes
        due = max(due + every_s, time.monotonic())
        time.sleep(due - time.monotonic() if due > time.monotonic() else 0)


def _lines(call: Call, at: Location, rows: list[dict[str, Any]], wide: str | None, at_s: float) -> list[str]:
    """A reading as table lines without their head, the first with its time."""
    told = list(lines(_columns(at, wide), rows, None if call.width is None else call.width - 11, call.colour))[1:]
    return [f"{at_s:9.3f}  {line}" if number == 0 else f"{'':11}{line}" for number, line in enumerate(told)]


def _exit_of(said: dict[str, Any]) -> int:
    return exits.DEGRADED if "exception" in said else exits.NO_ANSWER


def _rows(at: Location, words: list[int], wide: str | None) -> list[dict[str, Any]]:
    if wide is None:
        return [{"at": f"{at.table.value} {at.number + i}", "word": word} for i, word in enumerate(words)]
    import math

    from protocols.modbus.registers import all_orders

    size = WIDE[wide]
    rows = []
    for i in range(0, len(words), size):
        own = words[i : i + size]
        found = all_orders(b"".join(word.to_bytes(2, "big") for word in own), wide)
        orders = {
            order: None if isinstance(value, float) and not math.isfinite(value) else value
            for order, value in found.items()
        }
        rows.append({"at": f"{at.table.value} {at.number + i}", "words": own, **orders})
    return rows


def _columns(at: Location, wide: str | None) -> list[Column]:
    place = Column("at", _("place"))
    if wide is not None:
        shown = [Column(order, order, lambda row, order=order: _number(row[order]), right=True) for order in ORDERS]  # type: ignore[misc]
        return [place, *shown, Column("hex", "hex", _hex, priority=1)]
    bits = at.table.bits
    return [
        place,
        Column("word", _("number"), lambda row: str(row["word"]), right=True),
        Column("signed", _("signed"), lambda row: "" if bits else str((row["word"] ^ 0x8000) - 0x8000), right=True),
        Column("hex", "hex", lambda row: "" if bits else f"{row['word']:04x}"),
        Column("bits", _("bits"), lambda row: "" if bits else f"{row['word']:016b}", priority=1),
    ]


def _number(value: object) -> str:
    """As short as its digits are worth: seven of them in a float of 32 bits."""
    return "-" if value is None else f"{value:.7g}" if isinstance(value, float) else str(value)


def _hex(row: dict[str, Any]) -> str:
    return " ".join(f"{word:04x}" for word in row["words"])
