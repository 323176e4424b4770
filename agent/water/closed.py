"""Pipes that are drawn open and, by what was read, are closed in the ground: found by name."""

from collections.abc import Callable, Sequence
from math import log
from typing import NamedTuple

from agent.water.belief import Belief, Reading

LOOKED_AT = 12
MOST = 2
ROUGHLY = 2
"""Steps of a fit that is only compared."""
PULL = 0.3
"""A pipe that readings want less resistance of, or hardly more, is not closed."""
SURE = 6.0
"""How much better than chance among all pipes a closed one must fit (twice the logarithm of likelihood): 20 to 1."""


class Suspect(NamedTuple):
    """A link taken for closed, and how much better everything fits so (twice the logarithm of likelihood)."""

    link: int
    better: float


def learn(belief: Belief, readings: Sequence[Reading], looked: Callable[[], None] = lambda: None) -> list[Suspect]:
    """Fit the readings, and close what fits far better closed. `looked` is called for every fit: it may raise."""
    belief.close(())
    belief.fit(readings)
    count = len(belief.misses)
    found: list[Suspect] = []
    while count and len(found) < MOST:
        shut = [one.link for one in found]
        best = _best(belief, readings, shut, count, looked)
        if best is not None:
            found.append(best)
        belief.close([one.link for one in found])
        belief.fit(readings)
        if best is None:
            break
    return found


def _best(
    belief: Belief, readings: Sequence[Reading], shut: list[int], count: int, looked: Callable[[], None]
) -> Suspect | None:
    """The pipe without which the readings fit best, if they do so well enough."""
    before = belief.misfit
    if before < count:  # as well as readings fit a drawing that is as right as it is said to be
        return None
    pulls = sorted(zip(belief.moved, belief.pipes, strict=False), reverse=True)[:LOOKED_AT]
    least, best = before - 2.0 * log(len(belief.pipes)) - SURE, None
    for pull, link in pulls:
        if pull < PULL or link in shut:
            continue
        looked()
        belief.close([*shut, link])
        belief.fit(readings, ROUGHLY)
        if len(belief.misses) >= count and belief.misfit < least:
            least, best = belief.misfit, Suspect(link, before - belief.misfit)
    return best
