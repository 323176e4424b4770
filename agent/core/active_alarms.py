"""What stands: raised by whoever, and not cleared. The one room every screen reads, kept over restarts in the journal.

What stands of a subject is a note beside the event that turned it, committed in the same transaction: neither is ever
there without the other.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from agent.core.alarm import Acknowledged, ActiveAlarm, Shelved, alarm_from, shelved_from
from agent.core.moments import Moments
from agent.journal.journal import Journal
from agent.judge.alarm_groups import AlarmGroups, Where
from agent.runtime.kernel_boot import kernel_boot_id
from drivers.event import Event, EventKind, Transition
from protocols.clock import NowNs

Keep = Callable[[str, object], None]
"""Keeps a note under a name with the events offered so far; None takes it away."""
Key = tuple[str, EventKind]
"""Subject and kind: what can stand once."""

_NOTE = "stands:"
_RECENT = 500

_log = logging.getLogger("hydronest")


class ActiveAlarms:
    """`notes` are what an earlier run left; `turned` takes every turn of every event from then on.

    `left` is what stood at the start. `recent` are the newest turns since then, the oldest first. `shelf` is what is
    shelved, whether it stands or not. `where` devices are, and on which line, makes one group of alarms of one cause.
    `on_turn` is told of every subject of which something else stands than before, or stands otherwise.
    """

    def __init__(
        self,
        notes: Mapping[str, object],
        keep: Keep,
        moments: Moments,
        where: Callable[[str], Where | None] = lambda _device: None,
        on_turn: Callable[[str], None] = lambda _subject: None,
    ) -> None:
        self.moments = moments
        self.recent: deque[Event] = deque(maxlen=_RECENT)
        self.shelf: dict[Key, Shelved] = {}
        self._on_turn = on_turn
        self._keep = keep
        self._groups = AlarmGroups(where)
        self._of: dict[str, dict[EventKind, ActiveAlarm]] = {}
        for name, note in notes.items():
            if name.startswith(_NOTE):
                self._restore(name.removeprefix(_NOTE), note)
        self._group_again()
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

    def age_s(self, alarm: ActiveAlarm) -> float | None:
        """How long it has stood; None while nobody can know."""
        return self.moments.age_s(alarm.raised)

    def by_this_clock(self) -> list[Event]:
        """Everything that stands, raised when it was by this boot's clock; now, where nobody knows."""
        now_ns = self.moments.now_ns()
        at = ((alarm.event, self.moments.here_ns(alarm.raised)) for alarm in self)
        return [replace(event, at_ns=now_ns if at_ns is None else at_ns) for event, at_ns in at]

    def _group_again(self) -> None:
        here = ((self.moments.here_ns(alarm.raised), alarm) for alarm in self)
        for at_ns, alarm in sorted((one for one in here if one[0] is not None), key=lambda one: one[0] or 0):
            self._groups.joins(alarm.event.subject, alarm.event.kind, at_ns or 0, alarm.group)

    def group(self, name: str) -> list[Key]:
        """What stands of one cause."""
        return [(alarm.event.subject, alarm.event.kind) for alarm in self if name and alarm.group == name]

    def turned(self, event: Event) -> None:
        """Take one turn. An event that was offered to the journal before is kept with what it leaves standing."""
        self.recent.append(event)
        if event.transition is Transition.RAISED:
            group = self._groups.joins(event.subject, event.kind, event.at_ns)
            alarm = ActiveAlarm(event, self.moments.boot, group=group)
            self._of.setdefault(event.subject, {})[event.kind] = self._as_shelved(alarm)
        elif event.transition is Transition.CLEARED and (event.subject, event.kind) in self:
            del self._of[event.subject][event.kind]
        else:
            return
        self._note(event.subject)

    def acknowledge(self, key: Key, by: str, note: str) -> None:
        """Somebody has seen it. Raises KeyError where it does not stand."""
        subject, kind = key
        acknowledged = Acknowledged(by, self.moments.of(self.moments.now_ns()), note)
        alarm = self._of[subject][kind]
        self._of[subject][kind] = replace(alarm, acknowledged=acknowledged, note=note or alarm.note)
        self._note(subject)

    def annotate(self, key: Key, note: str) -> None:
        """Somebody says something of it, seen or not. Raises KeyError where it does not stand."""
        subject, kind = key
        self._of[subject][kind] = replace(self._of[subject][kind], note=note)
        self._note(subject)

    def shelve(self, key: Key, for_s: float, by: str, why: str) -> None:
        """Keep it off the screens for so long, whether it stands now or comes again; 0: no longer."""
        until_ns = self.moments.now_ns() + round(for_s * 1e9)
        if for_s:
            self.shelf[key] = Shelved(by, self.moments.of(until_ns), why)
        else:
            self.shelf.pop(key, None)
        subject, kind = key
        if key in self:
            self._of[subject][kind] = self._as_shelved(self._of[subject][kind])
        self._note(subject)

    def shelved_s(self, key: Key) -> float | None:
        """How long it stays on the shelf; None where it is on none."""
        shelved = self.shelf.get(key)
        until_ns = None if shelved is None else self.moments.here_ns(shelved.until)
        left_s = 0.0 if until_ns is None else (until_ns - self.moments.now_ns()) / 1e9
        return round(left_s, 1) if left_s > 0 else None

    def _as_shelved(self, alarm: ActiveAlarm) -> ActiveAlarm:
        shelved = self.shelf.get((alarm.event.subject, alarm.event.kind))
        until_ns = None if shelved is None else self.moments.here_ns(shelved.until)
        return replace(alarm, shelved_until_ns=until_ns or 0)

    def _note(self, subject: str) -> None:
        for key in [one for one in self.shelf if one[0] == subject and self.shelved_s(one) is None]:
            del self.shelf[key]
        alarms = [alarm.as_json() for alarm in self._of.get(subject, {}).values()]
        shelf = {kind.value: shelved.as_json() for (of, kind), shelved in self.shelf.items() if of == subject}
        self._keep(_NOTE + subject, {"alarms": alarms, "shelf": shelf} if alarms or shelf else None)
        self._on_turn(subject)

    def _restore(self, subject: str, note: Any) -> None:
        try:
            alarms = [alarm_from(kept) for kept in note["alarms"]]
            shelf = {(subject, EventKind(kind)): shelved_from(kept) for kind, kept in note["shelf"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):  # of another version: it costs itself only
            _log.exception("what stood of %s cannot be understood", subject)
            return
        self.shelf |= shelf
        mine = (self._as_shelved(alarm) for alarm in alarms if alarm.event.subject == subject)
        self._of[subject] = {alarm.event.kind: alarm for alarm in mine}


def alarms_of(
    journal: Journal,
    now_ns: NowNs,
    where: Callable[[str], Where | None] = lambda _device: None,
    on_turn: Callable[[str], None] = lambda _subject: None,
) -> ActiveAlarms:
    """What stands by this journal, and is kept in it."""
    moments = Moments(kernel_boot_id(), journal.almanac.wall, now_ns)
    return ActiveAlarms(journal.notes(), journal.keep, moments, where, on_turn)
