"""One stream against position, height and speed: "on the ground, disarmed" is not believed of what is 60 m up."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from protocols.mavlink.messages import take
from protocols.mavlink.plausible import LOW_M, QUIET_S, believed_down, claims_down
from protocols.mavlink.state import VehicleState

S = 1_000_000_000
ARMED, DISARMED = 217, 89
ON_GROUND, IN_AIR = 1, 2


def heartbeat(state: VehicleState, base: int, now: int) -> None:
    assert take(state, "HEARTBEAT", {"type": 2, "autopilot": 3, "base_mode": base, "custom_mode": 4}, now)


def landed(state: VehicleState, number: int, now: int) -> None:
    assert take(state, "EXTENDED_SYS_STATE", {"landed_state": number}, now)


def position(state: VehicleState, height_m: float, now: int, north_ms: float = 0.0, up_ms: float = 0.0) -> None:
    speeds = {"vx": round(north_ms * 100), "vy": 0, "vz": -round(up_ms * 100)}
    place = {"lat": 289412000, "lon": 1188723000, "alt": 0, "relative_alt": round(height_m * 1000)}
    assert take(state, "GLOBAL_POSITION_INT", place | speeds, now)


class Lie(NamedTuple):
    """A false packet so long after the last true one."""

    after_s: float
    base: int
    landed: int


lies = st.lists(st.builds(Lie, st.floats(0, 0.99), st.sampled_from([ARMED, DISARMED]), st.sampled_from([0, 1, 2])))
"""In each second between two true heartbeats."""
aloft = st.one_of(
    st.tuples(st.floats(LOW_M + 0.1, 500), st.floats(0, 20), st.floats(-5, 5)),
    st.tuples(st.floats(-50, LOW_M), st.floats(2.1, 20), st.floats(-5, 5)),
    st.tuples(st.floats(-50, LOW_M), st.floats(0, 20), st.floats(1.1, 5)),
)


@given(aloft, st.lists(lies, min_size=1, max_size=40))
def test_no_packets_talk_down_what_says_every_second_that_it_flies(
    flight: tuple[float, float, float], seconds: list[list[Lie]]
) -> None:
    state = VehicleState()
    for second, told in enumerate(seconds):
        now = second * S
        heartbeat(state, ARMED, now)
        landed(state, IN_AIR, now)
        position(state, flight[0], now, flight[1], flight[2])
        assert not believed_down(state, now)
        for lie in sorted(told):
            at = now + round(lie.after_s * S)
            heartbeat(state, lie.base, at)
            landed(state, lie.landed, at)
            assert not believed_down(state, at), (claims_down(state), lie)


@given(st.floats(-30, LOW_M), st.floats(0, 1.9), st.floats(-0.9, 0.9))
def test_a_landing_that_fits_is_believed_at_once(height_m: float, north_ms: float, up_ms: float) -> None:
    state = VehicleState()
    heartbeat(state, ARMED, 0)
    landed(state, ON_GROUND, 0)
    position(state, height_m, 0, north_ms, up_ms)
    assert not believed_down(state, 0)
    heartbeat(state, DISARMED, 1)
    assert believed_down(state, 1)


@given(st.floats(LOW_M + 0.1, 300))
def test_a_landing_on_a_hill_is_believed_once_it_is_not_contradicted(height_m: float) -> None:
    state = VehicleState()
    heartbeat(state, ARMED, 0)
    position(state, height_m, 0)
    landed(state, ON_GROUND, 1)
    heartbeat(state, DISARMED, 1)
    assert not believed_down(state, round(QUIET_S * S) - 1)
    assert believed_down(state, round(QUIET_S * S))


@given(st.floats(-500, 500), st.floats(0, 5))
def test_what_never_flew_since_the_start_is_down_whatever_its_height_drifts_to(height_m: float, ms: float) -> None:
    """Days in a closed nest: a barometer's height and a position under a roof wander."""
    state = VehicleState()
    heartbeat(state, DISARMED, 0)
    landed(state, ON_GROUND, 0)
    position(state, height_m, 0, ms)
    assert believed_down(state, 1)


def test_unknown_is_not_down() -> None:
    state = VehicleState()
    assert not believed_down(state, 0)
    landed(state, ON_GROUND, 0)
    assert not believed_down(state, 0)
    heartbeat(state, DISARMED, 0)
    assert believed_down(state, 0)  # no position: nothing contradicts
