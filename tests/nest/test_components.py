"""Only the autopilot speaks for its aircraft, whatever else beats, talks and answers under the same system id."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.ports import free_udp_port
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.companions import rude
from hil.vehicle.profile import PROFILES
from hil.vehicle.wire import SimulatedVehicle
from protocols.mavlink.components import READ, speaks_for
from protocols.mavlink.ground import GroundStation
from protocols.mavlink.heart import LEAST_S, MOST_S, Heart
from protocols.mavlink.state import Landed, Link
from protocols.mavlink.vehicle import Vehicle
from tests.nest.conftest import HOME
from tests.waiting import until

S = 1_000_000_000


@contextlib.asynccontextmanager
async def heard(profile: str, component_id: int = 1) -> AsyncIterator[tuple[SimulatedVehicle, Vehicle]]:
    port = free_udp_port()
    auto = Autopilot(PROFILES[profile], HOME, ekf_s=1.0, speedup=10)
    sim = SimulatedVehicle(auto, port, component_id=component_id, speedup=10, companions=rude())
    url = f"udpin://127.0.0.1:{port}"
    async with sim.flying(), GroundStation.open([url]) as ground:
        vehicle = Vehicle(ground, url, 1, component_id=component_id)
        run = asyncio.create_task(vehicle.run())
        try:
            await until(
                "armable",
                lambda: vehicle.state.armable and vehicle.state.gps_fix >= 3,
                20,
                lambda: vehicle.state.arrived_ns,
            )
            yield sim, vehicle
        finally:
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run


@pytest.mark.parametrize(("profile", "component_id"), [("ardupilot", 1), ("px4", 1), ("ardupilot", 7)])
async def test_nothing_a_companion_says_is_taken_for_the_aircrafts_word(profile: str, component_id: int) -> None:
    """The rude ones say the opposite of armed, landed and battery, another autopilot's name, and answer with FAILED."""
    async with heard(profile, component_id) as (sim, vehicle):
        wrong: list[object] = []

        async def look() -> None:
            while True:
                await vehicle.change()
                s = vehicle.state
                said = (s.autopilot, s.landed, s.battery_percent, vehicle.texts.since(0))
                fits = s.autopilot == profile and (s.battery_percent > 90 or s.age_s("BATTERY_STATUS", S) > 1e9)
                if not fits or "companion: camera stalled" in said[3] or s.landed is Landed.IN_AIR:
                    wrong.append(said)

        looking = asyncio.create_task(look())
        try:
            beats = sim.heartbeats
            await vehicle.arm()
            await until("beats", lambda: sim.heartbeats > beats + 1, 10, lambda: sim.heartbeats)
            await vehicle.disarm()
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
        assert wrong == []
        assert sim.auto.arm_count == 1


async def test_companions_that_go_on_beating_do_not_keep_a_silent_autopilot_connected() -> None:
    async with heard("px4") as (sim, vehicle):
        sim.autopilot_silent = True
        await until("lost", lambda: vehicle.state.link is Link.LOST, 20, lambda: vehicle.state.arrived_ns)
        assert vehicle.rebuilds == 0
        sim.autopilot_silent = False
        await until("back", lambda: vehicle.state.link is Link.CONNECTED, 20, lambda: vehicle.state.arrived_ns)


@given(st.sampled_from(READ), st.integers(0, 255), st.integers(1, 255))
def test_another_component_speaks_of_its_own_identification_at_most(message: str, component: int, own: int) -> None:
    if speaks_for(message, component, own):
        assert component == own or (message == "OPEN_DRONE_ID_ARM_STATUS" and component in {236, 237, 238})
    assert speaks_for(message, own, own)


def _beating(heart: Heart, gaps_s: list[float]) -> int:
    now = 0
    heart.heard(now, beat=True)
    for gap_s in gaps_s:
        for _ in range(int(gap_s)):  # the quicker streams come through meanwhile
            now += S
            assert heart.alive(now), gap_s
            heart.heard(now, beat=False)
        now += round((gap_s - int(gap_s)) * S)
        heart.heard(now, beat=True)
    return now


def test_two_heartbeats_lost_of_three_are_not_a_lost_link() -> None:
    heart = Heart()
    now = _beating(heart, [3.05] * 20)
    assert heart.limit_s == pytest.approx(7.6, abs=0.1)
    heart.heard(now + 2 * S, beat=False)
    assert heart.alive(now + 4 * S)
    assert not heart.alive(now + 6 * S)  # three seconds without anything


@given(st.lists(st.floats(0.5, 60.0), max_size=60))
def test_what_a_link_loses_bounds_what_it_is_given(gaps_s: list[float]) -> None:
    heart, now = Heart(), 0
    for gap_s in gaps_s:
        heart.heard(now, beat=True)
        now += round(gap_s * S)
        assert LEAST_S <= heart.limit_s <= MOST_S
    for _ in range(11):  # the quicker streams go on; the heart has stopped
        now += S
        heart.heard(now, beat=False)
    assert not heart.alive(now)


def test_a_clean_link_is_lost_soon_and_a_bad_minute_is_forgotten() -> None:
    heart = Heart()
    now = _beating(heart, [3.0] * 3)
    for _ in range(70):
        now += S
        heart.heard(now, beat=True)
    assert heart.limit_s == LEAST_S
    heart.heard(now + 6 * S, beat=False)
    assert heart.alive(now + 6 * S)
    assert not heart.alive(now + 6 * S + 1)
