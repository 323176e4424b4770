"""bus: a technician at a Modbus line: who is there, what passes, one register, one write, the line's counters."""

from __future__ import annotations

from agent.cli import exits, words
from agent.cli.bus_access import BusLine, add_line
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.reasons import in_words
from agent.cli.recording import add_recording, record_line
from agent.cli.registers import WIDE, read_registers, watch_registers
from agent.cli.scanning import add_scan, scan_line
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from drivers.profile.location import Location


def build(parser: Parser) -> None:
    """The verbs of `hydronest bus`."""
    stats = parser.verb("stats", _("counters of the lines and their devices"), show_stats)
    stats.add_argument("line", nargs="?", default="", metavar="LINE", help=_("only this line"))
    parser.verb(
        "ports", _("the serial ports of this machine, each with the name to write into the settings"), show_ports
    )
    scan = parser.verb("scan", _("find speed, parity and addresses on a line"), scan_line)
    sniff = parser.verb("sniff", _("show what passes on a line"), sniff_line)
    record = parser.verb("record", _("what passes on a line, into a file that a twin can be made of"), record_line)
    read = parser.verb("read", _("read registers or bits of one unit"), read_one)
    write = parser.verb("write", _("write registers or coils, and read them back"), write_one)
    for verb in (scan, sniff, record, read, write):
        add_line(verb)
    add_recording(record)
    add_scan(scan)
    sniff.add_argument("--for", dest="seconds", type=float, default=10.0, metavar="S", help=_("how long (10 s)"))
    for verb in (read, write):
        verb.add_argument("unit", type=int, metavar="UNIT", help=_("the device's address, 1 to 247"))
    where = _("where, as on the wire: holding 20, input 0, coil 3")
    read.add_argument("at", nargs="+", metavar="TABLE NUMBER", help=where)
    more = "[--count N] [--type TYPE] [--watch [S]] [--baud N] [--parity N|E|O] [--site FILE]"
    read.usage = f"{read.prog} LINE UNIT TABLE NUMBER {more}"
    write.add_argument("at", nargs="+", metavar="TABLE NUMBER VALUE", help=where)
    write.usage = f"{write.prog} LINE UNIT TABLE NUMBER VALUE... [--single] [--yes] [--baud N] [--parity N|E|O]"
    count, types = _("how many registers, bits or values (1)"), _("wide values in all orders: {types}")
    read.add_argument("--count", "-n", type=int, default=1, metavar="N", help=count)
    told = types.format(types=", ".join(WIDE))
    read.add_argument("--type", "-t", choices=tuple(WIDE), metavar="TYPE", help=told)
    told = _("again every so many seconds (1), until Ctrl-C")
    read.add_argument("--watch", "-w", type=float, nargs="?", const=1.0, metavar="S", help=told)
    write.add_argument("--single", action="store_true", help=_("function 6 or 5 instead of 16 or 15"))
    write.add_argument("--yes", action="store_true", help=_("do not ask"))


def show_stats(call: Call) -> int:
    """A table of the lines' devices; with --json every counter."""
    told = call.ask("bus.stats", line=call.args.line)
    if call.json:
        call.emit(told)
        return exits.OK
    rows = [
        {"line": line, "id": name, "own": name == line, **counts}
        for line, counters in told.items()
        for name, counts in counters.items()
        if "answers" in counts
    ]
    servers = [{"id": line, **of[line]} for line, of in told.items() if "epochs" in of.get(line, {})]
    if rows or not servers:
        call.table(_modbus_columns(), rows)
    if servers:
        call.table(_opcua_columns(), servers)
    return exits.OK


def _opcua_columns() -> list[Column]:
    return [
        Column("id", _("OPC UA line")),
        Column("values", _("values"), right=True),
        Column("epochs", _("connections"), right=True, priority=2),
        Column("polled_points", _("not watched"), right=True,
               style=lambda row: "warning" if row["polled_points"] else ""),
        Column("mended", _("mended"), right=True, priority=3),
        Column("backfilled", _("read back"), right=True, priority=1),
        Column("backfill_waiting", _("missing"), right=True, priority=1,
               style=lambda row: "warning" if row["backfill_waiting"] else ""),
        Column("overflows", _("overflows"), right=True, priority=3),
        Column("clock_off_s", _("clock off s"), right=True, priority=2,
               style=lambda row: "" if row["clock_believed"] else "warning"),
        Column("trouble", _("trouble"), lambda row: "" if row["up"] else in_words(row["reason"]), priority=4),
    ]  # fmt: skip


def _modbus_columns() -> list[Column]:
    return [
        Column("id", _("line, device"), lambda row: ("" if row["own"] else "  ") + row["id"]),
        Column("answers", _("answers"), right=True),
        Column("timeouts", _("timeouts"), right=True, style=lambda row: "warning" if row["timeouts"] else ""),
        Column("bad_answers", _("bad"), right=True, style=lambda row: "warning" if row["bad_answers"] else ""),
        Column("late_answers", _("late"), right=True, priority=2),
        Column("retries", _("retries"), right=True, priority=2),
        Column("refusals", _("refused"), right=True, priority=3),
        Column("garbage_bytes", _("rubbish"), lambda row: str(row.get("garbage_bytes", "")), right=True, priority=1),
        Column("utilisation", _("used"), _used, right=True, priority=1),
        Column("turnaround_ms", _("turnaround ms"), lambda row: str(row.get("turnaround_ms") or ""), right=True,
               priority=2),
        Column("trouble", _("trouble"), lambda row: in_words(row.get("trouble")), priority=4),
        Column("learned", _("for the profile"), _learned, priority=5),
    ]  # fmt: skip


