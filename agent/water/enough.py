"""When a flow that is only believed is enough: what is promised must be there."""

from math import exp, hypot
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.water.belief import Flow  # brings the solver, which core asks for nothing

MODEL = 0.04
"""What no reading says: a solver's formula against real pipes, one standard deviation of a flow's logarithm."""
OVER = 1.1
"""A promise may be over by so much, and no more."""
SELDOM = 1.96
"""… in all but one of forty cases."""


def spread_of(flow: "Flow") -> float:
    """The deviation of its logarithm with all that is not known."""
    return hypot(flow.spread, MODEL)


def surely(flow: float, spread: float, wanted: float) -> bool:
    """Whether so much of a believed flow may be promised: rather there than not, and hardly ever a tenth too much."""
    return flow >= wanted * max(1.0, exp(SELDOM * spread) / OVER)
