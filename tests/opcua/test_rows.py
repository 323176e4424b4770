"""Changes become rows in which every value stands under its own device, point and time."""

from collections import Counter
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drivers.opcua.quality import quality_of
from drivers.opcua.rows import MOMENT_TICKS, OpcuaDevice, Rows, in_turn
from drivers.quality import Quality
from drivers.rule import Rule
from protocols.opcua.change import ns_to_ticks
from tests.opcua.conftest import profile

POINTS = 4
NOW = ns_to_ticks(1_780_000_000_000_000_000)
made = profile(points={f"p{i}": {"node": f"s=P{i}", "unit": "kPa", "valid": [0.0, 1000.0]} for i in range(POINTS)})

FLOATS = st.floats(-100, 2000).map(lambda value: value + 0.0)
"""No -0.0: it equals 0.0, and is printed otherwise."""


def rows(devices: int = 2) -> Rows:
    return Rows([OpcuaDevice(f"d{i}", str(i), made) for i in range(devices)])


changes = st.lists(
    st.tuples(
        st.integers(0, 2 * POINTS - 1),
        st.one_of(FLOATS, st.integers(-5, 5), st.none(), st.just("text"), st.just([1])),
        st.sampled_from([0, 0, 0, 0x80310000, 0x40910000, 0x480]),
        st.one_of(st.just(0), st.integers(NOW - 10 * MOMENT_TICKS, NOW)),
    ),
    max_size=60,
)


@given(changes)
def test_no_value_is_lost_moved_or_given_another_time(batch: list[tuple[int, Any, int, int]]) -> None:
    them = rows()
    samples = them.samples(batch, 77, NOW)
    told: Counter[tuple[object, ...]] = Counter()
    for sample in samples:
        assert sample.read_ns == 77
        assert len(sample.values) == len(sample.quality) == len(sample.layout.points)
        assert len(set(sample.layout.points)) == len(sample.layout.points)
        assert (sample.quality is sample.layout.good) == (not any(sample.quality))
        moment = None if sample.source_ns is None else ns_to_ticks(sample.source_ns) // MOMENT_TICKS
        for name, value, quality in zip(sample.layout.points, sample.values, sample.quality, strict=True):
            told[sample.device, name, repr(value), quality, moment] += 1
    meant: Counter[tuple[object, ...]] = Counter()
    for handle, raw, status, ticks in batch:
        value, judged = Rule(made.points["p0"]).judge(raw)
        reported = quality_of(status)
        quality = judged if reported is Quality.GOOD or (reported.usable and not judged.usable) else reported
        meant[*them.names[handle], repr(value), int(quality), ticks // MOMENT_TICKS if ticks else None] += 1
    assert told == meant
    order = [s.source_ns or 0 for s in samples]
    assert all(b - a > -MOMENT_TICKS * 100 for a, b in pairwise(order)), "older rows first"


def test_one_scan_is_one_row_and_shapes_are_shared() -> None:
    them = rows()
    batch = [(handle, 1.0 * handle, 0, NOW - 100) for handle in range(2 * POINTS)]
    first, second = them.samples(batch, 1, NOW)
    assert first.layout is second.layout
    assert first.values == (0.0, 1.0, 2.0, 3.0)
    backwards = them.samples(batch[3::-1], 1, NOW)
    assert backwards[0] == first._replace(read_ns=1)


def test_a_time_from_the_future_is_not_believed() -> None:
    (sample,) = rows().samples([(0, 5.0, 0, NOW + 1)], 1, NOW)
    assert sample.source_ns is None


def test_out_of_range_and_not_a_number_are_never_good() -> None:
    them = rows()
    batch = [(0, 1e9, 0, 0), (1, float("nan"), 0, 0), (2, float("inf"), 0, 0), (3, True, 0, 0)]
    (sample,) = them.samples(batch, 1, NOW)
    assert list(sample.quality)[:3] == [Quality.OUT_OF_RANGE, Quality.NOT_A_NUMBER, Quality.NOT_A_NUMBER]
    assert sample.values[:3] == (1e9, None, None)


def test_a_counter_that_runs_back_is_caught_live_but_not_by_history() -> None:
    counting = profile(points={"volume": {"node": "s=V", "unit": "m3", "counter": True}})
    them = Rows([OpcuaDevice("d", "1", counting)])
    assert not any(them.samples([(0, 10, 0, NOW - 100)], 1, NOW)[0].quality)
    assert them.samples([(0, 7, 0, NOW - 300)], 1, NOW, history=True)[0].quality == b"\0"
    assert them.samples([(0, 9, 0, NOW - 50)], 1, NOW)[0].quality == bytes([Quality.COUNTER_RAN_BACK])
    assert them.last_ticks == [NOW - 50]


def test_too_many_different_sets_fall_back_to_one_row_a_value() -> None:
    many = profile(points={f"p{i}": {"node": f"s=P{i}", "unit": "kPa"} for i in range(12)})
    them = Rows([OpcuaDevice("d", "1", many)])
    layouts = set()
    for word in range(1, 1 << 12):
        batch = [(i, 1.0, 0, NOW - 5) for i in range(12) if word >> i & 1]
        samples = them.samples(batch, 1, NOW)
        assert sum(len(s.values) for s in samples) == len(batch)
        layouts |= {id(s.layout) for s in samples}
    assert len(layouts) <= 64 + 12


def test_a_thousand_values_of_one_moment_stay_with_their_device() -> None:
    """More than a queue can hold, all without a source time: still nobody else's."""
    them = rows()
    samples = them.samples([(0, float(i % 1000), 0, 0) for i in range(2500)], 1, NOW)
    assert {s.device for s in samples} == {"d0"}
    assert [s.values for s in samples] == [(float(i % 1000),) for i in range(2500)]


@given(changes)
def test_what_has_no_time_is_the_last_word_where_it_came_last(batch: list[tuple[int, Any, int, int]]) -> None:
    """A node's end comes in one publish with its last values: what stands is that it is gone."""
    them = rows()
    last: dict[tuple[str, str], int] = {}
    for part in in_turn(batch):
        for sample in them.samples(part, 77, NOW):
            last |= {
                (sample.device, name): mark for name, mark in zip(sample.layout.points, sample.quality, strict=True)
            }
    ended = {handle: (status, ticks) for handle, _, status, ticks in batch}
    for handle, (status, ticks) in ended.items():
        reported = quality_of(status)
        if not ticks and not reported.usable:
            assert last[them.names[handle]] == reported
