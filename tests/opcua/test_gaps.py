"""Back-fill book-keeping: every missed moment once, nothing that came live again, whatever the order of outages."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from drivers.opcua.gaps import MOST_SPANS, MOST_TICKS, Gaps, Kept

outages = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=MOST_SPANS)


@given(outages, st.data())
def test_each_missed_moment_is_filled_exactly_once(lengths: list[tuple[int, int]], data: st.DataObject) -> None:
    """The server kept every tick; live came in runs with gaps between; a lost epoch lets pieces come again."""
    gaps, now, live = Gaps(), 1, set[int]()
    for seen, missed in lengths:
        live |= set(range(now, now + seen))
        gaps.missed(1, now + seen - 1, now + seen + missed)
        now += seen + missed
    live.add(now)
    filled: list[int] = []
    for _ in range(data.draw(st.integers(1, 4))):
        window = gaps.window([1])
        if window is None:
            break
        stop = data.draw(st.integers(window[0], window[1]))  # the epoch ends in the middle
        filled += [tick for tick in range(window[0], stop + 1) if gaps.fill(1, tick)]
    window = gaps.window([1])
    assert window is not None
    filled += [tick for tick in range(window[0], window[1] + 1) if gaps.fill(1, tick)]
    assert len(filled) == len(set(filled))
    assert not set(filled) & live
    assert set(filled) | live == set(range(1, now + 1))


def test_a_connection_that_dies_at_once_forgets_nothing() -> None:
    """It read one value and died before it was told another: the next one's history still begins before the first."""
    gaps = Gaps()
    gaps.open(1, 10)
    gaps.came(1, 15)
    gaps.open(1, 15)  # the next connection: its last value is the one the dead one read
    gaps.came(1, 18)
    gaps.end(1, 20)
    assert [tick for tick in range(10, 21) if gaps.fill(1, tick)] == [11, 12, 13, 14, 16, 17, 19]
    gaps.end(1, 30)
    assert gaps.window([1]) == (19, 20)


def test_a_stranger_s_history_is_never_ours() -> None:
    gaps = Gaps()
    gaps.missed(1, 10, 20)
    gaps.open(1, 30)
    gaps.forget(1)
    gaps.end(1, 40)
    assert gaps.window([1]) is None


def test_what_was_read_on_its_way_in_is_not_repeated() -> None:
    gaps = Gaps()
    gaps.missed(1, 10, 20, frozenset({15}))
    assert [tick for tick in range(10, 21) if gaps.fill(1, tick)] == [11, 12, 13, 14, 16, 17, 18, 19]


def test_a_gap_is_asked_for_one_day_back_and_no_further() -> None:
    gaps = Gaps()
    gaps.missed(1, 0, MOST_TICKS * 3)
    assert gaps.window([1]) == (MOST_TICKS * 2, MOST_TICKS * 3)
    assert gaps.given_up == 1


def test_too_many_gaps_give_up_the_oldest() -> None:
    gaps = Gaps()
    for start in range(0, 100 * (MOST_SPANS + 2), 100):
        gaps.missed(1, start, start + 50)
    assert len(gaps.spans[1]) == MOST_SPANS
    assert gaps.given_up == 2
    assert not gaps.fill(1, 10)


def test_neighbours_leave_no_gap() -> None:
    gaps = Gaps()
    gaps.missed(1, 10, 11)
    assert gaps.window([1]) is None


def test_a_gap_that_opens_while_another_is_filled_is_kept() -> None:
    gaps = Gaps()
    gaps.missed(1, 10, 20)
    gaps.missed(1, 40, 50)
    gaps.close(1, 20)
    assert gaps.window([1]) == (40, 50)


MOVES = st.lists(
    st.tuples(st.sampled_from(["open", "came", "end", "missed", "fill", "close", "forget"]), st.integers(0, 2)),
    max_size=40,
)


@given(MOVES, st.integers(0, 40))
def test_a_later_life_goes_on_as_this_one_would_have(moves: list[tuple[str, int]], restart: int) -> None:
    """What changed is all a later life must be told, and with it every span stands as it did."""

    def move(gaps: Gaps, number: int, name: str, handle: int) -> None:
        ticks = 10 * number + 100
        match name:
            case "missed":
                gaps.missed(handle, ticks, ticks + 7, frozenset({ticks + 3}))
            case "forget":
                gaps.forget(handle)
            case _:
                getattr(gaps, name)(handle, ticks)

    whole, kept = Gaps(), dict[int, Kept]()
    for number, (name, handle) in enumerate(moves[:restart]):
        move(whole, number, name, handle)
        for changed in whole.changed:
            kept[changed] = orjson.loads(orjson.dumps(whole.kept(changed)))
        whole.changed.clear()
    later = Gaps(given_up=whole.given_up)
    for handle, spans in kept.items():
        later.resume(handle, spans)
    for number, (name, handle) in enumerate(moves[restart:], restart):
        move(whole, number, name, handle)
        move(later, number, name, handle)
    assert [later.kept(handle) for handle in range(3)] == [whole.kept(handle) for handle in range(3)]
