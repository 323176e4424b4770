"""What a fire centre is answered from, and its duty checks as a person meets them."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.core.latest import LatestValues
from agent.core.requests.views import NoticeView
from agent.core.status_view import StatusView
from agent.journal.journal import Journal, kernel_boot_id
from agent.runtime.clock.reckon import Fix
from agent.uplinks import build
from agent.uplinks.gb26875.duty import DutyChecks
from protocols.clock import NowNs

CENTRE_CLOCK_ERR_MS = 2_000
"""A centre's clock comes in whole seconds over a connection of unknown delay."""


class DutyRoom:
    """Newest values, the time, and the duty desk. Questions come from every centre's uplink."""

    def __init__(self, latest: LatestValues, journal: Journal, view: StatusView, timezone: str, now_ns: NowNs) -> None:
        self.duty = DutyChecks(now_ns)
        self._latest = latest
        self._journal = journal
        self._view = view
        self._timezone = timezone
        self._now_ns = now_ns

    def for_uplinks(self, version: str) -> build.ControlRoom:
        """What a centre's uplink is built with."""
        return build.ControlRoom(
            newest=self.newest,
            duty=self.duty,
            utc_ns=lambda: self._view.utc_guess_ns(self._now_ns()),
            timezone=self._timezone,
            version=version,
            on_clock=self.on_clock,
        )

    def newest(self, device: str) -> Mapping[str, tuple[float, str, int]]:
        """A device's newest usable numbers: point → (value, unit, UTC nanoseconds)."""
        reading = self._latest.reading(device)
        if reading is None:
            return {}
        return {
            point: (float(value), unit, self._view.utc_guess_ns(sample.read_ns))
            for point, unit, value, quality, sample in reading.points()
            if quality.usable and isinstance(value, int | float) and not isinstance(value, bool)
        }

    def on_clock(self, wall: str) -> None:
        """A centre told us the time: one more source while we have no better one, never set blindly."""
        if self._view.clock_trusted():
            return
        moment = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(self._timezone))
        fix = Fix(
            kernel_boot_id(),
            self._now_ns() // 1_000_000,
            round(moment.timestamp() * 1000),
            CENTRE_CLOCK_ERR_MS,
            "centre",
        )
        self._journal.note_clock(fix)

    def notices(self) -> list[NoticeView]:
        """Open duty checks, for `status` and `watch`."""
        now = self._now_ns()
        return [
            {
                "what": "duty_check",
                "subject": check.centre,
                "left_s": round((check.until_ns - now) / 1e9, 1),
                "command": "hydronest duty answer",
            }
            for check in self.duty.open()
        ]

    def register(self, server: ControlServer) -> None:
        """Answer `duty.list` and `duty.answer`."""
        server.register("duty.list", self._list, "read")
        server.register("duty.answer", self._answer, "operate")

    async def _list(self, _request: Request) -> dict[str, object]:
        return {"open": self.notices(), "answered": self.duty.answered, "missed": self.duty.missed}

    async def _answer(self, request: Request) -> dict[str, object]:
        centre = request.text("centre", "") or None
        operator = int(request.number("operator", 0, 0, 255))
        answered = self.duty.answer(operator, centre)
        if not answered:
            raise RequestError("not_found", "no duty check is open", "hydronest duty list shows what is asked.")
        return {"answered": answered, "operator": operator}
