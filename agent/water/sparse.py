"""A symmetric, sparse system solved by L·D·Lᵀ: its pattern is worked out once, its numbers as often as wanted.

In plain Python on purpose (docs/decisions/0290): a town's network of some thousand nodes takes tens of milliseconds.
"""

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush


class Pattern:
    """Which entries there are, and the order in which unknowns are eliminated (least degree first)."""

    __slots__ = ("_fills", "entries", "place", "rows", "size", "slots", "starts")

    def __init__(self, size: int, pairs: Iterable[tuple[int, int]]) -> None:
        """`pairs` are the entries beside the diagonal, in any order, repeated or not."""
        self.size = size
        near: list[set[int]] = [set() for _ in range(size)]
        for i, j in pairs:
            if i != j:
                near[i].add(j)
                near[j].add(i)
        wanted = [(i, j) for i in range(size) for j in near[i] if i < j]
        order, later = _eliminated(near)
        self.place = [0] * size
        for position, unknown in enumerate(order):
            self.place[unknown] = position
        self.rows = [tuple(sorted(self.place[j] for j in later[unknown])) for unknown in order]
        self.starts = [0]
        slot_of: list[dict[int, int]] = []
        for rows in self.rows:
            first = self.starts[-1]
            slot_of.append({row: first + n for n, row in enumerate(rows)})
            self.starts.append(first + len(rows))
        self.entries = self.starts[-1]
        self._fills = [
            [[slot_of[row][below] for below in rows[n + 1 :]] for n, row in enumerate(rows)] for rows in self.rows
        ]
        self.slots: dict[tuple[int, int], int] = {}
        """(i, j) → where its number goes, i < j."""
        for i, j in wanted:
            first, last = sorted((self.place[i], self.place[j]))
            self.slots[i, j] = slot_of[first][last]

    def factor(self, diagonal: Sequence[float], beside: list[float]) -> "Factor":
        """The factors of these numbers: `diagonal` by unknown, `beside` by slot (used up)."""
        size, starts, all_rows, all_fills = self.size, self.starts, self.rows, self._fills
        pivots = [0.0] * size
        for unknown, position in enumerate(self.place):
            pivots[position] = diagonal[unknown]
        for k in range(size):
            first, last = starts[k], starts[k + 1]
            if first == last:
                continue
            column = beside[first:last]
            inverse = 1.0 / pivots[k]
            at = first
            rest = column[1:]
            for row, value, fills in zip(all_rows[k], column, all_fills[k], strict=True):
                if value:
                    share = value * inverse
                    pivots[row] -= share * value
                    for slot, other in zip(fills, rest, strict=True):
                        beside[slot] -= share * other
                    beside[at] = share
                at += 1
                del rest[:1]
        return Factor(self, [1.0 / pivot for pivot in pivots], beside)


class Factor:
    """Solves for as many right-hand sides as there are."""

    __slots__ = ("_inverses", "_pattern", "_shares")

    def __init__(self, pattern: Pattern, inverses: list[float], shares: list[float]) -> None:
        self._pattern = pattern
        self._inverses = inverses
        self._shares = shares

    def solve(self, right: Sequence[float]) -> list[float]:
        """The unknowns, in the order they were numbered in."""
        pattern, shares = self._pattern, self._shares
        place, starts, all_rows = pattern.place, pattern.starts, pattern.rows
        found = [0.0] * pattern.size
        for unknown, position in enumerate(place):
            found[position] = right[unknown]
        for k, rows in enumerate(all_rows):
            value = found[k]
            if value:
                for row, share in zip(rows, shares[starts[k] : starts[k + 1]], strict=True):
                    found[row] -= share * value
        inverses = self._inverses
        for k in range(pattern.size - 1, -1, -1):
            value = found[k] * inverses[k]
            for row, share in zip(all_rows[k], shares[starts[k] : starts[k + 1]], strict=True):
                value -= share * found[row]
            found[k] = value
        return [found[position] for position in place]


def _eliminated(near: list[set[int]]) -> tuple[list[int], list[set[int]]]:
    """The unknowns in the order of least degree, and of each what it is still joined to when it goes."""
    waiting = [(len(joined), unknown) for unknown, joined in enumerate(near)]
    heapify(waiting)
    order: list[int] = []
    later: list[set[int]] = [set() for _ in near]
    gone = [False] * len(near)
    while waiting:
        degree, unknown = heappop(waiting)
        if gone[unknown] or degree != len(near[unknown]):
            continue
        gone[unknown] = True
        order.append(unknown)
        joined = later[unknown] = near[unknown]
        for other in joined:
            beside = near[other]
            beside |= joined
            beside -= {other, unknown}
            heappush(waiting, (len(beside), other))
    return order, later
