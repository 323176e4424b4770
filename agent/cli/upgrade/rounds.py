"""How long one round of a site's questions takes: only whole rounds can be held against each other."""

from __future__ import annotations

from math import lcm

from drivers.profile.plain import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.settings.settings import Settings

QUICK_S = 6.0
"""A period so short has a tenth of a minute's readings, or less, fall in or out of it: it need not come out even."""
MOST_S = 900.0
"""A longer round is not waited for: readings are not counted there, and lines and devices speak for themselves."""


def round_s(periods_s: Iterable[float]) -> float | None:
    """The time in which every period comes out even; 0 where all are short, None where it is too long to wait for."""
    tenths = {round(period_s * 10) for period_s in periods_s if period_s > QUICK_S}
    found = lcm(*tenths) / 10 if tenths else 0.0
    return found if found <= MOST_S else None


def periods_s(settings: Settings) -> Iterable[float]:
    """Of every device that is asked. What an OPC UA server tells comes when it changes, not by a period."""
    for device in settings.site.devices:
        if settings.lines[device.line].kind == "opcua":
            continue
        periods = plain(settings.poll_s_of(device.id))
        yield from {periods[point.poll] for point in settings.profiles[device.profile].points.values()}
