"""What ground lies within reach of a working hydrant, and where it does not.

Worked on a square raster in a local plane (equirectangular about the middle: 0.1 % over 50 km). The cell is as
fine as `MOST_CELLS` allows, 5 m at best; areas are right to about a cell's width along every edge.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, cos, floor, radians, sqrt
from typing import Any

from agent.judge.near import SERVICEABLE, AssetStatus
from agent.judge.place import EARTH_M

MOST_CELLS = 400_000
FINEST_M = 5.0
Cell = tuple[int, int]
Point = tuple[float, float]


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

    def geojson(self) -> dict[str, Any]:
        """The gaps as GeoJSON (RFC 7946), largest first."""
        features = [
            {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [[list(p) for p in ring] for ring in rings]},
                "properties": {"area_m2": round(area)},
            }
            for rings, area in zip(self.gaps, self.gap_areas_m2, strict=True)
        ]
        return {"type": "FeatureCollection", "features": features}


def cover(standings: Iterable[AssetStatus], radius_m: float, area: Sequence[Point] | None = None) -> Coverage:
    """How much of `area` (a ring of lon/lat) lies within `radius_m` of a serviceable hydrant or fill stand.

    Without an area it is the ground around all hydrants, working or not: their convex hull and `radius_m` more.
    ValueError without any hydrant, or with an area of fewer than three corners.
    """
    hydrants = [s for s in standings if s.kind != "water_point"]
    if not hydrants:
        raise ValueError("there is no hydrant with a place: nothing can be covered")
    if area is not None and len(set(area)) < 3:
        raise ValueError("an area needs at least three corners")
    everything = [(s.lon, s.lat) for s in hydrants] + list(area or ())
    plane = Plane.about(everything, radius_m + 10)
    at = {s.id: plane.to(s.lon, s.lat) for s in hydrants}
    ring = [plane.to(*p) for p in area] if area is not None else _hull(list(at.values()))
    grow = 0.0 if area is not None else radius_m
    width = max(x for x, _ in ring) - min(x for x, _ in ring) + 2 * grow
    height = max(y for _, y in ring) - min(y for _, y in ring) + 2 * grow
    cell = max(FINEST_M, sqrt(width * height / MOST_CELLS))
    wanted = _inside(ring, grow, cell)
    covered: set[Cell] = set()
    for s in hydrants:
        if s.state == SERVICEABLE:
            covered.update(_disc(at[s.id], radius_m, cell))
    missing = wanted - covered
    wins = {
        s.id: sum(c in missing for c in _disc(at[s.id], radius_m, cell)) * cell * cell
        for s in hydrants
        if s.state != SERVICEABLE
    }
    patches = sorted(_patches(missing), key=len, reverse=True)
    return Coverage(
        radius_m,
        cell,
        len(wanted) * cell * cell,
        (len(wanted) - len(missing)) * cell * cell,
        tuple(tuple(tuple(plane.back(x * cell, y * cell) for x, y in r) for r in _outline(patch)) for patch in patches),
        tuple(len(patch) * cell * cell for patch in patches),
        dict(sorted(wins.items(), key=lambda item: -item[1])),
    )


def _disc(centre: Point, radius: float, cell: float) -> Iterator[Cell]:
    """Cells whose middle lies within the disc."""
    x, y = centre
    for row in range(floor((y - radius) / cell), ceil((y + radius) / cell) + 1):
        reach2 = radius * radius - ((row + 0.5) * cell - y) ** 2
        if reach2 >= 0:
            reach = sqrt(reach2)
            for column in range(ceil((x - reach) / cell - 0.5), floor((x + reach) / cell - 0.5) + 1):
                yield column, row


def _hull(points: list[Point]) -> list[Point]:
    """Convex hull, anticlockwise (Andrew's monotone chain); one or two points stay as they are."""
    points = sorted(set(points))
    if len(points) <= 2:
        return points

    def half(ordered: Iterable[Point]) -> list[Point]:
        chain: list[Point] = []
        for p in ordered:
            while len(chain) >= 2 and _turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        return chain[:-1]

    return half(points) + half(reversed(points))


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _inside(ring: Sequence[Point], grow: float, cell: float) -> set[Cell]:
    """Cells whose middle lies in the ring (even-odd) or within `grow` of it."""
    found: set[Cell] = set()
    bottom = floor((min(y for _, y in ring) - grow) / cell)
    top = ceil((max(y for _, y in ring) + grow) / cell)
    edges = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    for row in range(bottom, top + 1):
        y = (row + 0.5) * cell
        crossings = sorted(
            x1 + (y - y1) / (y2 - y1) * (x2 - x1) for (x1, y1), (x2, y2) in edges if (y1 <= y) != (y2 <= y)
        )
        for left, right in zip(crossings[::2], crossings[1::2], strict=True):
            found.update((c, row) for c in range(ceil(left / cell - 0.5), floor(right / cell - 0.5) + 1))
    if grow > 0:
        for (x1, y1), (x2, y2) in edges:
            # discs an eighth of their radius apart: their union's edge waves by 0.2 % of the radius
            steps = max(1, ceil(sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2) / (grow / 8)))
            for i in range(steps + 1):
                found.update(_disc((x1 + (x2 - x1) * i / steps, y1 + (y2 - y1) * i / steps), grow, cell))
    return found


def _patches(cells: set[Cell]) -> Iterator[set[Cell]]:
    """Groups of cells that hang together by an edge."""
    left = set(cells)
    while left:
        seed = left.pop()
        patch, edge = {seed}, [seed]
        while edge:
            x, y = edge.pop()
            for near in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
                if near in left:
                    left.remove(near)
                    patch.add(near)
                    edge.append(near)
        yield patch


def _outline(patch: set[Cell]) -> list[list[tuple[int, int]]]:
    """The rings around a patch in cell corners, closed, without corners on straight runs; the outer one first."""
    after: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for x, y in patch:  # each outer edge with the patch on its left
        for beside, start, end in (
            ((x, y - 1), (x, y), (x + 1, y)),
            ((x + 1, y), (x + 1, y), (x + 1, y + 1)),
            ((x, y + 1), (x + 1, y + 1), (x, y + 1)),
            ((x - 1, y), (x, y + 1), (x, y)),
        ):
            if beside not in patch:
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


def _straight(ring: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Drop corners that lie on a straight run."""
    return [p for i, p in enumerate(ring) if _turn(ring[i - 1], p, ring[(i + 1) % len(ring)]) != 0]


def _area2(ring: Sequence[tuple[int, int]]) -> int:
    """Twice the signed area; positive for anticlockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))
