"""The standard's tables: commands, state bits, analog units, system types."""

from enum import IntEnum
from typing import NamedTuple

from protocols.errors import Reasoned


class BadBit(Reasoned, ValueError):
    """No bit has that name, or there is none at that place."""


class Command(IntEnum):
    """The control unit's command byte."""

    CONTROL = 1  # the centre tells: clock, initialise, duty check
    SEND = 2  # the site uploads
    CONFIRM = 3
    REQUEST = 4  # the centre asks
    RESPOND = 5
    DENY = 6


class Analog(NamedTuple):
    """What one analog type means: its quantity, its unit and the weight of one count."""

    quantity: str
    unit: str
    step: float


# Table of analog types of the standard. Type 4 cannot tell 0.14 from 0.10 MPa: pressure goes as type 5.
ANALOGS: dict[int, Analog] = {
    1: Analog("events", "1", 1),
    2: Analog("height", "m", 0.01),
    3: Analog("temperature", "Cel", 0.1),
    4: Analog("pressure", "MPa", 0.1),
    5: Analog("pressure", "kPa", 0.1),
    6: Analog("gas", "%LEL", 0.1),
    7: Analog("time", "s", 1),
    8: Analog("voltage", "V", 0.1),
    9: Analog("current", "A", 0.1),
    10: Analog("flow", "L/s", 0.1),
    11: Analog("air_flow", "m3/min", 0.1),
    12: Analog("wind", "m/s", 1),
}
RAW = Analog("raw", "1", 1)

SYSTEM_BITS = (
    "normal", "fire", "fault", "shielded", "supervise", "started", "feedback", "delay",
    "main_power_fault", "backup_power_fault", "bus_fault", "manual", "config_changed", "reset",
)  # fmt: skip
COMPONENT_BITS = ("normal", "fire", "fault", "shielded", "supervise", "started", "feedback", "delay", "power_fault")
DEVICE_BITS = (
    "normal", "fire", "fault", "main_power_fault", "backup_power_fault", "centre_channel_fault", "monitored_line_fault",
)  # fmt: skip
SYSTEM_OPERATIONS = ("reset", "silence", "manual_alarm", "alarm_cleared", "self_test", "confirm", "test")
DEVICE_OPERATIONS = ("reset", "silence", "manual_alarm", "alarm_cleared", "self_test", "duty_answered", "test")

HYDRANT_SYSTEM = 11
PRESSURE_COMPONENT = 99
FLOW_COMPONENT = 96
LEVEL_COMPONENT = 92


def names_of(value: int, names: tuple[str, ...]) -> list[str]:
    """The set bits of `value` by name, lowest first; a bit the standard does not name is `bit_N`."""
    return [names[bit] if bit < len(names) else f"bit_{bit}" for bit in range(value.bit_length()) if value >> bit & 1]


def value_of(names_set: list[str], names: tuple[str, ...], width: int) -> int:
    """The reverse of `names_of`. Raises BadBit for a name that is none of them, or a bit past `width` bits."""
    value = 0
    for name in names_set:
        if name in names:
            bit = names.index(name)
        elif name.startswith("bit_") and name[4:].isdigit():
            bit = int(name[4:])
        else:
            raise BadBit("gb.no_such_bit", name=name, known=names)
        if bit >= width:
            raise BadBit("gb.beyond_bits", bit=bit, width=width)
        value |= 1 << bit
    return value
