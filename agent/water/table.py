"""What was worked out beforehand of every hydrant of a network, on disk: answers must stand with everything else down.

`supply.lines`: a line of JSON that says what it is and where each cell of ground begins, then a line a cell, each in
an envelope. A question reads the cells it touches, some kilobytes, however large the city.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import cos, degrees, floor, radians
from pathlib import Path
from typing import Any, NamedTuple

from agent.runtime.envelope import enclosed, opened
from protocols.errors import Reasoned
from protocols.foreign_json import BadJson
from protocols.system import file_reason

FOLDER = "water"
FILE = "supply.lines"
KIND = "supply"
VERSION = 1
CELL_DEG = 0.005
"""About 500 m."""
LONGEST_HEAD = 8 << 20
LONGEST_LINE = 4 << 20
MOST_NAMES = 400_000
EARTH_M = 6_371_008.8


class BadTable(Reasoned):
    """The file is there and is not what it should be."""


class Given(NamedTuple):
    """What is given at 0.10 MPa, L/s together and each, and the deviation of the sum's logarithm."""

    l_s: float
    spread: float
    each: tuple[float, ...] = ()


class Group(NamedTuple):
    """Hydrants opened together, and what they give at each hour that was worked out."""

    ids: tuple[str, ...]
    given: tuple[Given, ...]


class Row(NamedTuple):
    """One hydrant: kPa at rest, what it gives alone, and (of some) what ever larger groups about it give."""

    id: str
    lon: float
    lat: float
    static_kpa: tuple[float, ...]
    alone: tuple[Given, ...]
    groups: tuple[Group, ...] = ()

    def as_json(self) -> list[Any]:
        """For keeping."""
        return [
            self.id, round(self.lon, 7), round(self.lat, 7), [round(kpa, 1) for kpa in self.static_kpa],
            [_kept(given) for given in self.alone],
            [[list(group.ids), [_kept(given) for given in group.given]] for group in self.groups],
        ]  # fmt: skip


class Moment(NamedTuple):
    """An hour between two that were worked out: `share` of the second."""

    first: int
    second: int
    share: float

    def of(self, values: Sequence[float]) -> float:
        """The value then."""
        return values[self.first] * (1.0 - self.share) + values[self.second] * self.share

    def given(self, all_given: Sequence[Given]) -> Given:
        """What is given then; of two spreads the wider."""
        a, b = all_given[self.first], all_given[self.second]
        each = tuple(x * (1.0 - self.share) + y * self.share for x, y in zip(a.each, b.each, strict=True))
        return Given(a.l_s * (1.0 - self.share) + b.l_s * self.share, max(a.spread, b.spread), each)


class Table(NamedTuple):
    """The rows about a place, and what the table says of itself. `moments` are by hour of the day."""

    rows: tuple[Row, ...]
    moments: tuple[Moment, ...]
    head: Mapping[str, Any]


def written(rows: Iterable[Row], moments: Iterable[Moment], head: Mapping[str, Any]) -> bytes:
    """The file."""
    import orjson

    cells: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        cells.setdefault(_cell(row.lon, row.lat), []).append(row)
    index: dict[str, list[int]] = {}
    lines: list[bytes] = []
    at = 0
    for (column, line), inside in sorted(cells.items()):
        text = enclosed(KIND, orjson.dumps({"rows": [row.as_json() for row in inside]})) + b"\n"
        index[f"{column},{line}"] = [at, len(text)]
        lines.append(text)
        at += len(text)
    first = {**head, "v": VERSION, "moments": [list(moment) for moment in moments], "cells": index}
    return enclosed(KIND, orjson.dumps(first)) + b"\n" + b"".join(lines)


def read(folder: Path, lon: float, lat: float, radius_m: float) -> Table | None:
    """The rows whose cells a circle touches; None where nothing was worked out. Raises BadTable. Blocking."""
    wanted = [f"{column},{line}" for column, line in _cells(lon, lat, radius_m)]
    return _read(folder, wanted)


def read_all(folder: Path) -> Table | None:
    """As `read`, every row."""
    return _read(folder, None)


def _read(folder: Path, wanted: Sequence[str] | None) -> Table | None:
    path = folder / FILE
    try:
        with path.open("rb") as file:
            line = file.readline(LONGEST_HEAD)
            head = opened(line, KIND, LONGEST_HEAD, MOST_NAMES)
            if head.pop("v", None) != VERSION:
                raise BadTable("file.other_version", file=str(path))
            index: dict[str, list[int]] = head.pop("cells")
            moments = tuple(Moment(int(a), int(b), float(share)) for a, b, share in head.pop("moments"))
            rows: list[Row] = []
            for cell in index if wanted is None else wanted:
                if (place := index.get(cell)) is not None:
                    file.seek(len(line) + int(place[0]))
                    content = file.read(min(int(place[1]), LONGEST_LINE))
                    rows += map(_row, opened(content, KIND, LONGEST_LINE, MOST_NAMES)["rows"])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadTable(file_reason(path, error)) from None
    except BadJson as wrong:
        raise BadTable("file.not_json", file=str(path), why=wrong.reason) from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        raise BadTable("file.other_version", file=str(path)) from None
    return Table(tuple(rows), moments, head)


def _kept(given: Given) -> list[Any]:
    return [round(given.l_s, 2), round(given.spread, 4), [round(one, 1) for one in given.each]]


def _given(kept: Sequence[Any]) -> Given:
    return Given(float(kept[0]), float(kept[1]), tuple(map(float, kept[2])))


def _row(kept: Sequence[Any]) -> Row:
    name, lon, lat, static, alone, groups = kept
    return Row(
        str(name),
        float(lon),
        float(lat),
        tuple(map(float, static)),
        tuple(map(_given, alone)),
        tuple(Group(tuple(map(str, ids)), tuple(map(_given, given))) for ids, given in groups),
    )


def _cell(lon: float, lat: float) -> tuple[int, int]:
    return floor(lon / CELL_DEG), floor(lat / CELL_DEG)


def _cells(lon: float, lat: float, radius_m: float) -> Iterator[tuple[int, int]]:
    up = degrees(radius_m / EARTH_M)
    wide = up / max(0.05, cos(radians(lat)))
    left, low = _cell(lon - wide, lat - up)
    right, high = _cell(lon + wide, lat + up)
    for column in range(left, right + 1):
        for line in range(low, high + 1):
            yield column, line
