"""The serial ports of lines that do not work: whether they are there, and who has them open."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from agent.cli.doctor.finding import Finding, fault
from agent.settings.lines import SerialLine
from protocols.reason import Reason


class Port(NamedTuple):
    """One line's port. `holders`: the programs that have it open, as far as this user may see."""

    line: str
    port: str
    there: bool
    holders: tuple[str, ...] = ()


def look(lines: Iterable[SerialLine], root: Path = Path("/"), ours: frozenset[int] = frozenset()) -> list[Port]:
    """Look at each. `ours`: the agent's own processes, one of which may hang and hold its port."""
    devices = {line.id: os.path.realpath(line.port) for line in lines}
    held = _holders(set(devices.values()), root, ours)
    return [
        Port(line.id, line.port, Path(devices[line.id]).exists(), tuple(sorted(held.get(devices[line.id], ()))))
        for line in lines
    ]


def judged(ports: Iterable[Port]) -> dict[str, list[Finding]]:
    """What is to be said of each line by its port alone; nothing where it is there and free."""
    found: dict[str, list[Finding]] = {}
    for one in ports:
        if not one.there:
            why = Reason("modbus.no_such_port", port=one.port)
            found[one.line] = [fault("line", one.line, why, Reason("doctor.do_plug_in"))]
        elif one.holders:
            why = Reason("doctor.port_taken", port=one.port, programs=one.holders)
            found[one.line] = [fault("line", one.line, why, Reason("doctor.do_stop_program"))]
    return found


def _holders(devices: set[str], root: Path, ours: frozenset[int]) -> Mapping[str, set[str]]:
    held: dict[str, set[str]] = {}
    for link in root.glob("proc/[0-9]*/fd/*"):
        try:
            target = os.fspath(link.readlink())
            if target in devices and int(link.parents[1].name) not in ours:
                name = (link.parents[1] / "comm").read_text("utf-8", "replace").strip()
                held.setdefault(target, set()).add(name)
        except OSError:
            continue
    return held
