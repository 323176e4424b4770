"""Mission and fence items, and how one autopilot's storage bends them."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from protocols.reason import Reason

WAYPOINT, TAKEOFF, JUMP, FENCE_CORNER = 16, 22, 177, 5001
FRAME_HOME = 6  # MAV_FRAME_GLOBAL_RELATIVE_ALT_INT; ArduPilot gives it back as 3
MISSION, FENCE, RALLY_POINTS = 0, 1, 2


class Item(NamedTuple):
    """One MISSION_ITEM_INT. `z` is metres above home."""

    command: int
    lat: float = 0.0
    lon: float = 0.0
    z: float = 0.0
    p1: float = 0.0
    p2: float = 0.0


def difference(sent: Sequence[Item], read: Sequence[Item]) -> Reason | None:
    """None when what was read back is what was sent, else the first difference.

    Only what both autopilots keep is compared: command, place to 1e-6 ° (0.1 m), height to 0.1 m, and p1.
    """
    if len(sent) != len(read):
        return Reason("mavlink.other_number_of_items", aboard=len(read), sent=len(sent))
    for number, (a, b) in enumerate(zip(sent, read, strict=True)):
        if a.command != b.command:
            return Reason("mavlink.other_command", item=number, aboard=b.command, sent=a.command)
        if a.command != JUMP and max(abs(a.lat - b.lat), abs(a.lon - b.lon)) > 1e-6:
            there, meant = f"{b.lat:.6f}, {b.lon:.6f}", f"{a.lat:.6f}, {a.lon:.6f}"
            return Reason("mavlink.other_place", item=number, aboard=there, sent=meant)
        if abs(a.z - b.z) > 0.1:
            return Reason("mavlink.other_height", item=number, aboard_m=b.z, sent_m=a.z)
        if not math.isclose(a.p1, b.p1, abs_tol=1e-3):
            return Reason("mavlink.other_parameter", item=number, aboard=b.p1, sent=a.p1)
    return None
