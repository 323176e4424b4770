"""What an aircraft is told and answers, as numbers on the wire; what is stored aboard; what a test may break."""

import math
from dataclasses import dataclass, field
from enum import IntEnum

from drivers.drone.geometry import Place

ARM, TAKEOFF, LAND, RTL, SET_MODE, REPOSITION, MISSION_START = 400, 22, 21, 20, 176, 192, 300
CHANGE_SPEED, SET_HOME, ORBIT, REBOOT, RUN_PREARM = 178, 179, 34, 246, 401
WAYPOINT, LOITER_TIME, JUMP = 16, 19, 177
NAN = math.nan


class Result(IntEnum):
    """MAV_RESULT."""

    ACCEPTED = 0
    TEMPORARILY_REJECTED = 1
    DENIED = 2
    UNSUPPORTED = 3
    FAILED = 4


@dataclass(slots=True)
class Item:
    """One MISSION_ITEM_INT as stored aboard."""

    seq: int
    frame: int
    command: int
    params: tuple[float, float, float, float]
    x: int
    y: int
    z: float
    current: int = 0
    mission_type: int = 0

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.x / 1e7, self.y / 1e7)


@dataclass(slots=True)
class Faults:
    """What a test may break in the aircraft itself."""

    ignored: set[int] = field(default_factory=set)  # commands acknowledged and not done
    refused: set[int] = field(default_factory=set)  # commands answered FAILED
    gps_lost: bool = False
    remote_id_down: bool = False
    not_armable: bool = False
    lands_off_m: float = 0.0  # any landing ends so far north of where it was to be
