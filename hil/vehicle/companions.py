"""What else beats under an aircraft's system id, and talks: each calls itself what real ones call themselves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pymavlink.dialects.v20 import common as mv

from hil.vehicle.autopilot import Autopilot

Message = Any  # pymavlink's message classes are generated and untyped


def _beat(kind: int, autopilot: int, base: int = 0, custom: int = 0) -> Message:
    return mv.MAVLink_heartbeat_message(kind, autopilot, base, custom, mv.MAV_STATE_ACTIVE, 3)


def _gimbal(auto: Autopilot) -> list[Message]:
    """As some are delivered: it calls itself ArduPilot, "armed" the other way round than the truth."""
    base = 0 if auto.armed else mv.MAV_MODE_FLAG_SAFETY_ARMED | mv.MAV_MODE_FLAG_CUSTOM_MODE_ENABLED
    return [_beat(mv.MAV_TYPE_GIMBAL, mv.MAV_AUTOPILOT_ARDUPILOTMEGA, base, 6)]


def _computer(auto: Autopilot) -> list[Message]:
    """A companion computer of no autopilot's family."""
    del auto
    return [_beat(mv.MAV_TYPE_ONBOARD_CONTROLLER, mv.MAV_AUTOPILOT_GENERIC)]


def _pack(auto: Autopilot) -> list[Message]:
    """A smart pack for the payload: its own count of its own cells, under id 0."""
    del auto
    cells = [3300] * 4 + [65535] * 6
    return [
        _beat(mv.MAV_TYPE_BATTERY, mv.MAV_AUTOPILOT_INVALID),
        mv.MAVLink_battery_status_message(0, 4, 1, 2500, cells, -1, 900, -1, 9),
    ]


def _voice(auto: Autopilot) -> list[Message]:
    """A computer that relays the autopilot's own landed state from before, and has its say."""
    return [
        _beat(mv.MAV_TYPE_QUADROTOR, mv.MAV_AUTOPILOT_PX4),
        mv.MAVLink_extended_sys_state_message(0, 2 if auto.on_ground else 1),
        mv.MAVLink_statustext_message(2, b"companion: camera stalled"),
    ]


@dataclass(slots=True)
class Companion:
    """One component; `says` is asked once a second. `answers`: a MAV_RESULT it gives to commands that are not its."""

    component: int
    says: Callable[[Autopilot], list[Message]]
    answers: int | None = None
    due: float = field(default=0.0, init=False)


def usual() -> list[Companion]:
    """What hangs on an ordinary aircraft: gimbal, computer, payload pack."""
    return [Companion(154, _gimbal), Companion(191, _computer), Companion(180, _pack)]


def rude() -> list[Companion]:
    """The usual ones and one that contradicts the autopilot in all it says, and answers its commands with FAILED."""
    return [*usual(), Companion(192, _voice, answers=4)]
