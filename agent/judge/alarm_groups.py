"""Alarms of one cause are one: a collapse with its hydrants, a line with its devices. Pure; no alarm is left out of it.

EEMUA 191 and ISA-18.2 count what an operator is told: a burst main is one thing to him, not one for each hydrant.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from agent.judge.place import distance_m
from drivers.event import EventKind

JOIN_NS = 180 * 10**9
"""So long after another of its group was raised an alarm joins it: lines are read at their own pace."""
NEAR_M = 1000.0
"""So far from a member of its group: what a burst pulls down of a pressure zone lies that close to the next hydrant."""
MOST_LOOKED_AT = 200
"""Of those raised last: in a flood the next neighbour is among them."""

FAMILIES: Mapping[EventKind, EventKind] = {
    EventKind.PRESSURE_COLLAPSING: EventKind.PRESSURE_LOW,
    EventKind.PRESSURE_LOW: EventKind.PRESSURE_LOW,
    EventKind.PRESSURE_HIGH: EventKind.PRESSURE_HIGH,
    EventKind.FREEZE_RISK: EventKind.FREEZE_RISK,
    EventKind.DEVICE_LOST: EventKind.DEVICE_LOST,
}
"""What one cause brings upon many at once, and what that is called. Two hydrants knocked over are two accidents."""


class Where(NamedTuple):
    """Of a device: its line, and its place where that was surveyed."""

    line: str
    lon: float | None = None
    lat: float | None = None


class _Member(NamedTuple):
    subject: str
    group: str
    at_ns: int
    where: Where


class AlarmGroups:
    """`joins` for every alarm that is raised, in that order. A group is named by the subject that was first."""

    def __init__(self, where: Callable[[str], Where | None] = lambda _subject: None) -> None:
        self._where = where
        self._newest: dict[EventKind, deque[_Member]] = {}

    def joins(self, subject: str, kind: EventKind, at_ns: int, known: str = "") -> str:
        """The group that this one is of, its own where it is alone; empty for a kind that stands for itself.

        `known` is the group it was of before a restart.
        """
        family, where = FAMILIES.get(kind), self._where(subject)
        if family is None or where is None:
            return ""
        newest = self._newest.setdefault(family, deque(maxlen=MOST_LOOKED_AT))
        group = known or next((one.group for one in reversed(newest) if _of_one(family, one, where, at_ns)), subject)
        newest.append(_Member(subject, group, at_ns, where))
        return group


def _of_one(family: EventKind, one: _Member, where: Where, at_ns: int) -> bool:
    if at_ns - one.at_ns > JOIN_NS:
        return False
    if family is EventKind.DEVICE_LOST:
        return one.where.line == where.line
    if one.where.lon is None or one.where.lat is None or where.lon is None or where.lat is None:
        return False
    return distance_m(one.where.lon, one.where.lat, where.lon, where.lat) <= NEAR_M
