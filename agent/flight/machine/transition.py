"""One look of the nest's table at the world, as its checks are told of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.flight.machine.table import Phase, Row

P = Phase
FLIGHT = frozenset({P.OUTBOUND, P.ON_SCENE, P.RETURNING, P.DIVERTING, P.LANDING, P.HOLDING})
"""Phases that send orders to an aircraft in the air."""
FLOWN_BY_ANOTHER = frozenset({P.MANUAL_OVERRIDE, P.AUTOPILOT_ACTS})
"""Phases that watch an aircraft a pilot or its autopilot flies, and send nothing."""
EN_ROUTE = frozenset({P.OUTBOUND, P.ON_SCENE})
GROUND_MOTION = frozenset({P.PREPARING, P.SECURING, P.CLOSING})
"""Phases that move the nest's machinery."""
PERSON = frozenset({P.FAILED, P.STOPPED, P.LANDED_OFF_SITE})
"""Phases only a person ends."""


class TableStep(NamedTuple):
    """One look: the truth before, what was seen, the phase after, the rows taken, and of which table."""

    core: Any
    view: Any
    after: Phase
    taken: list[Row]
    table: Mapping[Phase, tuple[Row, ...]]

    @property
    def entered(self) -> tuple[Phase, ...]:
        """Phases entered on this look, in order."""
        return tuple(row.to for row in self.taken)

    def passed(self, start: Phase, end: Phase) -> bool:
        """Whether a row from `start` to `end` was taken."""
        return any(row.at is start and row.to is end for row in self.taken)
