"""Distances on the ground, and a grid that finds what is near without looking at everything."""

from collections.abc import Iterator, Sequence
from math import asin, atan2, cos, degrees, floor, radians, sin, sqrt
from typing import Generic, TypeVar

EARTH_M = 6_371_008.8
"""Mean radius (IUGG R1)."""

Thing = TypeVar("Thing")
FEW = 4
"""Of one cell: fewer make more cells to look at, more make more distances to work out."""


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Great-circle distance between two WGS 84 places; within 0.5 % of the ellipsoid's."""
    a = radians(lat1)
    b = radians(lat2)
    h = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(h)))


def bearing_deg(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Initial bearing from the first place to the second, 0 north, 90 east, below 360."""
    a, b, d = radians(lat1), radians(lat2), radians(lon2 - lon1)
    bearing = degrees(atan2(sin(d) * cos(b), cos(a) * sin(b) - sin(a) * cos(b) * cos(d))) % 360
    return 0.0 if bearing >= 360 else bearing


def fitting_cell_m(places: Sequence[tuple[float, float]], most_m: float) -> float:
    """At most `most_m`, and where (lon, lat) stand thick so little that a cell holds few of them."""
    step = degrees(most_m / EARTH_M)
    cells = {(floor(lon / step), floor(lat / step)) for lon, lat in places}
    return most_m * min(1.0, sqrt(FEW * len(cells) / max(len(places), 1)))


class Grid(Generic[Thing]):
    """Things by place, in cells of about `cell_m`. Finds the nearest first, ring by ring, without sorting the town."""

    def __init__(self, cell_m: float = 250.0) -> None:
        self._cell_deg = degrees(cell_m / EARTH_M)
        self._cells: dict[tuple[int, int], list[tuple[float, float, Thing]]] = {}
        self._rows: tuple[int, int] | None = None
        self._columns: tuple[int, int] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._cells.values()))

    def add(self, lon: float, lat: float, thing: Thing) -> None:
        """Put a thing at a place."""
        column, row = floor(lon / self._cell_deg), floor(lat / self._cell_deg)
        self._cells.setdefault((column, row), []).append((lon, lat, thing))
        self._rows = (row, row) if self._rows is None else (min(self._rows[0], row), max(self._rows[1], row))
        self._columns = (
            (column, column)
            if self._columns is None
            else (min(self._columns[0], column), max(self._columns[1], column))
        )

    def nearest(self, lon: float, lat: float, radius_m: float) -> Iterator[tuple[float, Thing]]:
        """(distance in metres, thing) within `radius_m`, nearest first; equals in the order they were added."""
        if self._rows is None or self._columns is None:
            return
        column, row = floor(lon / self._cell_deg), floor(lat / self._cell_deg)
        farthest = radians(self._cell_deg) * EARTH_M
        # a degree of longitude is shortest on the row farthest from the equator that the search can touch
        reach = min(89.0, abs(lat) + degrees(radius_m / EARTH_M))
        narrow = farthest * cos(radians(reach))
        last = max(
            abs(self._rows[0] - row),
            abs(self._rows[1] - row),
            abs(self._columns[0] - column),
            abs(self._columns[1] - column),
        )
        waiting: list[tuple[float, Thing]] = []
        ring = 0
        while ring <= last:
            if ring * ring > len(self._cells):  # four times as many cells as there are: look at all that are left
                waiting += [
                    (d, thing)
                    for (c, r), things in self._cells.items()
                    if max(abs(c - column), abs(r - row)) >= ring
                    for x, y, thing in things
                    if (d := distance_m(lon, lat, x, y)) <= radius_m
                ]
                waiting.sort(key=_by_distance)
                break
            for c, r in _ring(column, row, ring):
                for x, y, thing in self._cells.get((c, r), ()):
                    if (d := distance_m(lon, lat, x, y)) <= radius_m:
                        waiting.append((d, thing))
            sure = ring * narrow  # everything nearer than this lies in the rings looked at
            if waiting:
                waiting.sort(key=_by_distance)
                ready = 0
                while ready < len(waiting) and waiting[ready][0] <= sure:
                    ready += 1
                yield from waiting[:ready]
                del waiting[:ready]
            if sure > radius_m:
                break
            ring += 1
        yield from waiting


def _by_distance(found: tuple[float, Thing]) -> float:
    return found[0]


def _ring(column: int, row: int, ring: int) -> Iterator[tuple[int, int]]:
    """The cells whose larger offset is `ring`."""
    if ring == 0:
        yield column, row
        return
    for c in range(column - ring, column + ring + 1):
        yield c, row - ring
        yield c, row + ring
    for r in range(row - ring + 1, row + ring):
        yield column - ring, r
        yield column + ring, r
