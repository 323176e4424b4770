"""How good the alarms are: rates, floods, chattering, bad actors, measured as EEMUA 191 and ISA-18.2 do."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from agent.journal.flat import flat
from agent.judge.alarm_groups import AlarmGroups, Where
from agent.link.record import PriorityClass
from agent.reports.job import Job
from drivers.event import EventKind, Severity

TEN_MIN_MS = 600_000
DAY_MS = 86_400_000
FLOOD = 10
"""More alarms than this within ten minutes begin a flood (ISA-18.2, EEMUA 191)."""
FLOOD_OVER = 5
"""Fewer than this within ten minutes end it."""
CHATTER = 3
CHATTER_MS = 60_000
"""One alarm so often within a minute chatters."""
MOST_NAMED = 10

COUNTED = frozenset({Severity.ALARM.value, Severity.WARNING.value})
"""What asks somebody to do something; what is only told is no alarm."""

Turn = Mapping[str, Any]
"""A flat row of an event: t_ms, err_ms, kind, subject, severity, turn."""
Key = tuple[str, str]


def measured(
    turns: Iterable[Turn], since_ms: int, now_ms: int, where: Callable[[str], Where | None] = lambda _subject: None
) -> dict[str, Any]:
    """The figures over `since_ms` … `now_ms` (UTC). What has no known time is counted and told, and in no rate.

    Rates and floods are of what was announced: what joined others of one cause was told with them.
    """
    groups = AlarmGroups(where)
    joined: set[tuple[int, Key]] = set()
    raised: list[tuple[int, Key]] = []
    stands: dict[Key, int | None] = {}
    undated = 0
    for turn in turns:
        key = str(turn["subject"]), str(turn["kind"])
        if turn["turn"] == "cleared":
            stands.pop(key, None)
        if turn["turn"] != "raised" or turn["severity"] not in COUNTED:
            continue
        dated = turn["err_ms"] is not None
        stands[key] = turn["t_ms"] if dated else None
        undated += not dated
        if dated and since_ms <= turn["t_ms"] <= now_ms:
            raised.append((turn["t_ms"], key))
    raised.sort()
    for at, (subject, kind) in raised:
        if groups.joins(subject, EventKind(kind), at * 1_000_000) not in ("", subject):
            joined.add((at, (subject, kind)))
    times = [at for at, key in raised if (at, key) not in joined]
    days = max(now_ms - since_ms, 1) / DAY_MS
    worst_at, worst = _worst(times)
    floods = list(_floods(times))
    by_key = Counter(key for _, key in raised)
    return {
        "since_ms": since_ms,
        "until_ms": now_ms,
        "alarms": len(raised),
        "announced": len(times),
        "undated": undated,
        "per_day": round(len(times) / days, 1),
        "per_ten_min": round(len(times) / days / 144, 3),
        "worst_ten_min": worst,
        "worst_ten_min_ms": worst_at,
        "floods": [{"from_ms": begin, "to_ms": end, "alarms": count} for begin, end, count in floods],
        "in_flood_share": round(sum(end - begin for begin, end, _ in floods) / (days * DAY_MS), 5),
        "chattering": _named(_chattering(raised), "times"),
        "bad_actors": _named(by_key, "alarms"),
        "stale": list(_stale(stands, now_ms)),
    }


def _worst(times: list[int]) -> tuple[int | None, int]:
    """When the ten minutes with the most alarms began, and how many these were."""
    window: deque[int] = deque()
    worst_at, worst = None, 0
    for at in times:
        window.append(at)
        while at - window[0] >= TEN_MIN_MS:
            window.popleft()
        if len(window) > worst:
            worst_at, worst = window[0], len(window)
    return worst_at, worst


def _floods(times: list[int]) -> Iterator[tuple[int, int, int]]:
    """(begin, end, alarms) of each flood; the end of the last may be yet to come."""
    first: int | None = None  # of its alarms
    after = 0
    for i, at in enumerate(times):
        if first is not None and (end := times[i - FLOOD_OVER] + TEN_MIN_MS) <= at:
            yield times[first], end, i - first
            first, after = None, i
        if first is None and i - FLOOD >= after and at - times[i - FLOOD] < TEN_MIN_MS:
            first = i - FLOOD
    if first is not None:
        yield times[first], times[-FLOOD_OVER] + TEN_MIN_MS, len(times) - first


def _chattering(raised: list[tuple[int, Key]]) -> Counter[Key]:
    """How often each came so soon that it chattered."""
    newest: dict[Key, deque[int]] = {}
    found: Counter[Key] = Counter()
    for at, key in raised:
        times = newest.setdefault(key, deque(maxlen=CHATTER))
        times.append(at)
        if len(times) == CHATTER and at - times[0] <= CHATTER_MS:
            found[key] += 1
    return found


def _named(counts: Counter[Key], what: str) -> list[dict[str, Any]]:
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST_NAMED]
    return [{"subject": subject, "kind": kind, what: count} for (subject, kind), count in most]


def _stale(stands: Mapping[Key, int | None], now_ms: int) -> Iterator[dict[str, Any]]:
    for (subject, kind), at in sorted(stands.items()):
        if at is not None and now_ms - at > DAY_MS:
            yield {"subject": subject, "kind": kind, "since_ms": at}


def kpi(job: Job) -> Iterator[Any]:
    """The figures of the last days, from the events the journal still holds."""
    since_ms, now_ms = job.inputs["since_ms"], job.inputs["now_ms"]

    def turns() -> Iterator[Turn]:
        seen = 0
        for part in flat(job.records.reader(opened=True), PriorityClass.EVENT, since_ms):
            seen += part["records"]
            job.progress.reach(seen, max(seen, part["of"]))
            yield from part["rows"]

    places = {subject: Where(*place) for subject, place in job.inputs["where"].items()}
    yield measured(turns(), since_ms, now_ms, places.get)


ANSWERS = {"alarm.kpi": kpi}
