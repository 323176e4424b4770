"""Networks to try things on, as a water company's files: a looped town, a branched valley, two zones with a booster."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

PATTERN = (
    0.45, 0.38, 0.35, 0.34, 0.4, 0.65, 1.1, 1.45, 1.3, 1.15, 1.1, 1.2,
    1.25, 1.1, 1.0, 1.0, 1.1, 1.4, 1.7, 1.6, 1.35, 1.05, 0.8, 0.6,
)  # fmt: skip
"""A town's day: least at three, most at eighteen hours."""
LON, LAT = 118.87, 28.94
METRE = 1 / 111_195.0


@dataclass(frozen=True)
class Pipe:
    """Metres, millimetres, Hazen-Williams."""

    id: str
    a: str
    b: str
    length: float
    bore: float
    rough: float = 110.0
    closed: bool = False


@dataclass(frozen=True)
class Town:
    """What a file is written from. `nodes` are id → (elevation m, draw L/s, x m, y m)."""

    name: str
    nodes: dict[str, tuple[float, float, float, float]]
    pipes: tuple[Pipe, ...]
    sources: dict[str, tuple[float, float, float]]
    """id → (head m, x m, y m)."""
    tanks: str = ""
    others: str = ""
    """PUMPS, VALVES, CURVES, CONTROLS as they stand in a file."""

    @property
    def hydrants(self) -> tuple[str, ...]:
        """The nodes a hydrant stands at."""
        return tuple(node for node in self.nodes if node.startswith("H"))

    def text(self) -> str:
        """The file."""
        lines = ["[TITLE]", self.name, "[JUNCTIONS]"]
        lines += [f"{node} {z:.3f} {draw:.4f} DAY" for node, (z, draw, _, _) in self.nodes.items()]
        lines += ["[RESERVOIRS]", *(f"{name} {head:.3f}" for name, (head, _, _) in self.sources.items())]
        lines += [self.tanks, "[PIPES]"]
        lines += [
            f"{p.id} {p.a} {p.b} {p.length:.1f} {p.bore:g} {p.rough:.3f} 0 {'Closed' if p.closed else 'Open'}"
            for p in self.pipes
        ]
        lines += [self.others, "[PATTERNS]"]
        lines += ["DAY " + " ".join(map(str, PATTERN[n : n + 6])) for n in range(0, 24, 6)]
        lines += ["[OPTIONS]", "UNITS LPS", "HEADLOSS H-W", "ACCURACY 0.00001", "TRIALS 200", "[TIMES]"]
        lines += ["DURATION 24:00", "HYDRAULIC TIMESTEP 1:00", "PATTERN TIMESTEP 1:00", "[COORDINATES]"]
        places = {node: (x, y) for node, (_, _, x, y) in self.nodes.items()}
        places |= {name: (x, y) for name, (_, x, y) in self.sources.items()}
        lines += [f"{name} {LON + x * METRE / 0.8751:.7f} {LAT + y * METRE:.7f}" for name, (x, y) in places.items()]
        return "\n".join([*lines, "[END]", ""])


