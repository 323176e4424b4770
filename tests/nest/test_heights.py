"""Heights are over the pad, and the way home leads to it, whatever other stations make of the autopilot's home."""

import math
from pathlib import Path

import pytest

from agent.flight.machine.table import Phase
from agent.flight.orders.gate import Refusal
from agent.logbook.reading import entries
from hil.flight_sim import HOME, FlightSim
from protocols.mavlink.components import speaks_for
from protocols.mavlink.messages import take
from protocols.mavlink.state import VehicleState
from protocols.reason import from_json
from tests.nest.test_controller import phases, rehearse
from tests.nest.tlog import TRUTH, messages

FLIGHTS = sorted(path.name.split(".")[0] for path in TRUTH.glob("*.down.tlog.xz"))


def why_not_launched(r: FlightSim) -> str:
    taken = [one for one in entries(r.folder / "flights/n1-000001") if one.get("at") == "launching"]
    return str(from_json(taken[0]["reason"]))


@pytest.mark.parametrize("profile", ["ardupilot", "px4"])
@pytest.mark.parametrize(
    ("north_m", "up_m", "why"), [(0.0, 45.0, "a height of -45 m"), (8.0, 0.0, "its home is 8.0 m from where it stands")]
)
def test_a_home_that_another_station_set_is_not_flown_from(
    tmp_path: Path, profile: str, north_m: float, up_m: float, why: str
) -> None:
    """110 m were 155 m above the pad; a home beside the nest is where it lands."""

    async def story(r: FlightSim) -> None:
        r.auto.drift_m = 0.0
        r.auto.set_home(HOME.moved(north_m, 0), r.auto.pad_altitude_m + up_m)
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.LAUNCHING)
        await r.until(lambda: r.controller.phase is Phase.SECURING)
        assert (r.auto.on_ground, r.auto.armed) == (True, False)
        await r.until(lambda: r.controller.phase is Phase.REST)

    r = rehearse(tmp_path, story, profile)
    assert "failed" not in phases(r)
    assert why in why_not_launched(r)


def test_a_home_further_from_the_nest_is_refused_before_anything_moves(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        r.auto.set_home(HOME.moved(25, 0), r.auto.pad_altitude_m)
        await r.until(lambda: r.aircraft.state.home is not None and r.aircraft.state.home[0] > HOME.lat + 1e-4)
        with pytest.raises(Refusal, match="home is 25 m off"):
            await r.fly()

    rehearse(tmp_path, story)


@pytest.mark.parametrize("profile", ["ardupilot", "px4"])
@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(("north_m", "up_m"), [(0.0, 45.0), (0.0, -45.0), (300.0, 0.0)])
def test_home_moved_in_flight_is_told_and_ends_it_in_its_nest(
    tmp_path: Path, profile: str, restart: bool, north_m: float, up_m: float
) -> None:
    heights: list[float] = []

    async def story(r: FlightSim) -> None:
        await r.fly(north_m=400.0)
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        r.auto.set_home(HOME.moved(north_m, 0), r.auto.pad_altitude_m + up_m)
        if restart:
            await r.restart()
        r.on_tick = lambda: heights.append(r.auto.body.u)
        await r.until(lambda: r.controller.phase is Phase.RETURNING)
        await r.until(lambda: r.controller.phase is Phase.REST)

    r = rehearse(tmp_path, story, profile)
    assert max(heights) < 65.0
    taken = [one for one in entries(tmp_path / "flights/n1-000001") if one.get("to") == "returning"]
    assert "home was moved by others" in str(from_json(taken[0]["reason"]))
    assert "landed_off_site" not in phases(r)


@pytest.mark.parametrize("profile", ["ardupilot", "px4"])
def test_home_moved_while_it_comes_home_does_not_lead_it_elsewhere(tmp_path: Path, profile: str) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly(north_m=400.0)
        await r.until(lambda: r.controller.phase is Phase.RETURNING)
        await r.until(lambda: r.auto.mode == "rtl")
        r.auto.set_home(HOME.moved(300, 0), r.auto.pad_altitude_m)
        await r.until(lambda: r.controller.phase is Phase.REST)

    assert "landed_off_site" not in phases(rehearse(tmp_path, story, profile))


def test_a_height_that_drifted_while_it_stood_is_none_in_flight(tmp_path: Path) -> None:
    """A barometer is off by metres after days; arming sets it right, and nothing is refused for it."""

    async def story(r: FlightSim) -> None:
        r.auto.drift_m = 9.0
        await r.fly(height_m=60.0)
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        assert r.auto.body.u == pytest.approx(60.0, abs=3.0)
        assert r.controller.drone.height_m == pytest.approx(r.auto.body.u, abs=1.0)
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)


def test_a_route_is_flown_over_the_pad_too(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly(height_m=60.0, orbit_m=30.0)
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        drone = r.controller.drone
        assert drone.pad is not None
        drone.pad = drone.pad._replace(altitude_m=drone.pad.altitude_m - 7.0, home_m=drone.pad.home_m)
        await r.until(lambda: abs(r.auto.body.u - 53.0) < 2.0, 120)

    rehearse(tmp_path, story, on_scene_s=300.0)


@pytest.mark.parametrize(("fix", "altitude_m"), [(3, 65.0), (2, math.nan)])
def test_the_receivers_own_height_is_read_and_what_it_does_not_say_is_unknown(fix: int, altitude_m: float) -> None:
    state = VehicleState()
    told = {"fix_type": fix, "satellites_visible": 12, "alt": 65_000}
    assert take(state, "GPS_RAW_INT", {**told, "alt_ellipsoid": 74_000, "v_acc": 1_780}, 0)
    assert (state.gnss_ellipsoid_m, state.gnss_error_m) == (74.0, 1.78)
    assert state.gnss_altitude_m == pytest.approx(altitude_m, nan_ok=True)
    assert take(state, "GPS_RAW_INT", {**told, "alt_ellipsoid": 0, "v_acc": 0}, 0)
    assert math.isnan(state.gnss_ellipsoid_m)
    assert math.isnan(state.gnss_error_m)


@pytest.mark.parametrize("flight", FLIGHTS)
def test_real_aircraft_say_zero_and_where_they_stand_once_they_are_armed(flight: str) -> None:
    """Every recorded ArduCopter and PX4, within a second: so an aircraft that says otherwise is not flown."""
    state, armed_s = VehicleState(), math.inf
    wanted = frozenset({"HEARTBEAT", "GLOBAL_POSITION_INT", "HOME_POSITION"})
    for heard in messages(flight, "down", wanted):
        if not speaks_for(heard.name, heard.component, 1):
            continue
        take(state, heard.name, heard.fields, round(heard.t_s * 1e9))
        armed_s = min(armed_s, heard.t_s) if state.armed else armed_s
        if heard.name == "GLOBAL_POSITION_INT" and heard.t_s > armed_s:
            break
    assert heard.t_s - armed_s < 1.0
    assert abs(state.height_m) < 0.2
    if state.home is not None:  # one PX4 was recorded without
        assert HOME.distance(HOME.__class__(*state.home[:2])) < 1.0
