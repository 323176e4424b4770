"""Who may tell facts through a broker, and what becomes of those that do not count."""

import logging
from collections.abc import Callable

from agent.control.keys import register_keys
from agent.control.server import ControlServer
from agent.judge.service.fact_door import FactDoor
from agent.judge.service.fact_inbox import FactInbox
from agent.runtime.revoked import RevokedKeys
from agent.runtime.write_behind import WriteBehind
from agent.settings.models import Site
from drivers.event import Event, EventKind, Evidence, Severity, Transition
from protocols.clock import NowNs
from protocols.reason import Reason

_log = logging.getLogger("hydronest")


def facts_from_afar(
    inbox: FactInbox,
    site: Site,
    report: Callable[[Event], None],
    utc_ns: Callable[[], int | None],
    now_ns: NowNs,
    server: ControlServer,
) -> None:
    """Give the inbox the keys of the settings; what is refused or only claimed is an event of kind `order`.

    Where it cannot be read which keys are revoked, none is believed.
    """
    revoked = RevokedKeys(site.gateway.state_dir, WriteBehind("keys"))
    register_keys(server, site.flight.keys, revoked, "core")
    keys = site.flight.keys
    try:
        revoked.load()
    except OSError as error:
        _log.error("which keys are revoked cannot be read, and no fact from afar is believed: %s", error)
        keys = ()

    def utc_s() -> float | None:
        utc = utc_ns()
        return None if utc is None else utc / 1e9

    def refused(kind: str, why: Reason) -> None:
        told: Evidence = {"status": "refused", "verb": "fact", "by": "", "reason": why}
        report(Event(EventKind.ORDER, f"fact {kind}", Severity.WARNING, Transition.NOTED, now_ns(), told))

    inbox.door = FactDoor(keys, site.gateway.id, utc_s, revoked)
    inbox.on_refused = refused
