"""The three datums of Chinese maps: WGS 84 (GNSS), GCJ-02 (every licensed map), BD-09 (Baidu's own).

Taken for WGS 84, a place copied from a map is 300 to 700 m off: another street's hydrant, another house to fly to.
The shift was never published by its authority; the formulae are those of the public reconstruction that map software
agrees on (see github.com/googollee/eviltransform), inverted here to below a millimetre.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args

from protocols.errors import Reasoned

Datum = Literal["wgs84", "gcj02", "bd09"]
DATUMS: Final[tuple[str, ...]] = get_args(Datum)

_AXIS_M = 6378245.0  # Krasovsky 1940, as the reconstruction has it
_ECCENTRICITY2 = 0.00669342162296594323
_STEPS = 12


class BadDatum(Reasoned):
    """A datum nobody knows, or what is no text."""


def to_wgs84(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    """`(lon, lat)` in degrees, of a place given in `datum`. Outside China no map is shifted."""
    if datum == "wgs84" or not _in_china(lon, lat):
        return lon, lat
    if datum == "bd09":
        lon, lat = _inverted(gcj02_to_bd09, lon, lat)
    return _inverted(_wgs84_to_gcj02, lon, lat)


def from_wgs84(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    """The other way."""
    if datum == "wgs84" or not _in_china(lon, lat):
        return lon, lat
    lon, lat = _wgs84_to_gcj02(lon, lat)
    return gcj02_to_bd09(lon, lat) if datum == "bd09" else (lon, lat)


def placed(content: Mapping[str, Any], default: Datum = "wgs84") -> dict[str, Any]:
    """`content` with its `lon` and `lat` in WGS 84 and without its `datum`; whatever is no place stays as it is.

    BadDatum: what it names is none.
    """
    plain = dict(content)
    datum = plain.pop("datum", default)
    if datum not in DATUMS:
        raise BadDatum("datum.unknown", datum=str(datum)[:40], known=DATUMS)
    lon, lat = plain.get("lon"), plain.get("lat")
    if _degrees(lon, 180) and _degrees(lat, 90):
        plain["lon"], plain["lat"] = to_wgs84(float(lon), float(lat), datum)  # type: ignore[arg-type]  # looked at
    return plain


def _degrees(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most


def _in_china(lon: float, lat: float) -> bool:
    return 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271


def _wgs84_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    x, y, pi = lon - 105.0, lat - 35.0, math.pi
    wave = 20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)
    north = wave + 20 * math.sin(y * pi) + 40 * math.sin(y / 3 * pi)
    north += 160 * math.sin(y / 12 * pi) + 320 * math.sin(y / 30 * pi)
    north = north * 2 / 3 - 100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    east = wave + 20 * math.sin(x * pi) + 40 * math.sin(x / 3 * pi)
    east += 150 * math.sin(x / 12 * pi) + 300 * math.sin(x / 30 * pi)
    east = east * 2 / 3 + 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    flat = 1 - _ECCENTRICITY2 * math.sin(math.radians(lat)) ** 2
    meridian_m = _AXIS_M * (1 - _ECCENTRICITY2) / flat**1.5
    parallel_m = _AXIS_M / math.sqrt(flat) * math.cos(math.radians(lat))
    return lon + math.degrees(east / parallel_m), lat + math.degrees(north / meridian_m)


def gcj02_to_bd09(lon: float, lat: float) -> tuple[float, float]:
    """Baidu's own shift, upon GCJ-02."""
    z = math.hypot(lon, lat) + 0.00002 * math.sin(lat * math.pi * 3000 / 180)
    theta = math.atan2(lat, lon) + 0.000003 * math.cos(lon * math.pi * 3000 / 180)
    return z * math.cos(theta) + 0.0065, z * math.sin(theta) + 0.006


def _inverted(shift: Callable[[float, float], tuple[float, float]], lon: float, lat: float) -> tuple[float, float]:
    """What `shift` leads to (lon, lat). It hardly changes from place to place: each step is a hundred times nearer."""
    x, y = lon, lat
    for _ in range(_STEPS):
        there = shift(x, y)
        x, y = x + lon - there[0], y + lat - there[1]
    return x, y
