"""A network solved as often as wanted, with hydrants opened and pipes closed. Metres and m³/s.

A hydrant that is opened is an *outlet*: held at a head, it gives what the mains bring; one that would take water in is
shut.
"""

from collections.abc import Mapping, Sequence

from agent.water.balance import Balance
from agent.water.system import Settings, Solved, System


class Hydraulics(System):
    """Solves; the order of elimination is worked out once."""

    def solve(
        self,
        moment: Settings,
        outlets: Sequence[tuple[int, float]] = (),
        drawn: Mapping[int, float] | None = None,
        like: Solved | None = None,
    ) -> Solved:
        """Heads and flows with `outlets` (node, head in m) open and `drawn` (m³/s by node) drawn besides.

        `like`, a solution of something alike, saves rounds. Raises NoBalance.
        """
        return Balance(self, moment, outlets, drawn or {}, like).solved()

    def slope(self, solved: Solved, right: Mapping[int, float]) -> list[float]:
        """By junction place: by how much a sum of heads, weighed with `right` (by place), rises with what flows in."""
        side = [0.0] * self.pattern.size
        for place, weight in right.items():
            side[place] = weight
        return solved.factor.solve(side)
