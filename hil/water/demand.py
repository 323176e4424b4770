"""How much a town drinks, hour by hour."""

from bisect import bisect_right

DAY_S = 86_400.0

_HOURLY = (
    *(0.35, 0.28, 0.25, 0.25, 0.30, 0.55, 1.10, 1.60, 1.50, 1.25, 1.15, 1.20),
    *(1.25, 1.10, 1.00, 1.00, 1.10, 1.35, 1.65, 1.60, 1.35, 1.05, 0.75, 0.52),
)
"""Demand at each full hour: a small Chinese town's shape, least at three, most before eight and at six.

The mean is normalised to 1 below, so a junction's demand stays its daily mean."""

_MEAN = sum(_HOURLY) / len(_HOURLY)
_KNOTS = [hour * 3600.0 for hour in range(24)]


def pattern(second_of_day: float) -> float:
    """Demand relative to the daily mean, linear between full hours, the same every day."""
    second = second_of_day % DAY_S
    i = bisect_right(_KNOTS, second) - 1
    share = (second - _KNOTS[i]) / 3600.0
    return (_HOURLY[i] * (1 - share) + _HOURLY[(i + 1) % 24] * share) / _MEAN
