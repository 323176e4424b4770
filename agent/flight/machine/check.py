"""Every state the table can reach, against a world that may do anything at any time; what must hold in each.

The world is finite: the truth (`PlantState`) moves as physics and faults let it, and what sensors add (`INPUTS`) is
free at every look (`looks.py`).
"""

import itertools
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.flight.machine.looks import ANY, Looks, Mutant, Setting, in_full, look_at, told
from agent.flight.machine.model import INPUTS, PlantModel, PlantState, moves
from agent.flight.machine.stepping import TableCycle, by_phase, step
from agent.flight.machine.table import ROWS, STAYS, Phase, Row
from agent.flight.machine.transition import FLIGHT


@dataclass(slots=True)
class Result:
    """What a check found. `broken` is empty, or a broken invariant and the story that leads there."""

    cores: int = 0
    looks: int = 0
    states: int = 0  # full states: every reachable core times every combination of inputs
    phases: int = 0
    broken: str = ""
    story: tuple[str, ...] = ()


class Checker:
    """Checks a table, and then its mutants, looking again only where the changed row matters."""

    def __init__(self, rows: tuple[Row, ...] = ROWS) -> None:
        self._table = by_phase(rows)
        self._known: dict[PlantState, Looks] = {}
        self.result = self._explore(None)
        settings = [setting for looks in self._known.values() for setting in looks.settings()]
        self.result.looks, self.result.states = len(settings), sum(map(in_full, settings))

    def mutant(self, mutant: Mutant) -> Result:
        """An invariant it breaks, if any; the way there need not be the shortest."""
        return self._explore(mutant)

    def _explore(self, mutant: Mutant | None) -> Result:
        """Breadth first from rest, so that the first broken invariant of the table itself has a shortest story.

        What a mutant leaves as it was is followed to its end first: if it breaks, it breaks in the rest.
        """
        table = by_phase(mutant.rows) if mutant else self._table
        reached = Reached()
        queue, later = deque(reached.came), deque[tuple[PlantState, list[Setting]]]()
        while queue or later:
            if queue:
                core = queue.popleft()
                known = self._known.get(core)
                looks, anew = mutant.touched(known, self._table) if mutant and known else (Looks(core, {}), [ANY])
                if anew:
                    later.append((core, anew))
            else:
                core, anew = later.popleft()
                looks = look_at(core, table, anew)
                if mutant is None:
                    self._known[core] = looks
                if looks.broken:
                    story = (*_story(core, reached.came), f"then: {told(looks.broken.setting)}")
                    return _counted(Result(broken=looks.broken.invariant, story=story), reached.came)
            queue.extend(reached.goes_on(looks))
        return _counted(reached.ends(), reached.came)


class Reached:
    """States come to so far, and how."""

    def __init__(self) -> None:
        start = PlantState()
        self.came: dict[PlantState, tuple[PlantState | None, str]] = {start: (None, "at rest")}
        self._led: dict[PlantState, set[PlantState]] = {}  # to the same truth in the phase after the look
        self._moved: dict[PlantState, tuple[PlantState, ...]] = {}  # and from there, to what the truth may be then

    def goes_on(self, looks: Looks) -> list[PlantState]:
        """The states nobody had come to before these looks."""
        new = []
        led = self._led.setdefault(looks.core, set())
        for phase, setting in looks.afters().items():
            ordered = looks.core._replace(phase=phase)
            led.add(ordered)
            if ordered in self._moved:
                continue
            self._moved[ordered] = moves(ordered, faults=True)
            for after in self._moved[ordered]:
                if after not in self.came:
                    self.came[after] = (looks.core, told(setting))
                    new.append(after)
        return new

    def ends(self) -> Result:
        """Whether an allowed end can be reached from everywhere, and every phase be stayed in."""
        ending = {core for core in self.came if STAYS[core.phase].end}
        growing = True
        while growing:
            ordered = {state for state, afters in self._moved.items() if not ending.isdisjoint(afters)}
            found = {core for core, led in self._led.items() if not ordered.isdisjoint(led)} - ending
            ending |= found
            growing = bool(found)
        if stranded := set(self.came) - ending:
            story = min((_story(core, self.came) for core in stranded), key=len)
            return Result(broken="from every state an allowed end can be reached", story=story)
        if unseen := set(Phase) - {core.phase for core in self.came}:
            return Result(broken=f"every phase can be reached and stayed in: not {min(unseen).value}")
        return Result()


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
                result.story = (*_story(core, came), f"order {order}")
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
