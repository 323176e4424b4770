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
USABLE = ("good", "uncertain", "substituted")
"""What a device's main value may be for it to be heard: an alarm in the town is no fault of a version."""


class Look:
    """One look. `taken`: records kept since core began, None where it does not answer; `answered`: by lines that are
    asked by a period, since core began; `heard`: devices that say something usable."""

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
        self.waiting: int = journal.get("waiting", 0)
        self.keeps = journal.get("state") == "ok"
        lines = told.get("lines", ())
        self.lines = sorted(one["id"] for one in lines if one["up"])
        self.answered = sum(one.get("counters", {}).get("answers", 0) for one in lines) if self.answers else None
        counts = told.get("counts", {})
        alarmed = [one for one in told.get("devices", ()) if one["state"] == "alarm" and one["quality"] in USABLE]
        self.heard: int = counts.get("ok", 0) + counts.get("warning", 0) + len(alarmed)
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


def _grown(first: int | None, last: int | None) -> int | None:
    """By how much a count since core began went up; from 0 where core began anew meanwhile."""
    if first is None or last is None:
        return None
    return last - first if last >= first else last


def between(first: Look, last: Look, *, whole_rounds: bool = True) -> dict[str, Any]:
    """What two looks show, as JSON; a count is the last one's. What comes a minute is None where core did not answer.

    `whole_rounds`: the time between them is so long that the number of answers does not depend on when it began.
    """
    minutes = (last.at_s - first.at_s) / 60
    took, answered = _grown(first.taken, last.taken), _grown(first.answered, last.answered)
    if minutes <= 0 or not whole_rounds:
        answered = None
    return {
        "active": last.active,
        "starts": last.starts,
        "parts": {name: part["state"] == WORKS for name, part in last.parts.items()},
        "restarts": {name: part["restarts"] for name, part in last.parts.items()},
        "answers": last.answers,
        "readings_per_min": round(took / minutes, 1) if took is not None and minutes > 0 else None,
        "answers_per_min": None if answered is None else round(answered / minutes, 1),
        "keeps": last.keeps and not (answered and not took and not last.waiting),
        "lost": last.lost,
        "lines": last.lines,
        "devices_ok": last.heard,
        "uplinks": {name: one["state"] for name, one in last.uplinks.items()},
        "backlog": {name: one["backlog"] for name, one in last.uplinks.items()},
        "grows_per_min": {
            name: round((one["backlog"] - _owed(first, name)) / minutes, 1) if minutes > 0 else 0.0
            for name, one in last.uplinks.items()
        },
        "growing": [name for name, one in last.uplinks.items() if one["backlog"] > _owed(first, name)],
        "own_alarms": last.own,
    }
