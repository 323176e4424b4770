"""Whole flights of the real post in virtual time: as it should go, and each way it can go wrong."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agent.flight.machine.table import Phase
from agent.flight.orders.gate import Refusal
from agent.logbook.index import read
from agent.logbook.reading import entries, verify
from hil.flight_sim import HOME, FlightSim
from hil.virtual_time import run
from protocols.mavlink.state import Landed
from protocols.reason import from_json

Story = Callable[[FlightSim], Awaitable[None]]


def rehearse(folder: Path, story: Story, profile: str = "ardupilot", **nest: Any) -> FlightSim:
    async def whole() -> FlightSim:
        rehearsal = FlightSim(folder, profile, **nest)
        async with rehearsal.running():
            await rehearsal.until(lambda: rehearsal.ready)
            await story(rehearsal)
            return rehearsal

    rehearsal = run(whole())
    assert rehearsal.accidents == []
    return rehearsal


def phases(r: FlightSim) -> list[str]:
    return [event.evidence["phase"] for event in r.events if event.kind == "flight"]


@pytest.mark.parametrize("profile", ["ardupilot", "px4"])
def test_a_flight_as_it_should_be(tmp_path: Path, profile: str) -> None:
    async def story(r: FlightSim) -> None:
        flight = await r.fly(training=profile == "px4")
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        assert r.auto.place.distance(HOME.moved(200, 100)) < 5
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert flight == "n1-000001"

    r = rehearse(tmp_path, story, profile)
    assert phases(r) == ["preparing", "launching", "outbound", "on_scene", "returning", "securing", "closing", "rest"]
    assert r.truth.cover == 0.0
    assert r.truth.charger_on
    flight = tmp_path / "flights/n1-000001"
    assert verify(flight) == []
    summary = read(tmp_path / "flights").flights[0]
    assert summary["outcome"] == "home"
    assert summary["class"] == ("training" if profile == "px4" else "live")
    assert summary["timing"]["order_to_nest_s"] < 0.5
    assert summary["timing"]["ready_to_arm_s"] < 0.5
    assert r.samples > 200


@pytest.mark.parametrize("order", ["recall", "stop"])
def test_false_packets_of_a_landing_latch_nothing_and_it_can_be_called_home(tmp_path: Path, order: str) -> None:
    """150 packets in a second say "on the ground, disarmed" of an aircraft that its position shows at 60 m."""

    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        for number in range(150):
            r.aircraft.forged(armed=False, landed=Landed.ON_GROUND)
            await asyncio.sleep(1 / 150)
            assert r.controller.phase is Phase.ON_SCENE, number
        r.aircraft.forged(armed=False, landed=Landed.ON_GROUND)
        if order == "recall":
            r.controller.recall(1)
            assert r.controller.phase is Phase.RETURNING
            r.aircraft.forged(armed=False, landed=Landed.ON_GROUND)
            await r.until(lambda: r.auto.mode == "rtl", 5)
            await r.until(lambda: r.controller.phase is Phase.REST)
        else:
            r.controller.stop(1)
            assert r.controller.phase is Phase.HOLDING

    rehearse(tmp_path, story)


@pytest.mark.parametrize("settles", [True, False])
def test_ready_means_ready_in_the_mode_that_is_armed(tmp_path: Path, settles: bool) -> None:
    """In STABILIZE it is ready 30 s before it knows where it is; in GUIDED it says "Need Position Estimate"."""

    async def story(r: FlightSim) -> None:
        assert (r.auto.mode, r.auto.armable, r.auto.ekf_ok) == ("stabilize", True, False)
        r.auto.ekf_s = r.auto.t + (50.0 if settles else 500.0)
        await r.fly()
        if settles:
            await r.until(lambda: r.controller.phase is Phase.LAUNCHING)
            assert r.auto.ekf_ok
            await r.until(lambda: r.controller.phase is Phase.REST)
        else:
            await r.until(lambda: r.controller.phase is Phase.REST)
            assert r.auto.arm_count == 0
            r.arms_allowed = 0

    r = rehearse(tmp_path, story)
    assert "failed" not in phases(r)


@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.SECURING, Phase.CLOSING])
def test_some_seconds_of_silence_while_the_nest_moves_do_not_take_it_out_of_service(
    tmp_path: Path, phase: Phase
) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        if phase is Phase.PREPARING:
            r.arms_allowed = 0
        await r.until(lambda: r.controller.phase is phase)
        r.aircraft.down = True
        await r.until(lambda: r.controller.phase is Phase.BLOCKED)
        cover = r.truth.cover
        await asyncio.sleep(4.5)
        assert abs(r.truth.cover - cover) < 0.1  # nothing moves at what is not seen
        r.aircraft.down = False
        await r.until(lambda: r.controller.phase is Phase.REST)
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.LAUNCHING)

    assert "failed" not in phases(rehearse(tmp_path, story))


def test_it_climbs_at_once_and_is_there_only_once_it_is_slow(tmp_path: Path) -> None:
    """Real ones were "there" at 5 m/s; a stop at 30 m on the way to 60 m cost 15 s."""

    async def story(r: FlightSim) -> None:
        await r.fly(height_m=60.0)
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        assert r.auto.body.u > 50
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        assert math.hypot(r.auto.body.vn, r.auto.body.ve) < 1.5

    rehearse(tmp_path, story)


@pytest.mark.parametrize("orbit_m", [0.0, 20.0])
def test_what_the_wind_aloft_carries_off_does_not_stay_on_scene(tmp_path: Path, orbit_m: float) -> None:
    """The mast reads 3 m/s, 25 blow at height: it was "on scene" 105 m off and drifting."""

    async def story(r: FlightSim) -> None:
        await r.fly(orbit_m=orbit_m)
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.auto.air.north_ms = 25.0
        begun = r.loop.time()
        await r.until(lambda: r.controller.phase is not Phase.ON_SCENE)
        assert r.loop.time() - begun < 90
        assert r.controller.phase is Phase.RETURNING
        assert "not coming nearer" in str(r.controller.trouble)
        r.auto.air.north_ms = 2.0
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story, on_scene_s=900.0)


def test_what_drifts_off_its_place_is_sent_back(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        await asyncio.sleep(5)
        r.auto.body.n += 40
        r.auto.enter("guided")  # and holds where it is now
        await asyncio.sleep(30)
        assert r.controller.phase is Phase.ON_SCENE
        assert r.auto.place.distance(HOME.moved(200, 100)) < 5

    rehearse(tmp_path, story)


async def refused(r: FlightSim) -> str:
    with pytest.raises(Refusal) as no:
        await r.fly()
    return no.value.code


@pytest.mark.parametrize("profile", ["ardupilot", "px4"])
def test_what_changes_between_the_last_look_and_the_arming_stops_it(tmp_path: Path, profile: str) -> None:
    """The phase is synced to the card before anything is armed, which takes seconds on a bad one."""

    async def story(r: FlightSim) -> None:
        def slow_card() -> float:
            if r.controller.phase is not Phase.LAUNCHING:
                return 0.0
            r.truth.pad_clear = False
            return 0.4  # shorter than the time between two looks

        r.writer.takes_s = slow_card
        await r.fly()
        r.arms_allowed = 0
        await r.until(lambda: r.controller.phase is Phase.BLOCKED)
        assert r.auto.arm_count == 0
        r.truth.pad_clear = True
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story, profile)
    taken = [entry for entry in entries(tmp_path / "flights/n1-000001") if entry.get("at") == "launching"]
    assert "not armed: pad clear" in str(from_json(taken[0]["reason"]))


def test_no_launch_while_anything_blocks(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        def wind() -> None:
            r.truth.weather.wind_ms = 15

        def calm() -> None:
            r.truth.weather.wind_ms = 3

        for spoil, mend in (
            (wind, calm),
            (lambda: setattr(r.truth, "pad_clear", False), lambda: setattr(r.truth, "pad_clear", True)),
            (lambda: setattr(r.auto.faults, "gps_lost", True), lambda: setattr(r.auto.faults, "gps_lost", False)),
            (lambda: setattr(r, "wall_error_s", None), lambda: setattr(r, "wall_error_s", 0.1)),
            (lambda: setattr(r.plc, "trouble", "silent"), lambda: setattr(r.plc, "trouble", "")),
            (lambda: setattr(r.aircraft, "down", True), lambda: setattr(r.aircraft, "down", False)),
        ):
            spoil()
            await asyncio.sleep(5)
            assert await refused(r) == "not_taken"
            assert r.controller.phase is Phase.REST
            mend()
            await asyncio.sleep(8)
        await r.fly()

    r = rehearse(tmp_path, story)
    assert r.truth.cover_motions == 0 or phases(r)[0] == "preparing"


def test_weather_turns_on_the_way(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        r.truth.weather.rain = 2
        await r.until(lambda: r.controller.phase is Phase.REST)

    assert "on_scene" not in phases(rehearse(tmp_path, story))


def test_weather_turns_before_the_launch(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await asyncio.sleep(5)
        r.truth.weather.gust_ms = 20
        await r.until(lambda: r.controller.phase is Phase.REST)

    r = rehearse(tmp_path, story)
    assert phases(r) == ["preparing", "securing", "closing", "rest"]
    assert r.auto.arm_count == 0
    assert read(tmp_path / "flights").flights[0]["outcome"] == "stood down"


@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.SECURING, Phase.CLOSING])
def test_nothing_of_the_nest_moves_while_somebody_is_on_the_pad(tmp_path: Path, phase: Phase) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is phase)
        await asyncio.sleep(1.5)
        r.truth.pad_clear = False
        await r.until(lambda: r.controller.phase is Phase.BLOCKED)
        await asyncio.sleep(1.0)
        stands = r.truth.cover, r.truth.rods
        await asyncio.sleep(60)
        assert (r.truth.cover, r.truth.rods) == stands
        assert r.truth.cover > 0
        r.truth.pad_clear = True
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert r.truth.cover == 0.0

    assert rehearse(tmp_path, story).auto.arm_count == (0 if phase is Phase.PREPARING else 1)


def test_a_pad_that_stays_blocked_is_for_a_person(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.SECURING)
        r.truth.pad_clear = False
        await r.until(lambda: r.controller.phase is Phase.FAILED)
        assert r.truth.cover == 1.0

    rehearse(tmp_path, story)


def test_down_beside_its_nest_it_is_not_home_whatever_the_pad_feels(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly(north_m=20.0, east_m=0.0, height_m=30.0)
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.truth.broken.aircraft_present = True
        r.auto.battery.left_wh = 0.01 * r.auto.battery.capacity_wh
        await r.until(lambda: r.controller.phase is Phase.LANDED_OFF_SITE)
        assert r.auto.place.distance(HOME) > 10
        assert r.truth.cover == 1.0

    rehearse(tmp_path, story)


def test_an_aircraft_that_is_not_where_its_nest_is_is_not_armed(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        r.truth.broken.aircraft_present = True
        r.auto.body.n = 15.0
        await asyncio.sleep(3)
        await r.fly()
        await r.until(lambda: r.controller.phase is not Phase.PREPARING)
        assert r.controller.phase is Phase.SECURING

    assert rehearse(tmp_path, story).auto.arm_count == 0


def test_a_jammed_cover_fails_and_stays_failed_until_a_person_clears_it(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        r.truth.broken.cover_jams_at = 0.5
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.FAILED)
        r.truth.broken.cover_jams_at = None
        moved = r.truth.cover_motions
        await asyncio.sleep(300)
        assert r.controller.phase is Phase.FAILED
        assert await refused(r) == "busy"
        assert r.truth.cover_motions == moved
        r.controller.clear()
        await r.until(lambda: r.controller.phase is Phase.REST)

    r = rehearse(tmp_path, story)
    assert r.auto.arm_count == 0


def test_an_emergency_stop_latches(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await asyncio.sleep(4)
        r.truth.emergency_stop = True
        await r.until(lambda: r.controller.phase is Phase.STOPPED)
        where = r.truth.cover
        r.truth.emergency_stop = False
        await asyncio.sleep(60)
        assert r.controller.phase is Phase.STOPPED
        assert r.truth.cover == where
        r.controller.clear()
        await r.until(lambda: r.controller.phase is Phase.REST)

    assert rehearse(tmp_path, story).auto.arm_count == 0


def test_a_nest_that_cannot_receive_sends_it_to_the_other_site(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.truth.emergency_stop = True
        await r.until(lambda: r.controller.phase is Phase.LANDED_OFF_SITE)
        assert r.auto.place.distance(HOME.moved(-150, 0)) < 4
        assert not r.auto.armed

    assert phases(rehearse(tmp_path, story))[-3:] == ["returning", "diverting", "landed_off_site"]


def test_a_battery_that_only_just_brings_it_home_brings_it_home(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.auto.battery.left_wh = 0.20 * r.auto.battery.capacity_wh
        await r.until(lambda: r.controller.phase is Phase.REST)

    r = rehearse(tmp_path, story, on_scene_s=600.0)
    assert r.loop.time() < 300


def test_link_lost_and_back(tmp_path: Path) -> None:
    """Beyond 10 s of silence it is watched; the autopilot comes home by itself, the cover stays open for it."""

    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.aircraft.down = True
        await r.until(lambda: r.controller.phase is Phase.REASSESSING)
        await r.until(lambda: not r.auto.armed)
        assert r.truth.cover == 1.0
        r.aircraft.down = False
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)


def test_an_aircraft_never_heard_again_is_missing(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.aircraft.down = True
        await r.until(lambda: r.controller.phase is Phase.AIRCRAFT_LOST, 1200)
        assert r.truth.cover == 1.0
        r.aircraft.down = False
        await asyncio.sleep(10)
        assert r.controller.phase is Phase.AIRCRAFT_LOST
        r.controller.clear()
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)


def test_a_pilot_at_the_sticks_is_not_argued_with(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.auto.enter("loiter")
        await r.until(lambda: r.controller.phase is Phase.MANUAL_OVERRIDE)
        await asyncio.sleep(60)
        assert r.auto.mode == "loiter"
        r.auto.enter("guided")
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)


def test_recall_stop_and_a_second_place(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        place = HOME.moved(-100, 150)
        assert r.controller.mission is not None
        await r.controller.fly(
            r.controller.mission.__class__("", place.lat, place.lon, 50.0, operator="zhang", incident="2"), {}
        )
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        assert r.auto.place.distance(place) < 5
        r.controller.stop(1)
        await r.until(lambda: r.controller.phase is Phase.HOLDING)
        r.controller.recall(1)
        await r.until(lambda: r.controller.phase is Phase.REST)

    assert rehearse(tmp_path, story).auto.arm_count == 1


def test_without_a_yes_for_this_run_nothing_real_moves(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        assert await refused(r) == "no_motion"
        r.controller.context.allow_motion = True
        await r.fly()

    rehearse(tmp_path, story, simulated=False)


@pytest.mark.parametrize(
    "phase",
    ["preparing", "launching", "outbound", "on_scene", "returning", "securing", "closing", "holding", "failed"],
)
def test_killed_in_every_phase(tmp_path: Path, phase: str) -> None:
    """Found again within 10 s, armed once, nothing moved onto the aircraft, the record whole."""

    async def story(r: FlightSim) -> None:
        if phase == "failed":
            r.truth.broken.rods_jam = True
        await r.fly()
        if phase == "holding":
            await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
            r.controller.stop(0)
        await r.until(lambda: r.controller.phase.value == phase)
        await asyncio.sleep(1.0)
        await r.restart()
        back = r.loop.time()
        await r.controller.attached.wait()
        assert r.loop.time() - back < 10
        if phase == "failed":
            await asyncio.sleep(30)
            assert r.controller.phase is Phase.FAILED
            r.truth.broken.rods_jam = False
            r.controller.clear()
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)
    assert verify(tmp_path / "flights/n1-000001") == []
    log = list(entries(tmp_path / "flights/n1-000001"))
    assert [entry["kind"] for entry in log].count("restarted") == 1
    assert [entry["n"] for entry in log] == list(range(1, len(log) + 1))


def test_the_agent_hangs_and_the_autopilot_comes_home_by_itself(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        await r.restart(pause_s=120)
        assert r.auto.on_ground
        assert r.auto.place.distance(HOME) < 1.0
        await r.until(lambda: r.controller.phase is Phase.REST)

    r = rehearse(tmp_path, story, on_scene_s=900.0)
    assert phases(r)[-4:] == ["on_scene", "securing", "closing", "rest"]
