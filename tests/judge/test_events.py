"""Each event by hand: boundary, hold, hysteresis, once raised and once cleared."""

import pytest

from agent.judge.facts import Incident, Permit
from drivers.event import EventKind, Severity
from drivers.quality import Quality
from protocols.reason import Reason
from tests.judge.stand import UTC0, S, Stand, hydrant

RAISED, CLEARED = "raised", "cleared"

THRESHOLDS = [
    # point, unit's limit, just not breaching, breaching, just not clear, clear, event, hold s, clear s
    ("pressure", 140.0, 139.9, 149.9, 150.0, "pressure_low", 60, 60),
    ("pressure", 800.0, 800.1, 750.1, 750.0, "pressure_high", 60, 60),
    ("temperature", 2.0, 1.9, 3.9, 4.0, "freeze_risk", 600, 1800),
    ("battery", 3.3, 3.29, 3.39, 3.4, "battery_low", 600, 600),
    ("tilt", 15.0, 15.1, 10.1, 10.0, "tilted", 30, 30),
    ("tilt", 60.0, 60.1, 45.1, 45.0, "knocked_over", 5, 10),
    ("flow", 1.0, 1.01, 0.51, 0.5, "water_drawn", 5, 30),
]


@pytest.mark.parametrize(("point", "limit", "over", "held", "clear", "event", "hold", "clear_s"), THRESHOLDS)
def test_threshold(
    point: str, limit: float, over: float, held: float, clear: float, event: str, hold: int, clear_s: int
) -> None:
    stand = Stand()

    def turns() -> list[str]:
        return [turn for kind, turn in stand.turns() if kind == event]

    stand.run(hold + 60, **{point: limit})
    assert turns() == [], "the limit itself is still in order"
    stand.run(hold, **{point: over})
    assert turns() == [], "not before it has held"
    stand.run(1, **{point: over})
    assert turns() == [RAISED]
    stand.run(clear_s + 60, **{point: held})
    assert turns() == [RAISED], "between limit and clear nothing changes"
    stand.run(clear_s, **{point: clear})
    assert turns() == [RAISED], "not before it has been gone long enough"
    stand.run(1, **{point: clear})
    assert turns() == [RAISED, CLEARED]
    stand.run(hold + clear_s, **{point: held})
    assert turns() == [RAISED, CLEARED]


@pytest.mark.parametrize(("point", "limit", "over", "held", "clear", "event", "hold", "clear_s"), THRESHOLDS)
def test_short_breach_is_no_event(
    point: str, limit: float, over: float, held: float, clear: float, event: str, hold: int, clear_s: int
) -> None:
    stand = Stand()
    for _ in range(3):
        stand.run(hold - 1, **{point: over})
        stand.run(2, **{point: clear})
    assert [turn for kind, turn in stand.turns() if kind == event] == []


def test_event_says_what_caused_it() -> None:
    stand = Stand()
    stand.run(70, pressure=120.0)
    (event,) = [e for e in stand.events if e.kind is EventKind.PRESSURE_LOW]
    assert event.severity is Severity.WARNING
    assert event.at_ns == 61 * S
    assert dict(event.evidence) == {
        "cause": "pressure", "value": 120.0, "limit": 140.0, "unit": "kPa", "read_ns": 1 * S,
    }  # fmt: skip


def test_units_are_brought_to_the_rules_own() -> None:
    stand = Stand()
    stand._layouts[("pressure",)] = type(stand.layout(("x",)))("mpa", ("pressure",), ("MPa",))
    stand.run(62, pressure=0.139)
    assert stand.turns() == [("pressure_low", RAISED)]


def test_point_in_a_foreign_unit_is_not_judged() -> None:
    stand = Stand()
    stand._layouts[("pressure",)] = type(stand.layout(("x",)))("odd", ("pressure",), ("Cel",))
    stand.run(120, pressure=5.0)
    assert stand.turns() == []


BITS = [
    ("cap_removed", 5, 5),
    ("knocked_over", 5, 10),
    ("tilted", 30, 30),
    ("frozen", 60, 600),
    ("buried", 60, 60),
    ("sensor_fault", 30, 30),
    ("leak", 3600, 1800),
]


