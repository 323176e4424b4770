"""What the table makes of one look at the world, and what keeps it from taking an order to fly."""

from collections.abc import Mapping
from typing import NamedTuple

from agent.flight.machine.guards import GUARDS
from agent.flight.machine.inputs import Inputs
from agent.flight.machine.table import ROWS, Phase, Row

MOST_STEPS = 8
"""No look at the world leads through more rows than this; more is a circle, and the suite proves there is none."""

ORDERS = frozenset({"ordered_to_fly", "recalled", "told_to_stop", "withdrawn"})
"""Guards that use up the order they ask for: one order moves one step."""

TAKES_OVER = (Phase.AUTOPILOT_ACTS, Phase.RETURNING)
"""A row between these makes the mode ours: a command of ours follows, whatever the autopilot was about."""

OF_THE_PHASE = frozenset({"timed_out_or_failed", "goal_reached", "clear"})
"""What is said of a phase is not said of the next one."""


class TableCycle(Exception):
    """The rows lead in a circle."""


SPENT: Mapping[str, object] = {"order": "none", "owner": "ours", "held": True}


class Spent:
    """A view after some rows were taken: used orders are gone; time and goal were those of the phase left."""

    def __init__(self, view: Inputs, used: frozenset[str]) -> None:
        self._view = view
        self._used = used

    def __getattr__(self, name: str) -> object:
        if name in self._used:
            return SPENT.get(name, False)
        return getattr(self._view, name)


def by_phase(rows: tuple[Row, ...]) -> dict[Phase, tuple[Row, ...]]:
    """The rows of each phase in order."""
    return {phase: tuple(row for row in rows if row.at is phase) for phase in Phase}


_BY_PHASE = by_phase(ROWS)


def step(phase: Phase, view: Inputs, rows: Mapping[Phase, tuple[Row, ...]] = _BY_PHASE) -> list[Row]:
    """The rows taken from `phase` on one look at the world, in order; empty when it stays."""
    taken: list[Row] = []
    used: frozenset[str] = frozenset()
    now: Inputs = view
    while True:
        row = next((r for r in rows[phase] if all(GUARDS[g](now) for g in r.guards)), None)
        if row is None:
            return taken
        taken.append(row)
        if len(taken) > MOST_STEPS:
            raise TableCycle(" > ".join(r.at for r in taken))
        phase = row.to
        used |= OF_THE_PHASE | ({"order"} if ORDERS & set(row.guards) else set())
        used |= {"held"} if "told_to_stop" in row.guards else set()
        used |= {"owner"} if (row.at, row.to) == TAKES_OVER else set()
        now = Spent(view, used)  # type: ignore[assignment]  # it has every attribute of the view it wraps


class Hindrances(NamedTuple):
    """Guards. `first`: of a row that would be taken instead; `needed`: of the order's own row, and not so."""

    first: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


def hindrances(phase: Phase, view: Inputs, rows: Mapping[Phase, tuple[Row, ...]] = _BY_PHASE) -> Hindrances | None:
    """What keeps `phase` from taking an order to fly, were one given; None: it takes none, whatever is seen.

    Nothing in either means that the order is taken. `view` is asked for anything but its order.
    """
    for row in rows[phase]:
        if "ordered_to_fly" in row.guards:
            needed = (guard for guard in row.guards if guard != "ordered_to_fly" and not GUARDS[guard](view))
            return Hindrances(needed=tuple(needed))
        if not ORDERS & set(row.guards) and all(GUARDS[guard](view) for guard in row.guards):
            return Hindrances(first=row.guards)
    return None
