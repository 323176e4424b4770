"""Whether what a point says of its unit and decimals (`unit_from`, `decimals_from`) can be read from other points."""

from collections.abc import Iterator, Mapping

from drivers.profile.mistake import Fault, nearest
from drivers.profile.point import ModbusPoint
from drivers.units import UNITS
from protocols.reason import Fact


def unsettled(points: Mapping[str, ModbusPoint], name: str) -> Iterator[Fault]:
    """What is wrong with the points one point names for its unit and decimals."""
    point = points[name]
    for key, source in zip(("unit_from", "decimals_from"), point.settings, strict=True):
        if source is None:
            continue
        where = ("points", name, key)
        if source not in points or source == name or any(points[source].settings):
            known = tuple(one for one in points if one != name)
            near = nearest(source, known)
            facts: dict[str, Fact] = {"name": source, "near": near or "", "known": known}
            yield Fault("profile.no_such_point", "write.near_of" if near else "write.one_of", facts, where)
        elif key == "unit_from":
            yield from _no_units(points[source], source, point, where)
        elif not points[source].type.number or points[source].enum or points[source].bits:
            yield Fault("profile.no_decimals", "write.whole_type", {"name": source}, where)


def _no_units(source: ModbusPoint, called: str, point: ModbusPoint, where: tuple[str, ...]) -> Iterator[Fault]:
    wrong = sorted({word for word in (source.enum or {}).values() if word not in UNITS})
    quantity = UNITS[point.unit].quantity
    same = tuple(code for code, unit in UNITS.items() if unit.quantity == quantity)
    if source.enum is None or not set(source.enum.values()) & set(same):
        yield Fault("profile.no_units", "write.enum_of_units", {"name": called, "known": same}, where)
    elif wrong:
        facts: dict[str, Fact] = {"value": wrong[0], "known": tuple(UNITS)}
        yield Fault("profile.no_unit", "write.one_of", facts, ("points", called, "enum"))
