"""Who may tell facts through a broker, and what becomes of those that do not count."""

from collections.abc import Callable

from agent.judge.service.fact_door import FactDoor
from agent.judge.service.fact_inbox import FactInbox
from agent.settings.models import Site
from drivers.event import Event, EventKind, Evidence, Severity, Transition
from protocols.clock import NowNs
from protocols.reason import Reason


def facts_from_afar(
    inbox: FactInbox, site: Site, report: Callable[[Event], None], utc_ns: Callable[[], int | None], now_ns: NowNs
) -> None:
    """Give the inbox the keys of the settings; what is refused or only claimed is an event of kind `order`."""

    def utc_s() -> float | None:
        utc = utc_ns()
        return None if utc is None else utc / 1e9

    def refused(kind: str, why: Reason) -> None:
        told: Evidence = {"status": "refused", "verb": "fact", "by": "", "reason": why}
        report(Event(EventKind.ORDER, f"fact {kind}", Severity.WARNING, Transition.NOTED, now_ns(), told))

    inbox.door = FactDoor(site.flight.keys, site.gateway.id, utc_s)
    inbox.on_refused = refused
