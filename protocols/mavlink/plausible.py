"""Whether "on the ground, disarmed" is believed: not at once where position, height or speed say otherwise.

Anyone who knows an aircraft's id can send its heartbeat, and a companion or a radio's echo can repeat an old one. A
claim that fits is believed at once. One that does not is believed when the aircraft has not said otherwise for
`QUIET_S`: it may truly stand on a hill. What truly flies says so every second.
"""

import math

from protocols.mavlink.state import Landed, VehicleState

LOW_M = 4.0
"""Height over home up to which standing on the ground is nothing to wonder at; real ones landed at 0.8 m at most."""
DRIFTING_MS, SINKING_MS = 2.0, 1.0
"""Faster than this nothing stands; estimates of an aircraft at rest reached 0.7 and 0.2 m/s."""
QUIET_S = 15.0


def claims_down(state: VehicleState) -> bool:
    """Whether its last words are "landed" and "disarmed"."""
    return state.armed is False and state.landed is Landed.ON_GROUND


def up_and_about(state: VehicleState) -> bool:
    """Whether position, height or speed are those of something in the air; unknown ones are not."""
    speed_ms = math.hypot(state.north_ms, state.east_ms)
    return state.height_m > LOW_M or speed_ms > DRIFTING_MS or abs(state.up_ms) > SINKING_MS


def contradicts_itself(state: VehicleState, now_ns: int) -> bool:
    """Whether it claims to be down, and was in the air lately by its own word, and still is by all else it says."""
    lately = state.aloft_ns is not None and now_ns - state.aloft_ns < QUIET_S * 1e9
    return claims_down(state) and lately and up_and_about(state)


def believed_down(state: VehicleState, now_ns: int) -> bool:
    """Whether it may be taken for landed and disarmed. Freshness is the caller's."""
    return claims_down(state) and not contradicts_itself(state, now_ns)
