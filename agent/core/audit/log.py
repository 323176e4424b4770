"""Takes acts and events, and has them added to the chain by a thread that the card may hold up."""

import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson

from agent.control.acts import Act
from agent.core.audit.files import AuditFiles
from agent.runtime.flood import WINDOW_S, Flood
from agent.runtime.write_behind import Writer
from drivers.event import Event, EventKind
from protocols.reason import Reason, plain

EVENTS = frozenset({EventKind.ORDER, EventKind.CLOCK})
"""Told by flight, the uplinks and the clock: what was ordered and what came of it, and when the time was doubted."""
ASKED = frozenset({"bus.write"})
"""Told as events too, and acts of the socket already."""
OWN = frozenset({"audit", "days"})
"""Heads that core itself tells; others are of flights that ended."""
MOST_OF_ONE = 300
"""Lines a minute of one person or user; more of his are a number."""
MOST_WAITING = 20_000
LONGEST_ARGS = 4000
"""Bytes of JSON; of longer ones only the names and the length are kept."""
_log = logging.getLogger("hydronest")

Stamp = Callable[[], Mapping[str, Any]]
"""When: `utc_s` (None while the clock is not to be trusted), `mono_ms`, `kernel_boot`."""


class AuditLog:
    """`act` and `event` wait for nothing. What a card does not take waits; what is lost beyond a bound is told."""

    def __init__(self, files: AuditFiles, writer: Writer, stamp: Stamp) -> None:
        self.files = files
        self._writer = writer
        self._stamp = stamp
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._asked = False
        self._lost = 0
        self._floods: dict[str, Flood] = {}

    def act(self, act: Act) -> None:
        """Somebody did something, or was refused it."""
        if self._passes(act.by, f"{act.what} {act.outcome}"):
            self._add(_line(act))

    def event(self, event: Event) -> None:
        """One turn of an event; those that are nobody's act are left out."""
        flown = event.kind is EventKind.AUDIT and event.subject not in OWN
        if (flown or event.kind in EVENTS) and event.evidence.get("verb") not in ASKED:
            told = dict(event.evidence)
            by, outcome = str(told.pop("by", "")), str(told.pop("status", event.transition))
            why = told.pop("reason", None)
            args = {event.kind.value: event.subject, **told}
            self.act(Act(event.kind.value, by, args, outcome, why if isinstance(why, Reason) else None))

    def settings(self, now: Mapping[str, Any]) -> None:
        """What this start goes by: kept where the last that was kept says otherwise."""

        when = self._stamp()

        def compare() -> None:
            if not self.files.loaded:
                self.files.load()
            if self.files.settings != now:
                line = {**_line(Act("settings", "", {})), "was": self.files.settings, "becomes": now}
                self._waiting.appendleft({**when, **line})
            self._catch_up()

        self._writer.later(compare)

    async def written(self) -> None:
        """Return when everything so far is on the card. Raises OSError."""
        await self._writer.done(self._catch_up)

    def _passes(self, by: str, kind: str) -> bool:
        flood = self._floods.get(by)
        if flood is None:
            if len(self._floods) >= 100:
                self._floods.clear()  # whoever he was, he is counted anew
            flood = self._floods[by] = Flood(partial(self._tell_more, by), MOST_OF_ONE)
        return flood.passes(kind)

    def _tell_more(self, by: str, more: Counter[str]) -> None:
        self._add(_line(Act("flood", by, {"count": more.total(), "of": dict(more), "within_s": WINDOW_S})))

    def _add(self, line: Mapping[str, Any]) -> None:
        if len(self._waiting) >= MOST_WAITING:
            if not self._lost:
                _log.error("%d acts wait for the card: the record of what comes now is lost", MOST_WAITING)
            self._lost += 1
            return
        if self._lost:
            lost, self._lost = self._lost, 0
            self._add(_line(Act("lost", "", {"count": lost})))
        self._waiting.append({**self._stamp(), **line})
        if not self._asked:
            self._asked = True  # first: the call may be made before `later` has returned
            if not self._writer.later(self._catch_up):
                self._asked = False

    def _catch_up(self) -> None:
        """On the writer's thread, which alone takes from what waits."""
        self._asked = False  # before the lines are counted: one that comes from here on asks anew
        count = len(self._waiting)
        if count:
            self.files.append([self._waiting[at] for at in range(count)])
            for _ in range(count):
                self._waiting.popleft()


def _line(act: Act) -> dict[str, Any]:
    """Never raises: an act whose arguments cannot be written down is an act all the same."""
    args = _written(act.args)
    line: dict[str, Any] = {"what": act.what, "by": act.by, "args": args, "outcome": act.outcome}
    if act.pid:
        line["pid"] = act.pid
    if act.reason is not None:
        line["reason"] = act.reason.as_json()
    return {**line, **_written(act.changed)}


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has it; only the names of what is too long, or cannot be said in it."""
    try:
        text = orjson.dumps(dict(values), default=plain, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        text = b""
    if not text or len(text) > LONGEST_ARGS:
        return {"names": sorted(str(name)[:80] for name in values)[:50], "left_out": True}
    found: dict[str, Any] = orjson.loads(text)
    return found
