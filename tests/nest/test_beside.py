"""A landing beside the nest: the aircraft hops in again, seldom and at once, or stays until somebody comes."""

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.flight.control.beside import AT_ONCE_S, hindrance
from agent.flight.machine.table import Phase
from agent.logbook.index import read
from agent.logbook.reading import verify
from agent.settings.flight import Nest
from drivers.nest.state import Cover, Rods
from hil.flight_sim import HOME, FlightSim
from hil.vehicle.orders import ARM
from protocols.mavlink.state import PackSaid
from tests.nest.test_controller import phases, rehearse

BESIDE_M = 1.9
"""As a real PX4's own return ended: its nest did not feel it."""
OUT_AND_BACK = ["preparing", "launching", "outbound", "on_scene", "returning"]


def last_reason(r: FlightSim) -> str:
    """Why the nest went into its last phase."""
    event = [event for event in r.events if event.kind == "flight"][-1]
    return str(event.evidence["reason"].as_json())


async def lies_beside(r: FlightSim, **more: Any) -> None:
    """Flown, come back, down beside its nest; the nest has not been given up yet."""
    await r.fly(**more)
    await r.until(lambda: r.controller.phase is Phase.RETURNING)
    r.auto.return_off_m = BESIDE_M
    await r.until(lambda: r.auto.on_ground and not r.auto.armed)
    await r.until(lambda: r.controller.drone.on_ground, 3)
    assert r.controller.phase is Phase.RETURNING


@pytest.mark.parametrize("profile", ["ardupilot", "px4"])
def test_what_came_down_beside_its_nest_hops_in(tmp_path: Path, profile: str) -> None:
    async def story(r: FlightSim) -> None:
        await lies_beside(r)
        await r.until(lambda: r.controller.phase is Phase.REST)

    r = rehearse(tmp_path, story, profile)
    assert phases(r) == [*OUT_AND_BACK, "hopping", "returning", "securing", "closing", "rest"]
    assert (r.auto.arm_count, r.hops) == (2, 1)
    assert r.auto.place.distance(HOME) < 0.6
    assert r.truth.charger_on
    assert verify(tmp_path / "flights/n1-000001") == []
    assert read(tmp_path / "flights").flights[0]["outcome"] == "home"


def test_it_hops_so_often_and_then_a_person_comes(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        r.auto.faults.lands_off_m = BESIDE_M
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.LANDED_OFF_SITE)
        await asyncio.sleep(60)

    r = rehearse(tmp_path, story)
    assert phases(r) == [*OUT_AND_BACK, "hopping", "returning", "hopping", "returning", "landed_off_site"]
    assert (r.auto.arm_count, r.hops) == (3, 2)
    assert "hop.often_enough" in last_reason(r)


def amiss(now_ns: int) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """By what must be said of it: what the aircraft, and what the nest, said otherwise than after a good landing."""
    low = {0: PackSaid(14.0, (3.9,) * 6, 0.0, 0, now_ns)}
    return {
        "hop.too_late": ({"aloft_ns": now_ns - round((AT_ONCE_S + 0.1) * 1e9)}, {}),
        "hop.not_level": ({"tilt_deg": 16.0}, {}),
        "hop.other_height": ({"altitude_m": 58.0}, {}),
        "hop.not_beside": ({"lat": HOME.moved(5.5, 0).lat}, {}),
        "energy_not_ample": ({"packs": low}, {}),
        "remote_id": ({"remote_id_ok": False}, {}),
        "armable": ({"armable": False}, {}),
        "gnss": ({"gps_fix": 2}, {}),
        "pad_clear": ({}, {"pad_clear": False}),
        "emergency_stop": ({}, {"emergency_stop": True}),
        "wind": ({}, {"wind_ms": 16.0}),
        "rain": ({}, {"rain": math.nan}),
        "cover_switches": ({}, {"cover": Cover.MOVING}),
        "cover_open": ({}, {"cover": Cover.CLOSED}),
        "hop.other_mode": ({"mode": "stabilize"}, {}),  # somebody has turned the switch since it landed
        "hop.silent": ({"silent_ns": now_ns - round(59e9)}, {}),
        "rods_free": ({}, {"rods": Rods.CLAMPED}),
        "charger_off": ({}, {"charger_on": None}),
        "nest_power": ({}, {"mains_ok": False, "backup_percent": 5.0}),
        "nest_answers": ({}, {"read_ns": 1}),
    }


