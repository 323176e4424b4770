"""What ground lies within reach of a working hydrant, and where it does not.

Worked on a square raster in a local plane (equirectangular about the middle: 0.1 % over 50 km). The cell is as
fine as `MOST_CELLS` allows, 5 m at best; areas are right to about a cell's width along every edge.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, cos, floor, radians, sqrt
from typing import Any

from agent.judge.near import SERVICEABLE, AssetStatus
from agent.judge.place import EARTH_M
from agent.reports.coverage.raster import Raster, outline, patches, turn
from agent.reports.coverage.raster import area as patch_area
from protocols.errors import Reasoned

MOST_CELLS = 400_000
FINEST_M = 5.0
MOST_SPANS = 5_000_000
"""Rows of discs: about a minute on a Pi."""
Point = tuple[float, float]


class NothingToCover(Reasoned, ValueError):
    """There is no ground to be covered, or nothing that could cover it."""


class TooMuch(Exception):
    """More hydrants with so wide a reach than are worked out; a reach of `radius_m` can be."""

    def __init__(self, hydrants: int, radius_m: float) -> None:
        super().__init__(hydrants, radius_m)
        self.hydrants, self.radius_m = hydrants, max(0.0, radius_m)


@dataclass(frozen=True, slots=True)
class Plane:
    """Metres east and north of a corner."""

    lon0: float
    lat0: float
    east_m: float  # metres per degree
    north_m: float

    @classmethod
    def about(cls, places: Iterable[Point], margin_m: float) -> "Plane":
        """A plane whose corner lies `margin_m` south-west of the south-west-most of the places."""
        lons, lats = zip(*places, strict=True)
        north = radians(1) * EARTH_M
        east = north * cos(radians((min(lats) + max(lats)) / 2))
        return cls(min(lons) - margin_m / east, min(lats) - margin_m / north, east, north)

    def to(self, lon: float, lat: float) -> Point:
        """Metres of a place."""
        return (lon - self.lon0) * self.east_m, (lat - self.lat0) * self.north_m

    def back(self, x: float, y: float) -> Point:
        """(lon, lat) of a point, to a centimetre."""
        return round(self.lon0 + x / self.east_m, 7), round(self.lat0 + y / self.north_m, 7)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Areas in m². `wins_m2` says how much each thing that does not work would add if it did, largest first."""

    radius_m: float
    cell_m: float
    area_m2: float
    covered_m2: float
    gaps: tuple[tuple[tuple[Point, ...], ...], ...]  # polygons of rings in lon/lat, outer ring first
    gap_areas_m2: tuple[float, ...]
    wins_m2: Mapping[str, float]

    @property
    def share(self) -> float | None:
        """Covered share of the area, 0…1."""
        return self.covered_m2 / self.area_m2 if self.area_m2 else None

    def features(self) -> Iterator[dict[str, Any]]:
        """The gaps as GeoJSON features (RFC 7946), largest first."""
        for rings, area in zip(self.gaps, self.gap_areas_m2, strict=True):
            yield {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [[list(p) for p in ring] for ring in rings]},
                "properties": {"area_m2": round(area)},
            }


