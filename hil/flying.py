"""A nest with its aircraft on real sockets: what a demo, a training site and the tests set beside the agent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from drivers.drone.geometry import Place
from drivers.nest.profile import load_nest_profile
from hil.nest.mechanics import Mechanics, Visitor
from hil.nest.pace import quickened
from hil.nest.plc import Plc
from hil.nest.server import serving
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.physics import Air
from hil.vehicle.profile import PROFILES
from hil.vehicle.wire import SimulatedVehicle

CHARGE_EVERY_S = 0.2


class FlyingWorld:
    """One PLC on Modbus TCP and one aircraft on MAVLink that stand in each other's way as real ones do.

    `auto`, `truth` and `vehicle.faults` are the world's truth and its faults. Weather is felt by both.
    """

    def __init__(
        self, home: Place, *, udp_port: int, plc_port: int, autopilot: str = "ardupilot", make: str = "command-word",
        system_id: int = 1, speedup: float = 1.0, ekf_s: float = 30.0,
    ) -> None:  # fmt: skip
        self.home = home
        self.auto = Autopilot(PROFILES[autopilot], home, air=Air(north_ms=2.0), ekf_s=ekf_s, speedup=speedup)
        self.vehicle = SimulatedVehicle(self.auto, udp_port, system_id=system_id, speedup=speedup)
        self.truth = Mechanics(self._visitor, alive_limit_s=5.0 * speedup)
        self.plc = Plc(load_nest_profile(make), self.truth)
        self._make = make
        self._plc_port = plc_port
        self._speedup = speedup

    def nest_profile(self, folder: Path) -> Path:
        """The profile file an agent in this world's pace needs, written into `folder`."""
        return quickened(self._make, self._speedup, folder)

    def _visitor(self) -> Visitor:
        return Visitor(self.auto.place.distance(self.home), self.auto.body.u, self.auto.armed)

    @contextlib.asynccontextmanager
    async def alive(self) -> AsyncIterator["FlyingWorld"]:
        """Switched on for as long as the block lasts."""
        async with self.vehicle.flying(), serving(self.plc, self._plc_port, speedup=self._speedup):
            task = asyncio.create_task(self._couple(), name="nest and aircraft")
            try:
                yield self
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _couple(self) -> None:
        """The charger fills the battery of what stands in the nest, and wind over the nest is wind in the air."""
        while True:
            self.auto.charging = self.truth.charger_on and self._visitor().on_pad
            self.auto.air.north_ms = self.truth.weather.wind_ms * 0.7
            self.auto.air.gust_ms = max(0.0, self.truth.weather.gust_ms - self.truth.weather.wind_ms)
            await asyncio.sleep(CHARGE_EVERY_S)
