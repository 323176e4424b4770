"""The mains as a graph: where water enters, where hydrants stand, what lies between."""

from collections.abc import Mapping
from dataclasses import dataclass, field

KPA_PER_M = 9.80665
"""Pressure of one metre of water (1,000 kg/m³ at standard gravity)."""


@dataclass(frozen=True, slots=True)
class Junction:
    """A point of the mains. `demand_l_s` is what the houses around it take on average over a day."""

    id: str
    elevation_m: float
    demand_l_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Source:
    """A tower or a pumping station: holds its water level whatever is drawn."""

    id: str
    head_m: float


@dataclass(frozen=True, slots=True)
class Pipe:
    """A main between two points; `roughness` is Hazen–Williams C (130 new ductile iron, 100 old)."""

    id: str
    start: str
    end: str
    length_m: float
    diameter_mm: float
    roughness: float = 120.0

    @property
    def resistance(self) -> float:
        """r in h[m] = r·q[m³/s]^1.852 (Hazen–Williams in SI: 10.667·L / (C^1.852·d^4.871))."""
        bore: float = self.roughness**1.852 * (self.diameter_mm / 1000) ** 4.871
        return 10.667 * self.length_m / bore


@dataclass(frozen=True, slots=True)
class Network:
    """Junctions, sources and pipes by id, and the junction each hydrant stands on."""

    junctions: Mapping[str, Junction]
    sources: Mapping[str, Source]
    pipes: Mapping[str, Pipe]
    hydrants: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {*self.junctions, *self.sources}
        for pipe in self.pipes.values():
            if not {pipe.start, pipe.end} <= known:
                raise ValueError(f"pipe {pipe.id} joins {pipe.start} and {pipe.end}: no such point")
        for hydrant, junction in self.hydrants.items():
            if junction not in self.junctions:
                raise ValueError(f"hydrant {hydrant} stands on {junction}: no such junction")


def town(hydrants: list[str], *, columns: int = 4, block_m: float = 110.0, tower_head_m: float = 48.0) -> Network:
    """A looped grid of streets with one hydrant a crossing, rising 1 m a row, fed from a tower at one corner.

    Hydrants fill the grid row by row in the order given; blocks keep the 120 m spacing of GB 50974.
    """
    if not hydrants or columns < 1:
        raise ValueError("a town needs at least one hydrant and one column of streets")
    junctions: dict[str, Junction] = {}
    pipes: dict[str, Pipe] = {}
    at: dict[str, str] = {}
    for i, hydrant in enumerate(hydrants):
        row, column = divmod(i, columns)
        junction = f"J{row}.{column}"
        at[hydrant] = junction
        junctions[junction] = Junction(junction, elevation_m=5.0 + row + 0.5 * (column % 2), demand_l_s=1.2)
        if column:
            pipes[f"E{row}.{column}"] = Pipe(f"E{row}.{column}", f"J{row}.{column - 1}", junction, block_m, 150)
        if row:
            pipes[f"S{row}.{column}"] = Pipe(f"S{row}.{column}", f"J{row - 1}.{column}", junction, block_m, 150)
    pipes["feed"] = Pipe("feed", "tower", "J0.0", 900, 250)
    return Network(junctions, {"tower": Source("tower", tower_head_m)}, pipes, at)
