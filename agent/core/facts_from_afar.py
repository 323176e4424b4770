"""Who may tell facts through a broker, and what becomes of those that do not count."""

import logging
from collections.abc import Callable

from agent.judge.service.fact_door import FactDoor
from agent.runtime.revoked import RevokedKeys
from agent.settings.models import Site
from drivers.event import Event, EventKind, Evidence, Severity, Transition
from protocols.clock import NowNs
from protocols.reason import Reason

_log = logging.getLogger("hydronest")


def fact_door(site: Site, revoked: RevokedKeys, utc_ns: Callable[[], int | None]) -> FactDoor:
    """The keys of the settings. Where it cannot be read which of them are revoked, none is believed."""
    keys = site.flight.keys
    try:
        revoked.load()
    except OSError as error:
        _log.error("which keys are revoked cannot be read, and no fact from afar is believed: %s", error)
        keys = ()

    def utc_s() -> float | None:
        utc = utc_ns()
        return None if utc is None else utc / 1e9

    return FactDoor(keys, site.gateway.id, utc_s, revoked)


def refusals(report: Callable[[Event], None], now_ns: NowNs) -> Callable[[str, Reason], None]:
    """What is refused or only claimed is an event of kind `order`."""

    def refused(kind: str, why: Reason) -> None:
        told: Evidence = {"status": "refused", "verb": "fact", "by": "", "reason": why}
        report(Event(EventKind.ORDER, f"fact {kind}", Severity.WARNING, Transition.NOTED, now_ns(), told))

    return refused
