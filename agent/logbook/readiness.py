"""How long each nest could launch, from what flight wrote of it. Pure but for `kept`, which reads the files."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from agent.runtime.durable import lines
from protocols.foreign_json import BadJson, read_json_object

LONGEST_LINE = 16 << 10
NEVER_SET = "2020"
"""A clock that says less was never set: such a file is of any month."""
STANDS = ("ready", "out", "not_ready")


class Stretch(NamedTuple):
    """From one UTC second to another a nest stood so."""

    nest: str
    from_s: float
    to_s: float
    stands: str
    why: tuple[str, ...]


@dataclass(slots=True)
class Sum:
    """Seconds. What of `elapsed_s` is in none of the others is not known: nobody looked."""

    elapsed_s: float = 0.0
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STANDS, 0.0))
    why_s: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Ready is what is ready or out, of all seconds and of the known ones; nothing is known: None."""
        good, known = self.seconds["ready"] + self.seconds["out"], sum(self.seconds.values())
        return {
            **{f"{name}_s": round(value, 1) for name, value in self.seconds.items()},
            "unknown_s": round(max(0.0, self.elapsed_s - known), 1),
            "ready_percent": round(100 * good / self.elapsed_s, 3) if self.elapsed_s > 0 else None,
            "of_known_percent": round(100 * good / known, 3) if known > 0 else None,
            "why_s": {name: round(value, 1) for name, value in sorted(self.why_s.items())},
        }


def kept(folder: Path, from_s: float, to_s: float) -> Iterator[str]:
    """The lines of every month that touches the period, and of clocks that were never set. Raises OSError."""
    first, last = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m") for at in (from_s - 86_400, to_s + 86_400))
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        if first <= path.stem <= last or path.stem < NEVER_SET:
            yield from lines(path)


def known_since_s(folder: Path, nest: str, ever: Iterable[Stretch], from_s: float) -> float | None:
    """From when on in the period it is to be counted; None: nobody ever wrote of it. Raises OSError."""
    first_s = min((one.from_s for one in ever if one.nest == nest), default=None)
    if first_s is not None and first_s <= from_s:
        return from_s
    first = datetime.fromtimestamp(from_s, UTC).strftime("%Y-%m")
    named = f'"nest":{json.dumps(nest)}'
    before = (path for path in folder.glob("*.jsonl") if NEVER_SET <= path.stem < first) if folder.is_dir() else ()
    return from_s if any(named in line for path in before for line in lines(path)) else first_s


def stretches(told: Iterable[str]) -> Iterator[Stretch]:
    """Life by life, in the order of their times; a bent line costs itself. What has no time at all is left out."""
    lives: dict[str, list[Mapping[str, Any]]] = {}
    for line in told:
        try:
            entry = read_json_object(line, LONGEST_LINE)
            lives.setdefault(str(entry["life"]), []).append(entry | {"t_s": float(entry["t_s"])})
        except (BadJson, KeyError, TypeError, ValueError):
            continue
    ordered = sorted((found for life in lives.values() if (found := list(_dated(life)))), key=lambda life: life[0][0])
    until_s = 0.0
    for life in ordered:
        yield from _of_life(life, until_s)
        until_s = max(until_s, life[-1][0])


def _dated(life: list[Mapping[str, Any]]) -> Iterator[tuple[float, Mapping[str, Any]]]:
    """Each line with its UTC second: its own, or by that of the line nearest behind, or before, that has one."""
    life.sort(key=lambda entry: entry["t_s"])
    offset: float | None = None
    known = [entry["utc_s"] - entry["t_s"] if isinstance(entry.get("utc_s"), int | float) else None for entry in life]
    behind: list[float | None] = []
    for own in reversed(known):
        offset = own if own is not None else offset
        behind.append(offset)
    before: float | None = None
    for entry, own, later in zip(life, known, reversed(behind), strict=True):
        before = own if own is not None else before
        by = later if later is not None else before
        if by is not None:
            yield entry["t_s"] + by, entry


def _of_life(life: list[tuple[float, Mapping[str, Any]]], not_before_s: float) -> Iterator[Stretch]:
    open_: dict[str, tuple[float, str, tuple[str, ...]]] = {}
    ends_s = life[-1][0]
    for at_s, entry in life:
        nest, stands = entry.get("nest"), entry.get("stands")
        if isinstance(nest, str) and stands in STANDS:
            if nest in open_:
                yield from _closed(nest, open_[nest], at_s, not_before_s)
            open_[nest] = at_s, str(stands), tuple(map(str, entry.get("why", ())))
    for nest, begun in open_.items():
        yield from _closed(nest, begun, ends_s, not_before_s)


def _closed(
    nest: str, begun: tuple[float, str, tuple[str, ...]], to_s: float, not_before_s: float
) -> Iterator[Stretch]:
    from_s, stands, why = begun
    from_s = max(from_s, not_before_s)
    if from_s < to_s:
        yield Stretch(nest, from_s, to_s, stands, why)


def within(found: Iterable[Stretch], from_s: float, to_s: float) -> list[Stretch]:
    """What of them lies in the period."""
    cut = (one._replace(from_s=max(one.from_s, from_s), to_s=min(one.to_s, to_s)) for one in found)
    return [one for one in cut if one.from_s < one.to_s]


def summed(found: Iterable[Stretch], elapsed_s: Mapping[str, float], group_of: Mapping[str, str]) -> dict[str, Sum]:
    """By group; `elapsed_s` is of each nest how long it was to be counted."""
    sums: dict[str, Sum] = {}
    for nest, seconds in elapsed_s.items():
        sums.setdefault(group_of.get(nest, nest), Sum()).elapsed_s += seconds
    for one in found:
        mine = sums.setdefault(group_of.get(one.nest, one.nest), Sum())
        mine.seconds[one.stands] += one.to_s - one.from_s
        for why in one.why:
            mine.why_s[why] = mine.why_s.get(why, 0.0) + one.to_s - one.from_s
    return sums
