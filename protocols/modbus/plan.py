"""Which registers to ask for together: the cheapest set of reads that covers every value without splitting one."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from protocols.modbus.question import BIT_TABLES

REGISTERS_MAX = 125
BITS_MAX = 2000
BIT_SHARE = 1 / 16  # of a register's wire time


class Need(NamedTuple):
    """One value: `size` registers (bits in bit tables) of `table` from address `first`. Never split."""

    table: str
    first: int
    size: int

    @property
    def end(self) -> int:
        """One past its last address."""
        return self.first + self.size


class Span(NamedTuple):
    """One read, and which needs (by their place in the list) it fills."""

    table: str
    first: int
    length: int
    needs: tuple[int, ...]


Hole = tuple[str, int, int]
"""Table, first and last address a device refuses to read."""


def plan(
    needs: Sequence[Need],
    *,
    overhead: float,
    max_registers: int = REGISTERS_MAX,
    max_bits: int = BITS_MAX,
    holes: Iterable[Hole] = (),
) -> list[Span]:
    """The reads with the least wire time; `overhead` is what one more read costs, in registers.

    Optimal: values not inside another are sorted by address, and the best cut before each is found once.
    """
    spans: list[Span] = []
    refused = list(holes)
    for table in dict.fromkeys(need.table for need in needs):
        here = [(need, i) for i, need in enumerate(needs) if need.table == table]
        bits = table in BIT_TABLES
        limit = max_bits if bits else max_registers
        gaps = sorted((first, last) for name, first, last in refused if name == table)
        spans += _plan_table(table, here, overhead / BIT_SHARE if bits else overhead, limit, gaps)
    return spans


def _plan_table(
    table: str, needs: list[tuple[Need, int]], overhead: float, limit: int, holes: list[tuple[int, int]]
) -> list[Span]:
    outer: list[tuple[Need, list[int]]] = []
    for need, i in sorted(needs, key=lambda pair: (pair[0].first, -pair[0].end)):
        if need.size > limit:
            raise ValueError(f"{table} {need.first} takes {need.size}, the device gives {limit} at once")
        if outer and need.end <= outer[-1][0].end:
            outer[-1][1].append(i)
        else:
            outer.append((need, [i]))
    best = [0.0]
    cut = [0]
    for i in range(1, len(outer) + 1):
        end = outer[i - 1][0].end
        least, at = float("inf"), i - 1
        for j in range(i - 1, -1, -1):
            first = outer[j][0].first
            if end - first > limit or (j < i - 1 and _crosses(outer, j, holes)):
                break
            if (cost := best[j] + overhead + end - first) < least:
                least, at = cost, j
        best.append(least)
        cut.append(at)
    spans: list[Span] = []
    i = len(outer)
    while i:
        j = cut[i]
        first, end = outer[j][0].first, outer[i - 1][0].end
        spans.append(Span(table, first, end - first, tuple(n for _, members in outer[j:i] for n in members)))
        i = j
    return spans[::-1]


def _crosses(outer: Sequence[tuple[Need, list[int]]], j: int, holes: Sequence[tuple[int, int]]) -> bool:
    """Whether a hole lies between values j and j + 1."""
    gap_first, gap_end = outer[j][0].end, outer[j + 1][0].first
    return any(first < gap_end and last >= gap_first for first, last in holes)


def cost(spans: Iterable[Span], overhead: float) -> float:
    """What the reads cost in registers: the figure `plan` makes least."""
    return sum(overhead + span.length * (BIT_SHARE if span.table in BIT_TABLES else 1) for span in spans)
