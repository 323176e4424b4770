"""How many came out how: things, or minutes of things."""

from dataclasses import dataclass
from typing import Any

from agent.judge.verdict import State


@dataclass(slots=True)
class Tally:
    """Things, or thing-minutes, by verdict."""

    serviceable: int = 0
    not_serviceable: int = 0
    unknown: int = 0

    def add(self, state: State, n: int = 1) -> None:
        """Count n more."""
        if state is State.SERVICEABLE:
            self.serviceable += n
        elif state is State.NOT_SERVICEABLE:
            self.not_serviceable += n
        else:
            self.unknown += n

    def join(self, other: "Tally") -> None:
        """Count another tally's in."""
        self.serviceable += other.serviceable
        self.not_serviceable += other.not_serviceable
        self.unknown += other.unknown

    @property
    def total(self) -> int:
        """All of them."""
        return self.serviceable + self.not_serviceable + self.unknown

    @property
    def strict(self) -> float | None:
        """Serviceable of all, 0…1; None where there is nothing to count."""
        return self.serviceable / self.total if self.total else None

    @property
    def of_known(self) -> float | None:
        """Serviceable of those known, 0…1; None where nothing is known."""
        known = self.serviceable + self.not_serviceable
        return self.serviceable / known if known else None

    def as_json(self) -> dict[str, Any]:
        """Counts and both rates."""
        return {
            "serviceable": self.serviceable,
            "not_serviceable": self.not_serviceable,
            "unknown": self.unknown,
            "total": self.total,
            "strict": self.strict,
            "of_known": self.of_known,
        }