def test_anything_amiss_keeps_it_on_the_ground(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await lies_beside(r)
        post, craft, nest, mission = r.controller, r.aircraft.state, r.nest.state, r.controller.mission
        assert mission is not None

        def said() -> str:
            found = hindrance(post)
            return "nothing" if found is None else str(found.as_json())

        assert said() == "nothing"
        for wanted, (of_craft, of_nest) in amiss(r.loop.now_ns()).items():
            r.aircraft.state, r.nest.state = replace(craft, **of_craft), replace(nest, **of_nest)
            assert wanted in said(), wanted
        r.aircraft.state, r.nest.state = replace(craft, aloft_ns=None), nest  # this run did not see it land
        assert "hop.too_late" in said()
        r.aircraft.state = replace(craft, arrived_ns={**craft.arrived_ns, "ATTITUDE": 0})
        assert "hop.not_level" in said()
        r.aircraft.state, r.wall_error_s = craft, None
        assert "clock_trusted" in said()
        r.wall_error_s, mission.hops = 0.1, 2
        assert "hop.often_enough" in said()
        mission.hops, post.plain = 0, False
        assert "hop.not_plain" in said()
        post.plain = True
        mission.hops, pad, post.drone.pad = 0, post.drone.pad, None
        assert "hop.other_height" in said()
        post.drone.pad = pad
        assert said() == "nothing"
        r.aircraft.texts.add(2, "Crash: Disarming")
        await r.until(lambda: post.phase is Phase.LANDED_OFF_SITE)
        assert "Crash: Disarming" in last_reason(r)

    assert "hopping" not in phases(rehearse(tmp_path, story))


def test_where_it_may_not_hop_it_never_does(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await lies_beside(r)
        await r.until(lambda: r.controller.phase is Phase.LANDED_OFF_SITE)

    r = rehearse(tmp_path, story, hops=0)
    assert "hopping" not in phases(r)
    assert "hop.off" in last_reason(r)


def test_a_training_flight_never_hops(tmp_path: Path) -> None:
    """Those who train stand about, and it is the settings of the live flights that ask for hops."""

    async def story(r: FlightSim) -> None:
        await lies_beside(r, training=True)
        assert r.settings.hops == 2
        await r.until(lambda: r.controller.phase in {Phase.HOPPING, Phase.LANDED_OFF_SITE})
        assert r.controller.phase is Phase.LANDED_OFF_SITE
        assert "hop.training" in last_reason(r)
        await asyncio.sleep(60)
        assert r.auto.arm_count == 1

    rehearse(tmp_path, story)


def test_a_site_has_to_ask_for_it() -> None:
    assert Nest.model_fields["hops"].default == 0


@pytest.mark.parametrize("order", ["recall", "stop"])
def test_whoever_says_anything_before_it_is_armed_keeps_it_down(tmp_path: Path, order: str) -> None:
    async def story(r: FlightSim) -> None:
        await lies_beside(r)
        r.auto.faults.refused.add(ARM)  # it is asked again for ten seconds
        if order == "stop":
            r.controller.stop(1)
        await r.until(lambda: r.controller.phase in {Phase.HOPPING, Phase.LANDED_OFF_SITE})
        if order == "recall":
            assert r.controller.phase is Phase.HOPPING
            await asyncio.sleep(2)
            assert r.controller.phase is Phase.HOPPING
            r.controller.recall(1)
            r.auto.faults.refused.clear()
        await r.until(lambda: r.controller.phase is Phase.LANDED_OFF_SITE, 6)  # once it has said that it is not armed
        await asyncio.sleep(60)
        assert r.auto.arm_count == 1

    rehearse(tmp_path, story)


def test_a_restarted_agent_leaves_it_where_it_lies(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await lies_beside(r)
        await r.restart()
        await r.until(lambda: r.controller.phase is Phase.LANDED_OFF_SITE)
        await asyncio.sleep(60)
        assert r.auto.arm_count == 1

    rehearse(tmp_path, story)


def test_begun_anew_while_it_hops_it_still_leads_over_the_nest(tmp_path: Path) -> None:
    """Home is where it was armed last, beside the nest: its own return would end there."""

    async def story(r: FlightSim) -> None:
        await lies_beside(r)
        await r.until(lambda: r.auto.armed and r.auto.body.u > 12)
        await r.restart()
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert r.auto.arm_count == 2

    rehearse(tmp_path, story)


def test_a_recall_while_it_comes_down_keeps_it_down(tmp_path: Path) -> None:
    """It asks for what is under way, and no row takes it: the next arming must remember it all the same."""

    async def story(r: FlightSim) -> None:
        await lies_beside(r)
        r.controller.recall(1)
        await r.until(lambda: r.controller.phase in {Phase.HOPPING, Phase.LANDED_OFF_SITE})
        assert r.controller.phase is Phase.LANDED_OFF_SITE
        assert "hop.not_plain" in last_reason(r)

    assert rehearse(tmp_path, story).auto.arm_count == 1


def test_what_a_pilot_had_is_not_armed_beside_its_nest(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.auto.enter("loiter")
        await r.until(lambda: r.controller.phase is Phase.MANUAL_OVERRIDE)
        r.auto.enter("guided")  # given back; whoever had it may stand at the nest
        await r.until(lambda: r.controller.phase is Phase.RETURNING)
        r.auto.return_off_m = BESIDE_M
        await r.until(lambda: r.controller.phase in {Phase.HOPPING, Phase.LANDED_OFF_SITE})
        assert r.controller.phase is Phase.LANDED_OFF_SITE

    assert rehearse(tmp_path, story).auto.arm_count == 1


@pytest.mark.parametrize("how", ["recall", "emergency stop"])
def test_armed_and_then_forbidden_its_motors_are_stopped(tmp_path: Path, how: str) -> None:
    """Between the arming and the take-off it stands there with its rotors turning."""

    async def story(r: FlightSim) -> None:
        await lies_beside(r)
        await r.until(lambda: r.hops == 1)  # armed
        if how == "recall":
            r.controller.recall(1)
        else:
            r.nest.state = replace(r.nest.state, emergency_stop=True)
            r.truth.emergency_stop = True
        await r.until(lambda: not r.auto.armed, 4)
        assert r.auto.on_ground
        await r.until(lambda: r.controller.phase is Phase.LANDED_OFF_SITE)

    r = rehearse(tmp_path, story)
    assert max(r.auto.body.u, 0.0) < 0.5


def test_what_was_not_seen_to_come_down_stays(tmp_path: Path) -> None:
    """Five seconds are no lost link, and enough for a pilot; what comes in a burst afterwards is of no known age."""

    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.RETURNING)
        r.auto.return_off_m = BESIDE_M
        await r.until(lambda: r.auto.body.u < 2)
        r.aircraft.down = True
        await asyncio.sleep(5)
        r.aircraft.down = False
        await r.until(lambda: r.controller.phase in {Phase.HOPPING, Phase.LANDED_OFF_SITE})
        assert "hop.silent" in last_reason(r)

    assert rehearse(tmp_path, story).auto.arm_count == 1
