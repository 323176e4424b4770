"""Raw values to (value, quality), a whole read at a time; counters that remember.

A `Row` does one read's points at once. It belongs to one device, because counters remember.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from drivers.profile.point import Point
from drivers.quality import Quality
from drivers.rule import Judged, Rule
from drivers.sample import Layout, Value
from drivers.scaled import ScaledRule, rule_of

COUNTER_AGREES: Final = 3  # readings in a row that must rise from the lower value before it is believed
WRAP_SHARE: Final = 16  # a counter wraps only from its last sixteenth into its first


class Row:
    """One device's points of one Layout: raw values in, values and quality bytes out."""

    __slots__ = ("_counters", "_rules", "_takes", "layout")

    def __init__(self, layout: Layout, rules: Sequence[Rule | ScaledRule]) -> None:
        if len(rules) != len(layout.points):
            raise ValueError(f"{layout}: {len(rules)} rules for {len(layout.points)} points")
        self.layout = layout
        self._rules = tuple(rules)
        self._takes = tuple(rule.take for rule in rules)
        self._counters = {i: Counter(rule.modulus) for i, rule in enumerate(rules) if rule.counter}

    def decode(self, raws: Sequence[Any]) -> tuple[tuple[Value, ...], bytes]:
        """A whole read, in the Layout's order. All good: the quality is `shape.good` itself."""
        values = [take(raw) for take, raw in zip(self._takes, raws, strict=True)]
        if None not in values:
            return tuple(values), self.layout.good
        quality = bytearray(len(values))
        for i, value in enumerate(values):
            if value is None:
                values[i], quality[i] = self.one(i, raws[i])
        return tuple(values), bytes(quality) if any(quality) else self.layout.good

    def one(self, index: int, raw: object) -> Judged:
        """One point of the row by its place in the Layout: for sources that report point by point."""
        value, quality = self._rules[index].judge(raw)
        counter = self._counters.get(index)
        if counter is not None and quality.usable and isinstance(value, int | float):
            quality = counter.judge(raw if isinstance(raw, int | float) else value, quality)
        return value, quality

    def failed(self, why: Quality) -> tuple[tuple[Value, ...], bytes]:
        """The row of a device that gave nothing."""
        count = len(self.layout.points)
        return (None,) * count, bytes((why,)) * count


class Counter:
    """Whether a counter's reading can follow the last one believed.

    A single low or high reading is a glitch; a lower one that keeps rising is a device that started again.
    """

    __slots__ = ("_agreed", "_last", "_lower", "_modulus")

    def __init__(self, modulus: int = 0) -> None:
        """`modulus`: where the raw number wraps to 0; 0 for never."""
        self._modulus = modulus
        self._last: float | None = None
        self._lower: float | None = None
        self._agreed = 0

    def judge(self, raw: float, quality: Quality) -> Quality:
        """`quality` when the reading may follow, else COUNTER_RAN_BACK."""
        if self._last is None or raw >= self._last or self._wrapped(raw):
            self._last, self._lower, self._agreed = raw, None, 0
            return quality
        rising = self._lower is not None and raw >= self._lower
        self._agreed = self._agreed + 1 if rising else 1
        self._lower = raw
        if self._agreed > COUNTER_AGREES:
            self._last, self._lower, self._agreed = raw, None, 0
            return quality
        return Quality.COUNTER_RAN_BACK

    def _wrapped(self, raw: float) -> bool:
        edge = self._modulus // WRAP_SHARE
        return bool(self._modulus) and self._last is not None and self._last >= self._modulus - edge and raw < edge


def rules_of(
    points: Mapping[str, Point], layout: Layout, offsets: Mapping[str, float] | None = None
) -> tuple[Rule | ScaledRule, ...]:
    """The rules of a Layout's points, in order. Share them between devices that have the same `offsets`."""
    own = offsets or {}
    return tuple(rule_of(points, name, own.get(name, 0.0)) for name in layout.points)


def layout_of(profile: str, points: Mapping[str, Point], names: Sequence[str]) -> Layout:
    """The Layout of the named points of a profile."""
    return Layout(profile, tuple(names), tuple(points[name].unit for name in names))
