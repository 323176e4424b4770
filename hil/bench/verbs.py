"""What the verbs of `hydronest bench` do."""

import os
import sys
import threading
from pathlib import Path
from typing import Any

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.commands.bench import VERBS
from agent.cli.commands.check import as_json, painted
from agent.cli.reasons import trouble_of
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _, language
from drivers.profile.mistake import SettingsError
from hil.bench import abilities, load
from hil.bench.accepting import accept, verify
from hil.bench.load import Bench
from hil.bench.lock import holder, lock_file
from hil.bench.twin import Twin
from hil.wire.pty_wire import PtyWire
from protocols.modbus.load import serial_wire
from protocols.modbus.port_serial import PSEUDO_TERMINALS
from protocols.modbus.trace import LONGEST_LINE, BadTrace, exchanges, read

UNKNOWN_BAUD = 9600


def register() -> None:
    """Give the verbs to the command line."""
    VERBS.update(check=check, show=show, accept=accept, verify=verify, twin=twin)


def check(call: Call) -> int:
    """One line a mistake: file, line, place, what is wrong, what to write instead."""
    bench, mistakes = load.check(Path(call.args.file))

    def text() -> list[str]:
        doubts = sum(mistake.doubtful for mistake in mistakes)
        if bench is None:
            told = _("{mistakes} mistakes, {doubts} doubts: nothing runs on this bench")
            return [*painted(call, mistakes), "", told.format(mistakes=len(mistakes) - doubts, doubts=doubts)]
        counts = {name: len(getattr(bench.file, name)) for name in ("lines", "devices", "relays")}
        told = _("the bench is good: {devices} devices on {lines} lines, {relays} relays").format(**counts)
        return [*painted(call, mistakes), told]

    call.emit([as_json(mistake) for mistake in mistakes], text)
    return exits.OK if bench is not None else exits.BAD_SETTINGS


def bench_of(call: Call) -> Bench:
    """The bench of a verb's file. Raises Trouble with all its mistakes."""
    try:
        return load.load(Path(call.args.file))
    except SettingsError as error:
        raise Trouble(exits.BAD_SETTINGS, error.report(language())) from None


def show(call: Call) -> int:
    """A row a thing: where it is, what it can do, what it must never do; and who has the bench."""
    bench = bench_of(call)
    about = facts_of(bench)
    if call.json:
        call.emit(about)
        return exits.OK
    columns = [
        Column("id", _("thing")),
        Column("kind", _("kind"), priority=1),
        Column("at", _("at"), priority=2),
        Column("can", _("can"), lambda row: " ".join(row.get("can", ())), priority=3),
        Column("never", _("never"), lambda row: " ".join(row.get("never", ())), priority=1),
    ]
    call.table(columns, [row for group in ("lines", "devices", "relays") for row in about[group]])
    if pid := about["lock"]["pid"]:
        call.note(_("process {pid} has the bench").format(pid=pid))
    if about["interlock"] is None and any("simulated" not in line["can"] for line in about["lines"]):
        call.note(_("no interlock: nothing real is written to"))
    return exits.OK


def twin(call: Call) -> int:
    """Serve it until Ctrl-C, or for so long. 65 no trace."""
    path = Path(call.args.file)
    try:
        with path.open("rb") as file:
            trace = read(iter(lambda: file.readline(LONGEST_LINE + 2), b""))
    except BadTrace as error:
        raise trouble_of(exits.BAD_DATA, error.reason) from None
    port = Path(call.args.port)
    if os.path.lexists(port) and not _left_by_a_twin(port):
        raise Trouble(exits.CANNOT_WRITE, _("{path} is there already").format(path=port))
    baud = trace.baud or UNKNOWN_BAUD
    made = Twin(exchanges(trace.pieces), serial_wire(baud, trace.parity, 1))
    with PtyWire(port, made.slaves, baud=baud, parity=trace.parity, spoil=made.spoil) as wire:
        units = sorted(made.slaves)
        told = _("units {units} answer at {port}, {baud} {parity}")
        shown = ", ".join(map(str, units))
        call.emit(
            {"units": units, "port": str(wire.path), "baud": baud, "parity": trace.parity},
            lambda: [told.format(units=shown, port=wire.path, baud=baud, parity=trace.parity)],
        )
        sys.stdout.flush()
        threading.Event().wait(call.args.seconds)
    return exits.OK


def _left_by_a_twin(port: Path) -> bool:
    """Whether it is a link of one that was killed: to a tty that is gone."""
    return port.is_symlink() and not port.exists() and port.readlink().parent == PSEUDO_TERMINALS


def facts_of(bench: Bench) -> dict[str, Any]:
    """The bench for programs; `pid` of who has it, 0 for nobody."""
    file, path = bench.file, lock_file(bench)
    interlock = file.interlock
    return {
        "id": file.bench.id,
        "name": file.bench.name,
        "file": str(bench.path),
        "sha256": bench.sha256,
        "lock": {"file": str(path), "pid": holder(path)},
        "can": sorted(abilities.of_bench(bench)),
        "lines": [
            {"id": line.id, "kind": line.kind, "at": _place(line), "can": sorted(abilities.of_line(bench, line))}
            for line in file.lines
        ],
        "devices": [
            {"id": one.id, "kind": one.profile, "at": f"{one.line} {one.unit}", "line": one.line, "unit": one.unit,
             "profile": one.profile, "can": sorted(abilities.of_device(bench, one)), "never": list(one.never)}
            for one in file.devices
        ],
        "relays": [
            {"id": one.id, "kind": "relay", "at": f"{one.line} {one.unit} coil {one.coil}", "cuts": one.cuts}
            for one in file.relays
        ],
        "interlock": None if interlock is None else interlock.model_dump(mode="json", by_alias=True),
    }  # fmt: skip


def _place(line: object) -> str:
    host, port = getattr(line, "host", ""), getattr(line, "port", "")
    return f"{host}:{port}" if host else str(port)