def cover(
    standings: Iterable[AssetStatus],
    radius_m: float,
    area: Sequence[Point] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Coverage:
    """How much of `area` (a ring of lon/lat) lies within `radius_m` of a serviceable hydrant or fill stand.

    Without an area it is the ground around all hydrants, working or not: their convex hull and `radius_m` more.
    NothingToCover without any hydrant, or with an area of fewer than three corners; TooMuch.
    """
    hydrants = [s for s in standings if s.kind != "water_point"]
    if not hydrants:
        raise NothingToCover("coverage.no_hydrant")
    if area is not None and len(set(area)) < 3:
        raise NothingToCover("coverage.three_corners")
    everything = [(s.lon, s.lat) for s in hydrants] + list(area or ())
    plane = Plane.about(everything, radius_m + 10)
    at = {s.id: plane.to(s.lon, s.lat) for s in hydrants}
    ring = [plane.to(*p) for p in area] if area is not None else _hull(list(at.values()))
    grow = 0.0 if area is not None else radius_m
    wanted, cell = _wanted(ring, grow)
    spans = round(len(hydrants) * (2 * radius_m / cell + 2))
    if spans > MOST_SPANS:
        raise TooMuch(len(hydrants), (MOST_SPANS / len(hydrants) - 2) * cell / 2)
    covered = Raster(wanted.west, wanted.south, wanted.columns, wanted.rows)
    working = [s for s in hydrants if s.state == SERVICEABLE]
    broken = [s for s in hydrants if s.state != SERVICEABLE]
    for done, s in enumerate(working):
        covered.fill(_disc(at[s.id], radius_m, cell))
        progress(done, len(hydrants))
    missing = wanted.without(covered)
    wins = {}
    for done, s in enumerate(broken, len(working)):
        wins[s.id] = missing.count(_disc(at[s.id], radius_m, cell)) * cell * cell
        progress(done, len(hydrants))
    found = patches(missing)
    return Coverage(
        radius_m,
        cell,
        len(wanted) * cell * cell,
        (len(wanted) - len(missing)) * cell * cell,
        tuple(tuple(tuple(plane.back(x * cell, y * cell) for x, y in r) for r in outline(patch)) for patch in found),
        tuple(patch_area(patch) * cell * cell for patch in found),
        dict(sorted(wins.items(), key=lambda item: -item[1])),
    )


def _wanted(ring: Sequence[Point], grow: float) -> tuple[Raster, float]:
    """The cells of a ring and of `grow` around it, and how wide a cell is."""
    west, east = min(x for x, _ in ring) - grow, max(x for x, _ in ring) + grow
    south, north = min(y for _, y in ring) - grow, max(y for _, y in ring) + grow
    cell = max(FINEST_M, sqrt((east - west) * (north - south) / MOST_CELLS))
    column, row = floor(west / cell) - 1, floor(south / cell) - 1
    raster = Raster(column, row, ceil(east / cell) + 2 - column, ceil(north / cell) + 2 - row)
    edges = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    raster.fill(_inside(edges, range(row, row + raster.rows), cell))
    if grow > 0:
        for (x1, y1), (x2, y2) in edges:
            # discs an eighth of their radius apart: their union's edge waves by 0.2 % of the radius
            steps = max(1, ceil(sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2) / (grow / 8)))
            for i in range(steps + 1):
                raster.fill(_disc((x1 + (x2 - x1) * i / steps, y1 + (y2 - y1) * i / steps), grow, cell))
    return raster, cell


def _inside(edges: Sequence[tuple[Point, Point]], rows: Iterable[int], cell: float) -> Iterator[tuple[int, int, int]]:
    """Cells whose middle lies within the edges (even-odd)."""
    for row in rows:
        y = (row + 0.5) * cell
        crossings = sorted(
            x1 + (y - y1) / (y2 - y1) * (x2 - x1) for (x1, y1), (x2, y2) in edges if (y1 <= y) != (y2 <= y)
        )
        for left, right in zip(crossings[::2], crossings[1::2], strict=True):
            yield row, ceil(left / cell - 0.5), floor(right / cell - 0.5)


def _disc(centre: Point, radius: float, cell: float) -> Iterator[tuple[int, int, int]]:
    """Cells whose middle lies within the disc."""
    x, y = centre
    for row in range(floor((y - radius) / cell), ceil((y + radius) / cell) + 1):
        reach2 = radius * radius - ((row + 0.5) * cell - y) ** 2
        if reach2 >= 0:
            reach = sqrt(reach2)
            yield row, ceil((x - reach) / cell - 0.5), floor((x + reach) / cell - 0.5)


def _hull(points: list[Point]) -> list[Point]:
    """Convex hull, anticlockwise (Andrew's monotone chain); one or two points stay as they are."""
    points = sorted(set(points))
    if len(points) <= 2:
        return points

    def half(ordered: Iterable[Point]) -> list[Point]:
        chain: list[Point] = []
        for p in ordered:
            while len(chain) >= 2 and turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        return chain[:-1]

    return half(points) + half(reversed(points))
