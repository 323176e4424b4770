"""A day of the gateway's, from its midnight to the next, for what is handed over a day at a time."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.judged import zone_of
from agent.cli.trouble import Trouble
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from agent.cli.call import Call

RECORD_MS = 3_600_000
"""No record spans more: what is asked for begins so much before the day."""


class LocalDay:
    """`since_ms` is where to begin reading, `rows` are those of the day, `about` is for the manifest."""

    def __init__(self, call: Call, day: str) -> None:
        """`day` as YYYY-MM-DD. Raises Trouble."""
        from datetime import date, datetime, time, timedelta

        try:
            asked = date.fromisoformat(day)
        except ValueError:
            raise Trouble(exits.USAGE, _("{text} is not a day: write 2026-11-21").format(text=day)) from None
        asks = not call.args.file and call.agent_runs()
        zone = zone_of(call.ask("timezone") if asks else None)
        first, after = (datetime.combine(asked + timedelta(days), time(), zone) for days in (0, 1))
        self._from_ms, self._until_ms = (int(at.timestamp() * 1000) for at in (first, after))
        self.since_ms = self._from_ms - RECORD_MS
        self.about: dict[str, Any] = {
            "gateway": call.ask("status")["gateway"]["id"] if asks else None,
            "day": day,
            "timezone": str(zone),
            "from_ms": self._from_ms,
            "until_ms": self._until_ms,
        }

    def rows(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those whose time, as it is known now, is of this day; a summary is of the day it begins in."""
        return [row for row in rows if self._from_ms <= row["t_ms" if "t_ms" in row else "from_ms"] < self._until_ms]
