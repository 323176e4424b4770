"""Whether a profile says what a kind of device needs."""

from collections.abc import Iterator

from drivers.kinds.kind import BITS, STATE, Kind
from drivers.profile.mistake import Fault, Where, listed, nearest
from drivers.profile.model import ModbusProfile, OpcuaProfile
from drivers.profile.point import Point
from drivers.units import UNITS
from protocols.reason import Fact, word

UNKNOWN_BIT = "settings.bit_without_event"


def suits(kind: Kind, name: str, profile: ModbusProfile | OpcuaProfile, where: Where) -> Iterator[Fault]:
    """Whether a profile says what a kind needs, in units that measure it; told at the first device that shows it."""
    facts: dict[str, Fact] = {"name": name, "kind": kind.name}
    if profile.kind is not None and profile.kind != kind.name:
        instead = "write.kind_or_profile"
        yield Fault("settings.profile_for_other_kind", instead, facts | {"other": profile.kind}, (*where, "kind"))
        return
    for point in kind.required:
        if point not in profile.points:
            instead = "write.add_point"
            more: dict[str, Fact] = {"point": point, "known": listed(profile.points)}
            yield Fault("settings.point_lacking", instead, facts | more, (*where, "profile"))
    for point_name, meant in profile.points.items():
        yield from _measures(kind, point_name, meant, facts, (*where, "profile"))


def _measures(kind: Kind, name: str, point: Point, facts: dict[str, Fact], where: Where) -> Iterator[Fault]:
    meaning = kind.meaning(name)
    if point.bits is not None:
        for bit in point.bits.values():
            if bit not in kind.events and (near := nearest(bit, kind.events)):
                yield Fault(UNKNOWN_BIT, "write.near_if_meant", facts | {"bit": bit, "near": near}, where)
    if meaning is None or (meaning.unit == STATE and point.bits is None) or (meaning.unit == BITS and point.bits):
        return
    more: dict[str, Fact] = {
        "point": name,
        "unit": point.unit,
        "quantity": tuple(word(f"quantity_{one}") for one in meaning.quantities) or meaning.unit,
    }
    if point.bits or point.enum or UNITS[point.unit].quantity not in meaning.quantities:
        fits = listed(code for code, unit in UNITS.items() if unit.quantity in meaning.quantities)
        what = "settings.other_quantity"
        instead = "write.fitting_unit" if fits else "write.other_point_name"
        yield Fault(what, instead, facts | more | {"fits": fits}, where)
