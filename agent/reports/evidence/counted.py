"""Which minutes of a day count, and as what: everything that existed on it, as it was committed. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from agent.judge.asset import Asset
from agent.judge.life import LifeState, Lives, thing_as_json
from agent.judge.rate import By, group_of
from agent.judge.tally import Tally
from agent.judge.verdict import State
from agent.reports.evidence.day import MINUTE_MS, DayOf
from agent.settings.rules import Counted, Counting

KINDS = frozenset({"hydrant", "fill_stand", "water_point"})
"""Kinds of things that are judged; what a profile of one of these read is one, whatever anybody says."""


class Part(NamedTuple):
    """Minutes of the day from `begin` up to and without `end`, in one state and one place. `state` None: a stranger."""

    begin: int
    end: int
    state: LifeState | None
    counts: Counted
    thing: Asset


Parts = Mapping[str, list[Part]]
"""By asset, in order; only those that existed on the day."""


def parts_of(lives: Lives, counting: Counting, strangers: Iterable[str], start_ms: int, end_ms: int) -> Parts:
    """Everything that existed between two full minutes, and what was read without being known, which counts too."""
    start, end = start_ms // MINUTE_MS, end_ms // MINUTE_MS
    found: dict[str, list[Part]] = {}
    for asset in sorted(lives.assets):
        for stretch in lives.stretches(asset, start, end):
            counts: Counted = getattr(counting, stretch.state.value)
            part = Part(stretch.from_min - start, stretch.to_min - start, stretch.state, counts, stretch.thing)
            found.setdefault(asset, []).append(part)
    for asset in sorted(strangers):
        found[asset] = [Part(0, end - start, None, "judged", Asset(asset, ""))]
    return found


def whole_day(assets: Iterable[Asset], start_ms: int, end_ms: int) -> Parts:
    """As evidence of version 2 has it: every asset of the list counts all day."""
    end = (end_ms - start_ms) // MINUTE_MS
    return {asset.id: [Part(0, end, LifeState.IN_SERVICE, "judged", asset)] for asset in assets}


def judged_as(parts: Parts) -> list[Asset]:
    """What is judged: each as it was described last on that day."""
    return [life[-1].thing for life in parts.values()]


def asset_lines(parts: Parts) -> Iterator[dict[str, Any]]:
    """As they stand in the file: what each was, and from when to when (minutes of the day) in which state."""
    for life in parts.values():
        told = [[part.begin, part.end, part.state and part.state.value] for part in life]
        yield {**thing_as_json(life[-1].thing), "life": told}


def strangers(read: Mapping[str, set[str]], lives: Lives, others: Mapping[str, str]) -> list[str]:
    """What was read and is no asset. `read`: device → kinds of its profiles; `others` are of no kind that is judged."""
    unknown = {device: kinds for device, kinds in read.items() if device not in lives.assets}
    return sorted(device for device, kinds in unknown.items() if device not in others or kinds & KINDS)


def rates(parts: Parts, days: Mapping[str, DayOf], by: By) -> dict[str, Tally]:
    """The day's minutes by group."""
    groups: dict[str, Tally] = {}
    for asset, life in parts.items():
        for part in life:
            if part.counts != "not_counted":
                groups.setdefault(group_of(part.thing, by), Tally()).join(_tally(part, days[asset]))
    return groups


def because(parts: Parts, days: Mapping[str, DayOf]) -> dict[str, int]:
    """The day's minutes by reason, of all that counts: rules of the verdicts, or the state a thing was in."""
    found: dict[str, int] = {}
    for asset, life in parts.items():
        for part in life:
            if part.counts == "judged":
                for reasons, minutes in _judged(part, days[asset]):
                    for reason in reasons:
                        found[reason] = found.get(reason, 0) + minutes
            elif part.counts != "not_counted" and part.state is not None:
                found[part.state.value] = found.get(part.state.value, 0) + part.end - part.begin
    return {reason: minutes for reason, minutes in sorted(found.items()) if minutes}


def _judged(part: Part, day: DayOf) -> Iterator[tuple[tuple[str, ...], int]]:
    ends = [minute for minute, _, _ in day.changes[1:]]
    for (begin, _, reasons), end in zip(day.changes, [*ends, part.end], strict=True):
        yield reasons, max(0, min(end, part.end) - max(begin, part.begin))


def at_end(parts: Parts, days: Mapping[str, DayOf], by: By, end: int) -> dict[str, Tally]:
    """One count of each asset as it stood in the day's last minute."""
    groups: dict[str, Tally] = {}
    for asset, life in parts.items():
        last = life[-1]
        if last.end == end and last.counts != "not_counted":
            minute = last._replace(begin=end - 1)
            groups.setdefault(group_of(last.thing, by), Tally()).join(_tally(minute, days[asset]))
    return groups


def _tally(part: Part, day: DayOf) -> Tally:
    minutes = part.end - part.begin
    if part.counts == "not_serviceable":
        return Tally(not_serviceable=minutes)
    if part.counts == "unknown":
        return Tally(unknown=minutes)
    tally = Tally()
    ends = [minute for minute, _, _ in day.changes[1:]]
    for (begin, state, _), end in zip(day.changes, [*ends, part.end], strict=True):
        tally.add(State(state), max(0, min(end, part.end) - max(begin, part.begin)))
    return tally
