"""What flight and core say to each other, by name. Samples and the clock go as between all children."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from protocols.reason import Reason

# flight to core
EVENTS = "events"
"""[[numbering, number, event], …], in order: kept on flight's disk until core has committed them."""
LINE = "line"
"""[line, up, reason], on change, and all of them as a life begins."""
STATE = "state"
"""Twice a second: `FlightState`'s fields by name."""
UNTOLD = "untold"
"""Instead of STATE, for as long as that cannot be gathered: why, a reason."""

# core to flight
HAVE = "have"
"""[numbering, number] as a life begins: what core has of the numbered events, committed or about to be."""
KEPT = "kept"
"""[numbering, number]: all up to here is committed, and need not be kept any more."""
JOURNAL = "journal"
"""Each second and on change: whether the journal takes what it is given."""
INCIDENT = "incident"
"""An open incident that was news: its fields, and `origin`, who said so."""

STATE_EVERY_S = 0.5
JOURNAL_EVERY_S = 1.0


class FlightState(NamedTuple):
    """How flight stands at `at_ns` (CLOCK_BOOTTIME), for who asks core.

    `nests`: one object each, as `nest.list` gives it, with its aircraft under `aircraft` and its interlocks.
    `lines`: counters by line. `alarms`: what of flight itself is out of order, and why.
    `epoch`: of its memory of orders.
    """

    at_ns: int
    nests: list[dict[str, Any]]
    lines: Mapping[str, Mapping[str, Any]]
    alarms: Mapping[str, Reason]
    epoch: str = ""
