"""Reads that were refused whole: what stands in their place, and when they are asked whole again.

What a device refuses while it starts, or under an old firmware, is no law: a lesson holds as long as trials confirm it.
"""

from collections.abc import Callable
from typing import Protocol

from drivers.modbus.group import Group
from drivers.modbus.reads import PlannedRead
from protocols.modbus.deadline import NS
from protocols.modbus.outcome import Miss
from protocols.modbus.plan import Hole
from protocols.modbus.unit import Read, Unit

FIRST_TRIAL_NS = 60 * NS  # doubling
TRIALS_APART_MOST_NS = 3600 * NS


class Cut:
    """One planned read with the smaller `leaves` in its place."""

    def __init__(self, planned: PlannedRead, leaf: Group) -> None:
        self.planned = planned
        self.leaves = [leaf]
        self.halved: list[tuple[Group, Group, Hole | None]] = []  # from which nothing was learned yet
        self.sure = False  # was refused whole although each leaf had been answered
        self._trial: _Trial | None = None
        self._apart_ns = FIRST_TRIAL_NS
        self._early = False

    @property
    def answered(self) -> bool:
        """Whether every leaf has been answered."""
        return all(leaf.answered_once for leaf in self.leaves)

    def try_later(self, unit: Unit, put: Callable[[Read], None], owner: "TrialOwner", now: int) -> None:
        """It was refused whole: ask it once more in a minute, then in two, at last each hour."""
        self._try(unit, put, owner, now + self._apart_ns)
        self._early = False

    def try_now(self, unit: Unit, put: Callable[[Read], None], owner: "TrialOwner", now: int) -> None:
        """Ask the whole read next, instead of when it was to be asked: other devices wait for the lesson."""
        self._try(unit, put, owner, now - round(self.planned.period_s * NS))
        self._early = True

    def _try(self, unit: Unit, put: Callable[[Read], None], owner: "TrialOwner", due_ns: int) -> None:
        self.over()
        self._trial = _Trial(self, unit, owner)
        self._trial.read.due_ns = due_ns
        put(self._trial.read)

    def failed(self) -> None:
        """A trial was in vain: if it was the time for one, the next has twice as long to wait."""
        if not self._early:
            self._apart_ns = min(2 * self._apart_ns, TRIALS_APART_MOST_NS)

    def over(self) -> None:
        """No trial is waited for any more."""
        if self._trial is not None:
            self._trial.read.gone = True


class TrialOwner(Protocol):
    """The device whose reads are tried whole."""

    def whole(self, cut: Cut, data: bytes, at_ns: int) -> None:
        """The whole read was answered."""

    def still_cut(self, cut: Cut, at_ns: int, *, refused: bool) -> None:
        """It was refused, or met with silence; or (not `refused`) nobody can say."""


class _Trial:
    """One question for a whole read, beside its leaves: whatever becomes of it, no value is missed."""

    def __init__(self, cut: Cut, unit: Unit, owner: TrialOwner) -> None:
        self._cut = cut
        self._owner = owner
        planned = cut.planned
        self.read = Read(unit, planned.question(unit.number), round(planned.period_s * NS), self)
        self.read.silent = 1  # asked once, whatever comes

    def answered(self, data: bytes, at_ns: int) -> None:
        """It is refused no more."""
        if not self.read.gone:
            self.read.gone = True
            self._owner.whole(self._cut, data, at_ns)

    def refused(self, code: int, at_ns: int) -> None:  # noqa: ARG002  # the taker's signature
        """An exception."""
        self._failed(at_ns, refused=True)

    def missed(self, why: Miss, at_ns: int) -> None:
        """Nothing usable."""
        self._failed(at_ns, refused=why is Miss.NO_ANSWER)

    def _failed(self, at_ns: int, *, refused: bool) -> None:
        if not self.read.gone:
            self.read.gone = True
            self._owner.still_cut(self._cut, at_ns, refused=refused)
