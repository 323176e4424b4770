"""Ground heights from HGT tiles (SRTM and its likes): one degree each, metres as big-endian words, north row first.

Only differences between two places count, so the vertical datum is the tile's own.
"""

import array
import itertools
import math
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from drivers.drone.geometry import METRES_PER_DEGREE, Place
from protocols.errors import Reasoned

NAME = re.compile(r"([NS])(\d{2})([EW])(\d{3})\.hgt", re.IGNORECASE)
SIDES = {2 * side * side: side for side in (1201, 3601)}
"""Bytes of a file, and its cells a side."""
VOID = -32768
STEP_M = 30.0


class BadTerrain(Reasoned, ValueError):
    """A file that is no tile."""


class _Window(NamedTuple):
    """Part of one tile: `rows` from the north, the first at `north` cells from the tile's top, each from `west`."""

    top: float  # latitude of the tile's north edge
    left: float  # longitude of its west edge
    cells: int  # a degree
    north: int
    west: int
    rows: list["array.array[int]"]


class Over(NamedTuple):
    """Metres above the ground along a way: least and most. NaN: of part of it nobody knows the ground."""

    least_m: float
    most_m: float


class Terrain:
    """The ground round one place, kept in memory."""

    def __init__(self, windows: Sequence[_Window]) -> None:
        self._windows = tuple(windows)

    def ground_m(self, place: Place) -> float:
        """Between the four heights round it; NaN where one of them is not known."""
        for window in self._windows:
            row = (window.top - place.lat) * window.cells - window.north
            column = (place.lon - window.left) * window.cells - window.west
            if 0 <= row < len(window.rows) - 1 and 0 <= column < len(window.rows[0]) - 1:
                south, east = math.floor(row), math.floor(column)
                down, right = row - south, column - east
                four = [window.rows[south + n][east + e] for n in (0, 1) for e in (0, 1)]
                if VOID in four:
                    return math.nan
                upper = four[0] * (1 - right) + four[1] * right
                return upper * (1 - down) + (four[2] * (1 - right) + four[3] * right) * down
        return math.nan

    def over(self, pad: Place, way: Sequence[Place], height_m: float) -> Over:
        """Above the ground along `way` from place to place, flown `height_m` above `pad`."""
        level_m = self.ground_m(pad) + height_m
        heights = [level_m - self.ground_m(place) for place in _along(way)]
        if any(map(math.isnan, heights)):
            return Over(math.nan, math.nan)
        return Over(min(heights), max(heights))


def _along(way: Sequence[Place]) -> Iterator[Place]:
    yield way[0]
    for here, there in itertools.pairwise(way):
        steps = max(1, math.ceil(here.distance(there) / STEP_M))
        north, east = here.to(there)
        for step in range(1, steps + 1):
            yield here.moved(north * step / steps, east * step / steps)


def read(files: Sequence[Path], centre: Place, within_m: float) -> Terrain:
    """What these tiles hold within so many metres. Reads files: not for a loop. OSError, BadTerrain."""
    return Terrain([window for file in files if (window := _window(file, centre, within_m)) is not None])


def _window(file: Path, centre: Place, within_m: float) -> _Window | None:
    named = NAME.fullmatch(file.name)
    side = SIDES.get(file.stat().st_size)
    if named is None or side is None:
        raise BadTerrain("terrain.no_tile", file=str(file))
    bottom = int(named[2]) * (1 if named[1].upper() == "N" else -1)
    left = int(named[4]) * (1 if named[3].upper() == "E" else -1)
    cells = side - 1
    up, aside = within_m / METRES_PER_DEGREE, within_m / METRES_PER_DEGREE / math.cos(math.radians(centre.lat))
    north, south = (max(0, math.floor((bottom + 1 - centre.lat - up) * cells)),
                    min(cells, math.ceil((bottom + 1 - centre.lat + up) * cells)))  # fmt: skip
    west, east = (max(0, math.floor((centre.lon - aside - left) * cells)),
                  min(cells, math.ceil((centre.lon + aside - left) * cells)))  # fmt: skip
    if north >= south or west >= east:
        return None
    rows = []
    with file.open("rb") as tile:
        for row in range(north, south + 1):
            tile.seek(2 * (row * side + west))
            values = array.array("h", tile.read(2 * (east - west + 1)))
            if sys.byteorder == "little":
                values.byteswap()
            rows.append(values)
    return _Window(bottom + 1.0, float(left), cells, north, west, rows)
