"""What hydrants show of their water: the usual pressure by hour, and what every use tells."""

import pytest

from agent.judge.days import MINUTE_NS
from agent.judge.flow import FlowTest
from agent.judge.water_record import WaterRecord, draws_of
from agent.water.curve import Draw
from tests.judge.stand import Stand, hydrant


def test_the_usual_pressure_of_an_hour_is_told_after_some_minutes_and_follows() -> None:
    seen = WaterRecord()
    for minute in range(20):
        assert (seen.usual(3) is None) == (minute < 5)
        seen.stood(3, 300.0 + minute % 2)
    assert seen.usual(3) == pytest.approx(300.5)
    for _ in range(1500):
        seen.stood(3, 350.0)
    assert seen.usual(3) == pytest.approx(350.0, abs=1.0)
    assert seen.usual(4) is None
    assert seen.top_kpa == seen.usual(3)


@pytest.mark.parametrize(
    ("live", "hour", "kpa"), [(280.0, 3, 280.0), (None, 3, 300.0), (None, 4, None), (None, None, None)]
)
def test_what_is_read_now_counts_before_what_is_usual(live: float | None, hour: int | None, kpa: float | None) -> None:
    seen = WaterRecord()
    for _ in range(9):
        seen.stood(3, 300.0)
    at = seen.at(hour, live, 4.0)
    assert (None if at is None else at.kpa) == kpa
    assert at is None or (at.top_kpa == 300.0 and at.error_kpa == (4.0 if live else 8.0))


def test_it_survives_a_restart_and_refuses_what_cannot_have_been() -> None:
    seen = WaterRecord()
    for hour in range(24):
        for _ in range(hour):
            seen.stood(hour, 200.0 + hour)
    for n in range(15):
        seen.drew(Draw(float(n), 300.0, 200.0, 20.0))
    again = WaterRecord.from_json(seen.as_json())
    assert again.as_json() == seen.as_json()
    assert [draw.at_s for draw in again.draws] == [float(n) for n in range(3, 15)]
    for bad in ({"hours": [[1, 1]] * 23, "draws": []}, {"hours": [[1, 1]] * 24, "draws": [[0, 100, 200, 5, 1]]}):
        with pytest.raises(ValueError, match=r"."):
            WaterRecord.from_json(bad)


def test_every_test_counts_once() -> None:
    record = WaterRecord()
    old, new = FlowTest("H", 100.0, 350.0, 250.0, 30.0), FlowTest("H", 900.0, 340.0, 200.0, 40.0)
    for test in (new, old, new):
        record.tested(test)
    assert [draw.at_s for draw in record.draws] == [100.0, 900.0]
    assert draws_of(record, new) == record.draws
    assert draws_of(None, new) == [Draw(900.0, 340.0, 200.0, 40.0)]
    assert [draw.at_s for draw in draws_of(record, FlowTest("H", 950.0, 340.0, 200.0, 40.0))] == [100.0, 900.0, 950.0]


def pressure(stand: Stand, name: str = "H1") -> float:
    seen = stand.judge.seen[name]
    (at,) = [kpa for hour in range(24) if (kpa := seen.usual(hour)) is not None]
    return at


def test_minutes_with_nobody_drawing_near_are_learned_by_their_hour() -> None:
    stand = Stand(hydrant("H1"), hydrant("H2", 1))
    stand.run(8 * 60, 5, pressure=310.0)
    assert pressure(stand) == pytest.approx(310.0)


def draw(stand: Stand, steps: list[tuple[float, float, float]]) -> None:
    """(seconds, kPa, L/s) in a row, a reading a second."""
    for seconds, kpa, l_s in steps:
        for _ in range(int(seconds)):
            stand.t += 1
            stand.say("H1", pressure=kpa, flow=l_s)
            stand.tick()


def test_a_use_shows_what_it_gave_at_its_largest_steady_flow() -> None:
    stand = Stand(hydrant("H1"))
    draw(stand, [(30, 350.0, 0.0), (20, 310.0, 12.0), (30, 240.0, 25.0), (5, 120.0, 60.0), (40, 350.0, 0.0)])
    (shown,) = stand.judge.seen["H1"].draws
    assert (shown.static_kpa, shown.residual_kpa, shown.flow_l_s) == (350.0, 240.0, 25.0), (
        "60 L/s was not held for 10 s"
    )
    assert shown.at_s == pytest.approx(stand.t + 1_763_000_000, abs=60)
    usual = [kpa for hour in range(24) if (kpa := stand.judge.seen["H1"].usual(hour))]
    assert usual == [], "and its pressure is nobody's usual one"


@pytest.mark.parametrize(
    "steps",
    [
        [(30, 350.0, 0.0), (40, 349.0, 12.0), (40, 350.0, 0.0)],  # a drop the sensor does not see
        [(30, 350.0, 0.0), (40, 300.0, 2.0), (40, 350.0, 0.0)],  # a garden hose
        [(40, 300.0, 20.0), (40, 350.0, 0.0)],  # no pressure known from before
        [(30, 350.0, 0.0)] + [(4, 300.0 - n % 2 * 80, 12.0 + n % 2 * 12) for n in range(20)] + [(40, 350.0, 0.0)],
    ],
)
def test_what_shows_nothing_is_not_kept(steps: list[tuple[float, float, float]]) -> None:
    stand = Stand(hydrant("H1"))
    draw(stand, steps)
    assert "H1" not in stand.judge.seen or stand.judge.seen["H1"].draws == []


def test_of_two_that_are_drawn_from_near_each_other_nothing_is_learned() -> None:
    stand = Stand(hydrant("H1"), hydrant("H2", 1))
    for second in range(120):
        stand.t += 1
        on = 30 <= second < 80
        for name in ("H1", "H2"):
            stand.say(name, pressure=250.0 if on else 350.0, flow=20.0 if on else 0.0)
        stand.tick()
    assert all(not seen.draws for seen in stand.judge.seen.values())
    assert stand.t * 1e9 < 3 * MINUTE_NS