@pytest.mark.parametrize(("bit", "hold", "clear_s"), BITS)
def test_alarm_bit(bit: str, hold: int, clear_s: int) -> None:
    stand = Stand()
    stand.run(10, alarms=("bit_9", "tamper"))
    stand.run(hold, alarms=("bit_9", bit))
    assert stand.turns() == []
    stand.run(1, alarms=("bit_9", bit))
    assert stand.turns() == [(bit, RAISED)]
    stand.run(clear_s, alarms=())
    assert stand.turns() == [(bit, RAISED)]
    stand.run(1, alarms=())
    assert stand.turns() == [(bit, RAISED), (bit, CLEARED)]


def test_single_bit_point_and_its_word_forms() -> None:
    for on, off in ((True, False), (1, 0), ("wet", "dry")):
        stand = Stand()
        stand.run(3700, 10, barrel_wet=on)
        assert stand.turns() == [("leak", RAISED)]
        stand.run(1900, 10, barrel_wet=off)
        assert stand.turns() == [("leak", RAISED), ("leak", CLEARED)]


def test_bit_and_angle_are_one_event() -> None:
    stand = Stand()
    stand.run(10, alarms=("knocked_over",), tilt=85.0)
    stand.run(20, alarms=(), tilt=85.0)
    assert stand.turns() == [("knocked_over", RAISED)]
    stand.run(20, alarms=(), tilt=0.0)
    assert stand.turns() == [("knocked_over", RAISED), ("knocked_over", CLEARED)]


def test_knocked_over_is_not_also_tilted() -> None:
    stand = Stand()
    stand.run(200, tilt=80.0)
    assert stand.turns() == [("knocked_over", RAISED)]


def test_lost_after_thirty_seconds_without_an_answer_and_back_at_once() -> None:
    stand = Stand()
    stand.run(10, pressure=300.0)
    for _ in range(40):
        stand.t += 1
        stand.say(bad={"pressure": Quality.NO_ANSWER}, pressure=None)
        stand.tick()
    assert stand.turns() == [("device_lost", RAISED)]
    assert stand.raised_at(EventKind.DEVICE_LOST) == 41
    stand.t += 1
    stand.say(pressure=300.0)
    assert stand.turns() == [("device_lost", RAISED), ("device_lost", CLEARED)]


def test_lost_when_nothing_is_heard_for_fifteen_minutes() -> None:
    stand = Stand()
    stand.run(10, pressure=300.0)
    stand.run(899)
    assert stand.turns() == []
    stand.run(95)
    assert stand.turns() == [("device_lost", RAISED)]
    stand.run(1, pressure=300.0)
    assert stand.turns()[1:] == [("device_lost", CLEARED)]


def test_one_missed_answer_is_nothing() -> None:
    stand = Stand()
    for _ in range(100):
        stand.t += 1
        if int(stand.t) % 20:
            stand.say(pressure=300.0)
        else:
            stand.say(bad={"pressure": Quality.NO_ANSWER}, pressure=None)
        stand.tick()
    assert stand.turns() == []


def test_wrong_device_at_once_and_its_values_count_for_nothing() -> None:
    stand = Stand()
    stand.say(bad={"pressure": Quality.WRONG_DEVICE}, pressure=20.0)
    assert stand.turns() == [("wrong_device", RAISED)]
    for _ in range(100):
        stand.t += 1
        stand.say(bad={"pressure": Quality.WRONG_DEVICE}, pressure=20.0)
        stand.tick()
    assert stand.turns() == [("wrong_device", RAISED)]
    stand.run(12, pressure=300.0)
    assert stand.turns() == [("wrong_device", RAISED), ("wrong_device", CLEARED)]


@pytest.mark.parametrize("why", [Quality.OUT_OF_RANGE, Quality.INVALID_PATTERN, Quality.NOT_A_NUMBER])
def test_sensor_fault_of_one_point_leaves_the_others(why: Quality) -> None:
    stand = Stand()
    for _ in range(700):
        stand.t += 1
        stand.say(bad={"pressure": why}, pressure=9999.0, temperature=0.0)
        stand.tick()
    assert stand.turns() == [("sensor_fault", RAISED), ("freeze_risk", RAISED)]
    assert stand.raised_at(EventKind.SENSOR_FAULT) == 31
    stand.run(32, pressure=300.0, temperature=0.0)
    assert stand.turns()[2:] == [("sensor_fault", CLEARED)]


