"""Points whose unit or decimal places are settings of the device, in registers of their own."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from drivers.profile.point import ModbusPoint, Point
from drivers.quality import Quality
from drivers.rule import Judged, Rule
from drivers.sample import Value
from drivers.units import UNITS, same_quantity

DECIMALS_MOST: Final = 9


class Said(NamedTuple):
    """A raw number with what stood in the registers that say its unit and decimals; None for what was not read."""

    number: Any
    unit: Any
    decimals: Any


class ScaledRule:
    """A point whose unit or decimals the device says itself. Its raw is a `Said`: never a number without its unit."""

    __slots__ = ("_decimals", "_offset", "_point", "_rules", "_unit", "counter", "modulus")

    def __init__(self, point: ModbusPoint, unit: Rule | None, decimals: Rule | None, offset: float = 0.0) -> None:
        """`unit` and `decimals` judge what the two setting points say; None where the profile says it."""
        self._point = point
        self._unit = unit
        self._decimals = decimals
        self._offset = offset
        self._rules: dict[tuple[object, ...], Rule] = {}
        self.counter = point.counter
        self.modulus = 0  # a wrap is seen after a few readings: where it lies depends on the decimals

    def take(self, raw: Said) -> Value:
        """The value where these settings have been met and nothing is wrong with it, else None."""
        rule = self._rules.get(raw[1:])
        return None if rule is None else rule.take(raw.number)

    def judge(self, raw: object) -> Judged:
        """Any raw value; UNIT_UNKNOWN without a number where its settings say nothing known."""
        rule = self.rule(raw) if isinstance(raw, Said) else None
        return (None, Quality.UNIT_UNKNOWN) if rule is None or not isinstance(raw, Said) else rule.judge(raw.number)

    def rule(self, raw: Said) -> Rule | None:
        """How its number is judged under these settings; None when they are not known."""
        rule = self._rules.get(raw[1:])
        if rule is None:
            unit, decimals = "", 0.0
            if self._unit is not None:
                said, quality = self._unit.judge(raw.unit)
                unit = said if isinstance(said, str) else ""
                if quality != Quality.GOOD or unit not in UNITS or not same_quantity(unit, self._point.unit):
                    return None
            if self._decimals is not None:
                places, quality = self._decimals.judge(raw.decimals)
                if quality != Quality.GOOD or not isinstance(places, int | float):
                    return None
                decimals = places
            if decimals != int(decimals) or abs(decimals) > DECIMALS_MOST:
                return None
            rule = self._rules[raw[1:]] = Rule(self._point, self._offset, unit=unit, decimals=int(decimals))
        return rule


def rule_of(points: Mapping[str, Point], name: str, offset: float = 0.0) -> Rule | ScaledRule:
    """The rule of one point of a profile."""
    point = points[name]
    if isinstance(point, ModbusPoint) and any(point.settings):
        unit = None if point.unit_from is None else Rule(points[point.unit_from])
        decimals = None if point.decimals_from is None else Rule(points[point.decimals_from])
        return ScaledRule(point, unit, decimals, offset)
    return Rule(point, offset)


def scaled_rules(points: Mapping[str, ModbusPoint]) -> dict[str, ScaledRule]:
    """Those of a profile's points whose unit or decimals the device says."""
    rules = {name: rule_of(points, name) for name, point in points.items() if any(point.settings)}
    return {name: rule for name, rule in rules.items() if isinstance(rule, ScaledRule)}
