"""500 hydrants × 4 points as a town's terminals give them, in commits of so many readings."""

import math
import random
from collections.abc import Iterator

from drivers.sample import Layout, Sample

POINTS = 4
HYDRANT = Layout("hydrant", ("pressure", "temperature", "battery", "tilt"), ("MPa", "C", "V", "deg"))
_MS = 1_000_000


def commits(readings: int, seed: int = 1, hydrants: int = 500, period_ms: int = 60_000) -> Iterator[list[Sample]]:
    """For ever: lists of readings/4 samples, hydrant after hydrant, each once a minute."""
    rng = random.Random(seed)
    base = [rng.uniform(0.22, 0.38) for _ in range(hydrants)]
    battery = [rng.uniform(3.3, 3.65) for _ in range(hydrants)]
    step = period_ms / hydrants
    i = 0
    while True:
        group = []
        for _ in range(readings // POINTS):
            h, at = i % hydrants, int(i * step)
            town = 0.02 * math.sin(at / 13_750_000)
            values = (
                round(base[h] + town + rng.gauss(0, 0.002), 3),
                round(12 + 6 * math.sin(at / 13_750_000) + rng.gauss(0, 0.1), 1),
                round(battery[h] - at / 3e10, 2),
                round(abs(rng.gauss(0, 0.4))) * 1.0,
            )
            group.append(Sample(f"H{h:04d}", HYDRANT, (1_000_000 + at) * _MS, values, HYDRANT.good))
            i += 1
        yield group
