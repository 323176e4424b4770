"""Which records of one lane an uplink has not confirmed: a few ranges of seq, and what is in flight. Pure."""

from bisect import insort
from collections.abc import Iterable

Range = tuple[int, int]
"""First and last seq, both included."""

FOR_EVER = (1 << 62) - 1  # the open end of the live span
MOST_SPANS = 48  # more than this many outages with progress in between are joined: repeats, never a hole


class Span:
    """One unsent range. `lo` is the smallest seq not confirmed, `cursor` the next to be taken; `hi` is included."""

    __slots__ = ("cursor", "hi", "lo", "out", "returned")

    def __init__(self, lo: int, hi: int = FOR_EVER) -> None:
        self.lo = lo
        self.hi = hi
        self.cursor = lo
        self.out: set[int] = set()
        self.returned: list[int] = []  # given back, ascending: taken again before anything after the cursor

    @property
    def spent(self) -> bool:
        """Nothing is left in it and nothing more can come."""
        return self.cursor > self.hi and not self.out and not self.returned

    def settle(self) -> bool:
        """Move `lo` to the smallest seq still owed; returns whether it moved."""
        lo = self.cursor
        if self.out:
            lo = min(lo, *self.out)
        if self.returned:
            lo = min(lo, self.returned[0])
        moved = lo != self.lo
        self.lo = lo
        return moved


class PrioritySpans:
    """The unsent ranges of one lane for one uplink: zero or more from past outages, then the live one, ascending.

    Invariant: every seq of this lane the far end has not confirmed lies inside a span.
    """

    def __init__(self, ranges: Iterable[Range] = (), live_from: int = 1) -> None:
        self.past = [Span(lo, hi) for lo, hi in ranges]
        self.live = Span(live_from)

    def ranges(self) -> list[Range]:
        """What is unsent, the live range last with `FOR_EVER` as its end. This is what is stored."""
        return [(span.lo, span.hi) for span in self.past] + [(self.live.lo, FOR_EVER)]

    def in_flight(self) -> list[int]:
        """Every seq taken and not yet confirmed."""
        return sorted(seq for span in (*self.past, self.live) for seq in span.out)

    def owner(self, seq: int) -> Span | None:
        """The span that holds this seq."""
        for span in self.past:
            if span.lo <= seq <= span.hi:
                return span
        return self.live if seq >= self.live.lo else None

    def holds(self, seq: int) -> bool:
        """Whether this seq was handed out and is not done."""
        span = self.owner(seq)
        return span is not None and (seq in span.out or seq in span.returned)

    def taken(self, span: Span, seqs: Iterable[int], upto: int) -> None:
        """These seqs of `span` were handed out; everything up to `upto` has been looked at."""
        for seq in seqs:
            span.out.add(seq)
            if span.returned and span.returned[0] == seq:
                span.returned.pop(0)
        span.cursor = max(span.cursor, upto + 1)

    def done(self, seq: int) -> bool:
        """Confirmed, parked or lost. Returns whether the stored ranges changed."""
        span = self.owner(seq)
        if span is None:
            return False
        span.out.discard(seq)
        if seq in span.returned:
            span.returned.remove(seq)
        moved = span.settle()
        if span is not self.live and span.spent:
            self.past.remove(span)
            return True
        return moved

    def exhausted(self, span: Span) -> bool:
        """Nothing more will be found in this past span: close it. Returns whether the stored ranges changed."""
        span.cursor = span.hi + 1
        moved = span.settle()
        if span.spent and span in self.past:
            self.past.remove(span)
            return True
        return moved

    def give_back(self, seq: int) -> None:
        """Not delivered: to be taken again first."""
        span = self.owner(seq)
        if span is not None and seq in span.out:
            span.out.discard(seq)
            insort(span.returned, seq)

    def rewind(self) -> None:
        """The connection was lost: everything taken is to be taken again."""
        for span in (*self.past, self.live):
            span.out.clear()
            span.returned.clear()
            span.cursor = span.lo

    def freeze(self, next_seq: int) -> bool:
        """Turn what is unsent of the live range into a past span; the present starts at `next_seq`."""
        self.rewind()
        if self.live.lo >= next_seq:
            return False
        last = self.past[-1] if self.past else None
        if last is not None and last.hi + 1 == self.live.lo:
            last.hi = next_seq - 1
        else:
            self.past.append(Span(self.live.lo, next_seq - 1))
        self.live = Span(next_seq)
        self._join()
        return True

    def reopen(self, first: int) -> bool:
        """Owe everything from `first` on once more, as past spans; the live range stays as it is."""
        if first >= self.live.lo:
            return False
        self.rewind()
        kept = [span for span in self.past if span.hi < first - 1]
        touched = [span.lo for span in self.past if span.hi >= first - 1]
        lo = min([first, *touched])
        self.past = [*kept, Span(lo, self.live.lo - 1)]
        return True

    def owe_again(self, first: int, last: int) -> bool:
        """Owe what lies between and in no span, as past spans. Returns whether anything is.

        What is confirmed inside a span that is not done yet, or finds no room for a span, is lacking still: who
        lacks it says so again.
        """
        at, last, new = first, min(last, self.live.lo - 1), list[Span]()
        for span in (*self.past, self.live):
            if at < span.lo and at <= last and len(self.past) + len(new) < MOST_SPANS:
                new.append(Span(at, min(last, span.lo - 1)))
            at = max(at, span.hi + 1)
        self.past = sorted([*self.past, *new], key=lambda span: span.lo)
        return bool(new)

    def _join(self) -> None:
        while len(self.past) > MOST_SPANS:
            gaps = [(b.lo - a.hi, i) for i, (a, b) in enumerate(zip(self.past, self.past[1:], strict=False))]
            _, i = min(gaps)
            joined = Span(self.past[i].lo, self.past[i + 1].hi)
            self.past[i : i + 2] = [joined]


def union(ranges: Iterable[Range]) -> list[Range]:
    """The same set of seqs as disjoint ascending ranges."""
    out: list[Range] = []
    for lo, hi in sorted(ranges):
        if out and lo <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], hi))
        else:
            out.append((lo, hi))
    return out


def gaps(ranges: Iterable[Range], upto: int) -> list[Range]:
    """What lies outside `ranges` from 1 to `upto`: seqs nobody waits for."""
    out: list[Range] = []
    at = 1
    for lo, hi in union(ranges):
        if lo > upto:
            break
        if lo > at:
            out.append((at, lo - 1))
        at = hi + 1
    if at <= upto:
        out.append((at, upto))
    return out


def inside(ranges: Iterable[Range], seq: int) -> bool:
    """Whether a seq lies in one of the ranges."""
    return any(lo <= seq <= hi for lo, hi in ranges)
