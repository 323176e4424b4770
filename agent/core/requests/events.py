"""What stands, the worst first, and what turned lately, as it is told to whoever asks."""

from typing import Any

from agent.control.encoding import Rows, encoded, rows_of
from agent.core.active_alarms import ActiveAlarms
from agent.core.alarm import ActiveAlarm
from agent.judge.alarm_groups import FAMILIES
from agent.runtime.slices import in_slices
from drivers.event import Event, Severity


async def events_of(alarms: ActiveAlarms, utc_ns: int | None) -> dict[str, Any]:
    """What stands, and what turned since the agent began."""
    now_ns = alarms.moments.now_ns()
    turns = await rows_of(_turn(event, now_ns, utc_ns) for event in list(alarms.recent)[::-1])
    return {"standing": await standing_rows(alarms), "recent": turns}


async def standing_rows(alarms: ActiveAlarms) -> Rows:
    """Everything that stands, the worst first."""
    rows = await in_slices((*_worst_first(alarm), encoded(alarm_row(alarm, alarms))) for alarm in list(alarms))
    return Rows(row for *_order, row in sorted(rows))


def alarm_row(alarm: ActiveAlarm, alarms: ActiveAlarms) -> dict[str, Any]:
    """As it stands in every answer. `age_s` is None while nobody can know since when."""
    event, acknowledged = alarm.event, alarm.acknowledged
    return {
        "kind": event.kind.value,
        "subject": event.subject,
        "severity": event.severity.value,
        "age_s": alarms.age_s(alarm),
        "acknowledged_by": None if acknowledged is None else acknowledged.by,
        "note": alarm.note,
        "shelved_s": alarms.shelved_s((event.subject, event.kind)),
        "group": alarm.group or None,
        "evidence": dict(event.evidence),
    }


def group_rows(alarms: ActiveAlarms) -> list[dict[str, Any]]:
    """What stands of one cause each, where that is more than one thing; the largest first."""
    members: dict[str, list[ActiveAlarm]] = {}
    for alarm in alarms:
        if alarm.group:
            members.setdefault(alarm.group, []).append(alarm)
    rows = []
    for name, mine in members.items():
        subjects = sorted({alarm.event.subject for alarm in mine})
        if len(subjects) < 2:
            continue
        ages = [age_s for alarm in mine if (age_s := alarms.age_s(alarm)) is not None]
        worst = max((alarm.event.severity for alarm in mine), key=lambda severity: severity.rank)
        rows.append(
            {
                "group": name,
                "subjects": subjects,
                "kinds": sorted({alarm.event.kind.value for alarm in mine}),
                "severity": worst.value,
                "age_s": max(ages, default=None),
                "alarms": len(mine),
                "acknowledged": sum(alarm.acknowledged is not None for alarm in mine),
            }
        )
    return sorted(rows, key=lambda row: (-len(row["subjects"]), row["group"]))


def unseen(alarms: ActiveAlarms, most: int = 100) -> list[tuple[str, str]]:
    """[subject, kind] of every alarm that nobody has acknowledged or shelved, one of those of one cause."""
    now_ns = alarms.moments.now_ns()
    found: dict[tuple[str, str], None] = {}
    for alarm in alarms:
        event = alarm.event
        if event.severity is Severity.ALARM and alarm.acknowledged is None and alarm.shelved_until_ns <= now_ns:
            kind = FAMILIES[event.kind] if alarm.group else event.kind
            found[alarm.group or event.subject, kind.value] = None
            if len(found) == most:
                break
    return list(found)


def _worst_first(alarm: ActiveAlarm) -> tuple[int, str, str]:
    return -alarm.event.severity.rank, alarm.event.subject, alarm.event.kind.value


def _turn(event: Event, now_ns: int, utc_ns: int | None) -> dict[str, Any]:
    return {
        "kind": event.kind.value,
        "subject": event.subject,
        "severity": event.severity.value,
        "turn": event.transition.value,
        "age_s": round((now_ns - event.at_ns) / 1e9, 1),
        "utc_s": None if utc_ns is None else (utc_ns - (now_ns - event.at_ns)) / 1e9,
        "evidence": dict(event.evidence),
    }
