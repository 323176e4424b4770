"""What a unit on a Modbus line says when it is read by a profile, the line being the agent's where it runs."""

from __future__ import annotations

from agent.cli.bus_access import BusLine
from agent.cli.call import Call
from agent.cli.table import Column
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from drivers.profile.model import ModbusProfile


def on_line(call: Call, line: str, site: str) -> BusLine:
    """A line of the site file at `site`, for a command whose own arguments name none. Raises Trouble."""
    import argparse

    named = argparse.Namespace(line=line, site=site, baud=None, parity=None)
    return BusLine(Call(call.options, named))


def points_of(line: BusLine, unit: int, profile: ModbusProfile) -> list[dict[str, Any]]:
    """A row a point that it gave: point, value, unit, quality, whether it is `usable`; none if it is mute."""
    from drivers.modbus.trial import reads_for_trial, tried

    held: dict[str, object] = {}
    rows: list[dict[str, Any]] = []
    for planned in reads_for_trial(profile):
        said = line.read(unit, planned.table, planned.address, planned.count)
        if said.get("garbled"):  # or the line cannot tell yet which question it answers: one more settles it
            said = line.read(unit, planned.table, planned.address, planned.count)
        if "words" not in said:
            if not rows and not is_there(said):
                return []  # whoever does not answer the first question is not asked a dozen more
            continue
        rows += [
            {
                "point": one.point,
                "value": one.value,
                "unit": one.unit,
                "quality": one.quality.code,
                "usable": one.quality.usable,
            }
            for one in tried(profile, planned, said["words"], held)
        ]
    return rows


def answers(line: BusLine, unit: int, profile: ModbusProfile) -> bool:
    """Whether anybody is at this address."""
    from drivers.modbus.trial import reads_for_trial

    first = reads_for_trial(profile)[0]
    return is_there(line.read(unit, first.table, first.address, first.count))


def is_somebody(line: BusLine, unit: int) -> bool:
    """Whether an address answers, of whatever make; what is not understood may be another's late answer."""
    said = line.read(unit, "holding", 0, 1)
    if said.get("garbled"):
        said = line.read(unit, "holding", 0, 2)  # of another shape: no late answer to the first passes for its own
    return "words" in said or "exception" in said


def is_there(said: dict[str, Any]) -> bool:
    """Whether somebody said something, if only that it has no such register, or what nobody understands."""
    return "words" in said or "exception" in said or bool(said.get("garbled"))


def columns() -> list[Column]:
    """The table of such rows."""
    return [
        Column("point", _("point"), lambda row: term(row["point"])),
        Column("value", _("value"), right=True),
        Column("unit", _("unit")),
        Column("quality", _("quality"), lambda row: term(row["quality"]), style=_style),
    ]


def _style(row: dict[str, Any]) -> str:
    return "" if row["usable"] else "alarm"


def value_of(line: BusLine, unit: int, profile: ModbusProfile, point: str, wanted: str) -> float | None:
    """One point as a number in the unit that is `wanted`; None where it gives none that can be used."""
    from drivers.units import convert

    for row in points_of(line, unit, profile):
        if row["point"] == point and row["usable"] and isinstance(row["value"], int | float):
            return round(convert(float(row["value"]), row["unit"], wanted), 3)
    return None
