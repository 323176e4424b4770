"""What our events and points are in the centre's tables. All of it can be overridden in the settings."""

from collections.abc import Mapping
from typing import Final

from drivers.event import EventKind as Kind

EVENT_BITS: Final[Mapping[str, str]] = {
    Kind.PRESSURE_LOW: "supervise",
    Kind.PRESSURE_HIGH: "supervise",
    Kind.PRESSURE_COLLAPSING: "supervise",
    Kind.WATER_DRAWN: "started",
    Kind.WATER_STOLEN: "supervise",
    Kind.CAP_REMOVED: "supervise",
    Kind.KNOCKED_OVER: "fault",
    Kind.TILTED: "fault",
    Kind.LEAK: "fault",
    Kind.FREEZE_RISK: "supervise",
    Kind.FROZEN: "fault",
    Kind.BURIED: "fault",
    Kind.BATTERY_LOW: "power_fault",
    Kind.LEVEL_LOW: "supervise",
    Kind.SENSOR_FAULT: "fault",
    Kind.SENSOR_STUCK: "fault",
    Kind.SENSOR_DRIFT: "fault",
    Kind.DEVICE_LOST: "fault",
    Kind.WRONG_DEVICE: "fault",
}
"""Component state bits. No standard maps hydrant events: supervise (监管) is what a low pressure or an open cap is."""

EVENT_TEXTS: Final[Mapping[str, str]] = {
    Kind.PRESSURE_LOW: "欠压",
    Kind.PRESSURE_HIGH: "超压",
    Kind.PRESSURE_COLLAPSING: "水压骤降",
    Kind.WATER_DRAWN: "用水",
    Kind.WATER_STOLEN: "盗水",
    Kind.CAP_REMOVED: "闷盖打开",
    Kind.KNOCKED_OVER: "撞倒",
    Kind.TILTED: "倾斜",
    Kind.LEAK: "漏水",
    Kind.FREEZE_RISK: "冻结风险",
    Kind.FROZEN: "冻结",
    Kind.BURIED: "掩埋",
    Kind.BATTERY_LOW: "电量低",
    Kind.LEVEL_LOW: "水位低",
    Kind.SENSOR_FAULT: "传感器故障",
    Kind.SENSOR_STUCK: "读数不变",
    Kind.SENSOR_DRIFT: "读数漂移",
    Kind.DEVICE_LOST: "设备失联",
    Kind.WRONG_DEVICE: "设备不符",
}

DEVICE_BITS_OF: Final[Mapping[str, str]] = {
    Kind.LINE_DOWN: "monitored_line_fault",
    Kind.SELF_FAULT: "fault",
    Kind.DATA_LOST: "fault",
    Kind.DAMAGE_FOUND: "fault",
}
"""What the transmitter itself (type 21) says."""

ANALOG_TYPES: Final[Mapping[str, tuple[int, str]]] = {
    "pressure": (5, "kPa"),  # type 4 counts 0.1 MPa: it cannot tell 0.14 from 0.10
    "flow": (10, "L/s"),
    "temperature": (3, "Cel"),
    "length": (2, "m"),
    "voltage": (8, "V"),
    "speed": (12, "m/s"),
}
"""Quantity of a point's unit → analog type and the unit it counts in."""
