"""The thresholds value by value, at their very limits; stuck and drifting sensors likewise."""

from collections.abc import Callable

import pytest

from agent.judge.alarm_debounce import AlarmDebounce
from agent.judge.detect import Detect
from agent.judge.neighbours import Truth, _disagreement
from agent.judge.watch import SPREAD_EVERY_NS, Fall, Watch
from agent.settings.rules import Channel
from drivers.event import EventKind, Evidence, Severity
from tests.judge.stand import S, hydrant, rules

HOUR = 3600 * S
HELD_MAX_NS = 900 * S


class Hand:
    """One watch, and every cause that came or went."""

    def __init__(self) -> None:
        self.w = Watch(hydrant("H"), 0)
        self.said: list[tuple[str, bool]] = []
        self.evidence: Evidence = {}
        self.detect = Detect(rules().event, self.cause)
        self.truth = Truth(rules().event, self.cause, HELD_MAX_NS)

    def cause(self, w: Watch, kind: EventKind, cause: str, on: bool, ns: int, evidence: Evidence) -> None:
        w.latches.setdefault(kind, AlarmDebounce(kind, Severity.INFO, 0, 0)).set(cause, on, ns, evidence)
        self.said.append((kind.value, on))
        self.evidence = evidence

    def hear(self, w: Watch, kpa: float, ns: int) -> None:
        w.raw[Channel.PRESSURE], w.raw_ns[Channel.PRESSURE] = kpa, ns


@pytest.mark.parametrize(
    ("take", "values", "said"),
    [
        (lambda d: d.temperature, (2.0, 1.9, 2.1, 3.9, 4.0, 3.9), [("freeze_risk", True), ("freeze_risk", False)]),
        (lambda d: d.battery, (20, 19, 21, 29, 30, 25), [("battery_low", True), ("battery_low", False)]),
        (lambda d: d.battery_voltage, (3.3, 3.29, 3.39, 3.4), [("battery_low", True), ("battery_low", False)]),
        (lambda d: d.tilt, (15, 15.1, 10.1, 10, 15), [("tilted", True), ("tilted", False)]),
        (lambda d: d.pressure, (150, 145, 140, 139, 149, 150), [("pressure_low", True), ("pressure_low", False)]),
        (lambda d: d.pressure, (800, 801, 751, 750), [("pressure_high", True), ("pressure_high", False)]),
        (lambda d: d.flow, (1.0,), [("leak", True)]),
        (lambda d: d.flow, (0.05, 0.051, 0.021, 0.02), [("leak", True), ("leak", False)]),
        (lambda d: d.flow, (1.1, 0.6, 0.5), [("water_drawn", True), ("leak", True), ("water_drawn", False)]),
    ],
)
def test_from_the_limit_until_clear(
    take: Callable[[Detect], Callable[[Watch, float, int], None]],
    values: tuple[float, ...],
    said: list[tuple[str, bool]],
) -> None:
    hand = Hand()
    for second, value in enumerate(values):
        take(hand.detect)(hand.w, value, second * S)
    assert hand.said == said


def test_knocked_over_is_not_tilted_too() -> None:
    hand = Hand()
    for second, degrees in enumerate((60, 60.5, 45.1, 45)):
        hand.detect.tilt(hand.w, degrees, second * S)
    assert hand.said == [
        ("tilted", True), ("knocked_over", True), ("tilted", False), ("knocked_over", False), ("tilted", True),
    ]  # fmt: skip


def test_an_open_cap_and_a_drop_are_drawing_until_half_of_it_is_back() -> None:
    hand = Hand()
    hand.detect.cap(hand.w, True, 0, 300.0)
    for second, kpa in enumerate((275.0, 274.9, 287.4, 287.5)):
        hand.detect.pressure(hand.w, kpa, second * S)
    assert hand.said == [("water_drawn", True), ("water_drawn", False)]


