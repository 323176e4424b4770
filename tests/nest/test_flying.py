"""The verbs, on both autopilots' simulated ways, through the real wire."""

import asyncio
from dataclasses import replace

import pytest

from drivers.outcome import Outcome
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.orders import Result
from hil.vehicle.profile import ARDUPILOT
from protocols.errors import Refused
from tests.nest.conftest import HOME, Rig, flying_rig


async def test_a_whole_flight_and_a_second_one(rig: Rig) -> None:
    """Launch, go to, hold, route, orbit, return, and again: ArduPilot does not arm after a return unless helped."""
    await rig.ready()
    drone = rig.drone
    assert (await drone.prepare()).done
    for flight in (1, 2):
        assert (report := await drone.launch(30)).done, report
        there = HOME.moved(60, 40)
        assert (report := await drone.go_to(there, 40)).done, report
        assert drone.place.distance(there) < 3
        assert (report := await drone.hold()).done, report
        points = [(HOME.moved(60, 0), 40.0), (HOME.moved(20, -30), 35.0)]
        assert (report := await drone.fly_route(points)).done, report
        if flight == 1:
            assert (report := await drone.orbit(HOME.moved(20, -30), 20, 35)).done, report
        assert (report := await drone.return_home()).done, report
        assert drone.on_ground
        assert drone.place.distance(HOME) < 1
    assert rig.sim.auto.arm_count == 2


@pytest.mark.parametrize("rig", ["px4"], indirect=True)
async def test_land_at_another_site(rig: Rig) -> None:
    await rig.ready()
    assert (await rig.drone.launch(20)).done
    site = HOME.moved(-50, 30)
    assert (report := await rig.drone.land_at(site, 25)).done, report
    assert rig.drone.on_ground
    assert rig.sim.auto.place.distance(site) < 3


@pytest.mark.parametrize("rig", ["ardupilot"], indirect=True)
async def test_own_checks_come_before_anything_is_sent(rig: Rig) -> None:
    await rig.ready()
    assert (await rig.drone.launch(20)).done
    rig.sim.commands.clear()
    for place, height, why in (
        (HOME.moved(900, 0), 50, "outside the geofence"),
        (HOME.moved(795, 0), 50, "of the geofence's edge"),
        (HOME.moved(50, 0), 130, "above the limit"),
        (HOME.moved(50, 0), 5, "below the least"),
        (HOME.moved(7000, 0), 50, "beyond the limit"),
    ):
        report = await rig.drone.go_to(place, height)
        assert report.outcome is Outcome.REFUSED
        assert why in str(report.reason)
    report = await rig.drone.fly_route([(HOME.moved(10, 0), 40), (HOME.moved(900, 0), 40)])
    assert str(report.reason).startswith("point 2: ")
    assert rig.sim.commands == []


@pytest.mark.parametrize("rig", ["px4"], indirect=True)
async def test_arming_in_flight_is_refused_before_the_wire(rig: Rig) -> None:
    """On both autopilots arm() in a return cancels the return."""
    await rig.ready()
    assert (await rig.drone.launch(20)).done
    rig.sim.commands.clear()
    report = await rig.drone.launch(20)
    assert report.outcome is Outcome.REFUSED
    assert 400 not in rig.sim.commands


@pytest.mark.parametrize("rig", ["px4"], indirect=True)
async def test_acknowledged_but_not_done_is_failed(rig: Rig) -> None:
    await rig.ready()
    rig.sim.auto.faults.ignored = {400}
    report = await rig.drone.launch(20)
    assert report.outcome is Outcome.FAILED
    assert "not armed" in str(report.reason)
    rig.sim.auto.faults.ignored = set()
    assert (await rig.drone.launch(20)).done
    rig.sim.auto.faults.ignored = {192}
    report = await rig.drone.go_to(HOME.moved(50, 0), 40)
    assert report.outcome is Outcome.FAILED
    assert "not coming nearer" in str(report.reason)


@pytest.mark.parametrize("rig", ["ardupilot"], indirect=True)
async def test_lost_acknowledgements_are_not_lost_deeds(rig: Rig) -> None:
    await rig.ready()
    rig.sim.faults.lose_acks = 6
    assert (report := await rig.drone.launch(20)).done, report
    assert rig.sim.auto.arm_count == 1
    rig.sim.faults.lose_acks = 4
    assert (report := await rig.drone.return_home()).done, report


async def test_a_refusal_carries_the_aircrafts_own_words(rig: Rig) -> None:
    await rig.ready()
    rig.sim.auto.faults.not_armable = True
    with pytest.raises(Refused, match="PreArm: check failed"):
        await rig.vehicle.arm()
    assert not rig.sim.auto.armed


@pytest.mark.parametrize("rig", ["ardupilot"], indirect=True)
async def test_prepared_is_not_what_it_said_of_the_mode_before(rig: Rig) -> None:
    """It looks once a second; until then "ready" is STABILIZE's, which needs no place, and arming was refused."""
    auto = rig.sim.auto
    auto.ekf_s = 1e9
    await rig.until(lambda: rig.drone.on_ground and rig.drone.state.armable)
    auto.profile = replace(auto.profile, looks_every_s=1e9)
    preparing = asyncio.create_task(rig.drone.prepare())
    await rig.until(lambda: preparing.done() or 401 in rig.sim.commands)
    assert not preparing.done()
    auto.ekf_s = 0.0
    auto.look()
    assert (report := await preparing).done, report


async def test_streams_come_back_after_a_reboot() -> None:
    """A rebooted ArduPilot streams nothing until it is asked again, with the link never seen down."""
    async with flying_rig("ardupilot") as rig:
        await rig.ready()
        before = rig.vehicle.requests
        rig.sim.reboot()
        await rig.until(lambda: rig.vehicle.requests > before, 12)
        await rig.ready()


async def test_px4_outside_its_fence_is_acknowledged_and_noticed() -> None:
    async with flying_rig("px4") as rig:
        await rig.ready()
        rig.sim.auto.fence = [HOME.moved(-20, -20), HOME.moved(-20, 20), HOME.moved(20, 20), HOME.moved(20, -20)]
        assert (await rig.drone.launch(20)).done
        report = await rig.drone.go_to(HOME.moved(100, 0), 30)
        assert report.outcome is Outcome.FAILED
        assert "Reposition is outside geofence" in str(report.reason)


@pytest.mark.parametrize("rig", ["ardupilot"], indirect=True)
async def test_a_fence_that_reads_back_wrong_is_a_failure(rig: Rig) -> None:
    await rig.ready()
    rig.sim.transfer.fence_corrupt = True
    report = await rig.drone.prepare()
    assert report.outcome is Outcome.FAILED


@pytest.mark.parametrize(("value", "mode"), [(1, "rtl"), (5, "land"), (7, "brake")])
def test_what_the_simulator_does_without_its_ground_is_what_it_was_set_to(value: int, mode: str) -> None:
    auto = Autopilot(ARDUPILOT, HOME, ekf_s=0.0)
    auto.enter("guided")
    assert auto.command(400, (1.0, *[0.0] * 6)) is Result.ACCEPTED
    assert auto.command(22, (*[0.0] * 6, 20.0)) is Result.ACCEPTED
    while auto.body.u < 15.0:
        auto.step(0.1)
    auto.params["FS_GCS_ENABLE"] = value
    for _ in range(20):
        auto.step(0.1, 6.0)
    assert auto.mode == mode
    assert [text for _, text in auto.texts].count("GCS Failsafe") == 1
