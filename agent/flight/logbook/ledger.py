"""What all flights come to: which incidents were flown for, hours and battery cycles per aircraft, the last number."""

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.logbook.index import number

Totals = Mapping[str, float]
NONE: Totals = {"flights": 0, "hours": 0.0, "cycles": 0.0}


class _Flown(NamedTuple):
    aircraft: str
    incident: str
    open: bool
    launched: bool
    air_s: float
    used_percent: float


class Ledger:
    """`enter` a flight's summary each time it comes to something else; the questions cost nothing."""

    def __init__(self) -> None:
        self.last = 0
        """The highest number of a flight."""
        self._flown: dict[str, _Flown] = {}
        self._of_incident: dict[str, list[str]] = {}
        self._totals: dict[str, dict[str, float]] = defaultdict(lambda: dict(NONE))

    def enter(self, summary: Mapping[str, Any]) -> None:
        """It stands in the place of what was said of this flight before.

        One that is open counts as flown for its incident; hours and cycles count once it is over.
        """
        flight = str(summary["id"])
        self.last = max(self.last, number(flight))
        if (before := self._flown.pop(flight, None)) is not None:
            self._count(flight, before, -1)
        self._flown[flight] = now = _Flown(
            str(summary.get("aircraft", "")),
            str(summary.get("incident", "")),
            summary.get("outcome") == "open",
            summary.get("launched") is True,
            _amount(summary.get("air_s")),
            _amount(summary.get("battery_used_percent")),
        )
        self._count(flight, now, 1)

    def of_incident(self, incident: str) -> str | None:
        """The id of a flight that was flown, or is being flown, for this incident."""
        return next(iter(self._of_incident.get(incident, ())), None)

    def totals(self, aircraft: str) -> Totals:
        """Of one aircraft: flights, hours in the air, battery cycles (percent used / 100)."""
        return self._totals.get(aircraft, NONE)

    def _count(self, flight: str, flown: _Flown, sign: int) -> None:
        if flown.launched or flown.open:
            if sign > 0:
                self._of_incident.setdefault(flown.incident, []).append(flight)
            else:
                self._of_incident[flown.incident].remove(flight)
        if flown.launched and not flown.open:
            of = self._totals[flown.aircraft]
            of["flights"] += sign
            of["hours"] += sign * flown.air_s / 3600
            of["cycles"] += sign * flown.used_percent / 100


def _amount(value: Any) -> float:
    """A number of a file that may be damaged."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    return float(value) if good else 0.0
