"""A small map in braille dots and letters: nests, aircraft with their tracks, targets, hydrants. North is up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from agent.cli import nests
from agent.cli.terminal import fit, paint
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Place = Sequence[float]  # lon, lat

LEAST_WIDTH, LEAST_HEIGHT = 20, 5
NEAR_M = 600.0
"""Hydrants at least this far from what flies are shown; a whole district would leave the flight a dot."""
FAR_M = 20_000.0
"""An aircraft that says it is farther away than this has no fix yet."""
_M_PER_DEGREE = 111_195.0  # of a meridian, on a sphere of 6371 km
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # by column, from the top down
_WORKS, _WORKS_NOT = ("⠶", "o"), ("⠒", "-")  # braille, ASCII


def town_map(
    frame: Mapping[str, Any],
    tracks: Mapping[str, Sequence[Place]],
    width: int,
    height: int,
    *,
    colour: bool,
    ascii_only: bool,
) -> list[str]:
    """`height` lines of `width` cells, the last one the legend with a scale; none where it would not be readable."""
    found = frame.get("nests", [])
    if not found or width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return []
    plane = _Plane(found[0]["place"])
    flown = [plane.metres(place) for one in found for place in _places(one, plane)]
    reach = max(NEAR_M, *(1.2 * math.hypot(*point) for point in flown))
    water = [
        (point, state in ("ok", "warning"))
        for place, state in zip(frame.get("places", []), frame["states"], strict=False)
        if place is not None and math.hypot(*(point := plane.metres(place))) <= reach
    ]
    sheet = _Sheet([*flown, *(point for point, _works in water)], width, height - 1)
    for track in tracks.values():
        sheet.line([plane.metres(place) for place in track])
    for point, works in water:
        sign = (_WORKS if works else _WORKS_NOT)[ascii_only]
        sheet.letter(point, sign, "good" if works else "alarm")
    for one in found:
        _put_nest(one, plane, sheet)
    return [*sheet.lines(colour, ascii_only), _legend(sheet.m_per_dot, width, colour, ascii_only)]


def _places(one: Mapping[str, Any], plane: _Plane) -> Iterable[Place]:
    yield one["place"]
    if one["target"] is not None:
        yield one["target"]
    if (craft := _craft(one, plane)) is not None:
        yield craft


def _craft(one: Mapping[str, Any], plane: _Plane) -> Place | None:
    lon, lat = one["aircraft"]["lon"], one["aircraft"]["lat"]
    if lon is None or lat is None or math.hypot(*plane.metres((lon, lat))) > FAR_M:
        return None
    return lon, lat


def _put_nest(one: dict[str, Any], plane: _Plane, sheet: _Sheet) -> None:
    if one["target"] is not None:
        sheet.letter(plane.metres(one["target"]), "X", "alarm")
    craft = _craft(one, plane)
    if craft is not None and not nests.in_air(one["aircraft"]):
        sheet.letter(plane.metres(craft), "A", "warning")
    sheet.letter(plane.metres(one["place"]), "N", "bold")
    if craft is not None and nests.in_air(one["aircraft"]):
        sheet.letter(plane.metres(craft), "A", "warning")


class _Plane:
    """Metres east and north of a place; good to a part in a thousand within a fire district."""

    def __init__(self, origin: Place) -> None:
        self._lon, self._lat = origin
        self._east = _M_PER_DEGREE * math.cos(math.radians(self._lat))

    def metres(self, place: Place) -> tuple[float, float]:
        return (place[0] - self._lon) * self._east, (place[1] - self._lat) * _M_PER_DEGREE


class _Sheet:
    """Cells of 2 × 4 dots that hold all of `points`."""

    def __init__(self, points: Sequence[tuple[float, float]], width: int, height: int) -> None:
        self._width, self._height = width, height
        east, north = [x for x, _y in points], [y for _x, y in points]
        self._middle = (min(east) + max(east)) / 2, (min(north) + max(north)) / 2
        across, along = 2 * width - 6, 4 * height - 8  # a letter at the edge is still within
        self.m_per_dot = max((max(east) - min(east)) / across, (max(north) - min(north)) / max(along, 4), 0.5)
        self._dots: dict[tuple[int, int], int] = {}
        self._letters: dict[tuple[int, int], tuple[str, str]] = {}

    def line(self, points: Sequence[tuple[float, float]]) -> None:
        """Dots along the way through `points`; what lies outside is left out."""
        dots = [self._dot(point) for point in points]
        for (x0, y0), (x1, y1) in pairwise(dots):
            steps = min(max(abs(x1 - x0), abs(y1 - y0), 1), 4 * self._width)
            for step in range(steps + 1):
                self._set(x0 + round((x1 - x0) * step / steps), y0 + round((y1 - y0) * step / steps))

    def letter(self, point: tuple[float, float], sign: str, style: str) -> None:
        """A sign in the cell of `point`, over whatever was there."""
        x, y = self._dot(point)
        self._letters[x // 2, y // 4] = sign, style

    def lines(self, colour: bool, ascii_only: bool) -> list[str]:
        """The cells from the top."""
        return [
            "".join(self._cell(column, row, colour, ascii_only) for column in range(self._width))
            for row in range(self._height)
        ]

    def _cell(self, column: int, row: int, colour: bool, ascii_only: bool) -> str:
        if found := self._letters.get((column, row)):
            return paint(*found, colour)
        dots = self._dots.get((column, row), 0)
        return " " if not dots else "." if ascii_only else chr(0x2800 + dots)

    def _dot(self, point: tuple[float, float]) -> tuple[int, int]:
        east, north = (point[0] - self._middle[0]) / self.m_per_dot, (point[1] - self._middle[1]) / self.m_per_dot
        return round(self._width + east), round(2 * self._height - north)

    def _set(self, x: int, y: int) -> None:
        if 0 <= x < 2 * self._width and 0 <= y < 4 * self._height:
            at = x // 2, y // 4
            self._dots[at] = self._dots.get(at, 0) | _BITS[x % 2][y % 4]


def _legend(m_per_dot: float, width: int, colour: bool, ascii_only: bool) -> str:
    m_per_cell = 2 * m_per_dot
    ten = 10.0 ** math.floor(math.log10(m_per_cell * width / 4))
    length = max(step * ten for step in (1, 2, 5) if step == 1 or step * ten <= m_per_cell * width / 4)
    bar = "|" + "-" * max(round(length / m_per_cell) - 2, 0) + "|"
    far = f"{length:.0f} m" if length < 2000 else f"{length / 1000:.0f} km"
    letters = _("north is up  N nest  A aircraft  X target")
    signs = f"{_WORKS[ascii_only]} {_('in order')}  {_WORKS_NOT[ascii_only]} {_('not in order')}"
    return paint(fit(f" {bar} {far}  {letters}  {signs}", width), "dim", colour)