def test_fault_of_a_point_read_apart_is_not_cleared_by_another() -> None:
    stand = Stand()
    for _ in range(60):
        stand.t += 1
        stand.say(bad={"pressure": Quality.NOT_A_NUMBER}, pressure=None)
        stand.say(temperature=15.0)
        stand.tick()
    assert stand.turns() == [("sensor_fault", RAISED)]


def test_uncertain_values_are_judged() -> None:
    stand = Stand()
    for _ in range(65):
        stand.t += 1
        stand.say(bad={"pressure": Quality.UNCERTAIN}, pressure=100.0)
        stand.tick()
    assert stand.turns() == [("pressure_low", RAISED)]


def test_leak_is_an_hour_of_a_little_flow() -> None:
    stand = Stand()
    stand.run(3601, 10, flow=0.05)
    assert stand.turns() == []
    stand.run(3590, 10, flow=0.2)
    assert stand.turns() == []
    stand.run(20, 10, flow=0.03)
    assert stand.turns() == [("leak", RAISED)], "between clear and limit it goes on"
    stand.run(1820, 10, flow=0.02)
    assert stand.turns() == [("leak", RAISED), ("leak", CLEARED)]


class TestDrawn:
    """Drawn is theft unless an incident or a permit explains it."""

    def incident(self, **changes: object) -> Incident:
        base = {"id": "A1", "lon": 118.9, "lat": 28.9, "at_s": UTC0 / 1e9}
        return Incident(**{**base, **changes})  # type: ignore[arg-type]  # a test's shorthand

    def test_without_any_reason(self) -> None:
        stand = Stand()
        stand.run(65, flow=8.0)
        assert stand.turns() == [("water_drawn", RAISED)]
        stand.run(3, flow=8.0)
        assert stand.turns() == [("water_drawn", RAISED), ("water_stolen", RAISED)]
        assert stand.raised_at(EventKind.WATER_STOLEN) == 66
        stand.run(40, flow=0.0)
        assert stand.turns()[2:] == [("water_drawn", CLEARED), ("water_stolen", CLEARED)] or stand.turns()[2:] == [
            ("water_stolen", CLEARED),
            ("water_drawn", CLEARED),
        ]

    def test_at_an_incident(self) -> None:
        stand = Stand()
        stand.judge.fact(self.incident())
        stand.run(300, flow=8.0)
        assert stand.turns() == [("water_drawn", RAISED)]

    def test_incident_that_arrives_late_clears_it(self) -> None:
        stand = Stand()
        stand.run(70, flow=8.0)
        stand.judge.fact(self.incident())
        stand.run(1, flow=8.0)
        assert stand.turns()[-1] == ("water_stolen", CLEARED)
        assert stand.events[-1].evidence["ended"] == Reason("judge.incident", id="A1")

    def test_incident_too_far(self) -> None:
        stand = Stand()
        stand.judge.fact(self.incident(lat=28.9 + 0.0046))  # 511 m
        stand.run(70, flow=8.0)
        assert ("water_stolen", RAISED) in stand.turns()
        near = Stand()
        near.judge.fact(self.incident(lat=28.9 + 0.0044))  # 489 m
        near.run(70, flow=8.0)
        assert ("water_stolen", RAISED) not in near.turns()

    def test_incident_closed_half_an_hour_ago(self) -> None:
        for ago, stolen in ((1700, False), (1900, True)):
            stand = Stand()
            stand.judge.fact(self.incident(state="closed", at_s=UTC0 / 1e9 - ago))
            stand.run(70, flow=8.0)
            assert (("water_stolen", RAISED) in stand.turns()) is stolen

    def test_permit_for_this_hydrant_or_place_in_its_time(self) -> None:
        now = UTC0 / 1e9
        for permit, stolen in (
            (Permit("P", "street cleaning", now - 1, now + 1000, asset="H1"), False),
            (Permit("P", "street cleaning", now - 1, now + 1000, asset="H2"), True),
            (Permit("P", "street cleaning", now - 1000, now + 60, asset="H1"), True),
            (Permit("P", "street cleaning", now + 900, now + 1000, asset="H1"), True),
            (Permit("P", "works", now - 1, now + 1000, lon=118.9, lat=28.901, radius_m=150), False),
            (Permit("P", "works", now - 1, now + 1000, lon=118.9, lat=28.902, radius_m=150), True),
        ):
            stand = Stand()
            stand.judge.fact(permit)
            stand.run(70, flow=8.0)
            assert (("water_stolen", RAISED) in stand.turns()) is stolen, permit

    def test_without_a_clock_a_permit_counts(self) -> None:
        stand = Stand(utc=False)
        stand.judge.fact(Permit("P", "works", 1, 2, asset="H1"))
        stand.run(100, flow=8.0)
        assert ("water_stolen", RAISED) not in stand.turns()

    def test_without_flow_meter_cap_and_pressure_tell(self) -> None:
        stand = Stand()
        stand.run(10, pressure=300.0, alarms=())
        stand.run(20, pressure=300.0, alarms=("cap_removed",))
        stand.run(10, pressure=275.0, alarms=("cap_removed",))
        assert ("water_drawn", RAISED) not in stand.turns()
        stand.run(10, pressure=274.0, alarms=("cap_removed",))
        assert ("water_drawn", RAISED) in stand.turns()
        stand.run(40, pressure=274.0, alarms=())
        assert ("water_drawn", CLEARED) in stand.turns()

    def test_low_pressure_with_the_cap_on_is_not_drawing(self) -> None:
        stand = Stand()
        stand.run(10, pressure=300.0, alarms=())
        stand.run(100, pressure=200.0, alarms=())
        assert ("water_drawn", RAISED) not in stand.turns()


