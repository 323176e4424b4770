"""One alarm as it stands: the event that raised it, who acknowledged it, and until when it is shelved (ISA-18.2)."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.core.moments import Moment
from agent.link.messages import event_in, event_out
from drivers.event import Event


class Acknowledged(NamedTuple):
    """Somebody has seen it."""

    by: str
    at: Moment
    note: str


class Shelved(NamedTuple):
    """Somebody keeps it off the screens for a while: it is known, and disturbs."""

    by: str
    until: Moment
    why: str

    def as_json(self) -> list[Any]:
        """For keeping."""
        return [self.by, list(self.until), self.why]


@dataclass(frozen=True, slots=True)
class ActiveAlarm:
    """An event as it was raised. `boot` is the kernel boot by whose clock `event.at_ns` counts.

    `shelved_until_ns` is of this boot's clock, 0 where it is not shelved. `group` names those of one cause by the
    subject that was first, empty for a kind that stands for itself (`agent/judge/alarm_groups.py`). `note` is what was
    said of it last.
    """

    event: Event
    boot: str
    acknowledged: Acknowledged | None = None
    shelved_until_ns: int = 0
    group: str = ""
    note: str = ""

    @property
    def raised(self) -> Moment:
        """When."""
        return Moment(self.boot, self.event.at_ns)

    def as_json(self) -> list[Any]:
        """For keeping."""
        seen = self.acknowledged
        note = None if seen is None else [seen.by, list(seen.at), seen.note]
        return [self.boot, event_out(self.event), note, self.group, self.note]


def alarm_from(kept: Any) -> ActiveAlarm:
    """The alarm that `as_json` wrote. Raises ValueError or TypeError where it is none."""
    boot, event, acknowledged, *more = kept  # before there were groups and notes there was none
    group, note = ([str(one) for one in more] + ["", ""])[:2]
    if acknowledged is not None:
        by, at, seen = acknowledged
        acknowledged = Acknowledged(str(by), moment_from(at), str(seen))
        note = note or acknowledged.note
    return ActiveAlarm(event_in(event), str(boot), acknowledged, group=group, note=note)


def shelved_from(kept: Any) -> Shelved:
    """What was kept of a shelf. Raises ValueError or TypeError where it is none."""
    by, until, why = kept
    return Shelved(str(by), moment_from(until), str(why))


def moment_from(kept: Any) -> Moment:
    """Raises ValueError or TypeError where it is none."""
    boot, ns = kept
    return Moment(str(boot), int(ns))
