"""Lines and platforms as a person types them: numbers of serial ports, and addresses."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.cli.questions import wrong
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_HOST = r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:]+\])(?::([0-9]{1,5}))?"
_MODBUS = re.compile(rf"(?:(tcp|rtu)://)?{_HOST}")
_OPCUA = re.compile(r"opc\.tcp://[^\s/]+(?:/\S*)?")
_CENTRE = re.compile(rf"gb26875://{_HOST}/([0-9]{{1,15}})")
MODBUS_PORTS = {"tcp": 502, "rtu_tcp": 4001}
MOST_ADDRESS = (1 << 48) - 1
"""Six bytes (GB/T 26875.3, 6.2)."""


class FarLine(NamedTuple):
    """A line to a host: `kind` as the settings name it; `url` of an OPC UA server alone."""

    kind: str
    host: str = ""
    port: int = 0
    url: str = ""


class Centre(NamedTuple):
    """A fire centre, and the number it has given us."""

    host: str
    port: int
    address: int


class Platforms(NamedTuple):
    """An MQTT broker, port 0 where none was said, and a fire centre; each None where it was not named."""

    broker: tuple[str, int] | None = None
    centre: Centre | None = None


def lines(count: int) -> Callable[[str], tuple[list[int], list[FarLine]]]:
    """Takes numbers from 1 to `count` of serial ports, and addresses, in any order."""

    def meant(text: str) -> tuple[list[int], list[FarLine]]:
        ports: set[int] = set()
        far = []
        for word in _words(text):
            if word.isdecimal():
                if not 1 <= int(word) <= count:
                    raise wrong(_("numbers from 1 to {count}, or nothing").format(count=count))
                ports.add(int(word) - 1)
            else:
                far.append(_line(word))
        return sorted(ports), list(dict.fromkeys(far))

    return meant


def _line(word: str) -> FarLine:
    if _OPCUA.fullmatch(word):
        return FarLine("opcua", url=word)
    found = _MODBUS.fullmatch(word)
    if found is None or not _port(found[3]):
        raise wrong(_("HOST or HOST:PORT, rtu://HOST:PORT, opc.tcp://HOST:PORT, or a number of the list"))
    kind = "rtu_tcp" if found[1] == "rtu" else "tcp"
    return FarLine(kind, found[2].strip("[]"), int(found[3] or MODBUS_PORTS[kind]))


def platforms(text: str) -> Platforms:
    """Takes a broker, a fire centre, both or nothing."""
    broker, centre = None, None
    for word in _words(text):
        if found := _CENTRE.fullmatch(word):
            if centre is not None or not found[2] or not _port(found[2]) or int(found[3]) > MOST_ADDRESS:
                raise _no_platform()
            centre = Centre(found[1].strip("[]"), int(found[2]), int(found[3]))
        elif (found := re.fullmatch(_HOST, word)) and broker is None and _port(found[2]):
            broker = found[1].strip("[]"), int(found[2] or 0)
        else:
            raise _no_platform()
    return Platforms(broker, centre)


def _no_platform() -> Exception:
    return wrong(_("HOST or HOST:PORT, such as iot.example.org:8883; a fire centre as gb26875://HOST:PORT/OUR-NUMBER"))


def _port(text: str | None) -> bool:
    return int(text or 1) in range(1, 65_536)


def _words(text: str) -> list[str]:
    return text.replace(",", " ").replace("，", " ").split()