class TestCollapsing:
    def fall(self, rate: float, seconds: int, start: float = 350.0, every: float = 1) -> Stand:
        stand = Stand()
        stand.run(60, pressure=start)
        t0 = stand.t
        while stand.t < t0 + seconds:
            stand.t += every
            stand.say(pressure=start - rate * (stand.t - t0))
            stand.tick()
        return stand

    def test_time_left_is_right(self) -> None:
        stand = self.fall(2.0, 60)
        (event,) = stand.events
        assert event.kind is EventKind.PRESSURE_COLLAPSING
        assert event.severity is Severity.ALARM
        at = event.at_ns / S - 60
        assert at == 30
        assert event.evidence["fell_from_kpa"] == 350.0
        assert event.evidence["rate_kpa_s"] == pytest.approx(2.0, abs=0.01)
        assert event.evidence["left_s"] == pytest.approx((350 - 2 * at - 100) / 2, abs=1)

    def test_every_limit_is_met_at_its_boundary(self) -> None:
        assert self.fall(1.0, 40, every=2).raised_at(EventKind.PRESSURE_COLLAPSING) == 90, "30 s and 30 kPa at once"
        assert self.fall(0.5, 310, start=400).raised_at(EventKind.PRESSURE_COLLAPSING) == 360, "300 s left"
        stand = self.fall(1.0, 40, every=2)
        assert stand.events[0].evidence["fell_since_ns"] == 60 * S
        assert stand.events[0].evidence["fell_from_kpa"] == 350.0

    def test_a_reading_a_minute_shows_it_after_three_steps_not_after_two(self) -> None:
        for steps, raised in ((2, False), (3, True)):
            stand = Stand()
            stand.run(600, 60, pressure=350.0)
            for i in range(1, steps + 1):
                stand.run(60, 60, pressure=350.0 - 45 * i)
            stand.run(60, 60, pressure=350.0 - 45 * steps)
            assert (stand.raised_at(EventKind.PRESSURE_COLLAPSING) is not None) is raised

    def test_below_the_floor_nothing_is_left_to_warn_of(self) -> None:
        stand = Stand()
        stand.run(60, pressure=150.0)
        for i in range(60):
            stand.run(1, pressure=max(60.0, 150.0 - 4 * i))
        assert stand.raised_at(EventKind.PRESSURE_COLLAPSING) is None

    def test_fast_readings_are_thinned(self) -> None:
        stand = Stand()
        stand.run(10, 0.1, pressure=350.0)
        ((w, _),) = stand.judge.watched()
        assert len(w.fall.trail) == 10

    def test_slow_fall_is_the_day(self) -> None:
        assert self.fall(0.29, 400).events == []

    def test_far_from_the_floor_is_not_yet(self) -> None:
        assert self.fall(0.5, 100, start=400).events == [], "500 s left"
        assert len(self.fall(0.5, 320, start=400).events) == 1

    def test_opening_an_outlet_is_not_a_collapse(self) -> None:
        stand = self.fall(8.0, 20)
        stand.run(300, pressure=190.0)
        assert stand.events == []

    def test_noise_does_not_hide_it(self) -> None:
        stand = Stand()
        stand.run(30, pressure=350.0)
        for i in range(60):
            stand.t += 1
            stand.say(pressure=350.0 - 2 * i + (0.9 if i % 2 else -0.9))
            stand.tick()
        assert stand.turns() == [("pressure_collapsing", RAISED)]

    def test_ends_when_it_holds(self) -> None:
        stand = self.fall(2.0, 60)
        stand.run(60, pressure=232.0)
        assert stand.turns() == [("pressure_collapsing", RAISED), ("pressure_collapsing", CLEARED)]

    def test_ten_second_samples_do(self) -> None:
        assert self.fall(1.0, 100, every=10).turns() == [("pressure_collapsing", RAISED)]


