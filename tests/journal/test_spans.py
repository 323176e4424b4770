"""The arithmetic of unsent ranges, against a model that knows every record."""

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.journal.spans import FOR_EVER, MOST_SPANS, PrioritySpans, gaps, inside, union


class Model:
    """Every seq of the lane, and whether the far end has confirmed it."""

    def __init__(self) -> None:
        self.spans = PrioritySpans()
        self.next_seq = 1
        self.rows: list[int] = []
        self.confirmed: set[int] = set()
        self.flying: list[int] = []

    def add(self, skip: int) -> None:
        self.next_seq += skip  # numbers other lanes took
        self.rows.append(self.next_seq)
        self.next_seq += 1

    def take(self, past: bool, limit: int) -> None:
        candidates = self.spans.past if past else [self.spans.live]
        for span in candidates:
            hi = min(span.hi, self.next_seq - 1)
            if span.returned:
                found = span.returned[:limit]
                self.spans.taken(span, found, found[-1])
            else:
                found = [seq for seq in self.rows if span.cursor <= seq <= hi][:limit]
                self.spans.taken(span, found, found[-1] if len(found) == limit else hi)
            if not found and span is not self.spans.live:
                self.spans.exhausted(span)
            self.flying += found
            return

    def lack(self, first: int, more: int) -> None:
        flying, before, live = self.spans.in_flight(), self.spans.ranges(), self.spans.live.lo
        self.spans.owe_again(first, first + more)
        assert self.spans.in_flight() == flying, "what is under way stays so"
        after = self.spans.ranges()
        if len(self.spans.past) < MOST_SPANS:
            assert all(inside(after, seq) for seq in range(first, min(first + more + 1, live)))
        self.confirmed = {seq for seq in self.confirmed if inside(before, seq) or not inside(after, seq)}

    def check(self) -> None:
        ranges = self.spans.ranges()
        assert ranges == sorted(ranges)
        assert all(a[1] < b[0] for a, b in pairwise(ranges)), "ranges overlap"
        assert ranges[-1][1] == FOR_EVER
        owed = [seq for seq in self.rows if seq not in self.confirmed]
        assert all(inside(ranges, seq) for seq in owed), "an unsent record lies outside every span"
        assert set(self.spans.in_flight()) <= set(self.rows)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32), st.integers(10, 120))
def test_whatever_happens_nothing_unsent_is_outside_a_span(seed: int, steps: int) -> None:
    rng = random.Random(seed)
    model = Model()
    for _ in range(steps):
        roll = rng.random()
        if roll < 0.4:
            model.add(rng.randrange(3))
        elif roll < 0.65:
            model.take(rng.random() < 0.5, rng.randrange(1, 6))
        elif roll < 0.85 and model.flying:
            seq = model.flying.pop(rng.randrange(len(model.flying)))
            if rng.random() < 0.8:
                model.confirmed.add(seq)
                model.spans.done(seq)
            else:
                model.spans.give_back(seq)
        elif roll < 0.9:
            model.lack(rng.randrange(1, 40), rng.randrange(40))
        elif roll < 0.95:
            model.spans.freeze(model.rows[-1] + 1 if model.rows else 1)
            model.flying.clear()
        else:
            model.spans = PrioritySpans(model.spans.ranges()[:-1], model.spans.ranges()[-1][0])  # a restart
            model.flying.clear()
        model.check()


def test_everything_is_taken_once_while_nothing_fails() -> None:
    spans = PrioritySpans()
    for last in (3, 9, 12):
        spans.freeze(last + 1)
    assert spans.ranges() == [(1, 12), (13, FOR_EVER)], "ranges with nothing sent in between are one"
    (old,) = spans.past
    spans.taken(old, [1, 5, 12], 12)
    for seq in (5, 1, 12):
        spans.done(seq)
    assert spans.past == []


def test_very_many_outages_are_joined_and_nothing_is_left_out() -> None:
    spans = PrioritySpans()
    for i in range(200):
        spans.taken(spans.live, [10 * i + 1], 10 * i + 1)
        spans.done(10 * i + 1)
        spans.freeze(10 * i + 10)
        spans.taken(spans.live, [10 * i + 10], 10 * i + 10)
        spans.done(10 * i + 10)
    assert len(spans.past) <= MOST_SPANS
    assert all(inside(spans.ranges(), 10 * i + k) for i in range(200) for k in range(2, 10))


def test_reopening_owes_from_there_on() -> None:
    spans = PrioritySpans([(5, 8)], live_from=30)
    assert spans.reopen(7)
    assert spans.ranges() == [(5, 29), (30, FOR_EVER)]
    assert not spans.reopen(30)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20))), st.integers(0, 100))
def test_gaps_are_what_is_in_no_range(pairs: list[tuple[int, int]], upto: int) -> None:
    ranges = [(lo, lo + more) for lo, more in pairs]
    outside = {seq for lo, hi in gaps(ranges, upto) for seq in range(lo, hi + 1)}
    assert outside == {seq for seq in range(1, upto + 1) if not inside(ranges, seq)}
    assert all(a[1] + 1 < b[0] for a, b in pairwise(union(ranges)))
