"""Heads and flows of a network at rest: Todini's gradient method, pipes by Hazen–Williams, openings by orifice.

Every link is h = r·|q|ⁿ⁻¹·q with q in m³/s: n = 1.852 for a pipe, 2 for an opening to the air.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

_SMALLEST_GRADIENT = 1e-3  # m per m³/s: keeps a pipe without flow from making the matrix singular
_CLOSE_ENOUGH = 1e-7  # m³/s


class Link(NamedTuple):
    """One resistance between two points; points not in the unknowns have fixed heads."""

    start: str
    end: str
    resistance: float
    exponent: float


class Solution(NamedTuple):
    """Head in metres by point, flow in m³/s by link (positive from start to end)."""

    head: dict[str, float]
    flow: list[float]


def solve(
    unknown: Sequence[str],
    fixed: Mapping[str, float],
    links: Sequence[Link],
    demand: Mapping[str, float],
    guess: Sequence[float] | None = None,
    rounds: int = 60,
) -> Solution:
    """Heads at `unknown` points so that every point's flows balance its `demand` (m³/s, out of the network).

    Raises ValueError if it does not settle, which a connected network with a source always does.
    """
    row = {point: i for i, point in enumerate(unknown)}
    flow = list(guess) if guess is not None and len(guess) == len(links) else [0.01] * len(links)
    head = dict(fixed)
    size = len(unknown)
    for _ in range(rounds):
        matrix = [[0.0] * size for _ in range(size)]
        right = [-demand.get(point, 0.0) for point in unknown]
        slopes: list[tuple[float, float]] = []
        for link, q in zip(links, flow, strict=True):
            gradient = max(link.exponent * link.resistance * abs(q) ** (link.exponent - 1), _SMALLEST_GRADIENT)
            conductance = 1 / gradient
            keep = q - conductance * link.resistance * abs(q) ** (link.exponent - 1) * q
            slopes.append((conductance, keep))
            for here, there, sign in ((link.start, link.end, -1), (link.end, link.start, 1)):
                i = row.get(here)
                if i is None:
                    continue
                matrix[i][i] += conductance
                right[i] += sign * keep
                j = row.get(there)
                if j is None:
                    right[i] += conductance * fixed[there]
                else:
                    matrix[i][j] -= conductance
        head.update(zip(unknown, _eliminate(matrix, right), strict=True))
        change = 0.0
        for k, (link, (conductance, keep)) in enumerate(zip(links, slopes, strict=True)):
            new = keep + conductance * (head[link.start] - head[link.end])
            change = max(change, abs(new - flow[k]))
            flow[k] = new
        if change < _CLOSE_ENOUGH:
            return Solution(head, flow)
    raise ValueError(f"the network did not settle in {rounds} rounds: is every point joined to a source?")


def _eliminate(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination of a symmetric positive definite system, in place; no pivoting is needed."""
    size = len(right)
    for i in range(size):
        top = matrix[i]
        if top[i] == 0:
            raise ValueError("a point of the network is joined to nothing")
        for j in range(i + 1, size):
            if factor := matrix[j][i] / top[i]:
                lower = matrix[j]
                for k in range(i, size):
                    lower[k] -= factor * top[k]
                right[j] -= factor * right[i]
    for i in range(size - 1, -1, -1):
        top = matrix[i]
        right[i] = (right[i] - sum(top[k] * right[k] for k in range(i + 1, size))) / top[i]
    return right
