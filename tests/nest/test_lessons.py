"""What flying real autopilots taught, in virtual time: their streams come late, refusals pass, links break."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest

from agent.flight.machine.table import Phase
from agent.flight.orders.eligibility import eligibility
from agent.flight.orders.incident import Incident, Wanted
from agent.logbook.reading import entries
from hil.flight_sim import HOME, FlightSim
from protocols.reason import from_json
from tests.nest.test_controller import phases, rehearse


def test_begun_anew_it_goes_on_and_waits_for_what_is_left_in_the_battery(tmp_path: Path) -> None:
    """A battery tells once a second. Unheard it is not ample, and a flight to a fire was ended for it."""

    async def story(r: FlightSim) -> None:
        await r.fly(600)
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        await r.restart()
        await r.until(lambda: r.controller.phase is Phase.REST)

    assert "on_scene" in phases(rehearse(tmp_path, story))


def test_begun_anew_over_a_fire_it_circles_on_once_it_heard_where_its_home_is(tmp_path: Path) -> None:
    """It was sent home, for a route begins at a home that had not been heard."""

    async def story(r: FlightSim) -> None:
        await r.fly(orbit_m=25.0)
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        await r.restart()
        await r.until(lambda: r.auto.mode == "auto", 30.0)
        await asyncio.sleep(20.0)
        assert r.controller.phase is Phase.ON_SCENE
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)


def test_why_the_aircraft_was_not_made_ready_stands_in_the_record_once(tmp_path: Path) -> None:
    """A setting aboard was refused for ninety seconds under an open cover, and nothing said which."""

    async def story(r: FlightSim) -> None:
        r.auto.ekf_s = 500.0  # ready in STABILIZE alone
        await r.fly()
        r.arms_allowed = 0
        await r.until(lambda: r.controller.phase is Phase.REST)

    r = rehearse(tmp_path, story)
    assert "launching" not in phases(r)
    orders = [entry for entry in entries(tmp_path / "flights/n1-000001") if entry.get("order") == "prepare_aircraft"]
    assert [(entry["outcome"], entry["reason"]["code"]) for entry in orders] == [("failed", "drone.not_ready")]


def test_a_lost_link_is_what_is_written_down_and_not_a_battery_nobody_heard(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly(600)
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        r.aircraft.down = True
        await r.until(lambda: r.controller.phase is Phase.REASSESSING)
        r.aircraft.down = False
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)
    taken = [entry for entry in entries(tmp_path / "flights/n1-000001") if entry.get("at") == "outbound"]
    assert [(entry["to"], entry["reason"]["code"]) for entry in taken] == [("returning", "link_lost")]


@pytest.mark.parametrize("passes", [True, False])
def test_what_the_autopilot_refuses_at_the_last_moment_is_asked_again_for_a_while(tmp_path: Path, passes: bool) -> None:
    async def story(r: FlightSim) -> None:
        r.auto.faults.refused = {400}
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.LAUNCHING)
        await asyncio.sleep(4.0)
        assert not r.auto.armed
        if passes:
            r.auto.faults.refused = set()
            await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        else:
            r.arms_allowed = 0
            await r.until(lambda: r.controller.phase is Phase.SECURING, 15.0)
            await r.until(lambda: r.controller.phase is Phase.REST)
            r.auto.faults.refused = set()
            await r.fly(incident="the next fire")
            await r.until(lambda: r.controller.phase is Phase.ON_SCENE)

    r = rehearse(tmp_path, story)
    assert "failed" not in phases(r)
    assert r.auto.arm_count == 1


@pytest.mark.parametrize("profile", ["ardupilot", "px4"])
def test_an_arming_without_a_take_off_ends_with_its_motors_stopped(tmp_path: Path, profile: str) -> None:
    """Set to let them run, it would stand there armed under an open cover until a person came."""

    async def story(r: FlightSim) -> None:
        r.auto.faults.refused = {22}
        r.auto.params |= {"DISARM_DELAY": 0.0} if profile == "ardupilot" else {"COM_DISARM_LAND": 0.0}
        await r.controller.auditor.read()
        r.controller.auditor._found = replace(r.controller.auditor.found, findings=())  # as if it had not been seen
        await r.fly()
        await r.until(lambda: r.auto.armed)
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert not r.auto.armed

    r = rehearse(tmp_path, story, profile)
    assert r.auto.arm_count == 1


def test_what_stands_on_its_pad_with_motors_running_is_disarmed(tmp_path: Path) -> None:
    """They ran for 400 s, with RTL given again and again."""

    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.auto.params["COM_DISARM_LAND"] = -1.0
        await r.until(lambda: r.auto.on_ground)
        down_s = r.loop.time()
        await r.until(lambda: r.controller.phase is Phase.SECURING)
        assert r.loop.time() - down_s < 15.0
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story, "px4")


@pytest.mark.parametrize("held", ["by nobody", "before", "while blind", "while blind, and restarted"])
def test_a_place_that_is_known_again_is_acted_upon_at_once_unless_a_person_holds_it(tmp_path: Path, held: str) -> None:
    """It waited out two minutes of its battery."""

    async def story(r: FlightSim) -> None:
        await r.fly(north_m=500.0)
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        if held == "before":
            r.controller.stop(1, "li")
        r.auto.faults.gps_lost = True
        await r.until(lambda: r.controller.phase is Phase.HOLDING)
        if held.startswith("while blind"):
            r.controller.stop(1, "li")
        await asyncio.sleep(2.0)
        if held.endswith("restarted"):
            await r.restart()
            await r.controller.attached.wait()
        r.auto.faults.gps_lost = False
        known_s = r.loop.time()
        await r.until(lambda: r.controller.phase is Phase.RETURNING)
        waited_s = r.loop.time() - known_s
        assert waited_s < 2.0 if held == "by nobody" else waited_s > 60.0
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)


def test_a_battery_that_is_not_heard_any_more_brings_it_home_and_says_so(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.aircraft.mute = {"BATTERY_STATUS"}
        silent_s = r.loop.time()
        await r.until(lambda: r.controller.phase is Phase.RETURNING)
        assert 25.0 < r.loop.time() - silent_s < 35.0
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story, on_scene_s=600.0)
    taken = [entry for entry in entries(tmp_path / "flights/n1-000001") if entry.get("at") == "on_scene"]
    assert str(from_json(taken[0]["reason"])) == "its battery has not been heard for long"


def test_a_battery_that_runs_down_is_told_with_what_it_holds_and_needs(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.auto.battery.left_wh = 0.18 * r.auto.battery.capacity_wh
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story, on_scene_s=600.0)
    taken = [entry for entry in entries(tmp_path / "flights/n1-000001") if entry.get("at") == "on_scene"]
    assert re.fullmatch(r"1[78] % left, \d+ % to come home from 22\d m", str(from_json(taken[0]["reason"])))


def test_a_place_out_of_reach_is_said_once_and_no_battery_is_reckoned_for_it(tmp_path: Path) -> None:
    """It said "at least 62317 %" beside it."""

    async def story(r: FlightSim) -> None:
        far = Wanted(Incident("119-1", HOME.moved(3_000_000, 0)), signed=True, operator="li")
        told = [str(why) for why in eligibility(r.controller.status(), far, r.controller.context.moment())]
        assert len(told) == 1
        assert "beyond the limit" in told[0]

    rehearse(tmp_path, story)
