"""Mission and fence items, and how one autopilot's storage bends them."""

import math
from collections.abc import Sequence
from typing import NamedTuple

WAYPOINT, TAKEOFF, JUMP, FENCE_CORNER = 16, 22, 177, 5001
FRAME_HOME = 6  # MAV_FRAME_GLOBAL_RELATIVE_ALT_INT; ArduPilot gives it back as 3
MISSION, FENCE = 0, 1


class Item(NamedTuple):
    """One MISSION_ITEM_INT. `z` is metres above home."""

    command: int
    lat: float = 0.0
    lon: float = 0.0
    z: float = 0.0
    p1: float = 0.0
    p2: float = 0.0


def same(sent: Sequence[Item], read: Sequence[Item]) -> str:
    """Empty when what was read back is what was sent, else the first difference.

    Only what both autopilots keep is compared: command, place to 1e-6 ° (0.1 m), height to 0.1 m, and p1.
    """
    if len(sent) != len(read):
        return f"{len(read)} items aboard, {len(sent)} sent"
    for number, (a, b) in enumerate(zip(sent, read, strict=True)):
        if a.command != b.command:
            return f"item {number} is command {b.command}, sent was {a.command}"
        if a.command != JUMP and max(abs(a.lat - b.lat), abs(a.lon - b.lon)) > 1e-6:
            return f"item {number} is at {b.lat:.6f}, {b.lon:.6f}, sent was {a.lat:.6f}, {a.lon:.6f}"
        if abs(a.z - b.z) > 0.1:
            return f"item {number} is at {b.z:.1f} m, sent was {a.z:.1f} m"
        if not math.isclose(a.p1, b.p1, abs_tol=1e-3):
            return f"item {number} has parameter 1 {b.p1:g}, sent was {a.p1:g}"
    return ""
