"""The little linear algebra that readings need: a dense, positive system by its lower factor."""

from collections.abc import Sequence
from math import sqrt
from operator import mul

Rows = Sequence[Sequence[float]]


def shared(rows: Rows, errors: Sequence[float]) -> list[list[float]]:
    """The lower factor of `rows·rowsᵀ` with the squares of `errors` on its diagonal."""
    factor: list[list[float]] = []
    for i, row in enumerate(rows):
        line: list[float] = []
        for j in range(i):
            line.append((sum(map(mul, row, rows[j])) - sum(map(mul, line, factor[j]))) / factor[j][j])
        own = sum(map(mul, row, row)) + errors[i] ** 2 - sum(map(mul, line, line))
        line.append(sqrt(max(own, 1e-9)))
        factor.append(line)
    return factor


def forward(factor: Rows, side: Sequence[float]) -> list[float]:
    """The solution of the lower half."""
    found: list[float] = []
    for line, value in zip(factor, side, strict=True):
        found.append((value - sum(map(mul, line, found))) / line[-1])
    return found


def solved(factor: Rows, side: Sequence[float]) -> list[float]:
    """The solution of the whole."""
    found = forward(factor, side)
    for i in range(len(found) - 1, -1, -1):
        found[i] = (found[i] - sum(factor[j][i] * found[j] for j in range(i + 1, len(found)))) / factor[i][i]
    return found


def explained(factor: Rows, side: Sequence[float]) -> float:
    """How much of a variance the readings take away, from what they share with it."""
    found = forward(factor, side)
    whole: float = sum(map(mul, found, found))
    return whole
