"""What is believed of an aircraft's messages, and that the simulated one speaks them as the real ones do."""

import pytest

from drivers.drone.geometry import Place
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.profile import PROFILES
from hil.vehicle.streams import sys_status
from protocols.mavlink.messages import take
from protocols.mavlink.state import VehicleState

HOME = Place(28.9412, 118.8723)
PREARM = 0x1000_0000


@pytest.mark.parametrize(("profile", "present"), [("ardupilot", True), ("px4", False)])
def test_armable_is_the_health_bit_whether_or_not_it_is_said_to_be_present(profile: str, present: bool) -> None:
    """PX4 has not set the other two since August 2022."""
    auto = Autopilot(PROFILES[profile], HOME, ekf_s=5.0)
    auto.enter("guided")  # in STABILIZE it is ready without a place
    state = VehicleState()
    assert take(state, "SYS_STATUS", sys_status(auto).to_dict(), 1)
    assert not state.armable
    auto.t = 6.0
    auto.look()
    said = sys_status(auto).to_dict()
    assert bool(said["onboard_control_sensors_present"] & PREARM) is present
    assert bool(said["onboard_control_sensors_enabled"] & PREARM) is present
    assert take(state, "SYS_STATUS", said, 2)
    assert state.armable
