"""Every state the table can reach, against a world that may do anything at any time; what must hold in each.

The world is finite: the truth (`PlantState`) moves as physics and faults let it, and what sensors add (`INPUTS`) is
free at every look. Inputs are split only where a guard or an invariant reads them: nothing is left out, little is done.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.flight.machine.invariants import INVARIANTS
from agent.flight.machine.model import INPUTS, PlantModel, PlantState, Unread, moves
from agent.flight.machine.stepping import TableCycle, by_phase, step
from agent.flight.machine.table import ROWS, STAYS, Phase, Row
from agent.flight.machine.transition import FLIGHT, TableStep


@dataclass(slots=True)
class Result:
    """What a check found. `broken` is empty, or the first broken invariant and the shortest story that leads there."""

    cores: int = 0
    looks: int = 0
    states: int = 0  # full states: every reachable core times every combination of inputs
    phases: int = 0
    broken: str = ""
    story: tuple[str, ...] = ()


def leaves(core: PlantState, visit: Callable[[PlantModel], None]) -> int:
    """Call `visit` for every distinguishable setting of the inputs; returns how many there are in full."""
    total = 0
    waiting: list[dict[str, Any]] = [{}]
    while waiting:
        fixed = waiting.pop()
        try:
            visit(PlantModel(core, fixed))
        except Unread as unread:
            name = str(unread)
            waiting.extend({**fixed, name: value} for value in reversed(INPUTS[name]))
        else:
            free = 1
            for name, values in INPUTS.items():
                free *= 1 if name in fixed else len(values)
            total += free
    return total


class Known(NamedTuple):
    """What every look at one PlantState led to."""

    outcomes: Mapping[Phase, str]  # phase after, and one setting of the inputs that leads there
    touched: frozenset[Phase]  # phases whose rows were asked
    states: int
    looks: int
    broken: tuple[str, str] | None


def look_at(core: PlantState, table: Mapping[Phase, tuple[Row, ...]]) -> Known:
    """Every distinguishable look at `core`, and the first invariant one of them breaks."""
    outcomes: dict[Phase, str] = {}
    touched = {core.phase}
    broken: list[tuple[str, str]] = []
    looks = itertools.count()

    def visit(view: PlantModel) -> None:
        try:
            taken = step(core.phase, view, table)
        except TableCycle as cycle:
            broken.append((f"the rows lead in a circle: {cycle}", _told(view)))
            return
        touched.update(row.to for row in taken)
        after = taken[-1].to if taken else core.phase
        look = TableStep(core, view, after, taken, table)
        name = next((name for name, holds in INVARIANTS.items() if not holds(look)), None)
        if name is not None:
            broken.append((name, _told(view)))
        next(looks)
        outcomes.setdefault(after, _told(view))

    states = leaves(core, visit)
    return Known(outcomes, frozenset(touched), states, next(looks), broken[0] if broken else None)


class Checker:
    """Checks a table, and then variants of it that differ in one phase's rows, without doing twice what is the same."""

    def __init__(self, rows: tuple[Row, ...] = ROWS) -> None:
        self._known: dict[PlantState, Known] = {}
        self.result = self._explore(by_phase(rows), None)

    def variant(self, rows: tuple[Row, ...], changed: Phase) -> Result:
        """`rows` differ from the checked table in the rows of `changed` only."""
        return self._explore(by_phase(rows), changed)

    def _look(self, core: PlantState, table: Mapping[Phase, tuple[Row, ...]], changed: Phase | None) -> Known:
        if changed is None:
            self._known[core] = found = look_at(core, table)
            return found
        known = self._known.get(core)
        if known is not None and changed not in known.touched:
            return known
        return look_at(core, table)

    def _explore(self, table: Mapping[Phase, tuple[Row, ...]], changed: Phase | None) -> Result:
        """Breadth first from rest, so that the first broken invariant has a shortest story."""
        start = PlantState()
        came: dict[PlantState, tuple[PlantState | None, str]] = {start: (None, "at rest")}
        edges: dict[PlantState, set[PlantState]] = {}
        queue = deque([start])
        result = Result()
        while queue:
            core = queue.popleft()
            known = self._look(core, table, changed)
            result.states += known.states
            result.looks += known.looks
            if known.broken is not None:
                result.broken = known.broken[0]
                result.story = (*_story(core, came), f"then: {known.broken[1]}")
                return _counted(result, came)
            edges[core] = following = set()
            for phase, told in known.outcomes.items():
                for after in moves(core._replace(phase=phase), faults=True):
                    following.add(after)
                    if after not in came:
                        came[after] = (core, told)
                        queue.append(after)
        stranded = set(came) - _can_end(edges)
        if stranded:
            result.broken = "from every state an allowed end can be reached"
            result.story = _story(min(stranded, key=lambda core: len(_story(core, came))), came)
        elif unseen := set(Phase) - {core.phase for core in came}:
            result.broken = f"every phase can be reached and stayed in: not {min(unseen).value}"
        return _counted(result, came)


