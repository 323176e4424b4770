"""`clock.show` and `clock.revoke`: by whom the time is vouched for, and a person's word that it was wrong."""

from collections.abc import Callable
from typing import Any

from agent.control.request import Request
from agent.control.server import ControlServer
from agent.core.status_view import StatusView
from agent.runtime.clock.reckon import Almanac
from agent.runtime.clock.watch import ClockWatch
from agent.runtime.version import BUILT_MS
from drivers.event import Event, EventKind, Evidence, Severity, Transition
from protocols.clock import NowNs
from protocols.reason import Reason


class ClockEvents:
    """What turns about the clock, as events of kind `clock`; `report` takes them."""

    def __init__(self, report: Callable[[Event], None], now_ns: NowNs) -> None:
        self._report = report
        self._now_ns = now_ns

    def doubt(self, why: Reason | None) -> None:
        """For `ClockWatch.on_doubt`: orders, permits and dates wait until it is over."""
        if why is None:
            self._tell(Severity.WARNING, Transition.CLEARED, {})
        else:
            self._tell(Severity.WARNING, Transition.RAISED, {"reason": why})

    def refused(self, why: Reason) -> None:
        """For `ClockWatch.on_refused`: the receiver's word is not taken."""
        self._tell(Severity.WARNING, Transition.NOTED, {"reason": Reason("beidou.time_refused", why=why)})

    def revoked(self, uid: int) -> None:
        """A person took the trust from every time before."""
        self._tell(Severity.INFO, Transition.NOTED, {"reason": Reason("clock.revoked", uid=uid)})

    def _tell(self, severity: Severity, turn: Transition, evidence: Evidence) -> None:
        self._report(Event(EventKind.CLOCK, "clock", severity, turn, self._now_ns(), evidence))


def register_clock(
    server: ControlServer, watch: ClockWatch, almanac: Almanac, view: StatusView, events: ClockEvents
) -> None:
    """Answer `{"wall", "trusted", "error_ms", "doubt", "newest_trusted", "built"}`; times as ISO 8601."""

    async def show(_request: Request) -> dict[str, Any]:
        newest = almanac.newest_trusted
        told = view.shown(newest.wall_ms * 1_000_000) if newest is not None else None
        return {**view.clock(), "doubt": watch.doubt, "newest_trusted": told, "built": view.shown(BUILT_MS * 1_000_000)}

    async def revoke(request: Request) -> dict[str, Any]:
        request.changed["was"] = view.clock()
        watch.revoke()
        events.revoked(request.peer.uid)
        request.changed["becomes"] = view.clock()
        return await show(request)

    server.register("clock.show", show, "read")
    server.register("clock.revoke", revoke, "operate")
