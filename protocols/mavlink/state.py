"""What an aircraft last said of itself, stamped on arrival: mavsdk's getters give a dead link's last value."""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from protocols.clock import NowNs


class Link(StrEnum):
    """How the wire to one aircraft stands."""

    CLOSED = "closed"  # not opened, or mavsdk was destroyed
    SEARCHING = "searching"  # opened; this system id was not heard yet
    CONNECTED = "connected"
    LOST = "lost"  # its autopilot is not heard any more


class Landed(StrEnum):
    """EXTENDED_SYS_STATE.landed_state, by number."""

    UNKNOWN = "unknown"
    ON_GROUND = "on_ground"
    IN_AIR = "in_air"
    TAKING_OFF = "taking_off"
    LANDING = "landing"


LANDED = tuple(Landed)
UP = frozenset({Landed.IN_AIR, Landed.TAKING_OFF, Landed.LANDING})

STREAMS: dict[str, tuple[int, float]] = {
    "HEARTBEAT": (0, 1.0),
    "SYS_STATUS": (1, 2.0),
    "GPS_RAW_INT": (24, 2.0),
    "ATTITUDE": (30, 1.0),
    "GLOBAL_POSITION_INT": (33, 5.0),
    "MISSION_CURRENT": (42, 1.0),
    "BATTERY_STATUS": (147, 2.0),
    "HOME_POSITION": (242, 1.0),
    "EXTENDED_SYS_STATE": (245, 5.0),
    "OPEN_DRONE_ID_ARM_STATUS": (12918, 1.0),
}
"""Message: (id, rate in Hz asked for). ArduPilot sends none but the heartbeat unasked."""

UNASKED = frozenset({"HEARTBEAT", "OPEN_DRONE_ID_ARM_STATUS"})
"""Never requested: the first comes anyway, the second comes from the identification module where one is fitted."""


PAYLOAD = frozenset({3, 4})
"""MAV_BATTERY_FUNCTION of what flies nothing: avionics, payload. ArduPilot says 0 (not known) of every pack."""


class PackSaid(NamedTuple):
    """One BATTERY_STATUS. NaN is not known."""

    percent: float
    volts: tuple[float, ...]  # of its cells, or of the whole in the first
    current_a: float
    function: int  # MAV_BATTERY_FUNCTION
    at_ns: int = 0

    @property
    def voltage_v(self) -> float:
        """Of the whole."""
        return sum(self.volts) if self.volts else math.nan


SILENT_S = 3.0
"""Seconds without a heartbeat after which nobody knows what it did meanwhile, nor how old a burst that follows is."""


@dataclass(slots=True)
class VehicleState:
    """Latest values of one aircraft. NaN and None mean never heard. Altitudes in metres, angles in degrees."""

    link: Link = Link.CLOSED
    autopilot: str = ""  # "ardupilot", "px4", or "" until known
    armed: bool | None = None  # not known from an arming on until it says so
    mode: str = ""
    landed: Landed = Landed.UNKNOWN
    lat: float = math.nan
    lon: float = math.nan
    altitude_m: float = math.nan  # above mean sea level
    height_m: float = math.nan  # above home
    north_ms: float = math.nan
    east_ms: float = math.nan
    up_ms: float = math.nan
    tilt_deg: float = math.nan  # of its own up from upright
    battery_percent: float = math.nan  # of the worst pack that does not say it is for something else
    voltage_v: float = math.nan
    current_a: float = math.nan
    packs: dict[int, PackSaid] = field(default_factory=dict)  # by id
    gps_fix: int = 0  # 3 and above is a 3-D fix
    satellites: int = 0
    gnss_altitude_m: float = math.nan  # above mean sea level, by the receiver alone
    gnss_ellipsoid_m: float = math.nan  # the same above WGS 84's ellipsoid
    gnss_error_m: float = math.nan  # of its height, by its own word
    home: tuple[float, float, float] | None = None  # lat, lon, altitude
    armable: bool = False
    mission_seq: int = -1
    mission_total: int = 0
    mission_done: bool = False
    remote_id_ok: bool | None = None
    remote_id_text: str = ""
    heart_limit_s: float = 0.0  # so long this link may be without a heartbeat and is not lost
    boot_ms: int = 0  # since it started, by its own clock
    boots: int = 0  # how often it has been seen to start anew
    aloft_ns: int | None = None  # when it last said "armed" or "in the air"
    silent_ns: int | None = None  # when a heartbeat last came after more than `SILENT_S` without one
    arrived_ns: dict[str, int] = field(default_factory=dict)

    def heard_at(self, stream: str, now_ns: int) -> None:
        """That message has just been put in here."""
        if stream == "HEARTBEAT" and SILENT_S < self.age_s(stream, now_ns) < math.inf:
            self.silent_ns = now_ns
        self.arrived_ns[stream] = now_ns
        if self.armed if stream == "HEARTBEAT" else self.landed in UP if stream == "EXTENDED_SYS_STATE" else False:
            self.aloft_ns = now_ns

    def age_s(self, stream: str, now_ns: int) -> float:
        """Seconds since that message last arrived; infinite when it never did."""
        at = self.arrived_ns.get(stream)
        return math.inf if at is None else (now_ns - at) / 1e9

    def stale(self, now_ns: int, limit_s: float, streams: tuple[str, ...] = tuple(STREAMS)) -> list[str]:
        """Those of `streams` older than `limit_s`, never-heard ones included; a heartbeat may take its link's time."""
        limits = {"HEARTBEAT": max(limit_s, self.heart_limit_s)}
        return [stream for stream in streams if self.age_s(stream, now_ns) > limits.get(stream, limit_s)]


class Text:
    """The last status texts with their arrival, kept to be handed out with each command."""

    KEEP = 60

    def __init__(self, now_ns: NowNs) -> None:
        self._now_ns = now_ns
        self._texts: list[tuple[int, int, str]] = []
        self.heard = 0
        """How many there were so far."""

    def add(self, severity: int, text: str, *, chunk: int = 0) -> None:
        """`severity` as MAV_SEVERITY, 0 worst; `chunk` above 0 goes on with the last text, which was too long for one
        message. PX4 repeats a text with a trailing tab, which is dropped."""
        if chunk > 0 and self._texts:
            at, worst, before = self._texts[-1]
            self._texts[-1] = (at, worst, (before + text).strip())
            return
        clean = text.strip()
        if clean and not (self._texts and self._texts[-1][2] == clean and self._now_ns() - self._texts[-1][0] < 5e8):
            self._texts.append((self._now_ns(), severity, clean))
            del self._texts[: -self.KEEP]
            self.heard += 1

    def worst_since(self, at_ns: int) -> int:
        """The worst MAV_SEVERITY that was said at or after `at_ns`; 7, the least, where nothing was."""
        return min((severity for at, severity, _ in self._texts if at >= at_ns), default=7)

    def newest(self, number: int) -> tuple[str, ...]:
        """The last so many, oldest first."""
        return tuple(text for _, _, text in self._texts[-number:]) if number > 0 else ()

    def since(self, at_ns: int) -> tuple[str, ...]:
        """Texts that arrived at or after `at_ns`, oldest first."""
        return tuple(text for at, _, text in self._texts if at >= at_ns)
