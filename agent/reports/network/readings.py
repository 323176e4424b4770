"""What hydrants showed, as readings of the network: draws by the hour they were made at, and the usual pressures."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from math import hypot
from typing import NamedTuple

from agent.judge.water_record import HOURS, USUAL_KPA, WaterRecord
from agent.water.belief import MOST_READINGS, Reading
from agent.water.curve import Draw
from agent.water.work import Stand

MODEL_KPA = 2.0
"""What a hydrant's branch and the hour's own course are off by, besides the gauge."""
YEAR_S = 365.25 * 86_400.0
OLD_YEARS = 5.0
AGED_KPA = 3.0
"""A year: mains tuberculate, towns grow."""
FITTED = (3, 8, 13, 19)
"""Hours whose usual pressures move the drawing: night, morning, day, evening."""


class Gauge(NamedTuple):
    """What one hydrant has shown: its usual pressures, and its draws (tests and uses)."""

    record: WaterRecord | None
    draws: list[Draw]


class Known(NamedTuple):
    """Readings to learn from, and the usual pressures (kPa by node) of every hour."""

    readings: list[Reading]
    hours: dict[int, dict[int, float]]


def known_of(stands: Sequence[Stand], gauges: Mapping[str, Gauge], zone: tzinfo, now_s: float | None) -> Known:
    """Draws first, newest first; then usual pressures, hour by hour over all hydrants, as many as are taken."""
    hours: dict[int, dict[int, float]] = {}
    draws: list[tuple[float, list[Reading]]] = []
    for stand in stands:
        gauge = gauges.get(stand.id)
        if gauge is None:
            continue
        draws += [
            (-draw.at_s, _of_draw(stand.node, draw, zone, now_s))
            for draw in gauge.draws
            if now_s is None or now_s - draw.at_s <= OLD_YEARS * YEAR_S
        ]
        if gauge.record is not None:
            for hour in range(HOURS):
                if (kpa := gauge.record.usual(hour)) is not None:
                    hours.setdefault(hour, {})[stand.node] = kpa
    draws.sort(key=lambda one: one[0])
    readings = [reading for _, both in draws for reading in both][: MOST_READINGS * 2 // 3]
    left = MOST_READINGS - len(readings)
    usual = [
        Reading(node, hour * 3600.0, kpa, hypot(USUAL_KPA / 2, MODEL_KPA))
        for hour in FITTED
        for node, kpa in hours.get(hour, {}).items()
    ]
    if len(usual) > left:  # as many, evenly over hours and hydrants
        usual = [usual[n * len(usual) // left] for n in range(left)]
    return Known([*readings, *usual], hours)


def _of_draw(node: int, draw: Draw, zone: tzinfo, now_s: float | None) -> list[Reading]:
    at = datetime.fromtimestamp(draw.at_s, zone)
    at_s = at.hour * 3600.0
    years = 0.0 if now_s is None else max(0.0, now_s - draw.at_s) / YEAR_S
    error = hypot(draw.error_kpa, MODEL_KPA, AGED_KPA * years)
    drawn = ((node, draw.flow_l_s / 1000),)
    return [Reading(node, at_s, draw.residual_kpa, error, drawn), Reading(node, at_s, draw.static_kpa, error)]
