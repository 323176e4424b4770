"""What each terminal of the town would say at a moment: the water's pressure, and what hangs on a hydrant besides."""

import math
import random
from collections.abc import Callable, Mapping

from drivers.sample import Value
from hil.water.water import Water
from protocols.clock import boottime_ns

NOISE_KPA = 0.4  # a good transmitter's repeatability, 0.03 % of 1.6 MPa
DRAWN_L_S = 0.5  # from here on a terminal says that water is drawn


class Sensors:
    """One town's sensors on one clock. The same moment gives the same values, whoever asks and however often."""

    def __init__(self, water: Water, start_ns: int, seed: int = 1) -> None:
        self._water = water
        self._start_ns = start_ns
        self._seed = seed

    def now_ns(self) -> int:
        """The clock these sensors go by."""
        return boottime_ns()

    def says(self, hydrant: str) -> Callable[[int], Mapping[str, Value]]:
        """What this hydrant's terminal says at a CLOCK_BOOTTIME."""
        chance = random.Random(f"{self._seed} {hydrant}")
        phase, battery_v = chance.random() * math.tau, 3.55 + chance.random() * 0.1

        def at(now_ns: int) -> Mapping[str, Value]:
            t = (now_ns - self._start_ns) / 1e9
            flow = self._water.flow_l_s(hydrant, t)
            ripple = NOISE_KPA * math.sin(phase + t * 1.7) + NOISE_KPA / 2 * math.sin(phase * 3 + t * 0.31)
            return {
                "pressure": self._water.pressure_kpa(hydrant, t) + ripple,
                "temperature": round(12.0 + 1.5 * math.sin(t / 900 + phase), 1),
                "battery": round(battery_v, 3),
                "alarms": ("water_drawn",) if flow > DRAWN_L_S else (),
                "mode": "normal",
                "volume": 120.0,
                "flow": flow,
                "tilt": 0.4,
                "signal": -71,
                "pressure_low_limit": 140,
            }

        return at
