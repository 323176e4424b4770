"""One nest's answer to whether it would fly."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from agent.flight.control.mission import Mission
from agent.flight.control.nest_controller import NestController
from agent.flight.orders.interlocks import Interlock
from protocols.reason import Reason

OUT_OF_AREA = frozenset(
    {"flight.not_on_globe", "flight.outside_fence", "flight.near_fence", "flight.too_far", "permit.place_outside"}
)
"""Reasons that lie in the place, not in the nest."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The mission it would fly, by whose word, and every reason why not."""

    controller: NestController
    mission: Mission
    away_m: float
    reasons: tuple[Reason, ...]
    standing_order: str
    interlocks: tuple[Interlock, ...]
    flying: str = ""  # the flight under way there

    def told(self) -> dict[str, Any]:
        """As it goes into the record and to whoever asks."""
        return {
            "nest": self.controller.settings.id, "would_fly": not self.reasons, "why_not": list(self.reasons),
            "away_m": round(self.away_m), "standing_order": self.standing_order, "operator": self.mission.operator,
            "permit": self.mission.permit, "interlocks": [lock._asdict() for lock in self.interlocks],
        }  # fmt: skip


def best_first(choices: Iterable[Choice]) -> list[Choice]:
    """Those that would fly before those that would not, the nearer first."""
    return sorted(choices, key=lambda choice: (bool(choice.reasons), choice.away_m))


def lies_in_the_place(reason: Reason) -> bool:
    """Whether no nest could mend it, for it is the place that is wrong."""
    value = reason.facts.get("value")  # of an interlock
    return (value if isinstance(value, Reason) else reason).code in OUT_OF_AREA
