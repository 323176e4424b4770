"""Every state the table can reach, against a world that may do anything at any time; what must hold in each.

The world is finite: the truth (`Core`) moves as physics and faults let it, and what sensors add (`INPUTS`) is free at
every look. Inputs are only split where a guard or an invariant reads them, so nothing is left out and little is tried.
"""

import functools
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.flight.invariants import FLIGHT, INVARIANTS, Look
from agent.flight.table import ROWS, STAYS, Do, Phase, Row, TableCycle, by_phase, step

INPUTS: Mapping[str, tuple[Any, ...]] = {
    "order": ("none", "fly", "recall", "stop"),
    "clear": (False, True),
    "stuck": (False, True),
    "plc": (True, False),
    "link": (True, False),
    "estop": (False, True),
    "pad": (True, False),
    "power": (True, False),
    "weather": (True, False),
    "papers": (True, False),  # permit, operator, clock, journal, identification: the interlocks that sense nothing
    "gnss": (True, False),
    "pilot": (False, True),
    "prepared": (True, False),
    "there": (False, True),
}


class Core(NamedTuple):
    """The truth that lasts from one look to the next."""

    phase: Phase = Phase.REST
    cover: str = "closed"
    berth: str = "clamped"
    aircraft: str = "aboard"
    energy: str = "ample"


class Unread(Exception):
    """A field was asked for that this branch has not fixed yet."""


class LazyView:
    """What the agent sees of a Core, with inputs fixed one by one as they are read."""

    def __init__(self, core: Core, fixed: Mapping[str, Any]) -> None:
        self.core = core
        self.fixed = fixed

    def raw(self, name: str) -> Any:
        """The true input, whether or not the agent can see it."""
        try:
            return self.fixed[name]
        except KeyError:
            raise Unread(name) from None

    order = property(lambda self: self.raw("order"))
    clear = property(lambda self: self.raw("clear"))
    stuck = property(lambda self: STAYS[self.core.phase].within_s is not None and self.raw("stuck"))
    plc = property(lambda self: self.raw("plc"))
    link = property(lambda self: self.raw("link"))
    cover = property(lambda self: self.core.cover if self.plc else "unknown")
    berth = property(lambda self: self.core.berth if self.plc else "unknown")
    estop = property(lambda self: self.raw("estop") if self.plc else None)
    pad = property(lambda self: self.raw("pad") if self.plc else None)
    power = property(lambda self: self.raw("power") if self.plc else None)
    weather = property(lambda self: self.raw("weather") if self.plc else None)
    aircraft = property(lambda self: self.core.aircraft if self.link else "unknown")
    energy = property(lambda self: self.core.energy if self.link else "unknown")
    gnss = property(lambda self: self.raw("gnss") if self.link else None)
    pilot = property(lambda self: self.raw("pilot") if self.link else None)
    prepared = property(lambda self: self.link and self.raw("prepared"))
    there = property(lambda self: self.core.aircraft == "airborne" and self.link and self.raw("there"))

    @property
    def green(self) -> bool:
        """The interlock list: everything launch needs but what preparing brings about."""
        return bool(
            self.plc and self.link and self.raw("papers") and self.estop is False and self.pad and self.power
            and self.weather and self.gnss and self.energy == "ample" and self.pilot is False
        )  # fmt: skip


@dataclass(slots=True)
class Result:
    """What a check found. `broken` is empty, or the first broken invariant and the shortest story that leads there."""

    cores: int = 0
    looks: int = 0
    states: int = 0  # full states: every reachable core times every combination of inputs
    phases: int = 0
    broken: str = ""
    story: tuple[str, ...] = ()


def leaves(core: Core, visit: Callable[[LazyView], None]) -> int:
    """Call `visit` for every distinguishable setting of the inputs; returns how many there are in full."""
    total = 0
    waiting: list[dict[str, Any]] = [{}]
    while waiting:
        fixed = waiting.pop()
        try:
            visit(LazyView(core, fixed))
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
    """What every look at one Core led to."""

    outcomes: Mapping[Phase, str]  # phase after, and one setting of the inputs that leads there
    touched: frozenset[Phase]  # phases whose rows were asked
    states: int
    looks: int
    broken: tuple[str, str] | None


