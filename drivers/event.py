"""Something happened: raised once, cleared once, with what shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drivers.sample import Value
from protocols.reason import Reason


class Severity(StrEnum):
    """How soon a person must look. Ordered by `rank`."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"

    @property
    def rank(self) -> int:
        """0 for information, 2 for an alarm."""
        return ("info", "warning", "alarm").index(self.value)


class Transition(StrEnum):
    """Where in its life an event is. `noted` has no end of its own."""

    RAISED = "raised"
    CLEARED = "cleared"
    NOTED = "noted"


class EventKind(StrEnum):
    """The words of the field (no national standard fixes this set). Stored and forwarded: never rename one."""

    PRESSURE_LOW = "pressure_low"
    PRESSURE_HIGH = "pressure_high"
    PRESSURE_COLLAPSING = "pressure_collapsing"
    WATER_DRAWN = "water_drawn"
    WATER_STOLEN = "water_stolen"
    CAP_REMOVED = "cap_removed"
    KNOCKED_OVER = "knocked_over"
    TILTED = "tilted"
    LEAK = "leak"
    FREEZE_RISK = "freeze_risk"
    FROZEN = "frozen"
    BURIED = "buried"
    BATTERY_LOW = "battery_low"
    LEVEL_LOW = "level_low"
    VILLAGE_WATER = "village_water"
    SENSOR_FAULT = "sensor_fault"
    SENSOR_STUCK = "sensor_stuck"
    SENSOR_DRIFT = "sensor_drift"
    DEVICE_LOST = "device_lost"
    WRONG_DEVICE = "wrong_device"
    LINE_DOWN = "line_down"
    SELF_FAULT = "self_fault"
    DATA_LOST = "data_lost"
    DAMAGE_FOUND = "damage_found"
    UPLINK_REFUSED = "uplink_refused"
    CLOCK = "clock"
    ASSET = "asset"
    FLIGHT = "flight"
    ORDER = "order"
    AUDIT = "audit"


Evidence = Mapping[str, Value | Reason]
"""What shows that something happened: values by name; why, as a reason."""


@dataclass(frozen=True, slots=True)
class Event:
    """One turn of one event of one subject.

    `subject` is a device, line, uplink or job id, or a village; `at_ns` is CLOCK_BOOTTIME; `evidence` names the values
    behind it.
    """

    kind: EventKind
    subject: str
    severity: Severity
    transition: Transition
    at_ns: int
    evidence: Evidence = field(default_factory=dict)