class TestCollapsing:
    """Warned when 0.10 MPa is less than five minutes away, after 30 s and 30 kPa of a clean fall."""

    def falls(self, *points: tuple[int, float]) -> Hand:
        hand = Hand()
        for second, kpa in points:
            hand.detect.pressure(hand.w, kpa, second * S)
        return hand

    def slope(self, start: float, rate: float, until: int, every: int = 5) -> list[tuple[int, float]]:
        return [(second, start - rate * second) for second in range(0, until + 1, every)]

    def test_from_thirty_seconds_on(self) -> None:
        assert self.falls(*self.slope(300.0, 2.0, 25)).said == []
        hand = self.falls(*self.slope(300.0, 2.0, 30))
        assert hand.said == [("pressure_collapsing", True)]
        assert (hand.evidence["left_s"], hand.evidence["fell_from_kpa"]) == (70.0, 300.0)

    def test_from_thirty_kilopascals_on(self) -> None:
        assert self.falls(*self.slope(170.0, 0.75, 35)).said == []
        assert self.falls(*self.slope(170.0, 0.75, 40)).said == [("pressure_collapsing", True)]

    def test_at_the_floor_it_has_happened(self) -> None:
        assert ("pressure_collapsing", True) not in self.falls(*self.slope(160.0, 2.0, 30)).said
        assert ("pressure_collapsing", True) in self.falls(*self.slope(160.5, 2.0, 30)).said

    @pytest.mark.parametrize(("rate", "warned"), [(0.3125, True), (0.28125, True), (0.25, False)])
    def test_a_fall_slower_than_the_rate_is_told_by_the_line_over_it(self, rate: float, warned: bool) -> None:
        assert (("pressure_collapsing", True) in self.falls(*self.slope(140.0, rate, 112, 16)).said) is warned

    @pytest.mark.parametrize(("late", "warned"), [(0.5, False), (1.0, False), (1.7, True)])
    def test_it_must_still_be_falling_as_fast(self, late: float, warned: bool) -> None:
        before = self.slope(300.0, 2.0, 24, 4)
        after = [(24 + second, 252.0 - late * second) for second in (4, 8)]
        assert (("pressure_collapsing", True) in self.falls(*before, *after).said) is warned

    def test_under_ripple_no_reading_is_sure(self) -> None:
        rough = [(second, kpa + (5 if second % 4 else -5)) for second, kpa in self.slope(300.0, 3.0, 38, 2)]
        assert self.falls(*rough).said == [], "and after forty seconds the line over them is"

    def test_a_step_back_to_the_noise_is_no_step(self) -> None:
        fall = Fall()
        fall.add(0, 300.0)
        fall.add(S, 299.0)
        assert (fall.steps, fall.start_ns) == (0, S)

    def test_rate_of_two_points_and_of_no_time(self) -> None:
        fall = Fall()
        fall.add(0, 300.0)
        fall.add(10 * S, 290.0)
        assert fall.rate_kpa_s(10 * S, 10 * S) == 1.0
        assert fall.rate_kpa_s(10 * S, 0) == 0.0


class TestStuck:
    def flat(self, hours: float, moved: float | None, heard_before_ns: int = 0) -> Hand:
        hand = Hand()
        now = round(hours * HOUR)
        hand.w.flat_value, hand.w.flat_ns = 310.0, 0
        hand.hear(hand.w, 310.0, now - heard_before_ns)
        if moved is not None:
            other = Watch(hydrant("N", 1), 0)
            other.spread.append((HOUR, 300.0, 300.0 + moved))
            hand.w.neighbours = (other,)
        hand.truth.stuck(hand.w, now)
        return hand

    def test_four_hours_while_a_neighbour_moved(self) -> None:
        assert self.flat(4, 5.0).said == [("sensor_stuck", True)]
        assert self.flat(4, 5.0).evidence["flat_s"] == 4 * 3600
        assert self.flat(4 - 1e-9, 5.0).said == self.flat(4, 4.99).said == []

    def test_a_day_alone(self) -> None:
        assert self.flat(24, None).said == [("sensor_stuck", True)]
        assert self.flat(24 - 1e-9, None).said == []

    def test_only_while_it_is_heard(self) -> None:
        assert self.flat(4, 5.0, HELD_MAX_NS).said == [("sensor_stuck", True)]
        assert self.flat(4, 5.0, HELD_MAX_NS + 1).said == []

    def test_a_day_of_spells_is_kept(self) -> None:
        kept = Watch(hydrant("H"), 0).spread.maxlen
        assert kept is not None
        assert kept * SPREAD_EVERY_NS == 24 * HOUR


class TestDrift:
    def test_hysteresis(self) -> None:
        hand = Hand()
        hand.w.neighbours = tuple(Watch(hydrant(f"N{n}", n), 0) for n in range(1, 4))
        for other in hand.w.neighbours:
            hand.hear(other, 300.0, 0)
        for off in (40.0, 30.0, 40.5, 26.0, 25.0, 30.0):
            hand.hear(hand.w, 300.0 + off, 0)
            hand.truth.drift(hand.w, 0, lambda _: False)
        assert hand.said == [("sensor_drift", True), ("sensor_drift", False)]

    def test_a_value_counts_as_long_as_it_is_held(self) -> None:
        hand = Hand()
        hand.hear(hand.w, 300.0, 0)
        assert hand.truth.head_kpa(hand.w, HELD_MAX_NS) is not None
        assert hand.truth.head_kpa(hand.w, HELD_MAX_NS + 1) is None

    def test_the_liar_may_be_the_lowest(self) -> None:
        assert _disagreement([10, 300, 310, 320]) == 20
