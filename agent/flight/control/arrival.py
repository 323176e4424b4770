"""Whether an aircraft is where its phase wants it."""

from agent.flight.control.mission import Mission
from agent.flight.machine.table import Phase
from agent.settings.flight import Nest
from drivers.drone.drone import Drone

NEAR_M = 5.0


MOST_CLIMB_M = 60.0
"""So high in one climb within the time of a launch, at the slow end of climbing."""


def climb_m(settings: Nest, mission: Mission | None) -> float:
    """How high a launch climbs: at once to its mission's height, without a stop on the way."""
    wanted = mission.height_m if mission is not None else 0.0
    return max(settings.launch_height_m, min(wanted, MOST_CLIMB_M))


def reached(phase: Phase, drone: Drone, settings: Nest, mission: Mission | None) -> bool:
    """Proven in the air, and at the height of a launch, or slow at the place and height of its mission."""
    if not drone.flying:
        return False
    if phase is Phase.LAUNCHING:
        return drone.height_m >= climb_m(settings, mission) * 0.9 - 0.5
    if phase is Phase.HOPPING:
        return drone.height_m >= drone.limits.min_height_m * 0.9 - 0.5
    if phase is Phase.OUTBOUND and mission is not None:
        near = drone.place.distance(mission.place) < NEAR_M
        return near and drone.slow and abs(drone.height_m - mission.height_m) < NEAR_M
    return False