def check_nominal(rows: tuple[Row, ...] = ROWS) -> Result:
    """With nothing broken: no fault phase is ever entered, and every flight can come back to rest."""
    table = by_phase(rows)
    start = PlantState()
    came: dict[PlantState, tuple[PlantState | None, str]] = {start: (None, "at rest")}
    edges: dict[PlantState, set[PlantState]] = {}
    queue = deque([start])
    result = Result()
    used = {"order": ("none", "fly", "recall"), "goal_reached": (False, True), "prepared": (True, False)}
    healthy: dict[str, Any] = {name: values[0] for name, values in INPUTS.items()}
    while queue:
        core = queue.popleft()
        following: set[PlantState] = set()
        for order, goal_reached, prepared in itertools.product(*used.values()):
            result.looks += 1
            view = PlantModel(core, {**healthy, "order": order, "goal_reached": goal_reached, "prepared": prepared})
            try:
                taken = step(core.phase, view, table)
            except TableCycle as cycle:
                result.broken, result.story = f"the rows lead in a circle: {cycle}", _story(core, came)
                return _counted(result, came)
            after = taken[-1].to if taken else core.phase
            if after not in NOMINAL:
                result.broken = f"nothing is wrong, and yet {core.phase.value} leads to {after.value}"
                result.story = (*_story(core, came), _told(view))
                return _counted(result, came)
            if core.phase in FLIGHT and after is Phase.RETURNING and core.phase is not after and order != "recall":
                result.broken, result.story = "it returns although nothing calls it home", _story(core, came)
                return _counted(result, came)
            following.update(moves(core._replace(phase=after), faults=False))
        for after_core in following:
            if after_core not in came:
                came[after_core] = (core, core.phase.value)
                queue.append(after_core)
        edges[core] = following
    at_rest = _reaches(edges, {core for core in edges if core.phase is Phase.REST and core.aircraft == "docked"})
    if stranded := set(came) - at_rest:
        result.broken = "nothing is wrong, and yet it cannot come back to rest"
        result.story = _story(min(stranded, key=lambda c: len(_story(c, came))), came)
    elif {core.phase for core in came} != NOMINAL:
        result.broken = "nothing is wrong, and yet a flight cannot go through all its phases"
    return _counted(result, came)


NOMINAL = frozenset(
    {Phase.REST, Phase.PREPARING, Phase.LAUNCHING, Phase.OUTBOUND, Phase.ON_SCENE, Phase.RETURNING, Phase.SECURING,
     Phase.CLOSING}
)  # fmt: skip


def mutants(rows: tuple[Row, ...] = ROWS) -> Iterator[tuple[str, Phase, tuple[Row, ...]]]:
    """The table with one guard taken out, for each guard; and with one row taken out, for each row."""
    for number, row in enumerate(rows):
        before, behind = rows[:number], rows[number + 1 :]
        for guard in row.guards:
            rest = row._replace(guards=tuple(g for g in row.guards if g != guard))
            yield f"{row.at.value} > {row.to.value} without {guard}", row.at, (*before, rest, *behind)
        yield f"no {row.at.value} > {row.to.value} on {' and '.join(row.guards)}", row.at, (*before, *behind)


def _counted(result: Result, came: Mapping[PlantState, Any]) -> Result:
    result.cores, result.phases = len(came), len({core.phase for core in came})
    return result


def _story(core: PlantState, came: Mapping[PlantState, tuple[PlantState | None, str]]) -> tuple[str, ...]:
    told: list[str] = []
    here: PlantState | None = core
    while here is not None:
        before, why = came[here]
        told.append(f"{here.phase.value}: cover {here.cover}, berth {here.berth}, aircraft {here.aircraft}, "
                    f"energy {here.energy} (after {why})")  # fmt: skip
        here = before
    return tuple(reversed(told))


def _told(view: PlantModel) -> str:
    unusual = [f"{name} {value}" for name, value in view.fixed.items() if value != INPUTS[name][0]]
    return ", ".join(unusual) or "all well"


def _reaches(edges: Mapping[PlantState, set[PlantState]], goals: set[PlantState]) -> set[PlantState]:
    back: dict[PlantState, list[PlantState]] = {}
    for core, following in edges.items():
        for after in following:
            back.setdefault(after, []).append(core)
    found, queue = set(goals), deque(goals)
    while queue:
        for before in back.get(queue.popleft(), ()):
            if before not in found:
                found.add(before)
                queue.append(before)
    return found


def _can_end(edges: Mapping[PlantState, set[PlantState]]) -> set[PlantState]:
    return _reaches(edges, {core for core in edges if STAYS[core.phase].end})
