"""What stood before a restart stands after it, and the first reading that says otherwise clears it."""

from collections.abc import Mapping
from typing import Any

import pytest

from drivers.event import Event, EventKind, Severity, Transition
from drivers.quality import Quality
from drivers.sample import Value
from tests.judge.stand import S, Stand, hydrant

FINE: dict[str, Value] = {
    "pressure": 300.0, "flow": 0.0, "temperature": 15.0, "battery": 3.6, "tilt": 0.0, "alarms": (),
}  # fmt: skip
LONG_S = 1200.0

MEASURED: list[tuple[EventKind, dict[str, Value]]] = [
    (EventKind.PRESSURE_LOW, {"pressure": 60.0}),
    (EventKind.PRESSURE_HIGH, {"pressure": 1900.0}),
    (EventKind.WATER_DRAWN, {"flow": 9.0}),
    (EventKind.LEAK, {"flow": 0.4}),
    (EventKind.FREEZE_RISK, {"temperature": 0.5}),
    (EventKind.BATTERY_LOW, {"battery": 2.0}),
    (EventKind.KNOCKED_OVER, {"tilt": 80.0}),
    (EventKind.TILTED, {"tilt": 30.0}),
    (EventKind.CAP_REMOVED, {"alarms": ("cap_removed",)}),
    (EventKind.KNOCKED_OVER, {"alarms": ("knocked_over",)}),
]


def raised(kind: EventKind, wrong: Mapping[str, Value], bad: Mapping[str, Quality] | None = None) -> Stand:
    """A hydrant of which this stands."""
    stand = Stand()
    stand.run(300, 5, **FINE)
    until = stand.t + 2 * 3600
    while ("H1", kind) not in stand.open() and stand.t < until:
        stand.t += 5
        stand.say("H1", True, bad, **{**FINE, **wrong})
        stand.tick()
    assert ("H1", kind) in stand.open()
    return stand


def clear_s(stand: Stand, kind: EventKind) -> float:
    rule = stand.judge.rules.event.of(kind)
    assert rule is not None
    return rule.clear_s


@pytest.mark.parametrize(("kind", "wrong"), MEASURED)
class TestMeasured:
    def test_it_stands_while_it_is_so(self, kind: EventKind, wrong: dict[str, Value]) -> None:
        later = raised(kind, wrong).restarted()
        assert ("H1", kind) in later.open()
        later.run(LONG_S, 5, **{**FINE, **wrong})
        assert (kind.value, "raised") not in later.turns(), "it is no news"
        assert ("H1", kind) in later.open()

    def test_it_stands_while_nobody_answers(self, kind: EventKind, wrong: dict[str, Value]) -> None:
        later = raised(kind, wrong).restarted()
        later.run(LONG_S)
        assert ("H1", kind) in later.open()
        assert ("device_lost", "raised") in later.turns()
        assert (kind.value, "cleared") not in later.turns()

    def test_the_next_good_reading_ends_it(self, kind: EventKind, wrong: dict[str, Value]) -> None:
        later = raised(kind, wrong).restarted()
        later.run(60)
        began = later.t
        later.run(clear_s(later, kind) + 10, 5, **FINE)
        (end,) = (event for event in later.events if event.kind is kind)
        assert end.transition is Transition.CLEARED
        assert (end.at_ns / S) - began <= clear_s(later, kind) + 10, "by the reading, and not by a timer"


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (EventKind.SENSOR_FAULT, {"pressure": Quality.NOT_A_NUMBER}),
        (EventKind.DEVICE_LOST, dict.fromkeys(FINE, Quality.NO_ANSWER)),
        (EventKind.WRONG_DEVICE, dict.fromkeys(FINE, Quality.WRONG_DEVICE)),
    ],
)
def test_a_doubtful_answer_goes_on_and_a_good_one_ends_it(kind: EventKind, bad: dict[str, Quality]) -> None:
    stand = raised(kind, {}, bad)
    still = stand.restarted()
    for _ in range(120):
        still.t += 5
        still.say("H1", True, bad, **FINE)
        still.tick()
    assert ("H1", kind) in still.open()
    assert (kind.value, "raised") not in still.turns()
    better = stand.restarted()
    better.run(clear_s(better, kind) + 10, 5, **FINE)
    assert (kind.value, "cleared") in better.turns()