class TestTruth:
    def street(self) -> Stand:
        return Stand(*(hydrant(f"H{i}", i % 3, i // 3, 10.0 + i) for i in range(6)))

    def heads(self, **change: float) -> dict[str, dict[str, float]]:
        return {f"H{i}": {"pressure": 390.0 - 9.80665 * i + change.get(f"H{i}", 0.0)} for i in range(6)}

    def test_heights_explain_differences(self) -> None:
        stand = self.street()
        stand.let_all(7300, 20, self.heads())
        assert stand.events == []

    def test_drift_after_an_hour(self) -> None:
        stand = self.street()
        stand.let_all(3600, 20, self.heads(H2=41.0))
        assert stand.events == []
        stand.let_all(120, 20, self.heads(H2=41.0))
        assert stand.turns("H2") == [("sensor_drift", RAISED)]
        stand.let_all(1900, 20, self.heads(H2=26.0))
        assert len(stand.events) == 1
        stand.let_all(1900, 20, self.heads(H2=-24.0))
        assert [e.subject for e in stand.events] == ["H2", "H2"]

    def test_just_inside_is_no_drift(self) -> None:
        stand = self.street()
        stand.let_all(7200, 20, self.heads(H2=-40.0))
        assert stand.events == []

    def test_two_neighbours_are_not_enough(self) -> None:
        stand = Stand(*(hydrant(f"H{i}", i) for i in range(3)))
        stand.let_all(7200, 20, {"H0": {"pressure": 300.0}, "H1": {"pressure": 300.0}, "H2": {"pressure": 400.0}})
        assert stand.events == []

    def test_without_a_height_no_opinion(self) -> None:
        stand = Stand(*(hydrant(f"H{i}", i, elevation_m=None if i == 0 else 10.0) for i in range(5)))
        say = {f"H{i}": {"pressure": 300.0} for i in range(5)}
        say["H0"] = {"pressure": 500.0}
        stand.let_all(7200, 20, say)
        assert stand.events == []

    def test_flat_while_the_others_move(self) -> None:
        stand = self.street()
        hours = 0
        while hours < 5:
            for quarter in range(4):
                say = self.heads()
                for name in say:
                    if name != "H4":
                        say[name]["pressure"] += hours * 3 + quarter * 0.2
                stand.let_all(900, 60, say)
            hours += 1
        assert stand.turns("H4") == [("sensor_stuck", RAISED)]
        assert {e.subject for e in stand.events} == {"H4"}
        assert stand.events[0].at_ns >= 4 * 3600 * S
        stand.let_all(180, 60, self.heads(H4=0.1))
        assert stand.turns("H4") == [("sensor_stuck", RAISED), ("sensor_stuck", CLEARED)]

    def test_all_flat_is_a_quiet_night(self) -> None:
        stand = self.street()
        stand.let_all(6 * 3600, 60, self.heads())
        assert stand.events == []

    def test_alone_it_takes_a_day(self) -> None:
        stand = Stand()
        stand.run(24 * 3600 - 60, 60, pressure=300.0)
        assert stand.events == []
        stand.run(300, 60, pressure=300.0)
        assert stand.turns() == [("sensor_stuck", RAISED)]


def test_unknown_devices_and_backfill_change_nothing() -> None:
    stand = Stand()
    stand.say("nobody", pressure=1.0)
    layout = stand.layout(("pressure",))
    from drivers.sample import Sample

    for t in range(200):
        stand.judge.sample(Sample("H1", layout, t * S, (1.0,), layout.good, None, True))
        stand.t = t
        stand.tick()
    assert stand.events == []
