"""Where a drawing's coordinates lie on earth: degrees of a datum, or metres of a Gauss-Krüger strip."""

from collections.abc import Mapping
from math import atan, atanh, cos, cosh, degrees, radians, sin, sinh, sqrt

from agent.water.inp_text import BadNetwork
from protocols.datum import Datum, to_wgs84

AXIS_M, FLATTENING = 6378137.0, 1 / 298.257222101
"""CGCS2000's ellipsoid; WGS 84's is a tenth of a millimetre smaller."""
FALSE_EASTING_M = 500_000.0
NORTH_M = (1.5e6, 6.5e6)
"""Northings of China."""

Place = tuple[float, float]


def on_earth(places: Mapping[str, Place], datum: Datum, meridian: float | None) -> dict[str, Place]:
    """(lon, lat) in WGS 84 of every node that has coordinates. Raises BadNetwork where nobody can say.

    Degrees are of `datum`. Metres are of a strip about `meridian`, or of the zone whose number stands before the
    easting (three degrees wide from 25 on, six degrees below); northing first is taken as it is meant.
    """
    if not places:
        raise BadNetwork("network.no_places")
    if all(abs(x) <= 180 and abs(y) <= 90 for x, y in places.values()):
        return {name: to_wgs84(x, y, datum) for name, (x, y) in places.items()}
    return {name: _from_metres(x, y, meridian) for name, (x, y) in places.items()}


def _from_metres(x: float, y: float, meridian: float | None) -> Place:
    if NORTH_M[0] <= x <= NORTH_M[1] and not NORTH_M[0] <= y <= NORTH_M[1]:
        x, y = y, x
    zone = int(x // 1e6)
    if zone:
        x -= zone * 1e6
        meridian = 3.0 * zone if zone >= 25 else 6.0 * zone - 3.0
    if meridian is None or not NORTH_M[0] <= y <= NORTH_M[1]:
        raise BadNetwork("network.which_strip", x=round(x), y=round(y))
    return inverse(x, y, meridian)


def inverse(x: float, y: float, meridian: float) -> Place:
    """(lon, lat) of easting and northing in metres: Krüger's series, to a millimetre within four degrees."""
    n = FLATTENING / (2 - FLATTENING)
    whole = AXIS_M / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    beta = (
        n / 2 - 2 * n**2 / 3 + 37 * n**3 / 96,
        n**2 / 48 + n**3 / 15,
        17 * n**3 / 480,
    )
    xi, eta = y / whole, (x - FALSE_EASTING_M) / whole
    xi0 = xi - sum(b * sin(2 * k * xi) * cosh(2 * k * eta) for k, b in enumerate(beta, 1))
    eta0 = eta - sum(b * cos(2 * k * xi) * sinh(2 * k * eta) for k, b in enumerate(beta, 1))
    lon = meridian + degrees(atan(sinh(eta0) / cos(xi0)))
    conformal = sin(xi0) / sqrt(sinh(eta0) ** 2 + cos(xi0) ** 2)
    return lon, degrees(_latitude(conformal))


def _latitude(conformal_tan: float) -> float:
    """The latitude (rad) whose conformal latitude has this tangent."""
    e = sqrt(FLATTENING * (2 - FLATTENING))
    tau = conformal_tan
    for _ in range(6):
        sigma = sinh(e * atanh(e * tau / sqrt(1 + tau * tau)))
        now = tau * sqrt(1 + sigma * sigma) - sigma * sqrt(1 + tau * tau)
        flat = 1 - e * e
        tau += (conformal_tan - now) / sqrt(1 + now * now) * (1 + flat * tau * tau) / (flat * sqrt(1 + tau * tau))
    return atan(tau)


def plane(lon: float, lat: float, about: Place) -> Place:
    """Metres east and north of `about`: right to a part in a thousand over 50 km."""
    north = radians(1.0) * 6_371_008.8
    return (lon - about[0]) * north * cos(radians(about[1])), (lat - about[1]) * north
