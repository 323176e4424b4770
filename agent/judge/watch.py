"""What the judge remembers of one device between two samples."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from agent.judge.alarm_debounce import AlarmDebounce
from agent.judge.asset import POINTS, WET, Asset
from agent.judge.trend import Trend
from agent.settings.rules import Channel
from drivers.event import EventKind
from drivers.sample import Layout, Value
from drivers.units import UNITS

SPREAD_EVERY_NS = 600 * 10**9
SPREADS = 144  # a day of ten minutes

NOISE_KPA = 1.0
"""A step smaller than this is the sensor's, not the water's."""
PAUSE_NS = 12 * 10**9
LEAST_READINGS = 7
ROUGH_KPA = 3.0
TRAIL = 40
"""Readings, a second apart or more: longer than any fall must last before it is told (`hold_s`)."""

Take = Callable[["Watch", float, int], None]


class Plan(NamedTuple):
    """What to do with a Layout's columns: (column, channel, factor, offset, take) and (column, point)."""

    values: tuple[tuple[int, int, float, float, Take], ...]
    bits: tuple[tuple[int, str], ...]


class Fall:
    """A fall of pressure without a break: where it began, its lowest so far, its steps, and what it is made of.

    `steps` counts readings lower than the last counted one by `NOISE_KPA`: a single jump is one, however deep.
    """

    __slots__ = ("_step_kpa", "low_kpa", "low_ns", "start_kpa", "start_ns", "steps", "trail")

    def __init__(self) -> None:
        self.trail: deque[tuple[int, float]] = deque(maxlen=TRAIL)
        self.start_ns = self.low_ns = 0
        self.start_kpa = self.low_kpa = self._step_kpa = float("-inf")
        self.steps = 0

    def add(self, ns: int, kpa: float) -> None:
        """Take the next pressure: a rise over the lowest, or no new low for a while, begins anew."""
        trail = self.trail
        interval = ns - trail[-1][0] if trail else 0
        if kpa >= self.start_kpa - NOISE_KPA:
            self.start_kpa = max(self.start_kpa, kpa)
            self.start_ns = self.low_ns = ns
            self.low_kpa = self._step_kpa = kpa
            self.steps = 0
        elif kpa <= self.low_kpa - NOISE_KPA / 2:
            self.low_kpa, self.low_ns = kpa, ns
            if kpa <= self._step_kpa - NOISE_KPA:
                self._step_kpa = kpa
                self.steps += 1
        elif kpa > self.low_kpa + 2 * NOISE_KPA or ns - self.low_ns > max(PAUSE_NS, 2 * interval):
            self.start_kpa = self.low_kpa = self._step_kpa = kpa
            self.start_ns = self.low_ns = ns
            self.steps = 0
            trail.clear()
        trail.append((ns, kpa))

    @property
    def clean(self) -> bool:
        """Whether enough of it was read, close to one straight line: under a pump's ripple nothing is sure reading by
        reading."""
        points = [(ns - self.start_ns, kpa) for ns, kpa in self.trail if ns >= self.start_ns]
        count = len(points)
        if count < LEAST_READINGS:
            return False
        mean_t, mean = sum(ns for ns, _ in points) / count, sum(kpa for _, kpa in points) / count
        spread = sum((ns - mean_t) ** 2 for ns, _ in points)
        slope = sum((ns - mean_t) * (kpa - mean) for ns, kpa in points) / spread
        rough: float = sum((kpa - mean - slope * (ns - mean_t)) ** 2 for ns, kpa in points) / count
        return rough <= ROUGH_KPA**2

    def resume(self, start_ns: int, start_kpa: float, low_ns: int, low_kpa: float) -> None:
        """A fall that was going on when the agent stopped."""
        self.start_ns, self.start_kpa = start_ns, start_kpa
        self.low_ns, self.low_kpa = low_ns, low_kpa

    def rate_kpa_s(self, ns: int, over_ns: int) -> float:
        """Present rate of fall over the last `over_ns` (or what there is of it); 0 without two points."""
        trail = self.trail
        if len(trail) < 2:
            return 0.0
        then, before = trail[0]
        for at, kpa in reversed(trail):
            if ns - at >= over_ns:
                then, before = at, kpa
                break
        return (before - trail[-1][1]) / ((ns - then) / 1e9) if ns > then else 0.0


class Watch:
    """One device. `raw` is the newest value of each channel, `held` the newest that is also in the journal."""

    __slots__ = (
        "asset", "bits", "cap_kpa", "fall", "flat_ns", "flat_value", "heard_ns", "held", "held_ns", "high", "latches",
        "low", "neighbours", "plans", "raw", "raw_ns", "restored", "spread", "trend", "trouble",
    )  # fmt: skip

    def __init__(self, asset: Asset, started_ns: int) -> None:
        self.asset = asset
        self.latches: dict[EventKind, AlarmDebounce] = {}
        self.plans: dict[Layout, Plan] = {}
        self.raw: list[float | None] = [None] * len(Channel)
        self.raw_ns: list[int] = [0] * len(Channel)
        self.held: list[float | None] = [None] * len(Channel)
        self.held_ns: list[int] = [0] * len(Channel)
        self.heard_ns = started_ns
        self.trouble = False
        self.bits: dict[str, Value] = {}
        self.fall = Fall()
        self.trend = Trend()
        self.flat_value: float | None = None
        self.flat_ns = started_ns
        self.cap_kpa: float | None = None
        self.low, self.high = float("inf"), float("-inf")
        self.spread: deque[tuple[int, float, float]] = deque(maxlen=SPREADS)
        self.neighbours: tuple[Watch, ...] = ()
        self.restored: dict[EventKind, int] = {}  # not confirmed since the restart; when it was heard first after it

    def open(self, kind: EventKind) -> bool:
        """Whether an event of this kind is raised and not cleared."""
        latch = self.latches.get(kind)
        return latch is not None and latch.active

    def causing(self, kind: EventKind, cause: str) -> bool:
        """Whether this cause stands, raised yet or not."""
        latch = self.latches.get(kind)
        return latch is not None and cause in latch.causes

    def plan(self, layout: Layout, takes: tuple[Take, ...]) -> Plan:
        """What each column of a Layout means here; points of the wrong quantity or without meaning are left alone."""
        values: list[tuple[int, int, float, float, Take]] = []
        bits: list[tuple[int, str]] = []
        for column, (point, unit) in enumerate(zip(layout.points, layout.units, strict=True)):
            given = UNITS.get(unit)
            if point not in POINTS:
                if given is None or given.quantity == "count":  # what has a unit is measured, not switched
                    bits.append((column, point))
            elif given is not None:
                values += [
                    (column, int(channel), given.factor, given.offset, takes[channel])
                    for channel in POINTS[point]
                    if given.quantity == UNITS[channel.unit].quantity
                ]
        plan = Plan(tuple(values), tuple(bits) if self.asset.bits else ())
        self.plans[layout] = plan
        return plan


def restored_bits(w: Watch, point: str) -> list[str]:
    """The bits of a point that were set when the agent stopped, as far as an event stands for them."""
    begin = f"{point}."
    causes = (cause for kind in w.restored for cause in w.latches[kind].causes)
    return [cause.removeprefix(begin) for cause in causes if cause.startswith(begin)]


def names_set(point: str, word: Value) -> tuple[str, ...]:
    """The bits that are set: of an alarm word its names, of a single bit the point's own name."""
    if isinstance(word, tuple):
        return word
    on = word is True or (isinstance(word, int | float) and word == 1) or (isinstance(word, str) and word in WET)
    return (point,) if on else ()
