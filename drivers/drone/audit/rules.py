"""How one parameter must be, and what is found of it. Pure; names and values are data in the tables beside this."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from drivers.drone.pack import Pack
from protocols.reason import Reason, word

NEARLY = 1e-4
"""Of a value: a float of four bytes is not what was written in ten digits."""


class Bounds(NamedTuple):
    """What a nest's flights are held to, as far as its aircraft must agree with it. Metres and metres a second."""

    farthest_m: float  # that any order of ours may lead, from the nest
    highest_m: float  # above the pad
    return_m: float  # least height of a way home
    cruise_ms: float  # that time and energy are reckoned with
    ground_id: int  # our own system id
    authorises: bool = False  # the agent answers PX4's question whether it may arm
    pack: Pack | None = None  # that flies it; None where nobody has named it
    reserve_percent: float = 15.0  # that our own sums keep back
    precise: bool = False  # it lands by a target in its nest


class Rule(Protocol):
    """What a value must be. `nearest` is what to set instead of one that is not so."""

    def holds(self, value: float) -> bool:
        """Whether it is."""

    def nearest(self, value: float) -> float:
        """The value to set, where it does not hold."""

    @property
    def told(self) -> Reason:
        """As people read it."""

    @property
    def unit(self) -> str:
        """Of its values."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these; the first is what to set."""

    values: tuple[float, ...]
    unit: str = ""

    def holds(self, value: float) -> bool:
        """Whether it is."""
        return value in self.values

    def nearest(self, value: float) -> float:
        """The first."""
        del value
        return self.values[0]

    @property
    def told(self) -> Reason:
        """As people read it."""
        if len(self.values) == 1:
            return Reason("audit.exactly", value=self.values[0])
        return Reason("audit.one_of", values=tuple(f"{value:g}" for value in sorted(self.values)))


@dataclass(frozen=True, slots=True)
class Within:
    """From `least` to `most`, both included. `or_zero`: zero switches it off, and that is right too."""

    least: float
    most: float = math.inf
    unit: str = ""
    or_zero: bool = False

    def holds(self, value: float) -> bool:
        """Whether it is."""
        nearly = NEARLY * max(1.0, abs(value))
        return (self.or_zero and value == 0) or self.least - nearly <= value <= self.most + nearly

    def nearest(self, value: float) -> float:
        """The nearer end."""
        if not math.isfinite(value):
            return self.least
        return min(max(value, self.least), self.most)

    @property
    def told(self) -> Reason:
        """As people read it."""
        if self.most == math.inf:
            code = "audit.zero_or_at_least" if self.or_zero else "audit.at_least"
            return Reason(code, least=self.least, unit=self.unit)
        return Reason("audit.from_to", least=self.least, most=self.most, unit=self.unit)


@dataclass(frozen=True, slots=True)
class Bits:
    """These bits set, and those not."""

    on: int = 0
    off: int = 0
    unit: str = ""

    def holds(self, value: float) -> bool:
        """Whether it is."""
        return math.isfinite(value) and int(value) & self.on == self.on and not int(value) & self.off

    def nearest(self, value: float) -> float:
        """The others as they are."""
        return float((int(value) if math.isfinite(value) else 0) & ~self.off | self.on)

    @property
    def told(self) -> Reason:
        """As people read it."""
        return Reason("audit.with_bits", bits=self.on) if self.on else Reason("audit.without_bits", bits=self.off)


class Named(NamedTuple):
    """A name that some versions know the parameter by; its value times `scale` is what the rule is asked."""

    name: str
    scale: float = 1.0
    rule: Rule | None = None  # of this name alone; None: that of the row


class Need(NamedTuple):
    """One row: the parameter's names, newest version first, what it must be, and why.

    `when`: only where that other parameter has one of these bits. `absent_ok`: versions without it do as is needed.
    """

    names: tuple[Named, ...]
    rule: Rule
    why: str
    when: tuple[str, int] | None = None
    absent_ok: bool = False

    @property
    def because(self) -> Reason:
        """Why it must be so."""
        return word(self.why)


def need(name: str, rule: Rule, why: str, *, when: tuple[str, int] | None = None, absent_ok: bool = False) -> Need:
    """A row of one rule; names of several versions are parted by `|`, and `*0.01` behind a name is its scale."""
    names = []
    for one in name.split("|"):
        plain, _, scale = one.partition("*")
        names.append(Named(plain, float(scale or 1.0)))
    return Need(tuple(names), rule, why, when, absent_ok)


class Finding(NamedTuple):
    """One row, and what was found. `ok` None: it has not been read yet. `value` is in the rule's unit."""

    name: str
    value: float | None  # None: not read, or it has none of that name
    ok: bool | None
    needed: Reason
    why: Reason
    raw: float | None = None  # in the parameter's own unit
    unit: str = ""  # of `value`
    instead: float | None = None  # what to set, in the parameter's own unit; None where nothing is to be set
    kind: int = 0  # MAV_PARAM_TYPE
