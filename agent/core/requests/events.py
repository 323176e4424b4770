"""Answers `events`: what stands, the worst first, and what turned lately."""

from collections.abc import Callable
from typing import Any

from agent.control.encoding import Rows, encoded, rows_of
from agent.control.request import Request
from agent.control.server import ControlServer
from agent.core.active_alarms import ActiveAlarm, ActiveAlarms
from agent.runtime.slices import in_slices
from drivers.event import Event
from protocols.clock import NowNs

UtcNs = Callable[[], int | None]
"""UTC now; None while the clock is not to be trusted."""


def register_events(server: ControlServer, alarms: ActiveAlarms, timezone: str, now_ns: NowNs, utc_ns: UtcNs) -> None:
    """Offer `events`. `timezone` is the gateway's, by its IANA name."""

    async def events(_request: Request) -> dict[str, Any]:
        standing = await in_slices((*_worst_first(alarm), encoded(alarm_row(alarm, alarms))) for alarm in list(alarms))
        now, utc = now_ns(), utc_ns()
        return {
            "standing": Rows(row for *_order, row in sorted(standing)),
            "timezone": timezone,
            "recent": await rows_of(_turn(event, now, utc) for event in list(alarms.recent)[::-1]),
        }

    server.register("events", events, "read")


def alarm_row(alarm: ActiveAlarm, alarms: ActiveAlarms) -> dict[str, Any]:
    """As it stands in every answer. `age_s` is None while nobody can know since when."""
    event = alarm.event
    return {
        "kind": event.kind.value,
        "subject": event.subject,
        "severity": event.severity.value,
        "age_s": alarms.age_s(alarm),
        "evidence": dict(event.evidence),
    }


def _worst_first(alarm: ActiveAlarm) -> tuple[int, str, str]:
    return -alarm.event.severity.rank, alarm.event.subject, alarm.event.kind.value


def _turn(event: Event, now_ns: int, utc_ns: int | None) -> dict[str, Any]:
    return {
        "kind": event.kind.value,
        "subject": event.subject,
        "severity": event.severity.value,
        "turn": event.transition.value,
        "age_s": round((now_ns - event.at_ns) / 1e9, 1),
        "utc_s": None if utc_ns is None else (utc_ns - (now_ns - event.at_ns)) / 1e9,
        "evidence": dict(event.evidence),
    }
