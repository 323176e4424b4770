"""An end reached in no time is no end: no lie passes sooner than a true motion could, no true motion is doubted."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nest.state import Cover
from drivers.nest.travel import Travel

UP_S, DOWN_S = 8.5, 7.0
ENDS = {Cover.OPEN: UP_S, Cover.CLOSED: DOWN_S}


def travel() -> Travel[Cover]:
    return Travel(ENDS, Cover.MOVING, Cover.ABNORMAL)


def judged(*reads: tuple[float, Cover]) -> list[Cover]:
    one = travel()
    return [look(one, at, shown) for at, shown in reads]


def look(one: Travel[Cover], at_s: float, shown: Cover, took_s: float = 0.0) -> Cover:
    """A read that took `took_s` up to `at_s`."""
    return one.judge(shown, round((at_s - took_s) * 1e9), round(at_s * 1e9))


def test_a_whole_way_is_believed_and_half_of_it_is_not() -> None:
    closed, moving, open_ = Cover.CLOSED, Cover.MOVING, Cover.OPEN
    assert judged((0, closed), (0.5, moving), (9, open_))[-1] is open_
    assert judged((0, closed), (0.5, moving), (UP_S, open_))[-1] is open_
    assert judged((0, closed), (0.5, moving), (4, open_))[-1] is Cover.ABNORMAL
    assert judged((0, closed), (0.2, open_))[-1] is Cover.ABNORMAL
    assert judged((0, open_), (0.5, moving), (7.5, closed))[-1] is closed  # each way has its own time


def test_a_doubt_lasts_until_the_switch_lets_go_or_the_other_end_is_seen() -> None:
    closed, moving, open_ = Cover.CLOSED, Cover.MOVING, Cover.OPEN
    one = travel()
    for at, shown in ((0, closed), (0.5, moving), (1, open_)):
        look(one, at, shown)
    assert str(one.doubt).startswith("cover open 1.0 s after cover closed, it needs 8.5 s (a switch lies")
    assert look(one, 60, open_) is Cover.ABNORMAL
    assert look(one, 61, moving) is moving
    assert one.doubt is None
    assert look(one, 62, open_) is open_
    assert judged((0, closed), (1, open_), (2, closed), (9, open_))[-1] is Cover.ABNORMAL


def test_a_first_look_has_nothing_to_compare_with() -> None:
    assert judged((0, Cover.OPEN)) == [Cover.OPEN]
    assert judged((0, Cover.MOVING), (1, Cover.CLOSED))[-1] is Cover.CLOSED
    assert judged((0, Cover.CLOSED), (1, Cover.UNKNOWN)) == [Cover.CLOSED, Cover.UNKNOWN]


def test_after_a_contradiction_the_time_counts_anew() -> None:
    """Both switches on and then only one: the one that let go may have been the honest one, and just now."""
    contradicted = ((0, Cover.CLOSED), (20, Cover.ABNORMAL), (20.3, Cover.OPEN))
    assert judged(*contradicted)[-1] is Cover.ABNORMAL


@given(st.lists(st.tuples(st.floats(0.05, 12), st.sampled_from(list(Cover))), max_size=60))
def test_whatever_the_switches_show_no_end_is_believed_too_soon(steps: list[tuple[float, Cover]]) -> None:
    one, now, believed, there = travel(), 0.0, None, 0.0
    for wait, shown in steps:
        now += wait
        told = look(one, now, shown)
        assert told in {shown, Cover.ABNORMAL}
        if told in ENDS:
            if believed is not None and told is not believed:
                assert now - there >= ENDS[told] - 1e-6
            believed, there = told, now


def true_motion(draw: Callable[[Any], Any]) -> list[tuple[float, float, Cover]]:
    """Reads of an honest nest, as (asked, answered, shown): sent to and fro, stopped anywhere, slow to answer."""
    place, now, reads = 0.0, 0.0, []
    for _ in range(draw(st.integers(1, 8))):
        goal = draw(st.sampled_from([0.0, 1.0]))
        whole_s = (UP_S if goal else DOWN_S) * draw(st.floats(1.001, 2.0))
        for _ in range(draw(st.integers(1, 20))):
            asked = now
            shown = Cover.MOVING
            for part in range(2):  # on its way there, and on the way back
                wait = draw(st.floats(0.02, 2.0))
                now += wait
                place += max(-wait / whole_s, min(wait / whole_s, goal - place))
                if not part:
                    shown = Cover.CLOSED if place <= 0 else Cover.OPEN if place >= 1 else Cover.MOVING
            reads.append((asked, now, shown))
    return reads


@given(st.data())
def test_no_true_motion_is_doubted(data: st.DataObject) -> None:
    one = travel()
    for asked, read, shown in true_motion(data.draw):
        assert look(one, read, shown, read - asked) is shown, (read, one.doubt)


@pytest.mark.parametrize("shown", [Cover.OPEN, Cover.CLOSED])
def test_an_end_that_stays_is_believed_for_ever(shown: Cover) -> None:
    assert judged(*((float(at), shown) for at in range(100))) == [shown] * 100
