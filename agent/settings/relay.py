"""The relay that sounds, against everything else on its line: it must move nothing but itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.settings.flying import unknown
from drivers.profile.mistake import Fault, Where

WHERE: Where = ("sound", "relay")
Table = dict[str, Any]


def relay(
    tables: Table, lines: Mapping[str, Table], devices: Sequence[Table], nests: Sequence[Table]
) -> Iterator[Fault]:
    """On a Modbus line there is, where no nest hangs, as a unit that is no device's."""
    sound = tables.get("sound")
    told = sound.get("relay") if isinstance(sound, dict) else None
    if not isinstance(told, dict):
        return
    line = told.get("line")
    yield from unknown("line", line, list(lines), (*WHERE, "line"))
    if lines.get(str(line), {}).get("kind") == "opcua":
        yield Fault("settings.relay_no_modbus", "write.relay_line", {"line": str(line)}, (*WHERE, "line"))
    if any(nest.get("line") == line for nest in nests):
        yield Fault("settings.relay_beside_nest", "write.relay_line", {"line": str(line)}, (*WHERE, "line"))
    for device in devices:
        if device.get("line") == line and device.get("unit", 1) == told.get("unit"):
            facts = {"device": str(device["id"]), "line": str(line)}
            yield Fault("settings.relay_is_device", "write.relay_unit", facts, (*WHERE, "unit"))
