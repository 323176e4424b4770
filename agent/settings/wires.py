"""Which wire a line hangs on, whatever it is called: one tty, gateway or server has one owner."""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from drivers.profile.mistake import Fault, Where
from protocols.modbus.port_names import SerialPortName, serial_ports
from protocols.reason import Fact

Table = dict[str, Any]
Lines = Sequence[tuple[int, Table]]
MOVING = "settings.moving_port"
AMBIGUOUS = "settings.ambiguous_port"
DEFAULT_PORTS = {"tcp": 502, "rtu_tcp": 4001}  # as in `agent.settings.lines`
_RADIO = re.compile(r"serial://(/.*):\d+")


def same_wire(lines: Lines, aircraft: Lines) -> Iterator[Fault]:
    """Two on one wire would break into each other's answers: lines, and the radio an aircraft is reached by."""
    first: dict[tuple[object, ...], tuple[str, str]] = {}
    for table, index, entry in (*(("lines", *one) for one in lines), *(("aircraft", *one) for one in aircraft)):
        found = _wire(entry)
        if found is None:
            continue
        wire, key, name = found
        if wire not in first:
            first[wire] = entry["id"], name
            continue
        owner, called = first[wire]
        where: Where = (table, index, key)
        if name == called:
            yield Fault("settings.wire_taken", "write.other_port", {"wire": name, "line": owner}, where)
        else:
            facts: dict[str, Fact] = {"wire": name, "other": called, "line": owner}
            yield Fault("settings.wire_has_two_names", "write.other_port", facts, where)


def _wire(entry: Table) -> tuple[tuple[object, ...], str, str] | None:
    """What the wire is, the key that says so, and what it is called there."""
    kind, port, host, url = (entry.get(key) for key in ("kind", "port", "host", "url"))
    if kind == "serial" and isinstance(port, str):
        return ("tty", _tty(port)), "port", port
    if isinstance(kind, str) and kind in DEFAULT_PORTS and isinstance(host, str):
        number = DEFAULT_PORTS[kind] if port is None else port
        return ("net", _host(host), str(number)), "host", f"{host}:{number}"
    if kind == "opcua" and isinstance(url, str):
        return ("opcua", url.rstrip("/").lower()), "url", url
    if kind is None and isinstance(url, str) and (radio := _RADIO.fullmatch(url)):
        return ("tty", _tty(radio[1])), "url", radio[1]
    return None


def _tty(port: str) -> str:
    """The device a name leads to: by-id, by-path and udev names are links. One that is not plugged in is its name."""
    try:
        return str(Path(port).resolve())
    except (OSError, RuntimeError, ValueError):  # a circle of links, a name no file can have
        return port


def _host(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return host.rstrip(".").lower()


def doubtful_ports(lines: Lines, ports: Sequence[SerialPortName] | None = None) -> Iterator[Fault]:
    """Ports whose name may be another's after the next start: by the order adapters are found in, or by a serial number
    that two carry. `ports`: those of this machine.
    """
    known: Mapping[str, SerialPortName] | None = None
    for index, line in lines:
        port = line.get("port")
        where: Where = ("lines", index, "port")
        if line.get("kind") != "serial" or not isinstance(port, str):
            continue
        if re.fullmatch(r"/dev/tty(USB|ACM)\d+", port):
            yield Fault(MOVING, "write.by_id", {"port": port}, where)
        elif "/by-id/" in port or "/by-serial/" in port:
            if known is None:
                known = {_tty(one.device): one for one in (serial_ports() if ports is None else ports)}
            one = known.get(_tty(port))
            if one is not None and one.ambiguous and one.name != port:
                yield Fault(AMBIGUOUS, "write.by_path", {"port": port, "why": one.why, "name": one.name}, where)
