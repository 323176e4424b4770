"""What a month's report holds: the answers of `rate over` and of `flight list` as they came, nothing summed anew."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.judged import seconds_of, zone_of
from agent.cli.trouble import Trouble
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.cli.call import Call

MOST_FLIGHTS = 10_000
"""The most that one `flight.list` gives."""


def month_of(call: Call, period: str) -> dict[str, Any]:
    """`rate` and `stations` as `rate over` tells them, `flights` of the month, the oldest first.

    `flights_undated` are those whose begin is no time: they belong to no month. `flights_cut`: older ones than the
    agent lists may be missing. `air_s` is the flights' time in the air, in seconds. Raises Trouble.
    """
    from agent.judge.days import NoPeriod, days_of

    try:
        days_of(period)
    except NoPeriod:
        period = ""
    if len(period) != len("2026-11"):
        raise Trouble(exits.USAGE, _("a report is of one month: write 2026-11"))
    with call.progress(0, _("working out")) as bar:
        (rate,) = call.stream("rate.over", bar.reach, by="all", period=period)
        (stations,) = call.stream("rate.over", bar.reach, by="station", period=period)
    listed = call.listed(call.ask, "flight.list", limit=MOST_FLIGHTS)
    begun = [(_month(flight, str(rate["timezone"])), flight) for flight in reversed(listed)]
    flights = [flight for month, flight in begun if month == period]
    return {
        "month": period,
        "rate": rate,
        "stations": stations["groups"],
        "flights": flights,
        "flights_undated": [flight["id"] for month, flight in begun if not month],
        "flights_cut": len(listed) >= MOST_FLIGHTS and (not begun[0][0] or begun[0][0] >= period),
        "air_s": round(sum(flight.get("air_s") or 0.0 for flight in flights), 1),
    }


def _month(flight: dict[str, Any], timezone: str) -> str:
    """The month it began in by the gateway's days; empty where that is not known."""
    from datetime import datetime

    zone = zone_of(timezone)
    try:
        return f"{datetime.fromtimestamp(seconds_of(str(flight.get('begun_utc', '')), zone), zone):%Y-%m}"
    except (Trouble, ValueError, OverflowError, OSError):
        return ""
