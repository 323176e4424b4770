"""What stands: raised by whoever, and not cleared. The one room every screen reads, kept over restarts in the journal.

What stands of a subject is a note beside the event that turned it, committed in the same transaction: neither is ever
there without the other.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.link.messages import event_in, event_out
from agent.runtime.clock.reckon import Reckoned
from drivers.event import Event, EventKind, Transition
from protocols.clock import NowNs

Keep = Callable[[str, object], None]
"""Keeps a note under a name with the events offered so far; None takes it away."""
Wall = Callable[[str, int], Reckoned]
"""UTC of a moment (ms of CLOCK_BOOTTIME) of a kernel boot, as far as it is known."""
Key = tuple[str, EventKind]
"""Subject and kind: what can stand once."""

_NOTE = "stands:"
_RECENT = 500

_log = logging.getLogger("hydronest")


@dataclass(frozen=True, slots=True)
class ActiveAlarm:
    """An event as it was raised. `boot` is the kernel boot by whose clock `event.at_ns` counts."""

    event: Event
    boot: str


class ActiveAlarms:
    """`notes` are what an earlier run left; `turned` takes every turn of every event from then on.

    `left` is what stood at the start. `recent` are the newest turns since then, the oldest first.
    """

    def __init__(self, notes: Mapping[str, object], keep: Keep, boot: str, wall: Wall, now_ns: NowNs) -> None:
        self._keep = keep
        self._boot = boot
        self._wall = wall
        self._now_ns = now_ns
        self._of: dict[str, dict[EventKind, ActiveAlarm]] = {}
        self.recent: deque[Event] = deque(maxlen=_RECENT)
        for name, note in notes.items():
            if name.startswith(_NOTE):
                self._restore(name.removeprefix(_NOTE), note)
        self.left: tuple[Key, ...] = tuple((alarm.event.subject, alarm.event.kind) for alarm in self)

    def __iter__(self) -> Iterator[ActiveAlarm]:
        """Everything that stands."""
        return (alarm for kinds in self._of.values() for alarm in kinds.values())

    def __contains__(self, key: Key) -> bool:
        """Whether this stands."""
        subject, kind = key
        return kind in self._of.get(subject, {})

    def of(self, subject: str) -> Mapping[EventKind, ActiveAlarm]:
        """What stands of one subject, now and at any later time."""
        return self._of.setdefault(subject, {})

    def since_ns(self, alarm: ActiveAlarm) -> int | None:
        """When it was raised by this boot's clock, negative if before this boot; None while nobody can know."""
        if alarm.boot == self._boot:
            return alarm.event.at_ns
        now_ns = self._now_ns()
        now = self._wall(self._boot, now_ns // 1_000_000)
        then = self._wall(alarm.boot, alarm.event.at_ns // 1_000_000)
        return None if now.err_ms is None or then.err_ms is None else now_ns - (now.wall_ns - then.wall_ns)

    def age_s(self, alarm: ActiveAlarm) -> float | None:
        """How long it has stood; None while nobody can know."""
        since_ns = self.since_ns(alarm)
        return None if since_ns is None else round(max(0, self._now_ns() - since_ns) / 1e9, 1)

    def by_this_clock(self) -> list[Event]:
        """Everything that stands, raised when it was by this boot's clock; now, where nobody knows."""
        now_ns = self._now_ns()
        at = ((alarm.event, self.since_ns(alarm)) for alarm in self)
        return [replace(event, at_ns=now_ns if since_ns is None else since_ns) for event, since_ns in at]

    def turned(self, event: Event) -> None:
        """Take one turn. An event that was offered to the journal before is kept with what it leaves standing."""
        self.recent.append(event)
        if event.transition is Transition.RAISED:
            kinds = self._of.setdefault(event.subject, {})
            kinds[event.kind] = ActiveAlarm(event, self._boot)
        elif event.transition is Transition.CLEARED and (event.subject, event.kind) in self:
            kinds = self._of[event.subject]
            del kinds[event.kind]
        else:
            return
        note = [[alarm.boot, event_out(alarm.event)] for alarm in kinds.values()]
        self._keep(_NOTE + event.subject, note or None)

    def _restore(self, subject: str, note: Any) -> None:
        try:
            alarms = [ActiveAlarm(event_in(event), str(boot)) for boot, event in note]
        except (ValueError, TypeError):  # of another version: it costs itself only
            _log.exception("what stood of %s cannot be understood", subject)
            return
        self._of[subject] = {alarm.event.kind: alarm for alarm in alarms if alarm.event.subject == subject}
