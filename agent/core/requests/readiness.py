"""`nest.readiness`: how long each nest, or each brigade's, could launch. Files are read on a thread."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.judge.days import Days, NoPeriod, days_of
from agent.logbook.readiness import kept, known_since_s, stretches, summed, within
from agent.settings.flight import Nest
from protocols.reason import Reason
from protocols.system import file_reason

MOST_STRETCHES = 10_000
BY = ("nest", "brigade")


def register_readiness(
    server: ControlServer, folder: Path, nests: Sequence[Nest], timezone: str, utc_ns: Callable[[], int | None]
) -> None:
    """{"period", "from_s", "to_s", "by", "groups"}, and with `stretches` each one, oldest first."""
    days = Days(ZoneInfo(timezone))
    brigades = {nest.id: nest.brigade for nest in nests}

    async def answer(request: Request) -> dict[str, Any]:
        by, period, every = request.text("by", "nest"), request.text("period"), request.flag("stretches")
        if by not in BY:
            raise RequestError("bad_request", Reason("request.one_of_these", known=BY))
        try:
            first, last = days_of(period)
        except NoPeriod as error:
            raise RequestError("bad_request", error.reason) from None
        utc = utc_ns()
        if utc is None:
            raise RequestError("refused", Reason("clock.no_day"))
        from_s = days.begin_min(first) * 60.0
        to_s = min(utc / 1e9, (days.begin_min(last) + days.length_min(last)) * 60.0)
        try:
            return {"period": period, "by": by, **await asyncio.to_thread(reckoned, from_s, to_s, by, every=every)}
        except OSError as error:
            raise RequestError("bad_data", file_reason(error.filename or folder, error)) from None

    def reckoned(from_s: float, to_s: float, by: str, *, every: bool) -> dict[str, Any]:
        ever = list(stretches(kept(folder, from_s, to_s)))
        found = within(ever, from_s, to_s)
        counted = {}
        for nest in {*brigades, *(one.nest for one in found)}:
            since_s = known_since_s(folder, nest, ever, from_s)
            counted[nest] = 0.0 if since_s is None else max(0.0, to_s - since_s)
        groups = summed(found, counted, brigades if by == "brigade" else {})
        told: dict[str, Any] = {
            "from_s": from_s,
            "to_s": to_s,
            "groups": [{"group": name, **groups[name].as_json()} for name in sorted(groups)],
        }
        if every:
            ordered = sorted(found, key=lambda one: (one.from_s, one.nest))
            told["stretches"] = [one._asdict() for one in ordered[-MOST_STRETCHES:]]
        return told

    server.register("nest.readiness", answer, "read")
