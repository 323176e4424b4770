"""How the agent does, in a few numbers that can be held against each other before and after an upgrade."""

from __future__ import annotations

from agent.control.client import NotRunning, RequestFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

WORKS = "running"
SELF = "self_fault"
"""The kind of alarm that is about the agent itself and no hydrant."""
GRAVE = "alarm"
"""Its severity: a loop that is late on a busy machine, or another bearer, is a warning: no version does that."""


class Look:
    """One look. `taken`: readings kept since core began, None where it does not answer."""

    def __init__(
        self, at_s: float, active: bool, starts: int, tree: dict[str, Any] | None, status: dict[str, Any] | None
    ) -> None:
        self.at_s = at_s
        self.active = active
        self.starts = starts
        self.parts = {} if tree is None else {one["child"]: one for one in tree["children"]}
        told: dict[str, Any] = status or {}
        self.answers = status is not None
        journal = told.get("journal", {})
        self.taken: int | None = journal.get("committed")
        self.lost: int = journal.get("lost", 0)
        self.keeps = journal.get("state") == "ok"
        self.lines = sorted(one["id"] for one in told.get("lines", ()) if one["up"])
        self.ok: int = told.get("counts", {}).get("ok", 0)
        self.uplinks = {one["id"]: one for one in told.get("uplinks", ())}
        standing = told.get("standing", ())
        self.own = sorted(str(one["subject"]) for one in standing if (one["kind"], one["severity"]) == (SELF, GRAVE))


def status_of(ask: Callable[[str], dict[str, Any]]) -> dict[str, Any] | None:
    """What core says of the site; None where it does not."""
    try:
        return ask("status")
    except (NotRunning, RequestFailed):
        return None


def _owed(look: Look, uplink: str) -> int:
    owed: int = look.uplinks.get(uplink, {}).get("backlog", 0)
    return owed


def between(first: Look, last: Look) -> dict[str, Any]:
    """What two looks show, as JSON; a count is the last one's. Readings a minute are None where core did not answer."""
    rate = None
    if first.taken is not None and last.taken is not None and last.at_s > first.at_s:
        took = last.taken - first.taken if last.taken >= first.taken else last.taken  # core began anew meanwhile
        rate = round(60 * took / (last.at_s - first.at_s), 1)
    return {
        "active": last.active,
        "starts": last.starts,
        "parts": {name: part["state"] == WORKS for name, part in last.parts.items()},
        "restarts": {name: part["restarts"] for name, part in last.parts.items()},
        "answers": last.answers,
        "readings_per_min": rate,
        "keeps": last.keeps,
        "lost": last.lost,
        "lines": last.lines,
        "devices_ok": last.ok,
        "uplinks": {name: one["state"] for name, one in last.uplinks.items()},
        "backlog": {name: one["backlog"] for name, one in last.uplinks.items()},
        "growing": [name for name, one in last.uplinks.items() if one["backlog"] > _owed(first, name)],
        "own_alarms": last.own,
    }
