"""Which bearer is gone by: the best that works, what swallows last, and back only to what is steady."""

from itertools import pairwise

from agent.link.record import Stream
from agent.settings.bearers import Carries
from agent.uplinks.choice import CALM_S, FIRST_SPARE_S, LONGEST_STEADY_S, PROBE_S, SPARE_S, STEADY_S, Choice
from agent.uplinks.way import DAY_S, Allowance, Way
from protocols.reason import Reason

WHY = Reason("uplink.connection_lost")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def brought_back(choice: Choice, clock: Clock, by: int = 0) -> float:
    """Seconds until it is gone back, where the better one answers each time it is asked."""
    began = clock.now
    while not choice.better():
        clock.now += 1.0
        if (asked := choice.due()) is not None and asked == by:
            choice.answered(asked)
    return clock.now - began


def test_the_best_is_tried_first_and_what_swallowed_what_it_was_given_last() -> None:
    clock = Clock()
    choice = Choice(3, clock)
    assert choice.order() == [0, 1, 2]
    choice.using(0)
    choice.lost(silent=False)
    assert choice.order() == [0, 1, 2], "a broker that began anew costs no change of bearer"
    choice.using(0)
    choice.lost(silent=True)
    assert choice.order() == [1, 2, 0]
    assert choice.order() == [0, 1, 2], "and once only"
    choice.using(1)
    assert choice.ways[0].why is not None
    assert not choice.better(), "it has to show that it is back"


def test_it_is_gone_back_once_the_better_one_is_steady_and_later_each_time_it_does_not_stand() -> None:
    clock = Clock()
    choice = Choice(2, clock)
    waits = []
    for _ in range(9):
        choice.order()
        choice.using(0)
        clock.now += 5.0
        choice.lost(silent=False)
        choice.failed(0, WHY)
        choice.using(1)
        waits.append(brought_back(choice, clock))
        choice.lost(silent=False)
        assert choice.order() == [0, 1]
    assert STEADY_S < waits[0] <= 2 * STEADY_S + 2 * PROBE_S
    assert all(before <= after for before, after in pairwise(waits))
    assert waits[3] > 4 * STEADY_S
    assert LONGEST_STEADY_S <= waits[-1] <= LONGEST_STEADY_S + 2 * PROBE_S
    choice.using(0)
    clock.now += CALM_S + 1
    choice.lost(silent=False)
    choice.failed(0, WHY)
    choice.using(1)
    assert brought_back(choice, clock) <= STEADY_S + 2 * PROBE_S, "it had stood: all is forgiven"


def test_one_probe_in_vain_begins_the_wait_anew() -> None:
    clock = Clock()
    choice = Choice(2, clock)
    choice.failed(0, WHY)
    choice.using(1)
    choice.answered(0)
    clock.now += STEADY_S - 1
    choice.failed(0, WHY)
    choice.answered(0)
    clock.now += STEADY_S - 1
    assert not choice.better()
    clock.now += 1
    assert choice.better()


def test_spares_are_asked_seldom_and_the_one_in_use_never() -> None:
    clock = Clock()
    choice = Choice(3, clock)
    choice.using(1)
    asked: dict[int, list[float]] = {0: [], 2: []}
    while clock.now < 1000.0 + 2.5 * SPARE_S:
        clock.now += 1.0
        if (number := choice.due()) is not None:
            asked[number].append(clock.now - 1000.0)
    assert len(asked[2]) == 3
    assert FIRST_SPARE_S <= asked[2][0] <= FIRST_SPARE_S + 1
    assert len(asked[0]) > 300


def test_what_may_go_comes_evenly_over_the_day_and_events_are_not_held_to_it() -> None:
    clock = Clock()
    allowance = Allowance(24_000.0, clock)
    spent = []
    for size, pause_s in ((0, 0.0), (1001, 0.0), (0, 1800.0), (200, 2900.0)):
        allowance.carry(size)
        clock.now += pause_s
        spent.append(allowance.spent)
    assert spent == [False, True, True, False], "an hour's share at the start, and again before more than events go"
    clock.now += 3 * DAY_S
    assert allowance.left == 24_000.0, "a day piles up, no more"
    allowance.carry(30_000)
    assert allowance.left == -6000.0
    assert allowance.carried == 31_201
    assert Allowance(None, clock).left is None
    assert not Allowance(None, clock).spent


def test_what_each_word_lets_go() -> None:
    takes = {word: [stream for stream in Stream if Way("w", "h", 1, carries=word).takes(stream)] for word in WORDS}
    assert takes == {
        "all": list(Stream),
        "present": [Stream.EVENTS, Stream.LIVE],
        "events": [Stream.EVENTS],
    }


WORDS: tuple[Carries, ...] = ("all", "present", "events")
