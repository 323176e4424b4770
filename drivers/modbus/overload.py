"""Whether a line is asked more than it bears, and what that means for its values, in words."""

from collections.abc import Iterable

from drivers.modbus.device import Device
from protocols.modbus.deadline import NS
from protocols.modbus.schedule import Schedule
from protocols.reason import Reason, word

FULL = 1.0
ENOUGH = 1.2  # how many times its period a value must come late to be worth a word


def overloaded(schedule: Schedule, devices: Iterable[Device], now: int) -> Reason | None:
    """`overloaded: pressure every 9 s instead of 2`: the value that matters most of those stretched.

    The load is counted from what the devices' answers have taken, so from the turnarounds learned. Of the values that
    are not alarms the one asked most often is named.
    """
    if schedule.load(now) / schedule.depth <= FULL:
        return None
    reads = [
        (group.read.alarm, group.read.period_ns, -group.read.every_ns, group.planned.layout.points[0])
        for device in devices
        for group in device.groups
        if group.read.every_ns > ENOUGH * group.read.period_ns
    ]
    if not reads:
        return None
    _, period_ns, every_ns, point = min(reads)
    return Reason("modbus.overloaded", point=word(point), every_s=-every_ns / NS, wanted_s=period_ns / NS)
