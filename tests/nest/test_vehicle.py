"""A real autopilot (SITL or bench), where one is given: HYDRONEST_VEHICLE=udpin://0.0.0.0:14550 make test-vehicle.

HYDRONEST_VEHICLE_ID is its system id (1). HYDRONEST_ALLOW_MOTION=1 is the yes for this run: propellers will turn.
"""

import asyncio
import contextlib
import os
from functools import partial

import pytest

from drivers.drone.drone import Drone
from drivers.drone.geometry import Place, square
from drivers.drone.limits import Limits
from drivers.outcome import Outcome
from protocols.mavlink.ground import GroundStation
from protocols.mavlink.vehicle import Vehicle
from tests.waiting import patient

URL = os.environ.get("HYDRONEST_VEHICLE", "")
YES = os.environ.get("HYDRONEST_ALLOW_MOTION", "") == "1"


@pytest.mark.timeout(900)
@pytest.mark.skipif(not URL, reason="no aircraft given: set HYDRONEST_VEHICLE=udpin://0.0.0.0:14550")
@pytest.mark.skipif(bool(URL) and not YES, reason="no yes for motion: set HYDRONEST_ALLOW_MOTION=1")
async def test_launch_go_hold_route_return_land() -> None:
    async with GroundStation.open([URL]) as ground:
        vehicle = Vehicle(ground, URL, int(os.environ.get("HYDRONEST_VEHICLE_ID", "1")))
        run = asyncio.create_task(vehicle.run())
        try:
            state = vehicle.state
            async with patient("the aircraft is ready", 120):  # an estimator settles in half a minute
                while not (state.armable and state.home is not None and state.gps_fix >= 3):
                    await vehicle.change()
            assert state.home is not None
            home = Place(state.home[0], state.home[1])
            drone = Drone(vehicle, Limits(home, square(home, 400)))
            route = [(home.moved(40, 30), 25.0), (home.moved(0, 30), 20.0)]
            async with patient("it is prepared", 120):  # ArduPilot was ready in STABILIZE, where it needs no place
                while not (report := await drone.prepare()).done:
                    assert report.outcome is Outcome.FAILED, report
            for step in (
                partial(drone.launch, 20), partial(drone.go_to, home.moved(40, 0), 25), drone.hold,
                partial(drone.fly_route, route), drone.return_home,
            ):  # fmt: skip
                report = await step()
                assert report.done, report
            assert drone.on_ground
        finally:
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run
