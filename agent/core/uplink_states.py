"""How every uplink stands: what its process last said of it, beside what the journal still owes it."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.core.requests.views import NoticeView, UplinkView
from agent.journal.uplink_outbox import UplinkOutbox
from agent.settings.uplinks import Uplink
from protocols.clock import NowNs
from protocols.reason import Reason, from_json

OLD_NS = 5_000_000_000
"""What the process said longer ago is not true any more: it hangs, or is gone."""
GONE = Reason("uplinks.starting_again")


class UplinkStates:
    """`uplinks` are the enabled ones, in the order of the settings. `paused` are those that a person has paused."""

    def __init__(self, uplinks: Sequence[Uplink], boxes: Mapping[str, UplinkOutbox], now_ns: NowNs) -> None:
        self.paused: set[str] = set()
        self._kinds = {uplink.id: uplink.kind for uplink in uplinks}
        self._boxes = boxes
        self._now_ns = now_ns
        self._said: dict[str, dict[str, Any]] = {}
        self._duty: Mapping[str, Any] = {"open": []}
        self._said_ns: int | None = None

    def take(self, said: Mapping[str, Any]) -> None:
        """The process says how it is."""
        self._said = {one["id"]: {**one, "reason": from_json(one["reason"])} for one in said["uplinks"]}
        self._duty = said["duty"]
        self._said_ns = self._now_ns()

    def gone(self) -> None:
        """The process is no more."""
        self._said_ns = None

    @property
    def names(self) -> list[str]:
        """Every uplink's id."""
        return list(self._kinds)

    def views(self) -> list[UplinkView]:
        """For `status` and `watch`."""
        return [self._view(name) for name in self._kinds]

    def rows(self) -> list[dict[str, Any]]:
        """For `uplink status`."""
        return [self.row(name) for name in self._kinds]

    def row(self, name: str) -> dict[str, Any]:
        """One uplink, all that is known. Ages in seconds; counts in records where not readings."""
        owed = self._boxes[name].status()
        said = {**self._said.get(name, {})}
        confirmed_ns = said.pop("last_confirmed_ns", None)
        return {
            **said,
            **self._view(name),
            "last_confirmed_s": None if confirmed_ns is None else (self._now_ns() - confirmed_ns) / 1e9,
            "confirmed_seq": owed.confirmed_seq,
            "unsent_records": dict(owed.unsent),
            "unsent_readings": dict(owed.unsent_readings),
            "in_flight": owed.in_flight,
            "parked": owed.parked,
        }

    def notices(self) -> list[NoticeView]:
        """Open duty checks, for `status` and `watch`; of a process that is gone, none is open any more."""
        return [] if self._down(self._now_ns()) else self.notices_of(self._duty["open"])

    def notices_of(self, checks: Sequence[Sequence[Any]]) -> list[NoticeView]:
        """Duty checks as the process tells of them: [centre, CLOCK_BOOTTIME nanoseconds until it is too late]."""
        now = self._now_ns()
        return [
            {
                "what": "duty_check",
                "subject": centre,
                "left_s": round((until_ns - now) / 1e9, 1),
                "command": "hydronest duty answer",
            }
            for centre, until_ns in checks
        ]

    def _view(self, name: str) -> UplinkView:
        owed = self._boxes[name].status()
        said = self._said.get(name, {})
        down = self._down(self._now_ns()) or not said
        backlog = sum(owed.unsent_readings.values())
        state = "down" if down else "paused" if name in self.paused else said["state"]
        return {
            "id": name,
            "kind": self._kinds[name],
            "state": state,
            "reason": GONE if down else said["reason"],
            "forwarded": said.get("forwarded", 0),
            "confirmed": said.get("confirmed", 0),
            "backlog": backlog,
            "oldest_s": max((age for age in owed.oldest_s.values() if age is not None and backlog), default=None),
        }

    def _down(self, now_ns: int) -> bool:
        return self._said_ns is None or now_ns - self._said_ns > OLD_NS
