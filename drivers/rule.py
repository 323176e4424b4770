"""How one point's raw value becomes a value with its quality: scaling, ranges, patterns, enums, bits."""

import math
import struct
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final

from drivers.profile.location import WireType
from drivers.profile.point import ModbusPoint, Point
from drivers.quality import Quality
from drivers.sample import Value
from drivers.units import converted
from protocols.modbus.packed import BCD

Judged = tuple[Value, Quality]
Take = Callable[[Any], Value]
"""Raw to value when nothing is wrong with it, else None: the hot path, asked before the slow judgement."""

LARGEST: Final = sys.float_info.max
LONGEST_TEXT: Final = 1_000  # characters; what is longer is no reading
WORDS_KEPT: Final = 4096  # alarm words met so far, per point; more than this is noise, not a device
_PATTERN_CODES: Final = {"float32": ("I", "f"), "float64": ("Q", "d")}


class Rule:
    """How one point's raw value is judged: the same for every device with this profile and calibration."""

    __slots__ = (
        "_divisor", "_enum", "_factor", "_invalid", "_is_float", "_least", "_mask", "_most", "_names", "_shift",
        "_words", "counter", "modulus", "take",
    )  # fmt: skip

    def __init__(self, point: Point, offset: float = 0.0, *, unit: str = "", decimals: int = 0) -> None:
        """`offset` is the device's own calibration, added after scaling, in the point's unit.

        `unit` and `decimals`: what the device says of itself; its numbers become values in the point's unit.
        """
        wire = point.type if isinstance(point, ModbusPoint) else None
        self.counter = point.counter
        self._is_float = wire is not None and wire.float
        bits = point.width if isinstance(point, ModbusPoint) else 64
        self._mask = (1 << bits) - 1
        self.modulus = 0 if wire is None else _modulus(wire.name, bits)
        self._invalid = _patterns(point.invalid, wire, bits)
        self._enum = point.enum
        self._names = point.bits
        self._words: dict[int, Value] = {}
        scale, shift = Fraction(repr(point.scale)) / Fraction(10) ** decimals, Fraction(repr(point.offset))
        if unit:
            scale, shift = converted(scale, shift, unit, point.unit)
        self._factor, self._shift, self._divisor = _linear(scale, shift + Fraction(repr(offset)))
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
        if wire is None or not wire.number or self.counter:
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

        whole = divisor == 1 and factor == int(factor) and shift == int(shift)
        return take_whole if whole and not self._is_float else take


def _never(raw: object) -> None:  # noqa: ARG001  (a Take that leaves every value to the slow judgement)
    return None


def _linear(scale: Fraction, offset: Fraction) -> tuple[float, float, float]:
    """scale and offset as (factor, shift, divisor) over whole numbers, so that a decimal scale adds no noise."""
    divisor = math.lcm(scale.denominator, offset.denominator)
    if divisor > 10**12:
        return float(scale), float(offset), 1
    return int(scale * divisor), int(offset * divisor), divisor


def _modulus(name: str, bits: int) -> int:
    """Where a raw number wraps to 0; 0 for never."""
    if name in BCD:
        return int(10 ** BCD[name])
    return 1 << bits if name.startswith("uint") else 0


def _patterns(invalid: Sequence[int], wire: WireType | None, bits: int) -> frozenset[float]:
    """Raw patterns as the raw values they decode to: 0x8000 is -32768 in an int16; in a float, its own bits."""
    found: set[float] = set(invalid)
    if wire is None or not wire.number:
        return frozenset(found)
    for pattern in invalid:
        if not 0 <= pattern < 1 << bits:
            continue
        if wire.name in _PATTERN_CODES:
            whole, real = _PATTERN_CODES[wire.name]
            found.add(struct.unpack(f">{real}", struct.pack(f">{whole}", pattern))[0])
        elif wire.name.startswith("int") and pattern >= 1 << (bits - 1):
            found.add(pattern - (1 << bits))
    return frozenset(found)
