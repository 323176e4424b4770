"""What a nest's PLC last proved, by the names its makers use."""

import math
from dataclasses import dataclass
from enum import StrEnum

from protocols.reason import Reason, word


class Ends(StrEnum):
    """Where something with a limit switch at either end is."""

    @property
    def told(self) -> Reason:
        """In words: `cover open`."""
        return word(f"{type(self).__name__.lower()}_{self}")


class Cover(Ends):
    """From two limit switches: both on, an end reached too soon, or a fault bit, is abnormal."""

    CLOSED = "closed"
    OPEN = "open"
    MOVING = "moving"
    ABNORMAL = "abnormal"
    UNKNOWN = "unknown"


class Rods(Ends):
    """The centring rods: clamped they hold the aircraft, free it can leave."""

    CLAMPED = "clamped"
    FREE = "free"
    MOVING = "moving"
    ABNORMAL = "abnormal"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class NestState:
    """One whole read of the PLC. `read_ns` is boot time; 0 means never read. NaN is not known."""

    read_ns: int = 0
    cover: Cover = Cover.UNKNOWN
    rods: Rods = Rods.UNKNOWN
    cover_doubt: Reason | None = None  # why the end its switches show is not believed
    rods_doubt: Reason | None = None
    charger_on: bool | None = None
    aircraft_present: bool | None = None
    aircraft_centred: bool | None = None
    pad_clear: bool | None = None
    emergency_stop: bool | None = None
    mains_ok: bool | None = None
    backup_percent: float = math.nan
    light_on: bool | None = None
    climate_on: bool | None = None
    wind_ms: float = math.nan
    gust_ms: float = math.nan
    rain: float = math.nan  # 0 none to 3 heavy
    temperature_c: float = math.nan
    humidity_percent: float = math.nan
    inside_c: float = math.nan
    heartbeat_ns: int = 0  # when the PLC's own counter was last seen to change: Modbus may outlive its program

    def age_s(self, now_ns: int) -> float:
        """Seconds since both the read and the PLC's own life sign; infinite when either never came."""
        if not self.read_ns or not self.heartbeat_ns:
            return math.inf
        return (now_ns - min(self.read_ns, self.heartbeat_ns)) / 1e9


def two_switches(low: bool | None, high: bool | None, fault: bool | None) -> int:
    """-1 at the low end, 1 at the high end, 0 between, 2 abnormal, 3 unknown: what two limit switches can prove."""
    if low is None or high is None:
        return 3
    if fault or (low and high):
        return 2
    return -1 if low else 1 if high else 0


COVER_BY_SWITCH = {-1: Cover.CLOSED, 1: Cover.OPEN, 0: Cover.MOVING, 2: Cover.ABNORMAL, 3: Cover.UNKNOWN}
RODS_BY_SWITCH = {-1: Rods.FREE, 1: Rods.CLAMPED, 0: Rods.MOVING, 2: Rods.ABNORMAL, 3: Rods.UNKNOWN}