def _learned(row: dict[str, Any]) -> str:
    return "; ".join(map(in_words, row.get("learned", ())))


def _used(row: dict[str, Any]) -> str:
    return f"{100 * row['utilisation']:.0f} %" if row["own"] else ""


def show_ports(call: Call) -> int:
    """One row a port. Looks only: a port that is in use is shown too. 4 if there is none."""
    from protocols.modbus.port_names import serial_ports

    ports = serial_ports()
    rows = [port._asdict() for port in ports]
    columns = [
        Column("device", _("port")),
        Column("name", _("write")),
        Column("adapter", _("adapter"), priority=1),
        Column("serial", _("serial number"), priority=2),
        Column("why", _("why"), lambda row: in_words(row["why"]), priority=3),
    ]
    call.table(columns, rows, _("no serial port: is the adapter plugged in?"))
    return exits.OK if ports else exits.NO_ANSWER


def sniff_line(call: Call) -> int:
    """One line a frame, in words; with --json one object a line."""
    from protocols.modbus.describe import describe

    line = BusLine(call)
    start: int | None = None
    rubbish = frames = 0
    for piece in line.sniff(call.args.seconds):
        start = piece["at_ns"] if start is None else start
        data = bytes.fromhex(piece["data"])
        what = describe(data)
        frames += 1
        rubbish += what.kind == "rubbish"
        value = {**piece, "kind": what.kind, "unit": what.unit, "text": what.text}
        text = f"{(piece['at_ns'] - start) / 1e9:9.4f}  {'>' if piece['sent'] else '<'} {term(what.kind)}"
        unit = "" if what.unit is None else f" {what.unit}"
        call.emit(value, lambda text=text, unit=unit, what=what: [f"{text}{unit}: {in_words(what.text)}"])  # type: ignore[misc]
    call.note(_("{frames} frames, {rubbish} of them not Modbus").format(frames=frames, rubbish=rubbish))
    return exits.OK if frames else exits.NO_ANSWER


def read_one(call: Call) -> int:
    """Each register as number, hex and bits, or each wide value in all orders; with --watch again and again."""
    args = call.args
    at = _location(" ".join(args.at))
    if args.type is not None and at.table.bits:
        raise Trouble(exits.USAGE, _("only registers hold wide values: holding or input"))
    if args.watch is not None and not 0.05 <= args.watch <= 3600:
        raise Trouble(exits.USAGE, _("--watch takes 0.05 to 3600 seconds"))
    with BusLine(call) as line:
        if args.watch is not None:
            return watch_registers(call, line, args.unit, at, args.count, args.type, args.watch)
        return read_registers(call, line, args.unit, at, args.count, args.type)


def write_one(call: Call) -> int:
    """Asks first, writes once, reads back: what stood there before and what stands there now."""
    args = call.args
    given = " ".join(args.at).split()
    place = " ".join(given[:2])
    at = _location(place)
    if not given[2:] or not all(word.isdecimal() and len(word) <= 5 for word in given[2:]):
        told = _("write the values behind the place: raw words 0 to 65535, or 0 and 1")
        raise Trouble(exits.USAGE, told)
    raw = [int(word) for word in given[2:]]
    if at.table.value not in ("coil", "holding"):
        raise Trouble(exits.USAGE, _("only coils and holding registers can be written"))
    if any(not 0 <= value <= (1 if at.table.bits else 65_535) for value in raw):
        raise Trouble(exits.USAGE, _("a register holds 0 to 65535, a coil 0 or 1"))
    reached = BusLine(call)
    reached.refuse_a_nests()
    with reached as line:
        told = _("Write {values} to {place} of unit {unit} on {line}? Something may move.")
        values = " ".join(given[2:])
        call.confirm(told.format(values=values, place=place, unit=args.unit, line=args.line), args.yes)
        done = line.write(args.unit, at.table.value, at.number, raw, args.single)
    call.facts(
        done,
        [
            (_("outcome"), term(done["outcome"])),
            (_("before"), _shown(done["before"])),
            (_("after"), _shown(done["after"])),
            (_("reason"), in_words(done["reason"])),
        ],
    )
    return exits.OK if done["outcome"] == "done" else exits.DEGRADED


def _shown(words: list[int] | None) -> str:
    return "" if words is None else " ".join(str(word) for word in words)


def _location(text: str) -> Location:
    from drivers.profile.location import parse_location
    from drivers.profile.mistake import Wrong

    try:
        at = parse_location(text)
    except Wrong as wrong:
        raise Trouble(exits.USAGE, wrong.text(words.language())) from None
    if at.bit is not None:
        raise Trouble(exits.USAGE, _("a whole register is read or written: leave the bit off"))
    return at
