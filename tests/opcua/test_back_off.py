"""How patient the next attempt is."""

import random

from hypothesis import given
from hypothesis import strategies as st

from protocols.opcua.back_off import FIRST_S, JITTER, KNOCK_S, MOST_S, BackOff, Failure

KNOCKS = [Failure.CLOSED_PORT, Failure.SILENCE, Failure.TURNED_AWAY]


@given(st.lists(st.sampled_from([*KNOCKS, "good"]), max_size=40), st.integers(0, 9))
def test_never_a_storm_never_a_coma(course: list[Failure | str], seed: int) -> None:
    back_off = BackOff(random.Random(seed))
    for step in course:
        if isinstance(step, Failure):
            assert FIRST_S * (1 - JITTER) <= back_off.wait_s(step) <= MOST_S
        else:
            back_off.good_data()


def test_doubles_only_while_turned_away_and_only_good_data_resets() -> None:
    back_off = BackOff(random.Random(1))
    waits = [back_off.wait_s(Failure.TURNED_AWAY) for _ in range(7)]
    for wait, wanted in zip(waits, (0.5, 1, 2, 4, 8, 10, 10), strict=True):
        assert wanted * (1 - JITTER) <= wait <= wanted * (1 + JITTER)
    assert back_off.wait_s(Failure.CLOSED_PORT) <= KNOCK_S * (1 + JITTER)
    assert back_off.wait_s(Failure.TURNED_AWAY) > 5
    back_off.good_data()
    assert back_off.wait_s(Failure.TURNED_AWAY) <= FIRST_S * (1 + JITTER)


def test_a_refused_password_is_tried_a_few_times_an_hour() -> None:
    """Accounts are locked after some three to ten refusals within a quarter or half an hour."""
    back_off = BackOff(random.Random(1))
    waits = [back_off.wait_s(Failure.DENIED) for _ in range(5)]
    assert 30 <= waits[0] <= 36 and waits[1] >= 300
    assert all(900 <= wait <= 1080 for wait in waits[2:])
    back_off.good_data()
    assert back_off.wait_s(Failure.DENIED) < 40