def falling(stand: Stand, seconds: int, kpa: float, kpa_s: float) -> float:
    """Pressure falls, a reading every two seconds; what it is afterwards."""
    for _ in range(seconds // 2):
        kpa -= 2 * kpa_s
        stand.run(2, 2, pressure=kpa)
    return kpa


def test_a_fall_goes_on_over_a_restart_and_its_end_ends_it() -> None:
    stand = Stand()
    stand.run(60, 2, pressure=400.0)
    kpa = falling(stand, 120, 400.0, 1.0)
    assert ("H1", EventKind.PRESSURE_COLLAPSING) in stand.open()
    later = stand.restarted(10)
    falling(later, 60, kpa - 10, 1.0)
    assert later.turns() == [], "it falls as before"
    risen = stand.restarted(10)
    risen.run(120, 2, pressure=390.0)
    assert risen.turns() == [("pressure_collapsing", "cleared")]


def test_a_stuck_sensor_is_stuck_until_it_moves() -> None:
    stand = Stand()
    stand.run(26 * 3600, 60, pressure=300.0)
    assert stand.turns() == [("sensor_stuck", "raised")]
    later = stand.restarted()
    later.run(3600, 60, pressure=300.0)
    assert later.turns() == []
    later.run(3600, 60, pressure=301.0)
    assert later.turns() == [("sensor_stuck", "cleared")]


def test_one_of_two_bits_is_enough() -> None:
    stand = raised(EventKind.KNOCKED_OVER, {"alarms": ("knocked_over",)})
    later = stand.restarted()
    later.run(600, 5, **{**FINE, "tilt": 80.0})
    assert ("H1", EventKind.KNOCKED_OVER) in later.open()
    assert later.turns() == []


def test_what_a_device_does_not_measure_any_more_ends_by_itself_once_it_answers() -> None:
    stand = raised(EventKind.TILTED, {"tilt": 30.0})
    later = stand.restarted()
    later.run(1800)
    assert ("H1", EventKind.TILTED) in later.open(), "nobody has answered"
    later.run(480, 5, pressure=300.0)
    (end,) = (event for event in later.events if event.kind is EventKind.TILTED)
    assert (end.transition, end.evidence) == (Transition.CLEARED, {"cause": "restart"})


def event(kind: EventKind, subject: str, cause: str) -> Event:
    return Event(kind, subject, Severity.ALARM, Transition.RAISED, -5 * S, {"cause": cause})


def test_what_is_not_the_judges_is_left_alone() -> None:
    stand = Stand(hydrant("H1"))
    stand.judge.reopen([event(EventKind.LEAK, "gone", "flow"), event(EventKind.LINE_DOWN, "H1", "x")])
    assert stand.open() == set()


def test_water_drawn_before_the_restart_is_drawn_still_and_a_theft_after_its_time() -> None:
    stand = Stand()
    stand.run(30, 5, **{**FINE, "flow": 9.0})
    assert stand.turns() == [("water_drawn", "raised")]
    later = stand.restarted()
    later.run(60, 5, **{**FINE, "flow": 9.0})
    assert later.turns() == [("water_stolen", "raised")]


def test_a_cap_that_was_off_is_off_still_and_ends_with_the_drawing_it_tells_of() -> None:
    later = Stand(hydrant("H1"))
    both: list[Any] = [
        event(EventKind.CAP_REMOVED, "H1", "alarms.cap_removed"),
        event(EventKind.WATER_DRAWN, "H1", "cap_and_pressure"),
    ]
    later.judge.reopen(both)
    later.run(60, 5, pressure=200.0, alarms=("cap_removed",))
    assert {kind for _, kind in later.open()} >= {EventKind.CAP_REMOVED, EventKind.WATER_DRAWN}
    later.run(300, 5, pressure=200.0, alarms=())
    assert {turn for turn in later.turns() if turn[1] == "cleared"} >= {
        ("cap_removed", "cleared"), ("water_drawn", "cleared"),
    }  # fmt: skip
