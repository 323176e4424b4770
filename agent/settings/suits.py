"""Whether a profile says what a kind of device needs."""

from collections.abc import Iterator

from drivers.kinds.kind import BITS, STATE, Kind
from drivers.profile.mistake import Fact, Fault, Where, listed, nearest
from drivers.profile.model import ModbusProfile, OpcuaProfile
from drivers.profile.point import Point
from drivers.units import UNITS

UNKNOWN_BIT = "bit '{bit}' of profile '{name}' raises no event of a {kind}"


def suits(kind: Kind, name: str, profile: ModbusProfile | OpcuaProfile, where: Where) -> Iterator[Fault]:
    """Whether a profile says what a kind needs, in units that measure it; told at the first device that shows it."""
    facts: dict[str, Fact] = {"name": name, "kind": kind.name}
    if profile.kind is not None and profile.kind != kind.name:
        instead = 'write kind = "{other}", or another profile'
        yield Fault(
            "profile '{name}' is for {other}, not {kind}", instead, facts | {"other": profile.kind}, (*where, "kind")
        )
        return
    for point in kind.required:
        if point not in profile.points:
            instead = "add [points.{point}] to the profile, or rename the point that is it (it has {known})"
            more: dict[str, Fact] = {"point": point, "known": listed(profile.points)}
            yield Fault(
                "a {kind} needs '{point}', profile '{name}' has none", instead, facts | more, (*where, "profile")
            )
    for point_name, meant in profile.points.items():
        yield from _measures(kind, point_name, meant, facts, (*where, "profile"))


def _measures(kind: Kind, name: str, point: Point, facts: dict[str, Fact], where: Where) -> Iterator[Fault]:
    meaning = kind.meaning(name)
    if point.bits is not None:
        for bit in point.bits.values():
            if bit not in kind.events and (near := nearest(bit, kind.events)):
                yield Fault(UNKNOWN_BIT, "write '{near}' if it is meant", facts | {"bit": bit, "near": near}, where)
    if meaning is None or (meaning.unit == STATE and point.bits is None) or (meaning.unit == BITS and point.bits):
        return
    more: dict[str, Fact] = {"point": name, "unit": point.unit, "quantity": listed(meaning.quantities) or meaning.unit}
    if point.bits or point.enum or UNITS[point.unit].quantity not in meaning.quantities:
        fits = listed(code for code, unit in UNITS.items() if unit.quantity in meaning.quantities)
        what = "in profile '{name}', '{point}' of a {kind} measures {quantity}, not {unit}"
        instead = (
            "write a unit such as {fits}, or give the point another name" if fits else "give the point another name"
        )
        yield Fault(what, instead, facts | more | {"fits": fits}, where)
