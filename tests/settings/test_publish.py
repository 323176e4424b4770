"""What is published: movement, quality, heartbeat; and what is held back never adds up to something unseen."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drivers.profile.load import SHIPPED, load
from drivers.publish import Gate, Publisher
from drivers.quality import Quality
from drivers.sample import Layout, Sample, Value

SHAPE = Layout("p", ("pressure", "alarms"), ("kPa", "1"))
S = 1_000_000_000


def sample(at_s: float, pressure: Value, alarms: Value = (), quality: bytes = SHAPE.good, **keys: Any) -> Sample:
    return Sample("H1", SHAPE, round(at_s * S), (pressure, alarms), quality, **keys)


def test_small_changes_are_held_back_and_add_up() -> None:
    gate = Gate([2.0, 0.0])
    said = [gate.passes(sample(i, 300 + 0.5 * i)) for i in range(9)]
    assert said == [True, False, False, False, True, False, False, False, True]


def test_a_change_of_just_the_band_is_published() -> None:
    gate = Gate([0.1, 0.0])
    assert gate.passes(sample(0, 0.2))
    assert gate.passes(sample(1, 0.3))


def test_alarm_words_and_quality_always_pass() -> None:
    gate = Gate([2.0, 0.0])
    assert gate.passes(sample(0, 300))
    assert gate.passes(sample(1, 300, ("leak",)))
    assert not gate.passes(sample(2, 300, ("leak",)))
    bad = bytes([Quality.OUT_OF_RANGE, 0])
    assert gate.passes(sample(3, 300, ("leak",), bad))
    assert not gate.passes(sample(4, 300, ("leak",), bad))
    assert gate.passes(sample(5, None, ("leak",), bytes([Quality.NO_ANSWER, 0])))
    assert gate.passes(sample(6, 300, ("leak",)))


def test_a_number_that_comes_or_goes_under_the_same_quality_passes() -> None:
    gate = Gate([2.0, 0.0])
    stale = bytes([Quality.STALE, 0])
    assert gate.passes(sample(0, None, (), stale))
    assert gate.passes(sample(1, 300.0, (), stale))
    assert gate.passes(sample(2, None, (), stale))
    assert not gate.passes(sample(3, None, (), stale))


def test_silence_is_never_longer_than_the_heartbeat() -> None:
    gate = Gate([2.0, 0.0])  # five minutes when nobody says otherwise
    assert [t for t in range(0, 1000, 10) if gate.passes(sample(t, 300))] == [0, 300, 600, 900]


def test_backfilled_rows_pass_and_leave_no_trace() -> None:
    gate = Gate([2.0, 0.0])
    assert gate.passes(sample(0, 300))
    assert gate.passes(sample(1, 400, backfilled=True))
    assert not gate.passes(sample(2, 300))


def test_bands_come_from_the_profile() -> None:
    profile = load(SHIPPED / "hydrant/terminal-float.toml")
    layout = Layout(profile.profile, ("pressure", "mode"), ("kPa", "1"))
    publisher = Publisher({profile.profile: profile.points})

    def passes(device: str, at: int, *values: Value) -> bool:
        return publisher.passes(Sample(device, layout, at * S, values, layout.good))

    assert passes("H1", 0, 300.0, "normal")
    assert not passes("H1", 1, 301.5, "normal")
    assert passes("H2", 1, 301.5, "normal")
    assert passes("H1", 2, 302.0, "normal")
    assert passes("H1", 3, 302.0, "fault")
    publisher.forget("H1")
    assert passes("H1", 4, 302.0, "fault")
    assert not passes("H2", 4, 301.5, "normal")
    unknown = Layout("who", ("x",), ("1",))
    assert publisher.passes(Sample("H9", unknown, 0, (1,), unknown.good))
    assert publisher.passes(Sample("H9", unknown, 1, (1.5,), unknown.good))


ROWS = st.lists(
    st.tuples(st.integers(1, 100), st.floats(-50, 50), st.sampled_from([(), ("leak",)]), st.sampled_from([0, 16])),
    max_size=40,
)


@given(ROWS, st.floats(0.5, 20))
def test_what_the_platform_last_saw_is_never_far_from_the_truth(rows: list[Any], band: float) -> None:
    gate = Gate([band, 0.0], heartbeat_s=300)
    at = 0
    seen: Sample | None = None
    for step, pressure, alarms, quality in rows:
        at += step
        now = sample(at, pressure, alarms, bytes([quality, 0]))
        if gate.passes(now):
            seen = now
        assert seen is not None
        assert seen.quality == now.quality
        assert seen.values[1] == now.values[1]
        assert isinstance(seen.values[0], float)
        assert abs(seen.values[0] - pressure) < band
        assert now.read_ns - seen.read_ns < 300 * S
