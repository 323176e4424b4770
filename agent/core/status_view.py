"""The running site as `status` and `watch` want to see it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.core.intake import Intake
from agent.core.requests.views import ClockView, GatewayView, JournalView, LineView, UplinkView
from agent.core.uplink_states import UplinkStates
from agent.journal.journal import Journal
from agent.link.record import PriorityClass
from agent.runtime.clock.carried import ClockReading
from agent.runtime.clock.reckon import Reckoned
from agent.runtime.kernel_boot import kernel_boot_id
from agent.runtime.version import VERSION
from agent.settings.settings import Settings
from drivers.ports import Counted
from protocols.clock import NowNs


class StatusView:
    """Implements `SiteView`: look-ups of what the parts count anyway.

    `counted` are the lines, core's own and those that other processes read.
    """

    def __init__(
        self,
        settings: Settings,
        intake: Intake,
        journal: Journal,
        uplinks: UplinkStates,
        counted: Callable[[], Iterable[Counted]],
        now_ns: NowNs,
    ) -> None:
        self._settings = settings
        self._intake = intake
        self._journal = journal
        self._uplinks = uplinks
        self._counted = counted
        self._now_ns = now_ns
        self._started_ns = now_ns()
        self._kernel_boot = kernel_boot_id()
        self._zone = ZoneInfo(settings.site.gateway.timezone)

    def gateway(self) -> GatewayView:
        """The box."""
        gateway = self._settings.site.gateway
        return {
            "id": gateway.id,
            "name": gateway.name or gateway.id,
            "station": gateway.station or "",
            "version": VERSION,
            "uptime_s": round((self._now_ns() - self._started_ns) / 1e9, 1),
        }

    def lines(self) -> list[LineView]:
        """Every line, in the order of the settings."""
        views: list[LineView] = []
        counted = {driver.name: driver.line_counters() for driver in self._counted()}
        for line in self._settings.site.lines:
            up, reason = self._intake.lines.get(line.id, (None, None))
            counters = dict(counted.get(line.id, {}))
            views.append({"id": line.id, "kind": line.kind, "up": up, "reason": reason, "counters": counters})
        return views

    def uplinks(self) -> list[UplinkView]:
        """Every uplink, in the order of the settings."""
        return self._uplinks.views()

    def journal(self) -> JournalView:
        """The journal."""
        journal = self._journal
        return {
            "state": "trouble" if journal.failing else "ok",
            "committed": max(0, self._taken() - journal.taken_before),
            "waiting": journal.waiting,
            "lost": sum(journal.tally[priority].lost for priority in PriorityClass),
            "bytes": sum(journal.tally[priority].size for priority in PriorityClass),
            "free_bytes": journal.free_bytes,
        }

    def clock(self) -> ClockView:
        """The wall clock, as far as it can be known."""
        now = self.wall()
        return {"wall": self.shown(now.wall_ns), "trusted": now.err_ms is not None, "error_ms": now.err_ms}

    def shown(self, wall_ns: int) -> str:
        """UTC nanoseconds as ISO 8601 to the second, in the gateway's zone."""
        return datetime.fromtimestamp(wall_ns // 1_000_000_000, self._zone).isoformat(timespec="seconds")

    def timezone(self) -> str:
        """The gateway's, by its IANA name."""
        return self._zone.key

    def clock_trusted(self) -> bool:
        """Whether dates mean anything yet."""
        return self.wall().err_ms is not None

    def utc_ns(self) -> int | None:
        """UTC, None while it is not to be trusted."""
        now = self.wall()
        return None if now.err_ms is None else now.wall_ns

    def wall(self) -> Reckoned:
        """UTC and how far it can be off, as far as it can be known."""
        return self.at(self._now_ns())

    def at(self, mono_ns: int) -> Reckoned:
        """UTC of a moment of this kernel boot, the best there is, and how far it can be off."""
        return self._journal.almanac.wall(self._kernel_boot, mono_ns // 1_000_000)

    def reading(self) -> ClockReading:
        """The time as the other processes are told it."""
        now = self._now_ns()
        return ClockReading(now, *self.at(now))

    def stamp(self) -> dict[str, Any]:
        """When, as a record of acts has it: order is by its number, these are for people."""
        now, utc = self._now_ns(), self.utc_ns()
        utc_s = None if utc is None else round(utc / 1e9, 3)
        return {"utc_s": utc_s, "mono_ms": now // 1_000_000, "kernel_boot": self._kernel_boot}

    def _taken(self) -> int:
        return sum(self._journal.tally[priority].taken for priority in (PriorityClass.EVENT, PriorityClass.TELEMETRY))
