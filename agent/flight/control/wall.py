"""The wall clock as far as it can be trusted: a gateway has none of its own."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

TRUSTED_S = 2.0
"""Good enough for permits, duty and the freshness of an order."""


class Wall(NamedTuple):
    """UTC seconds, and by how many seconds they can be off; None where nobody vouches for them."""

    utc_s: float
    error_s: float | None

    @property
    def trusted(self) -> bool:
        """Within TRUSTED_S."""
        return self.error_s is not None and self.error_s <= TRUSTED_S

    @property
    def moment(self) -> datetime:
        """As a datetime in UTC."""
        return datetime.fromtimestamp(self.utc_s, UTC)

    def local(self, timezone: str) -> datetime:
        """As the clock on the station's wall shows it."""
        return self.moment.astimezone(ZoneInfo(timezone))

    @property
    def text(self) -> str:
        """ISO 8601 for records, empty when not trusted."""
        return self.moment.isoformat(timespec="milliseconds") if self.trusted else ""


WallClock = Callable[[], Wall]


def sun_elevation_deg(lat: float, lon: float, moment: datetime) -> float:
    """Degrees of the sun above the horizon, to about 0.5° (NOAA's low-accuracy equations)."""
    day = (moment - datetime(moment.year, 1, 1, tzinfo=UTC)) / timedelta(days=1)
    g = 2 * math.pi * day / 365.25
    declination = (
        0.006918 - 0.399912 * math.cos(g) + 0.070257 * math.sin(g) - 0.006758 * math.cos(2 * g)
        + 0.000907 * math.sin(2 * g) - 0.002697 * math.cos(3 * g) + 0.00148 * math.sin(3 * g)
    )  # fmt: skip
    equation_min = 229.18 * (
        0.000075 + 0.001868 * math.cos(g) - 0.032077 * math.sin(g) - 0.014615 * math.cos(2 * g)
        - 0.040849 * math.sin(2 * g)
    )  # fmt: skip
    minutes = moment.hour * 60 + moment.minute + moment.second / 60 + equation_min + 4 * lon
    hour_angle = math.radians(minutes / 4 - 180)
    north = math.radians(lat)
    return math.degrees(
        math.asin(
            math.sin(north) * math.sin(declination) + math.cos(north) * math.cos(declination) * math.cos(hour_angle)
        )
    )
