"""Pure sums: fences, energy, items read back, messages of any shape."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.drone.geometry import Place, edge_distance, inside, square
from drivers.drone.limits import Energy, EnergyModel, Limits
from protocols.mavlink.items import FRAME_HOME, WAYPOINT, Item, difference
from protocols.mavlink.messages import mode_name, take
from protocols.mavlink.state import STREAMS, VehicleState
from tests.nest.conftest import HOME

metres = st.floats(-3000, 3000)
json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3), max_leaves=4,
)  # fmt: skip


@given(metres, metres)
def test_there_and_back_again(north: float, east: float) -> None:
    there = HOME.moved(north, east)
    assert HOME.distance(there) == pytest.approx(math.hypot(north, east), abs=0.01)
    assert HOME.to(there) == pytest.approx((north, east), abs=0.01)


@given(metres, metres)
def test_a_square_fence_holds_what_is_in_it(north: float, east: float) -> None:
    ring = square(HOME, 1000)
    there = HOME.moved(north, east)
    far_from_edge = edge_distance(there, ring) > 5
    if far_from_edge:
        assert inside(there, ring) is (abs(north) < 1000 and abs(east) < 1000)
    if abs(north) < 990 and abs(east) < 990:
        assert edge_distance(there, ring) == pytest.approx(1000 - max(abs(north), abs(east)), abs=2.0)


def test_a_fence_with_a_bay() -> None:
    ring = [HOME.moved(n, e) for n, e in ((0, 0), (0, 100), (50, 50), (100, 100), (100, 0))]
    assert inside(HOME.moved(50, 20), ring)
    assert not inside(HOME.moved(50, 80), ring)
    assert not inside(HOME, ring[:2])


@given(st.floats(0, 100), st.floats(0, 5000), st.floats(0, 120), st.floats(0, 20))
def test_less_battery_never_allows_more(percent: float, away: float, height: float, wind: float) -> None:
    model = EnergyModel()
    order = [Energy.CRITICAL, Energy.HOMEWARD, Energy.AMPLE]
    here = model.judge(percent, away, height, wind)
    assert order.index(model.judge(max(0.0, percent - 5), away, height, wind)) <= order.index(here)
    assert order.index(model.judge(percent, away + 500, height, wind)) <= order.index(here)
    assert order.index(model.judge(percent, away, height, wind + 3)) <= order.index(here)


def test_energy_by_hand() -> None:
    """1000 m at 10 m/s into 5 m/s of wind (limit 15): 100 s, 60 m down at 1.2 m/s: 50 s; at 0.045 %/s 6.75 %."""
    model = EnergyModel()
    assert model.home_percent(1000, 60, 5.0) == pytest.approx(6.75)
    assert model.judge(6.75 * 1.15 + 15.1, 1000, 60, 5.0) is Energy.AMPLE
    assert model.judge(6.75 * 1.15 + 14.9, 1000, 60, 5.0) is Energy.HOMEWARD
    assert model.judge(6.0, 1000, 60, 5.0) is Energy.CRITICAL
    assert model.judge(math.nan, 1000, 60, 5.0) is Energy.UNKNOWN


def test_the_way_home_and_a_whole_mission_by_hand() -> None:
    """Percent = 0.045 times the seconds; every leg told apart, so that no two mistakes hide each other."""
    model = EnergyModel()
    assert [model.ground_speed(wind) for wind in (0.0, 5.0, 6.0, 14.6, 20.0)] == [10.0, 10.0, 9.0, 0.5, 0.5]
    climb_first = 0.045 * (200 / 10 + 20 / 2.5 + 30 / 1.2)  # from 10 m it climbs to 30 m before it comes
    assert model.home_percent(200, 10, 0.0) == pytest.approx(climb_first)
    assert model.home_percent(0, 30, 0.0) == pytest.approx(0.045 * 30 / 1.2)
    assert model.leg_percent(100, 0.0, -50.0) == pytest.approx(0.045 * 10)  # going down costs nothing here
    assert model.leg_percent(100, 0.0) == pytest.approx(0.045 * 10)
    home = 0.045 * (900 / 9 + 60 / 1.2)
    out = 0.045 * (900 / 10 + 60 / 2.5)  # the wind it fights on the way home is not counted as help on the way out
    assert model.mission_percent(900, 60, 6.0, 100.0) == pytest.approx(out + 0.045 * 100 + home * 1.15 + 15)


@pytest.mark.parametrize(
    ("percent", "metres", "energy"),
    [
        (1.2, 0.0, Energy.HOMEWARD),  # 30 m down need 1.125 %: on the doorstep the floor of 10 % is no reason
        (1.1, 0.0, Energy.CRITICAL),
        (9.9, 3000.0, Energy.CRITICAL),  # 14.6 % needed
        (13.2, 3000.0, Energy.HOMEWARD),  # nine tenths of it: it goes on, and lands where it ends
        (13.1, 3000.0, Energy.CRITICAL),
        (31.9, 3000.0, Energy.AMPLE),
        (31.7, 3000.0, Energy.HOMEWARD),
    ],
)
def test_what_the_battery_allows(percent: float, metres: float, energy: Energy) -> None:
    assert EnergyModel().judge(percent, metres, 30.0, 0.0) is energy


def test_the_bounds_of_a_flight_at_their_very_edges() -> None:
    limits = Limits(HOME, square(HOME, 20_000))
    assert limits.mistake(HOME, 120.0) is limits.mistake(HOME, 15.0) is None
    assert str(limits.mistake(HOME, 120.1)) == "120 m is above the limit of 120 m"
    assert str(limits.mistake(HOME, 14.9)) == "15 m is below the least height of 15 m"
    assert limits.mistake(HOME.moved(4999.9, 0), 60.0) is None
    assert str(limits.mistake(HOME.moved(5000.9, 0), 60.0)) == "5001 m from the nest is beyond the limit of 5000 m"
    tight = Limits(HOME, square(HOME, 500))
    assert tight.mistake(HOME.moved(489.5, 0), 60.0) is None
    assert str(tight.mistake(HOME.moved(490.5, 0), 60.0)) == "the place is within 10 m of the geofence's edge"
    assert str(tight.mistake(HOME.moved(501, 0), 60.0)) == "the place is outside the geofence"


def test_limits_refuse_what_is_not_a_place() -> None:
    limits = Limits(HOME, square(HOME, 500))
    for place, height in ((Place(math.nan, 0), 50.0), (HOME, math.inf), (Place(91, 0), 50.0)):
        assert str(limits.mistake(place, height)) == "the place is not on the globe"
    assert limits.mistake(HOME.moved(100, 0), 60.0) is None


def test_items_are_compared_by_what_both_autopilots_keep() -> None:
    sent = [Item(WAYPOINT, 28.9, 118.8, 40.0, 0.0, 2.0)]
    assert difference(sent, [Item(WAYPOINT, 28.9 + 4e-7, 118.8, 40.05, 0.0, 0.0)]) is None
    assert "sent was 28.9" in str(difference(sent, [Item(WAYPOINT, 28.91, 118.8, 40.0)]))
    assert str(difference(sent, [])) == "0 items aboard, 1 sent"
    assert "50.0 m" in str(difference(sent, [sent[0]._replace(z=50.0)]))
    assert "command 21" in str(difference(sent, [sent[0]._replace(command=21)]))
    assert FRAME_HOME == 6


@given(st.sampled_from(sorted(STREAMS)), st.dictionaries(st.text(max_size=12), json_value, max_size=6))
def test_no_message_of_any_shape_is_believed_by_half(name: str, fields: dict[str, Any]) -> None:
    state = VehicleState()
    if not take(state, name, fields, 5):
        assert state.arrived_ns == {}


def test_modes_mavsdk_does_not_tell_apart() -> None:
    assert [mode_name("ardupilot", n) for n in (4, 5, 17, 99)] == ["guided", "loiter", "brake", "mode_99"]
    assert mode_name("px4", 4 << 16 | 5 << 24) == "rtl"


def test_another_ground_station_is_not_our_aircraft() -> None:
    state = VehicleState()
    assert not take(state, "HEARTBEAT", {"type": 6, "autopilot": 8, "base_mode": 0, "custom_mode": 0}, 1)
    assert not take(state, "HEARTBEAT", {"type": 26, "autopilot": 8, "base_mode": 128, "custom_mode": 0}, 1)
    assert state.armed is None
