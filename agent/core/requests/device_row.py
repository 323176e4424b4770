"""One device of the board as it stands in answers: its state, never better than it is, and its row."""

from typing import Any

from agent.core.latest import Reading
from drivers.event import Severity

STATES = ("alarm", "bad", "late", "silent", "warning", "ok")
"""A device's state, worst first: an alarm stands; its main value is unusable, too old, or never came; a warning."""


def state_of(reading: Reading, now_ns: int) -> str:
    """One of STATES. Cheap: asked of every device for every frame."""
    standing = reading.standing.values()
    worst = {alarm.event.severity for alarm in standing if alarm.shelved_until_ns <= now_ns} if standing else ()
    if Severity.ALARM in worst:
        return "alarm"
    main = reading.main()
    if main is None:
        return "silent"
    _point, _unit, _value, quality, sample = main
    if not quality.usable:
        return "bad"
    if now_ns - sample.read_ns > reading.info.stale_after_s * 1e9:
        return "late"
    return "warning" if Severity.WARNING in worst else "ok"


def row_of(reading: Reading, now_ns: int) -> dict[str, Any]:
    """The row every list shows: who, its state, its main value with quality and age, the kinds of standing events."""
    info, main = reading.info, reading.main()
    row: dict[str, Any] = {
        "id": info.id,
        "name": info.name,
        "kind": info.kind,
        "line": info.line,
        "state": state_of(reading, now_ns),
        "point": info.main_point,
        "value": None,
        "unit": "",
        "quality": "",
        "age_s": None,
        "events": [kind.value for kind in reading.standing],
    }
    if main is not None:
        _point, unit, value, quality, sample = main
        row |= {"value": value, "unit": unit, "quality": quality.code, "age_s": age_s(now_ns, sample.read_ns)}
    return row


def age_s(now_ns: int, at_ns: int) -> float:
    """How long ago, in seconds to the millisecond; never negative."""
    return round(max(0, now_ns - at_ns) / 1e9, 3)
