"""Whether an aircraft is where its phase wants it."""

from agent.flight.control.mission import Mission
from agent.flight.machine.table import Phase
from agent.settings.flight import Nest
from drivers.drone.drone import Drone

NEAR_M = 5.0


def reached(phase: Phase, drone: Drone, settings: Nest, mission: Mission | None) -> bool:
    """Proven in the air, and at the height of a launch, or at the place and height of its mission."""
    if not drone.flying:
        return False
    if phase is Phase.LAUNCHING:
        return drone.state.height_m >= settings.launch_height_m * 0.9 - 0.5
    if phase is Phase.OUTBOUND and mission is not None:
        near = drone.place.distance(mission.place) < NEAR_M
        return near and abs(drone.state.height_m - mission.height_m) < NEAR_M
    return False
