"""What the verbs need of an aircraft's wire; `protocols.mavlink.vehicle.Vehicle` and the simulators have it."""

from collections.abc import Sequence
from typing import Protocol

from protocols.clock import NowNs
from protocols.mavlink.book import ParameterBook
from protocols.mavlink.items import Item
from protocols.mavlink.state import Text, VehicleState


class Aircraft(Protocol):
    """State and commands of one aircraft. A command raises WireError; one that returns was only acknowledged."""

    state: VehicleState
    texts: Text
    book: ParameterBook
    now_ns: NowNs

    async def change(self) -> None:
        """Return at the next change of `state`."""

    async def ready_to_arm(self) -> None:
        """Into the mode it arms in, and checked anew there, so that its readiness is that mode's; on the ground."""

    async def arm(self) -> None:
        """Only when landed and disarmed."""

    async def disarm(self) -> None:
        """Refused in the air."""

    async def take_off(self, height_m: float) -> None:
        """Metres above home."""

    async def go_to(self, lat: float, lon: float, altitude_m: float) -> None:
        """Altitude above sea level."""

    async def hold(self) -> None:
        """Stay."""

    async def return_home(self) -> None:
        """The autopilot's own return and landing."""

    async def land(self) -> None:
        """Here."""

    async def set_speed(self, speed_ms: float) -> None:
        """Ground speed."""

    async def upload_mission(self, items: Sequence[Item], home: Item) -> list[Item]:
        """What is aboard afterwards."""

    async def start_mission(self) -> None:
        """Fly what is stored."""

    async def upload_fence(self, corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """What is aboard afterwards."""

    async def read_settings(self, names: Sequence[str]) -> None:
        """Parameters of these names, into `book`."""

    async def write_setting(self, name: str, value: float, kind: int) -> None:
        """Set one, of a MAV_PARAM_TYPE; returns once it is said."""