def look_at(core: Core, table: Mapping[Phase, tuple[Row, ...]]) -> Known:
    """Every distinguishable look at `core`, and the first invariant one of them breaks."""
    outcomes: dict[Phase, str] = {}
    touched = {core.phase}
    broken: list[tuple[str, str]] = []
    looks = itertools.count()

    def visit(view: LazyView) -> None:
        try:
            taken = step(core.phase, view, table)
        except TableCycle as cycle:
            broken.append((f"the rows lead in a circle: {cycle}", _told(view)))
            return
        touched.update(row.to for row in taken)
        after = taken[-1].to if taken else core.phase
        look = Look(core, view, after, taken)
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
        self._known: dict[Core, Known] = {}
        self.result = self._explore(by_phase(rows), None)

    def variant(self, rows: tuple[Row, ...], changed: Phase) -> Result:
        """`rows` differ from the checked table in the rows of `changed` only."""
        return self._explore(by_phase(rows), changed)

    def _look(self, core: Core, table: Mapping[Phase, tuple[Row, ...]], changed: Phase | None) -> Known:
        if changed is None:
            self._known[core] = found = look_at(core, table)
            return found
        known = self._known.get(core)
        if known is not None and changed not in known.touched:
            return known
        return look_at(core, table)

    def _explore(self, table: Mapping[Phase, tuple[Row, ...]], changed: Phase | None) -> Result:
        """Breadth first from rest, so that the first broken invariant has a shortest story."""
        start = Core()
        came: dict[Core, tuple[Core | None, str]] = {start: (None, "at rest")}
        edges: dict[Core, set[Core]] = {}
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
    start = Core()
    came: dict[Core, tuple[Core | None, str]] = {start: (None, "at rest")}
    edges: dict[Core, set[Core]] = {}
    queue = deque([start])
    result = Result()
    used = {"order": ("none", "fly", "recall"), "there": (False, True), "prepared": (True, False)}
    healthy: dict[str, Any] = {name: values[0] for name, values in INPUTS.items()}
    while queue:
        core = queue.popleft()
        following: set[Core] = set()
        for order, there, prepared in itertools.product(*used.values()):
            result.looks += 1
            view = LazyView(core, {**healthy, "order": order, "there": there, "prepared": prepared})
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
    at_rest = _reaches(edges, {core for core in edges if core.phase is Phase.REST and core.aircraft == "aboard"})
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


@functools.cache
def moves(core: Core, *, faults: bool) -> tuple[Core, ...]:
    """What the truth may be at the next look. With `faults`, also what nobody ordered."""
    orders = STAYS[core.phase].orders
    resting = STAYS[core.phase].within_s is None and core.phase is not Phase.PILOTED
    covers = {core.cover}
    if Do.OPEN_COVER in orders or core.cover == "moving":
        covers |= {"closed": {"moving"}, "moving": {"open"}}.get(core.cover, set())
    if Do.CLOSE_COVER in orders or core.cover == "moving":
        covers |= {"open": {"moving"}, "moving": {"closed"}}.get(core.cover, set())
    berths = {core.berth}
    if Do.FREE_BERTH in orders:
        berths |= {"clamped": {"between"}, "between": {"free"}}.get(core.berth, set())
    if Do.CLAMP_BERTH in orders:
        berths |= {"free": {"between"}, "between": {"clamped"}}.get(core.berth, set())
    crafts = {core.aircraft}
    if Do.LAUNCH in orders:
        crafts |= {"aboard": {"armed"}, "armed": {"airborne"}}.get(core.aircraft, set())
    if Do.COME_HOME in orders:
        crafts |= {"airborne": {"armed"}, "armed": {"aboard"}}.get(core.aircraft, set())
    energies = {core.energy}
    if faults:
        covers |= {"abnormal", "closed", "moving", "open"} if core.cover == "abnormal" else {"abnormal"}
        if core.cover == "open":
            covers.add("moving")  # somebody at the nest's own panel
        berths.add("between")
        crafts |= {
            "aboard": {"armed", "away"} if resting else {"armed"},
            "armed": {"aboard", "airborne"},
            "airborne": {"armed", "away"},
            "away": {"aboard"} if resting else {"away"},
        }[core.aircraft]
        energies |= {"ample": {"homeward"}, "homeward": {"critical"}, "critical": set()}[core.energy]
        if resting:
            energies.add("ample")
    return tuple(Core(core.phase, *truth) for truth in itertools.product(covers, berths, crafts, energies))


def mutants(rows: tuple[Row, ...] = ROWS) -> Iterator[tuple[str, Phase, tuple[Row, ...]]]:
    """The table with one guard taken out, for each guard; and with one row taken out, for each row."""
    for number, row in enumerate(rows):
        before, behind = rows[:number], rows[number + 1 :]
        for guard in row.guards:
            rest = row._replace(guards=tuple(g for g in row.guards if g != guard))
            yield f"{row.at.value} > {row.to.value} without {guard}", row.at, (*before, rest, *behind)
        yield f"no {row.at.value} > {row.to.value} on {' and '.join(row.guards)}", row.at, (*before, *behind)


def _counted(result: Result, came: Mapping[Core, Any]) -> Result:
    result.cores, result.phases = len(came), len({core.phase for core in came})
    return result


def _story(core: Core, came: Mapping[Core, tuple[Core | None, str]]) -> tuple[str, ...]:
    told: list[str] = []
    here: Core | None = core
    while here is not None:
        before, why = came[here]
        told.append(f"{here.phase.value}: cover {here.cover}, berth {here.berth}, aircraft {here.aircraft}, "
                    f"energy {here.energy} (after {why})")  # fmt: skip
        here = before
    return tuple(reversed(told))


def _told(view: LazyView) -> str:
    unusual = [f"{name} {value}" for name, value in view.fixed.items() if value != INPUTS[name][0]]
    return ", ".join(unusual) or "all well"


def _reaches(edges: Mapping[Core, set[Core]], goals: set[Core]) -> set[Core]:
    back: dict[Core, list[Core]] = {}
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


def _can_end(edges: Mapping[Core, set[Core]]) -> set[Core]:
    return _reaches(edges, {core for core in edges if STAYS[core.phase].end})
