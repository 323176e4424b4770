"""The sparse factor against plain elimination."""

import random

import pytest

from agent.water.sparse import Pattern


@pytest.mark.parametrize("seed", range(6))
def test_it_solves_what_plain_elimination_solves(seed: int) -> None:
    chance = random.Random(seed)
    size = 30
    pairs = {(i, i + 1) for i in range(0, size - 1, 1 + seed % 2)}
    pairs |= {(min(p), max(p)) for p in (chance.sample(range(size), 2) for _ in range(40))}
    weights = {pair: chance.uniform(0.01, 5) for pair in pairs}
    diagonal = [0.1] * size
    for (i, j), weight in weights.items():
        diagonal[i] += weight
        diagonal[j] += weight
    pattern = Pattern(size, [*pairs, *((j, i) for i, j in pairs), (3, 3)])
    beside = [0.0] * pattern.entries
    for pair, weight in weights.items():
        beside[pattern.slots[pair]] -= weight
    right = [chance.uniform(-1, 1) for _ in range(size)]
    found = pattern.factor(diagonal, beside).solve(right)
    for i in range(size):
        own = diagonal[i] * found[i]
        others = sum(-w * found[b if a == i else a] for (a, b), w in weights.items() if i in (a, b))
        assert own + others == pytest.approx(right[i], abs=1e-9)


def test_a_tree_fills_nothing() -> None:
    pattern = Pattern(200, [(i, (i - 1) // 2) for i in range(1, 200)])
    assert pattern.entries == 199, "least degree first takes the leaves first"
