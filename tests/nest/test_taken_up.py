"""An aircraft seen in the air is led home from every phase, whatever was believed before; and it can be recalled and
stopped from there. No phase is a latch that only a person ends while something flies.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agent.flight.machine.table import ROWS, STAYS, Phase
from agent.flight.machine.transition import FLIGHT, FLOWN_BY_ANOTHER
from agent.flight.orders.gate import Refusal
from drivers.drone.ownership import OWN_STOP_S
from hil.flight_sim import HOME, FlightSim
from protocols.mavlink.state import Landed
from protocols.reason import Reason
from tests.nest.test_controller import phases, rehearse

P = Phase
AWAY_M, UP_M = 120.0, 60.0


def put_into_the_air(r: FlightSim, mode: str = "guided") -> None:
    """The truth is: it flies, not far from its nest. Nobody armed it just now."""
    body = r.auto.body
    body.n, body.e, body.u = AWAY_M, 0.0, UP_M
    r.auto.on_ground, r.auto.armed = False, True
    r.auto.enter(mode)


async def rest(_: FlightSim) -> None:
    """Nothing was ordered."""


async def failed(r: FlightSim) -> None:
    r.truth.broken.cover_jams_at = 0.5
    await r.fly()
    await r.until(lambda: r.controller.phase is P.FAILED)


async def stopped(r: FlightSim) -> None:
    await r.fly()
    await r.until(lambda: r.truth.cover > 0.3)
    r.truth.emergency_stop = True
    await r.until(lambda: r.controller.phase is P.STOPPED)


async def blocked(r: FlightSim) -> None:
    await r.fly()
    await r.until(lambda: r.truth.cover > 0.3)
    r.truth.pad_clear = False
    await r.until(lambda: r.controller.phase is P.BLOCKED)


async def landed_off_site(r: FlightSim) -> None:
    await r.fly()
    await r.until(lambda: r.controller.phase is P.ON_SCENE)
    r.truth.emergency_stop = True
    await r.until(lambda: r.controller.phase is P.LANDED_OFF_SITE)


async def aircraft_lost(r: FlightSim) -> None:
    await r.fly()
    await r.until(lambda: r.controller.phase is P.ON_SCENE)
    r.aircraft.down = True
    await r.until(lambda: r.controller.phase is P.AIRCRAFT_LOST, 1200)


async def preparing(r: FlightSim) -> None:
    await r.fly()
    await r.until(lambda: r.truth.cover > 0.3)


async def securing(r: FlightSim) -> None:
    await r.fly()
    await r.until(lambda: r.controller.phase is P.SECURING)


async def closing(r: FlightSim) -> None:
    await r.fly()
    await r.until(lambda: r.controller.phase is P.CLOSING)


WAYS: dict[Phase, Callable[[FlightSim], Awaitable[None]]] = {
    P.REST: rest, P.FAILED: failed, P.STOPPED: stopped, P.BLOCKED: blocked, P.LANDED_OFF_SITE: landed_off_site,
    P.AIRCRAFT_LOST: aircraft_lost, P.PREPARING: preparing, P.SECURING: securing, P.CLOSING: closing,
}  # fmt: skip
LED = FLIGHT | FLOWN_BY_ANOTHER
STILL_OURS = {P.AIRCRAFT_LOST}
"""Where it was never seen down: what we commanded of it holds."""


def test_no_phase_is_forgotten() -> None:
    """What is not begun here looks after an aircraft already, or waits for it to climb."""
    assert set(Phase) - set(WAYS) == LED | {P.LAUNCHING, P.HOPPING, P.REASSESSING}
    assert {phase for phase, stay in STAYS.items() if stay.end} <= set(WAYS)
    assert {row.at for row in ROWS if "airborne" in row.guards} >= {phase for phase in WAYS if STAYS[phase].end}


@pytest.mark.parametrize("phase", WAYS)
def test_it_is_taken_up_stopped_and_recalled(tmp_path: Path, phase: Phase) -> None:
    async def story(r: FlightSim) -> None:
        await WAYS[phase](r)
        assert r.controller.phase.value == phase.value
        r.aircraft.down = False
        await r.next_tick()  # it hears its ground station again
        await r.next_tick()
        put_into_the_air(r)
        seen_s = r.loop.time()
        await r.until(lambda: r.controller.phase in LED)
        assert r.loop.time() - seen_s < 2.0
        if phase in STILL_OURS:
            r.controller.stop(3, "li")
            assert r.controller.phase.value == "holding"
            await r.until(lambda: abs(r.auto.body.vn) + abs(r.auto.body.ve) < 0.5)
        else:  # whoever flies it, we do not: nothing is taken from him before a person says so
            await r.until(lambda: r.loop.time() > seen_s + 2 * OWN_STOP_S)
            assert (r.controller.phase.value, r.auto.mode) == ("autopilot_acts", "guided")
            why = r.controller.trouble and r.controller.trouble.facts["why"]
            assert isinstance(why, Reason) and why.code == "flight.another_station"
        r.controller.recall(3, "li")
        assert r.controller.phase in {P.RETURNING, P.DIVERTING}
        await r.until(lambda: r.auto.on_ground)
        await r.until(lambda: STAYS[r.controller.phase].end)

    rehearse(tmp_path, story)


def test_a_nest_that_still_stands_open_gets_it_back(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is P.ON_SCENE)
        r.aircraft.down = True
        await r.until(lambda: r.controller.phase is P.AIRCRAFT_LOST, 1200)
        r.aircraft.down = False
        await r.next_tick()
        await r.next_tick()
        put_into_the_air(r)
        await r.until(lambda: r.controller.phase is P.REST)
        assert r.auto.place.distance(HOME) < 1.0
        assert r.truth.cover == 0.0

    assert phases(rehearse(tmp_path, story))[-4:] == ["returning", "securing", "closing", "rest"]


def test_rods_that_are_not_free_do_not_get_it_back(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is P.ON_SCENE)
        r.truth.rods_goal = 0.5  # somebody at the nest's own panel
        await r.until(lambda: r.controller.phase is P.LANDED_OFF_SITE)
        assert r.auto.place.distance(HOME.moved(-150, 0)) < 4

    assert phases(rehearse(tmp_path, story))[-3:] == ["returning", "diverting", "landed_off_site"]


def test_said_to_be_down_while_it_flies_it_is_led_again_once_it_is_seen(tmp_path: Path) -> None:
    """Packets in its name say for a while that it stands somewhere, disarmed."""

    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is P.ON_SCENE)
        true, lies_until = r.aircraft._report, r.loop.time() + 20.0

        def report() -> None:
            true()
            if r.loop.time() < lies_until:
                r.aircraft.state.armed, r.aircraft.state.landed = False, Landed.ON_GROUND

        r.aircraft._report = report  # type: ignore[method-assign]
        await r.until(lambda: r.loop.time() > lies_until + 2.0)
        assert r.controller.phase in LED
        r.controller.recall(3, "li")
        await r.until(lambda: r.controller.phase is P.REST)

    rehearse(tmp_path, story, on_scene_s=300.0)


def test_before_it_is_known_where_the_last_run_left_off_nothing_is_at_rest(tmp_path: Path) -> None:
    """A recall in the first moment of a new life is one of a flight, and stands."""

    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is P.ON_SCENE)
        r.writer.takes_s = lambda: 5.0
        await r.restart()
        await r.until(lambda: r.controller.attended)
        assert (r.controller.phase, r.controller.out) == (P.REASSESSING, True)
        r.controller.recall(3, "li")
        assert not r.controller.attached.is_set()
        await r.until(lambda: r.controller.phase is P.RETURNING)
        await r.until(lambda: r.controller.phase is P.REST)

    rehearse(tmp_path, story, on_scene_s=600.0)


def test_a_hand_at_the_sticks_is_left_alone(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        put_into_the_air(r, "loiter")
        await r.until(lambda: r.controller.phase is P.MANUAL_OVERRIDE)
        for _ in range(600):
            await r.next_tick()
        assert (r.controller.phase, r.auto.mode) == (P.MANUAL_OVERRIDE, "loiter")

    assert phases(rehearse(tmp_path, story)) == ["returning", "manual_override"]


def test_where_no_motion_is_allowed_it_is_only_shown(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        put_into_the_air(r)
        for _ in range(200):
            await r.next_tick()
        assert (r.controller.phase, r.auto.mode) == (P.REST, "guided")
        assert r.controller.seen is not None
        assert r.controller.seen.aircraft == "airborne"
        with pytest.raises(Refusal, match="motion is not allowed"):
            r.controller.recall(3, "li")

    assert phases(rehearse(tmp_path, story, simulated=False)) == []
