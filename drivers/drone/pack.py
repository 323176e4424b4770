"""The battery that flies an aircraft: what its volts prove, whatever it counted, and where its autopilot's own limits
belong. Percent by counting is 100 after every reboot of the autopilot, whatever is left.
"""

import itertools
import math
from collections.abc import Mapping
from typing import NamedTuple

Range = tuple[float, float]


class Chemistry(NamedTuple):
    """Volts of one cell. `rest`: (volts, percent) of one that has rested, rising. The ranges are usual ones,
    of no source in particular: `low` to come home at under load, `critical` to land at, `empty` and `charged` as PX4
    counts between them.
    """

    rest: tuple[tuple[float, float], ...]
    low: Range
    critical: Range
    empty: Range
    charged: Range


CHEMISTRIES: Mapping[str, Chemistry] = {
    "lipo": Chemistry(
        ((3.30, 0), (3.61, 5), (3.69, 10), (3.73, 20), (3.80, 40), (3.87, 60), (4.02, 80), (4.20, 100)),
        low=(3.5, 3.7), critical=(3.2, 3.5), empty=(3.3, 3.7), charged=(4.0, 4.2),
    ),
    "lihv": Chemistry(
        ((3.30, 0), (3.62, 5), (3.70, 10), (3.75, 20), (3.84, 40), (3.94, 60), (4.12, 80), (4.35, 100)),
        low=(3.5, 3.7), critical=(3.2, 3.5), empty=(3.3, 3.7), charged=(4.1, 4.35),
    ),
    "liion": Chemistry(
        ((2.80, 0), (3.20, 5), (3.35, 10), (3.48, 20), (3.62, 40), (3.80, 60), (4.00, 80), (4.20, 100)),
        low=(3.0, 3.4), critical=(2.6, 3.0), empty=(2.7, 3.4), charged=(3.95, 4.2),
    ),
}  # fmt: skip
"""Usual curves, rounded, of no maker in particular: lithium polymer, its high-voltage kind, lithium ion (NMC, NCA)."""
LENIENT = "liion"
"""Holds the most at the same volts: by it a pack is judged that nobody has named."""
MEASURED_V, SAG_V = 0.05, 0.30
"""A cell: what a power module is off by, and what full load pulls it down by. Both let more charge be believed."""
CELL_V = (1.0, 5.0)
"""Anything else in a list of cells is no cell: ArduPilot puts the whole pack's volts into the first ones."""


class Pack(NamedTuple):
    """As the settings name it."""

    cells: int
    chemistry: str
    capacity_mah: float | None = None

    @property
    def of(self) -> Chemistry:
        """Its chemistry."""
        return CHEMISTRIES[self.chemistry]

    def volts(self, cell: Range) -> Range:
        """Of the whole pack."""
        return cell[0] * self.cells, cell[1] * self.cells


def most_percent(chemistry: str, cell_v: float, *, loaded: bool) -> float:
    """The most that a cell of so many volts can still hold, in percent; 100 where its volts are not known."""
    if not math.isfinite(cell_v):
        return 100.0
    rest_v = cell_v + MEASURED_V + (SAG_V if loaded else 0.0)
    curve = CHEMISTRIES[chemistry].rest
    if rest_v <= curve[0][0]:
        return curve[0][1]
    for (v0, p0), (v1, p1) in itertools.pairwise(curve):
        if rest_v <= v1:
            return p0 + (p1 - p0) * (rest_v - v0) / (v1 - v0)
    return 100.0


def worst_cell_v(volts: tuple[float, ...], pack: Pack | None) -> float:
    """Of one pack's `volts` as it sends them: its worst cell, or their mean where only the whole is measured.

    NaN where nobody knows how many cells that is.
    """
    if len(volts) > 1 and all(CELL_V[0] < one < CELL_V[1] for one in volts):
        return min(volts)
    return sum(volts) / pack.cells if pack is not None and volts else math.nan
