"""Facts on disk: one JSON object a line, appended and synced before it counts, never changed afterwards.

`write` may run on another thread; everything else belongs to the loop's, which reads `facts` while it judges.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from agent.judge.facts import KINDS, Fact, Facts, Incident, Permit, fact_from
from agent.runtime.durable import append_line, write_whole
from agent.runtime.envelope import enclosed, opened
from agent.runtime.readable import read
from protocols.reason import Reason
from protocols.system import file_reason

FILE_NAME = "facts.jsonl"
MORE = "more"
"""What a platform said besides, under a name of its own in a line: it takes the place of nothing that we know."""
KIND = "fact"
LONGEST_LINE = 64 << 10
"""Bytes; four times the longest fact that is taken in."""
ABOUT_TELLING = frozenset({"fact", "told_s", "told_by", MORE})
"""Names in a line that are none of the fact's own fields."""
_KINDS_BACK = {cls: kind for kind, cls in KINDS.items()}


def kind_of(fact: Fact) -> str:
    """incident, permit, inspection or flow_test."""
    return _KINDS_BACK[type(fact)]


class RecordedFact(NamedTuple):
    """A fact, when the agent took it in (UTC seconds, None while it had no trusted clock), and who told it: a person
    by his key, or `uid N` at the gateway itself. Empty in what an earlier version kept. `more`: what was said besides.
    """

    fact: Fact
    told_s: float | None
    told_by: str = ""
    more: Mapping[str, Any] = MappingProxyType({})

    @property
    def kind(self) -> str:
        """incident, permit, inspection or flow_test."""
        return kind_of(self.fact)

    def as_json(self) -> dict[str, Any]:
        """As it stands in the file, and in answers."""
        by = {"told_by": self.told_by} if self.told_by else {}
        more = {MORE: dict(self.more)} if self.more else {}
        return {"fact": self.kind, "told_s": self.told_s, **by, **asdict(self.fact), **more}


def _line(told: RecordedFact) -> str:
    return enclosed(KIND, json.dumps(told.as_json(), ensure_ascii=False, separators=(",", ":")).encode()).decode()


class FactStore:
    """All facts ever told, in order, and the newest version of each in `facts`. Blocking: a sync per new fact."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self.facts = Facts()
        self.told: list[RecordedFact] = []
        self.unreadable: list[int] = []  # line numbers that could not be read; they stay in the file
        self.trouble: list[Reason] = []  # what of the file the card cannot read
        self._load()

    def write(self, told: RecordedFact) -> None:
        """Append a fact and sync: it is kept for good when this returns. Blocks; raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.told and not self.path.exists():  # removed under us
            write_whole(self.path, b"".join(f"{_line(one)}\n".encode() for one in list(self.told)))
        append_line(self.path, _line(told), sync=True)

    def accept(self, told: RecordedFact) -> None:
        """Let a written fact count."""
        if self.facts.add(told.fact):
            self.told.append(told)

    def forget(self, over: Iterable[RecordedFact]) -> None:
        """Let these of `told` count no longer."""
        gone = {id(told) for told in over}
        for told in self.told:
            fact = told.fact
            if id(told) not in gone:
                continue
            if isinstance(fact, Incident) and self.facts.incidents.get(fact.id) is fact:
                del self.facts.incidents[fact.id]
            elif isinstance(fact, Permit) and self.facts.permits.get(fact.id) is fact:
                del self.facts.permits[fact.id]
        self.told[:] = [told for told in self.told if id(told) not in gone]
        self.facts.count += 1

    def is_news(self, fact: Fact) -> bool:
        """False for a repeat and for what is older than what is known."""
        known: Any = {
            "incident": self.facts.incidents,
            "permit": self.facts.permits,
            "inspection": self.facts.inspections,
            "flow_test": self.facts.flow_tests,
        }[kind_of(fact)]
        before: Any = known.get(getattr(fact, "id", "") or getattr(fact, "asset", ""))
        return before is None or (fact != before and fact.at_s >= before.at_s)

    def _load(self) -> None:
        try:
            found = read(self.path)
        except FileNotFoundError:
            return
        except OSError as error:
            self.trouble.append(file_reason(self.path, error))
            return
        raw = found.data
        if found.unreadable:
            self.trouble.append(Reason("file.bad_spots", file=str(self.path), bytes=found.unreadable))
        torn = bool(raw) and not raw.endswith(b"\n") and not found.unreadable
        if torn:  # a power cut in the middle of a line: it was never confirmed
            keep = raw.rfind(b"\n") + 1
            with suppress(OSError), self.path.open("r+b") as file:  # else it is ended before the next line
                file.truncate(keep)
                os.fsync(file.fileno())
            raw = raw[:keep]
        for number, line in enumerate(raw.splitlines(), 1):
            told = recorded(line)
            if told is None:
                self.unreadable.append(number)
            else:
                self.accept(told)


def recorded(line: bytes) -> RecordedFact | None:
    """What a line of the file says; None for one that cannot be read."""
    try:
        row = opened(line, KIND, LONGEST_LINE)
        kind, told_s = row.pop("fact"), row.pop("told_s")
        by, more = str(row.pop("told_by", "")), dict(row.pop(MORE, {}))
        fact = fact_from(kind, {name: value for name, value in row.items() if value is not None})
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    return RecordedFact(fact, told_s, by, more)
