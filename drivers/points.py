"""Raw value to (value, quality): scaling, ranges, patterns that mean 'no value', enums, bits, counters.

A `Row` does one read's points at once. It belongs to one device, because counters remember.
"""

import math
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from drivers.profile.location import WireType
from drivers.profile.point import ModbusPoint, Point
from drivers.quality import Quality
from drivers.sample import Layout, Value

Judged = tuple[Value, Quality]
Take = Callable[[Any], Value]
"""Raw to value when nothing is wrong with it, else None: the hot path, asked before the slow judgement."""

LARGEST: Final = sys.float_info.max
LONGEST_TEXT: Final = 1_000  # characters; what is longer is no reading
WORDS_KEPT: Final = 4096  # alarm words met so far, per point; more than this is noise, not a device
COUNTER_AGREES: Final = 3  # readings in a row that must rise from the lower value before it is believed
WRAP_SHARE: Final = 16  # a counter wraps only from its last sixteenth into its first
_PATTERN_CODES: Final = {"float32": ("I", "f"), "float64": ("Q", "d")}


class Rule:
    """How one point's raw value is judged: the same for every device with this profile and calibration."""

    __slots__ = (
        "_divisor", "_enum", "_factor", "_invalid", "_is_float", "_least", "_mask", "_most", "_names", "_shift",
        "_words", "counter", "modulus", "take",
    )  # fmt: skip

    def __init__(self, point: Point, offset: float = 0.0) -> None:
        """`offset` is the device's own calibration, added after scaling, in the point's unit."""
        wire = point.type if isinstance(point, ModbusPoint) else None
        self.counter = point.counter
        self._is_float = wire is not None and wire.float
        bits = 64 if wire is None else 16 * wire.registers
        self._mask = (1 << bits) - 1
        self.modulus = (1 << bits) if wire is not None and wire.name.startswith("uint") else 0
        self._invalid = _patterns(point.invalid, wire)
        self._enum = point.enum
        self._names = point.bits
        self._words: dict[int, Value] = {}
        self._factor, self._shift, self._divisor = _linear(point.scale, point.offset + offset)
        self._least, self._most = point.valid or (-LARGEST, LARGEST)
        self.take = self._taker(wire)

    def judge(self, raw: object) -> Judged:
        """Any raw value, with what is wrong with it. Never raises."""
        if isinstance(raw, str):
            if self._enum is not None or self._names is not None or self.counter:
                return None, Quality.BAD_ANSWER
            if len(raw) > LONGEST_TEXT:
                return None, Quality.BAD_ANSWER
            return raw, Quality.UNCERTAIN if "\N{REPLACEMENT CHARACTER}" in raw else Quality.GOOD
        if not isinstance(raw, int | float):
            return None, Quality.BAD_ANSWER
        if not math.isfinite(raw):
            return None, Quality.NOT_A_NUMBER
        if raw in self._invalid and not isinstance(raw, bool):
            return None, Quality.INVALID_PATTERN
        if self._enum is not None:
            text = self._enum.get(int(raw))
            return (str(raw), Quality.UNCERTAIN) if text is None else (text, Quality.GOOD)
        if self._names is not None:
            return self._bits(int(raw))
        if isinstance(raw, bool) and (self._factor, self._shift, self._divisor) == (1, 0, 1):
            return raw, Quality.GOOD
        value = self._scaled(raw)
        if not math.isfinite(value):
            return None, Quality.NOT_A_NUMBER
        return value, Quality.GOOD if self._least <= value <= self._most else Quality.OUT_OF_RANGE

    def _scaled(self, raw: float) -> float:
        """Whole numbers stay exact: 253 × 0.1 is 25.3, not 25.300000000000001."""
        value = raw * self._factor + self._shift
        return value if self._divisor == 1 else value / self._divisor

    def _bits(self, word: int) -> Judged:
        names = self._names or {}
        unsigned = word & self._mask
        numbers = [bit for bit in range(unsigned.bit_length()) if unsigned >> bit & 1]
        value = tuple(names.get(bit, f"bit{bit}") for bit in numbers)
        if any(bit not in names for bit in numbers):
            return value, Quality.UNCERTAIN
        if len(self._words) < WORDS_KEPT:
            self._words[word] = value
        return value, Quality.GOOD

    def _taker(self, wire: WireType | None) -> Take:
        """The hot path's function for this meaning."""
        if self._names is not None:
            return self._words.get if not self._invalid else _never
        if self._enum is not None:
            return self._enum.get if not self._invalid else _never
        if wire is not None and wire.name == "bool":
            return bool
        if wire is None or wire.name == "string" or self.counter:
            return _never
        factor, shift, divisor, least, most = self._factor, self._shift, self._divisor, self._least, self._most
        if any(least <= (raw * factor + shift) / divisor <= most for raw in self._invalid):
            return _never  # a pattern that would pass for a value must be looked for every time
        if (factor, shift, divisor) == (1, 0, 1):
            return lambda raw: raw if least <= raw <= most else None

        def take(raw: float) -> float | None:
            value = (raw * factor + shift) / divisor
            return value if least <= value <= most else None

        def take_whole(raw: int) -> int | None:
            value = raw * int(factor) + int(shift)
            return value if least <= value <= most else None

        return take_whole if divisor == 1 and not self._is_float else take


class Row:
    """One device's points of one Layout: raw values in, values and quality bytes out."""

    __slots__ = ("_counters", "_rules", "_takes", "layout")

    def __init__(self, layout: Layout, rules: Sequence[Rule]) -> None:
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
        if counter is not None and quality.usable and isinstance(value, int | float) and isinstance(raw, int | float):
            quality = counter.judge(raw, quality)
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
) -> tuple[Rule, ...]:
    """The rules of a Layout's points, in order. Share them between devices that have the same `offsets`."""
    own = offsets or {}
    return tuple(Rule(points[name], own.get(name, 0.0)) for name in layout.points)


def layout_of(profile: str, points: Mapping[str, Point], names: Sequence[str]) -> Layout:
    """The Layout of the named points of a profile."""
    return Layout(profile, tuple(names), tuple(points[name].unit for name in names))


def _never(raw: object) -> None:  # noqa: ARG001  (a Take that leaves every value to the slow judgement)
    return None


def _linear(scale: float, offset: float) -> tuple[float, float, float]:
    """scale and offset as (factor, shift, divisor) over whole numbers, so that a decimal scale adds no noise."""
    s, o = Fraction(repr(scale)), Fraction(repr(offset))
    divisor = math.lcm(s.denominator, o.denominator)
    if divisor > 10**12:
        return scale, offset, 1
    return int(s * divisor), int(o * divisor), divisor


def _patterns(invalid: Sequence[int], wire: WireType | None) -> frozenset[float]:
    """Raw patterns as the raw values they decode to: 0x8000 is -32768 in an int16; in a float, its own bits."""
    found: set[float] = set(invalid)
    if wire is None or not wire.number:
        return frozenset(found)
    bits = 16 * wire.registers
    for pattern in invalid:
        if not 0 <= pattern < 1 << bits:
            continue
        if wire.name in _PATTERN_CODES:
            whole, real = _PATTERN_CODES[wire.name]
            found.add(struct.unpack(f">{real}", struct.pack(f">{whole}", pattern))[0])
        elif wire.name.startswith("int") and pattern >= 1 << (bits - 1):
            found.add(pattern - (1 << bits))
    return frozenset(found)
