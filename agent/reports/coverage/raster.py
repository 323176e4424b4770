"""A rectangle of square cells, some of them set: filled by rows, split into patches, each with its outline."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

Corner = tuple[int, int]


class Span(NamedTuple):
    """Cells of one row, from the first to the last."""

    row: int
    first: int
    last: int


class Raster:
    """Cells from (west, south) on, row by row in `cells`, a byte each: filled and counted at the speed of memory."""

    def __init__(self, west: int, south: int, columns: int, rows: int, cells: bytes | None = None) -> None:
        self.west, self.south, self.columns, self.rows = west, south, columns, rows
        self.cells = bytearray(columns * rows) if cells is None else bytearray(cells)

    def __len__(self) -> int:
        return self.cells.count(1)

    def _place(self, row: int, first: int, last: int) -> tuple[int, int]:
        """Where the part of a span that lies inside begins and ends; nothing lies between where none does."""
        row -= self.south
        if not 0 <= row < self.rows:
            return 0, 0
        first -= self.west
        end = last - self.west + 1
        first, end = max(0, first), min(self.columns, end)
        at = row * self.columns
        return (at + first, at + end) if first < end else (0, 0)

    def fill(self, spans: Iterable[tuple[int, int, int]]) -> None:
        """Set every cell of these: (row, first, last)."""
        cells, ones = self.cells, b"\1" * self.columns
        for span in spans:
            first, end = self._place(*span)
            cells[first:end] = ones[: end - first]

    def count(self, spans: Iterable[tuple[int, int, int]]) -> int:
        """How many cells of these are set."""
        return sum(self.cells.count(1, *self._place(*span)) for span in spans)

    def without(self, other: "Raster") -> "Raster":
        """What is set here and not in `other`, which has the same cells."""
        mine, its = int.from_bytes(self.cells, "little"), int.from_bytes(other.cells, "little")
        left = (mine & ~its).to_bytes(len(self.cells), "little")
        return Raster(self.west, self.south, self.columns, self.rows, left)

    def runs(self, row: int) -> list[Span]:
        """The set cells of a row."""
        found = []
        at, end = (row - self.south) * self.columns, (row - self.south + 1) * self.columns
        begin = at
        while (first := self.cells.find(1, at, end)) >= 0:
            at = self.cells.find(0, first, end)
            at = end if at < 0 else at
            found.append(Span(row, first - begin + self.west, at - 1 - begin + self.west))
        return found


def patches(raster: Raster) -> list[list[Span]]:
    """What hangs together by an edge, largest first; each by rising row."""
    above: list[int] = []
    spans: list[Span] = []
    roots: list[int] = []

    def root(at: int) -> int:
        while roots[at] != at:
            roots[at] = at = roots[roots[at]]
        return at

    for row in range(raster.south, raster.south + raster.rows):
        below, above = above, []
        at = 0
        for span in raster.runs(row):
            mine = len(spans)
            spans.append(span)
            roots.append(mine)
            above.append(mine)
            while at < len(below) and spans[below[at]].last < span.first:
                at += 1
            touching = at
            while touching < len(below) and spans[below[touching]].first <= span.last:
                roots[root(below[touching])] = root(mine)
                touching += 1
    found: dict[int, list[Span]] = {}
    for at, span in enumerate(spans):
        found.setdefault(root(at), []).append(span)
    return sorted(found.values(), key=area, reverse=True)


def area(patch: Iterable[Span]) -> int:
    """Its cells."""
    return sum(span.last - span.first + 1 for span in patch)


def outline(patch: list[Span]) -> list[list[Corner]]:
    """The rings around a patch in cell corners, closed, without corners on straight runs; the outer one first."""
    after: dict[Corner, list[Corner]] = {}
    for start, end in _edges(patch):
        after.setdefault(start, []).append(end)
    rings = []
    while after:
        start = here = next(iter(after))
        ring = [start]
        came = (0, 0)
        while True:
            ways = after[here]
            # where two corners touch, turn left: rings then never cross themselves
            way = max(ways, key=lambda to: came[0] * (to[1] - here[1]) - came[1] * (to[0] - here[0]))
            ways.remove(way)
            if not ways:
                del after[here]
            came = (way[0] - here[0], way[1] - here[1])
            here = way
            if here == start:
                break
            ring.append(here)
        rings.append(_straight(ring))
    rings.sort(key=lambda ring: -_area2(ring))
    return [[*ring, ring[0]] for ring in rings]


def _edges(patch: list[Span]) -> Iterator[tuple[Corner, Corner]]:
    """Every outer edge with the patch on its left: the ends of each run, and what of it no run lies above or below."""
    rows: dict[int, list[Span]] = {}
    for span in patch:
        rows.setdefault(span.row, []).append(span)
    for row, runs in rows.items():
        for run in runs:
            yield (run.first, row + 1), (run.first, row)
            yield (run.last + 1, row), (run.last + 1, row + 1)
            for first, end in _free(run, rows.get(row - 1, ())):
                yield (first, row), (end, row)
            for first, end in _free(run, rows.get(row + 1, ())):
                yield (end, row + 1), (first, row + 1)


def _free(run: Span, beside: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """The stretches of a run, as corners, that no run of the row beside touches."""
    at = run.first
    for other in beside:
        if other.last < at:
            continue
        if other.first > run.last:
            break
        if other.first > at:
            yield at, other.first
        at = other.last + 1
    if at <= run.last:
        yield at, run.last + 1


def _straight(ring: list[Corner]) -> list[Corner]:
    """Drop corners that lie on a straight run."""
    return [p for i, p in enumerate(ring) if turn(ring[i - 1], p, ring[(i + 1) % len(ring)]) != 0]


def _area2(ring: list[Corner]) -> int:
    """Twice the signed area; positive for anticlockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))


def turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """Above 0 where the way from a over b to c turns left, below where it turns right."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
