"""One aircraft's parameters against its autopilot's table. Pure: reading them is somebody else's."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.drone.audit import ardupilot, px4
from drivers.drone.audit.rules import Bounds, Finding, Named, Need
from protocols.mavlink.book import Heard, ParameterBook
from protocols.reason import Fact, Reason, word

TABLES: Mapping[str, Callable[[Bounds], tuple[Need, ...]]] = {"ardupilot": ardupilot.needs, "px4": px4.needs}
"""By the name of the autopilot's family."""
FRESH_S = 600.0
"""Nothing is launched by what was read longer ago."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found, in the table's order. `at_ns`: when the oldest of it was read or said; None: not all of it is."""

    findings: tuple[Finding, ...] = ()
    at_ns: int | None = None
    version: str = ""

    def age_s(self, now_ns: int) -> float:
        """Seconds; infinite where not all of it is known."""
        return math.inf if self.at_ns is None else (now_ns - self.at_ns) / 1e9

    @property
    def first(self) -> Finding | None:
        """The first that is not as needed."""
        return next((one for one in self.findings if one.ok is False), None)

    def good(self, now_ns: int) -> bool:
        """All as needed, and known lately."""
        return self.first is None and self.age_s(now_ns) <= FRESH_S

    def told(self, now_ns: int) -> tuple[Fact, Reason]:
        """How it stands and how it must be, in a line: the first cause where there is one."""
        if self.first is not None:
            return found(self.first), Reason("audit.needed", needed=self.first.needed, why=self.first.why)
        limit = Reason("audit.all_read_within", minutes=round(FRESH_S / 60))
        if self.at_ns is None:
            return word("audit.not_read"), limit
        return Reason("audit.all_right" if self.age_s(now_ns) <= FRESH_S else "audit.read_long_ago"), limit


def names(autopilot: str, bounds: Bounds) -> tuple[str, ...]:
    """Everything to be read of an autopilot of that family."""
    rows = TABLES[autopilot](bounds) if autopilot in TABLES else ()
    return tuple(dict.fromkeys(named.name for row in rows for named in row.names))


def found(one: Finding) -> Reason:
    """A finding's value in words."""
    if one.value is None:
        return Reason("audit.has_none", name=one.name)
    if one.raw is not None and one.raw != one.value:
        return Reason("audit.is_in", name=one.name, raw=one.raw, value=one.value, unit=one.unit)
    return Reason("audit.is", name=one.name, value=one.value)


def audit(autopilot: str, bounds: Bounds, book: ParameterBook) -> Audit:
    """What `book` says of everything that decides; nothing at all of an autopilot nobody has a table for."""
    rows = TABLES[autopilot](bounds) if autopilot in TABLES else ()
    findings = tuple(one for row in rows if (one := _judged(row, book.known)) is not None)
    read = [book.known[name].at_ns if name in book.known else None for name in names(autopilot, bounds)]
    known = [at_ns for at_ns in read if at_ns is not None]
    whole = bool(read) and len(known) == len(read)
    return Audit(findings, min(known) if whole else None, book.version)


def _judged(row: Need, known: Mapping[str, Heard]) -> Finding | None:
    """None where the row is nothing to this aircraft."""
    if row.when is not None and not _applies(*row.when, known):
        return None
    for named in row.names:
        heard = known.get(named.name)
        if heard is not None and heard.parameter is not None:
            return _of(row, named, heard.parameter.value, heard.parameter.kind)
    first = row.names[0]
    needed = (first.rule or row.rule).told
    if all(named.name in known for named in row.names):
        return None if row.absent_ok else Finding(first.name, None, False, needed, row.because)
    return Finding(first.name, None, None, needed, row.because)


def _of(row: Need, named: Named, raw: float, kind: int) -> Finding:
    rule = named.rule or row.rule
    value = raw * named.scale
    ok = math.isfinite(value) and rule.holds(value)
    instead = None if ok else rule.nearest(value) / named.scale
    return Finding(named.name, value, ok, rule.told, row.because, raw, rule.unit, instead, kind)


def _applies(name: str, bits: int, known: Mapping[str, Heard]) -> bool:
    heard = known.get(name)
    if heard is None or heard.parameter is None:
        return heard is None
    return not math.isfinite(heard.parameter.value) or bool(int(heard.parameter.value) & bits)
