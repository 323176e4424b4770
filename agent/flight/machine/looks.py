"""Every distinguishable look at one true state of the world, and what a changed row of the table makes of them.

Inputs are split only where a guard or an invariant reads them, and what was worked out before a split is kept: nothing
is left out, nothing is done twice.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

from agent.flight.machine.invariants import INVARIANTS
from agent.flight.machine.model import INPUTS, PlantModel, PlantState, Unread, moves
from agent.flight.machine.stepping import TableCycle, step
from agent.flight.machine.table import ROWS, Phase, Row
from agent.flight.machine.transition import TableStep

Table = Mapping[Phase, tuple[Row, ...]]
Setting = tuple[Any, ...]
"""A value for each of `INPUTS`, in their order; `FREE` where nothing read it, for any value leads to the same."""
FREE = "free"
ANY: Setting = (FREE,) * len(INPUTS)

CHECKED = tuple(INVARIANTS.items())
NUMBER = {name: number for number, name in enumerate(INPUTS)}


class Broken(NamedTuple):
    """An invariant, and one setting under which it does not hold."""

    invariant: str
    setting: Setting


@dataclass(slots=True, frozen=True)
class Looks:
    """What the looks at one state led to."""

    core: PlantState
    led: Mapping[tuple[Row, ...], Sequence[Setting]]
    """Rows taken, and under which settings."""
    broken: Broken | None = None

    def afters(self) -> dict[Phase, Setting]:
        """Phases one look leads to, and a setting that does."""
        return {taken[-1].to if taken else self.core.phase: settings[0] for taken, settings in self.led.items()}

    def following(self) -> Iterator[tuple[PlantState, Setting]]:
        """States the world may be in at the next look, and a setting that leads there."""
        for phase, setting in self.afters().items():
            for after in moves(self.core._replace(phase=phase), faults=True):
                yield after, setting

    def settings(self) -> Iterator[Setting]:
        """Every setting told apart."""
        return itertools.chain.from_iterable(self.led.values())


def look_at(core: PlantState, table: Table, among: Iterable[Setting] = (ANY,)) -> Looks:
    """Every distinguishable look at `core` under the settings `among`; ends at the first broken invariant."""
    led: dict[tuple[Row, ...], list[Setting]] = {}
    waiting: list[tuple[Setting, list[Row] | None, int]] = [(setting, None, 0) for setting in among]
    while waiting:
        setting, taken, held = waiting.pop()
        view = PlantModel(core, {name: value for name, value in zip(INPUTS, setting, strict=True) if value is not FREE})
        try:
            taken = step(core.phase, view, table) if taken is None else taken
            look = TableStep(core, view, taken[-1].to if taken else core.phase, taken, table)
            while held < len(CHECKED) and CHECKED[held][1](look):
                held += 1
        except TableCycle as cycle:
            return Looks(core, led, Broken(f"the rows lead in a circle: {cycle}", setting))
        except Unread as unread:
            at = NUMBER[str(unread)]
            split = ((*setting[:at], value, *setting[at + 1 :]) for value in reversed(INPUTS[str(unread)]))
            waiting.extend((part, taken, held) for part in split)
            continue
        led.setdefault(tuple(taken), []).append(setting)
        if held < len(CHECKED):
            return Looks(core, led, Broken(CHECKED[held][0], setting))
    return Looks(core, led)


def in_full(setting: Setting) -> int:
    """Of how many combinations of all inputs a setting speaks."""
    return prod(len(values) for value, values in zip(setting, INPUTS.values(), strict=True) if value is FREE)


def told(setting: Setting) -> str:
    """A setting in words: what is not as it should be."""
    inputs = zip(INPUTS.items(), setting, strict=True)
    unusual = [f"{name} {value}" for (name, values), value in inputs if value is not FREE and value != values[0]]
    return ", ".join(unusual) or "all well"


class Mutant(NamedTuple):
    """The table with one row changed: `instead` of `row`, or nothing at all."""

    name: str
    rows: tuple[Row, ...]
    row: Row
    instead: Row | None

    def matters(self, start: Phase, taken: tuple[Row, ...], table: Table) -> bool:
        """Whether a look from `start` that took these rows of the unchanged `table` may now go another way."""
        if self.instead is None:
            return self.row in taken
        order = table[self.row.at]
        asked = itertools.zip_longest((start, *(row.to for row in taken)), taken)
        at = order.index(self.row)
        return any(phase is self.row.at and (row is None or order.index(row) >= at) for phase, row in asked)

    def touched(self, looks: Looks, table: Table) -> tuple[Looks, list[Setting]]:
        """The looks that stay what they are, and the settings to look at anew."""
        stay: dict[tuple[Row, ...], Sequence[Setting]] = {}
        anew: list[Setting] = []
        for taken, settings in looks.led.items():
            if self.matters(looks.core.phase, taken, table):
                anew += settings
            else:
                stay[taken] = settings
        return Looks(looks.core, stay), anew


def mutants(rows: tuple[Row, ...] = ROWS) -> Iterator[Mutant]:
    """The table with one guard taken out, for each guard; and with one row taken out, for each row."""
    for number, row in enumerate(rows):
        before, behind = rows[:number], rows[number + 1 :]
        for guard in row.guards:
            less = row._replace(guards=tuple(g for g in row.guards if g != guard))
            yield Mutant(f"{row.at.value} > {row.to.value} without {guard}", (*before, less, *behind), row, less)
        name = f"no {row.at.value} > {row.to.value} on {' and '.join(row.guards)}"
        yield Mutant(name, (*before, *behind), row, None)