def looped(seed: int = 1, across: int = 7, down: int = 6) -> Town:
    """A town on a grid of streets, fed from one side by a works and from the other by a smaller one."""
    chance = random.Random(seed)
    nodes: dict[str, tuple[float, float, float, float]] = {}
    for i in range(across):
        for j in range(down):
            name = f"{'H' if (i + j) % 2 else 'J'}{i}_{j}"
            nodes[name] = (20 + 4 * i / across + chance.uniform(-2, 2), chance.uniform(0.5, 2.5), i * 160.0, j * 160.0)
    at = {(round(x / 160), round(y / 160)): name for name, (_, _, x, y) in nodes.items()}
    pipes: list[Pipe] = []
    for (i, j), name in at.items():
        for step in ((1, 0), (0, 1)):
            other = at.get((i + step[0], j + step[1]))
            if other and (chance.random() < 0.93 or step == (1, 0)):
                trunk = (step == (1, 0) and j == down // 2) or (step == (0, 1) and i == across // 2)
                bore = 300 if trunk else chance.choice((100, 150, 150, 200))
                pipes.append(Pipe(f"P{len(pipes)}", name, other, 160, bore, chance.uniform(85, 130)))
    sources = {"WORKS": (62.0, -400.0, down // 2 * 160.0), "SECOND": (58.0, across * 160.0 + 500, down // 2 * 160.0)}
    pipes.append(Pipe("IN1", "WORKS", at[0, down // 2], 1900, 350, 110))
    pipes.append(Pipe("IN2", "SECOND", at[across - 1, down // 2], 1600, 250, 105))
    return Town("a looped town", nodes, tuple(pipes), sources)


def branched(seed: int = 1, length: int = 14) -> Town:
    """A valley: one main downhill, side branches, a tank at its end."""
    chance = random.Random(seed + 100)
    nodes: dict[str, tuple[float, float, float, float]] = {}
    pipes: list[Pipe] = []
    before = "SPRING"
    for i in range(length):
        name = f"{'H' if i % 2 else 'J'}m{i}"
        nodes[name] = (60 - 2.2 * i + chance.uniform(-1, 1), chance.uniform(0.6, 3.0), i * 220.0, 0.0)
        pipes.append(
            Pipe(f"M{i}", before, name, 220, 250 if i < 6 else 200 if i < 10 else 150, chance.uniform(90, 125))
        )
        before = name
        if i % 3 == 1:
            side = name
            for k in range(1, 3):
                branch = f"H{i}b{k}"
                nodes[branch] = (nodes[name][0] + 3 * k, chance.uniform(0.2, 0.8), i * 220.0, k * 180.0)
                pipes.append(Pipe(f"B{i}_{k}", side, branch, 180, 100 if k > 1 else 150, chance.uniform(85, 120)))
                side = branch
    tanks = "[TANKS]\nEND 81.0 2.0 0.3 4.0 12 0"
    pipes.append(Pipe("T", before, "END", 300, 200, 110))
    return Town("a branched valley", nodes, tuple(pipes), {"SPRING": (96.0, -300.0, 0.0)}, tanks)


def two_zones(seed: int = 1) -> Town:
    """A low zone from a works, a high one behind a booster pump, and a pressure reducing valve back into a third."""
    low = looped(seed + 7, 5, 5)
    chance = random.Random(seed + 200)
    nodes = dict(low.nodes)
    pipes = list(low.pipes)
    for i in range(4):
        for j in range(3):
            name = f"{'H' if (i + j) % 2 else 'J'}u{i}_{j}"
            nodes[name] = (
                52 + 2 * i + chance.uniform(-1, 1),
                chance.uniform(0.3, 1.2),
                100 + i * 150.0,
                900 + j * 150.0,
            )
    at = {(i, j): next(n for n in nodes if n.endswith(f"u{i}_{j}")) for i in range(4) for j in range(3)}
    for (i, j), name in at.items():
        for step in ((1, 0), (0, 1)):
            if other := at.get((i + step[0], j + step[1])):
                pipes.append(
                    Pipe(f"U{len(pipes)}", name, other, 150, chance.choice((150, 200)), chance.uniform(95, 125))
                )
    for k in range(3):
        nodes[f"Hv{k}"] = (34 + k, 0.6, 700.0, 900 + k * 150.0)
        if k:
            pipes.append(Pipe(f"V{k}", f"Hv{k - 1}", f"Hv{k}", 150, 150, 105))
    foot = next(n for n in low.nodes if n.endswith("2_4"))
    others = (
        f"[PUMPS]\nBOOST {foot} {at[0, 0]} HEAD LIFT\n[CURVES]\nLIFT 0 62\nLIFT 45 46\nLIFT 80 22\n"
        f"[VALVES]\nREDUCE {at[3, 0]} Hv0 150 PRV 30 0"
    )
    return Town("two zones with a booster", nodes, tuple(pipes), low.sources, "", others)


TOWNS: dict[str, Callable[[int], Town]] = {"looped": looped, "branched": branched, "two zones": two_zones}


def otherwise(town: Town, seed: int, *, valve: bool = True, each: bool = True) -> Town:
    """The same town as a company's drawing has it: roughness ± 20 %, draws ± 30 %, elevations ± 1 m, and a valve that
    is closed in the ground and open in the drawing (`town` is the ground: the drawing has one more pipe open).

    `each`: every part is off by its own share; else all by one.
    """
    chance = random.Random(seed)
    rough, draw = chance.uniform(0.8, 1.2), chance.uniform(0.7, 1.3)

    def off(share: float, one: float) -> float:
        return chance.uniform(1 - share, 1 + share) if each else one

    nodes = {name: (z + chance.uniform(-1, 1), d * off(0.3, draw), x, y) for name, (z, d, x, y) in town.nodes.items()}
    pipes = tuple(replace(p, rough=p.rough * off(0.2, rough), closed=False if valve else p.closed) for p in town.pipes)
    return replace(town, nodes=nodes, pipes=pipes)


def shut_one(town: Town, seed: int) -> Town:
    """The same town with one pipe of a loop closed, so that everybody still has water."""
    chance = random.Random(seed)
    loops = [p for p in town.pipes if _still_joined(town, p)]
    if not loops:
        return town
    shut = chance.choice(loops)
    return replace(town, pipes=tuple(replace(p, closed=True) if p is shut else p for p in town.pipes))


def _still_joined(town: Town, without: Pipe) -> bool:
    near: dict[str, list[str]] = {}
    for p in town.pipes:
        if p is not without:
            near.setdefault(p.a, []).append(p.b)
            near.setdefault(p.b, []).append(p.a)
    seen, waiting = {without.a}, [without.a]
    while waiting:
        for other in near.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return without.b in seen
