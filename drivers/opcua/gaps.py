"""What was missed, per watched value: open spans of source time that only the server's history can fill. Pure."""

from dataclasses import dataclass, field
from typing import Final

MOST_TICKS: Final = 24 * 3600 * 10_000_000  # a gap is asked for at most this far back
MOST_SPANS: Final = 8  # per handle; with more, the oldest is given up


Kept = list[tuple[int, int, list[int]]]
"""A point's spans as they are kept over a restart: after, before (0 while it is open), the moments that came."""


@dataclass(slots=True)
class Span:
    """Whatever has after < time < before is missing; `got` are moments inside that arrived another way."""

    after: int
    before: int
    got: frozenset[int] = frozenset()


@dataclass(slots=True)
class Gaps:
    """The missing spans of every handle, oldest first. `given_up` counts spans not asked for, whole or in part.

    A connection that begins opens a span for every handle at the last value known; the handle's first live value ends
    it. A connection that dies in between leaves it open: nothing is forgotten, whatever dies when.
    """

    spans: dict[int, list[Span]] = field(default_factory=dict)
    opened: dict[int, tuple[int, set[int]]] = field(default_factory=dict)  # handle → (after, moments that came)
    given_up: int = 0
    changed: set[int] = field(default_factory=set)  # handles whose `kept` is another than when this was last emptied

    def kept(self, handle: int) -> Kept:
        """What a later life needs to know of this handle; empty where nothing is missing."""
        spans = [(span.after, span.before, sorted(span.got)) for span in self.spans.get(handle, ())]
        if handle in self.opened:
            after, got = self.opened[handle]
            spans.append((after, 0, sorted(got)))
        return spans

    def resume(self, handle: int, kept: Kept) -> None:
        """Go on with what an earlier life had not finished."""
        for after, before, got in kept:
            if before:
                self.spans.setdefault(handle, []).append(Span(after, before, frozenset(got)))
            else:
                self.opened[handle] = after, set(got)

    def open(self, handle: int, after: int) -> None:
        """What follows `after` may be missing, until `end` says otherwise."""
        if handle not in self.opened:
            self.opened[handle] = after, set()
            self.changed.add(handle)

    def came(self, handle: int, ticks: int) -> None:
        """A value of this moment was read while the span is open."""
        if handle in self.opened:
            self.opened[handle][1].add(ticks)
            self.changed.add(handle)

    def end(self, handle: int, before: int) -> None:
        """From `before` on the handle is live again."""
        if handle in self.opened:
            after, got = self.opened.pop(handle)
            self.changed.add(handle)
            self.missed(handle, after, before, frozenset(got))

    def missed(self, handle: int, after: int, before: int, got: frozenset[int] = frozenset()) -> None:
        """Values of `handle` strictly between two known moments may be missing."""
        if before - after > MOST_TICKS:
            after = before - MOST_TICKS
            self.given_up += 1
        if before - after <= 1:
            return
        self.changed.add(handle)
        spans = self.spans.setdefault(handle, [])
        spans.append(Span(after, before, got))
        if len(spans) > MOST_SPANS:
            del spans[0]
            self.given_up += 1

    def window(self, handles: list[int]) -> tuple[int, int] | None:
        """The earliest and latest moment missing of these handles; None when nothing is."""
        wanted = [span for handle in handles for span in self.spans.get(handle, ())]
        if not wanted:
            return None
        return min(span.after for span in wanted), max(span.before for span in wanted)

    def fill(self, handle: int, ticks: int) -> bool:
        """A historic value arrived, oldest first: True when it was missing; it and what is older no longer are."""
        for span in self.spans.get(handle, ()):
            if span.after < ticks < span.before:
                span.after = ticks
                self.changed.add(handle)
                return ticks not in span.got
        return False

    def close(self, handle: int, told_until: int) -> None:
        """The server has told all it knows of this handle up to that moment; spans that go on later stay."""
        self.changed.add(handle)
        later = [span for span in self.spans.get(handle, ()) if span.before > told_until]
        if later:
            self.spans[handle] = later
        else:
            self.spans.pop(handle, None)

    def forget(self, handle: int) -> None:
        """Nothing is to be asked for this handle, open span included."""
        spans, opened = self.spans.pop(handle, None), self.opened.pop(handle, None)
        if spans or opened:
            self.changed.add(handle)
