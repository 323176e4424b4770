"""The planner against brute force, and what it must never do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.modbus.load import Asked, Wire, gap_worth_reading, line_load, serial_wire, transaction_ns
from protocols.modbus.plan import Hole, Need, Span, cost, plan

needs = st.lists(
    st.builds(Need, st.sampled_from(["input", "holding", "coil"]), st.integers(0, 60), st.sampled_from([1, 1, 2, 4])),
    min_size=1,
    max_size=7,
)
holes = st.lists(st.tuples(st.sampled_from(["input", "coil"]), st.integers(0, 60), st.integers(0, 5)), max_size=3)


def partitions(items: list[int]) -> list[list[list[int]]]:
    if not items:
        return [[]]
    first, rest = items[0], items[1:]
    found = []
    for smaller in partitions(rest):
        found.append([[first], *smaller])
        found += [[*smaller[:i], [first, *smaller[i]], *smaller[i + 1 :]] for i in range(len(smaller))]
    return found


def brute_force(wanted: list[Need], overhead: float, limit: int, forbidden: list[Hole]) -> float:
    best = float("inf")
    for groups in partitions(list(range(len(wanted)))):
        spans = []
        for group in groups:
            members = [wanted[i] for i in group]
            first, end = min(n.first for n in members), max(n.end for n in members)
            alone = all(n.first == first and n.end == end for n in members)
            touches = any(t == members[0].table and a < end and b >= first for t, a, b in forbidden)
            if len({n.table for n in members}) > 1 or end - first > limit or (touches and not alone):
                break
            spans.append(Span(members[0].table, first, end - first, tuple(group)))
        else:
            best = min(best, cost(spans, overhead))
    return best


@settings(max_examples=60, deadline=None)
@given(needs, st.sampled_from([2.0, 10.4, 40.0]), st.sampled_from([4, 20, 60]), holes)
def test_never_worse_than_brute_force(wanted: list[Need], overhead: float, limit: int, planted: list[Hole]) -> None:
    free = [
        (t, a, a + n) for t, a, n in planted if not any(d.table == t and d.first <= a + n and d.end > a for d in wanted)
    ]
    spans = plan(wanted, overhead=overhead, max_registers=limit, max_bits=limit, holes=free)
    assert cost(spans, overhead) <= 1.0000001 * brute_force(wanted, overhead, limit, free)


@given(needs, st.sampled_from([1.0, 12.0, 50.0]), st.sampled_from([4, 10, 125]), holes)
def test_covers_all_splits_none_touches_no_hole(
    wanted: list[Need], overhead: float, limit: int, planted: list[Hole]
) -> None:
    free = [
        (t, a, a + n) for t, a, n in planted if not any(d.table == t and d.first <= a + n and d.end > a for d in wanted)
    ]
    spans = plan(wanted, overhead=overhead, max_registers=limit, max_bits=limit, holes=free)
    assert sorted(i for span in spans for i in span.needs) == list(range(len(wanted)))
    for span in spans:
        assert span.length <= limit
        for i in span.needs:
            assert span.table == wanted[i].table
            assert span.first <= wanted[i].first
            assert wanted[i].end <= span.first + span.length
        assert not any(t == span.table and a < span.first + span.length and b >= span.first for t, a, b in free)


def test_what_a_device_cannot_give_at_once_is_an_error() -> None:
    with pytest.raises(ValueError, match="takes 4, the device gives 2"):
        plan([Need("input", 0, 4)], overhead=1, max_registers=2)


@pytest.mark.parametrize(
    ("baud", "registers", "per_second"),
    [
        (9600, 2, (36.4, 35.1, 23.0)),
        (9600, 10, (21.8, 21.4, 16.2)),
        (9600, 125, (3.2, 3.2, 3.1)),
        (19_200, 10, (43.6, 38.6, 24.4)),
        (115_200, 125, (34.9, 31.4, 21.3)),
    ],
)
def test_the_physical_limit(baud: int, registers: int, per_second: tuple[float, ...]) -> None:
    """The field's own table, at turnarounds of 0, 5 and 20 ms."""
    wire = serial_wire(baud, "E", 1)
    found = [1e9 / transaction_ns(wire, 8, 5 + 2 * registers, ms * 1_000_000) for ms in (0, 5, 20)]
    assert found == pytest.approx(per_second, abs=0.051)


def test_line_load_and_the_gap_worth_reading() -> None:
    wire = Wire(9600)
    asked = Asked(8, 9, 5_000_000, 0, 1_000_000_000)
    assert line_load(wire, [asked] * 10) == pytest.approx(10 / 35.1, rel=0.01)
    assert 10 < gap_worth_reading(wire, 5_000_000) < 13
    assert gap_worth_reading(Wire(115_200), 5_000_000) > 40
    assert serial_wire(9600, "N", 1).bits == 10
