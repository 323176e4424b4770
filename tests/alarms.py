"""The room for what stands, without a journal: it keeps nothing, or as much as a test likes."""

from collections.abc import Callable

import orjson

from agent.core.active_alarms import ActiveAlarms
from agent.core.moments import Moments
from agent.judge.alarm_groups import Where
from agent.runtime.clock.reckon import Reckoned
from protocols.clock import boottime_ns
from protocols.reason import plain

BOOT = "b" * 32


class Notes(dict[str, object]):
    """Notes as a journal keeps them: as JSON."""

    def keep(self, name: str, note: object) -> None:
        if note is None:
            self.pop(name, None)
        else:
            self[name] = orjson.loads(orjson.dumps(note, default=plain))


def alarms(
    now_ns: Callable[[], int] = boottime_ns, where: Callable[[str], Where | None] = lambda _device: None
) -> ActiveAlarms:
    """Nothing stands at first, and nobody knows what time it is."""
    moments = Moments(BOOT, lambda _boot, _ms: Reckoned(0, None), now_ns)
    return ActiveAlarms({}, lambda _name, _note: None, moments, where)


def offset_alarms(
    notes: Notes,
    offset_ns: int,
    now_ns: Callable[[], int],
    trusted: bool = True,
    *,
    where: Callable[[str], Where | None] = lambda _device: None,
    on_turn: Callable[[str], None] = lambda _subject: None,
) -> ActiveAlarms:
    """What `notes` say stands. A kernel boot is named by its offset from UTC, so that any moment of it is known."""

    def wall(boot: str, ms: int) -> Reckoned:
        return Reckoned(ms * 1_000_000 + int(boot), 0 if trusted else None)

    return ActiveAlarms(notes, notes.keep, Moments(str(offset_ns), wall, now_ns), where, on_turn)
