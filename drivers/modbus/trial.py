"""A profile tried on one answer: raw words, the value and its quality, and what the other byte orders would say."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.modbus.group import with_settings
from drivers.modbus.reads import PlannedRead, field_of, planned_reads
from drivers.points import Row, rules_of
from drivers.profile.model import ModbusProfile
from drivers.quality import Quality
from drivers.sample import Value
from drivers.scaled import Said, rule_of
from protocols.modbus.question import BIT_TABLES
from protocols.modbus.registers import all_orders

OVERHEAD = 12.0
WIDE = ("int32", "uint32", "int64", "uint64", "float32", "float64", "bcd32")


@dataclass(frozen=True, slots=True)
class Tried:
    """One point. `orders`: for values wider than a register, each order's value and whether `valid` takes it."""

    point: str
    at: str
    words: tuple[int, ...]
    value: Value
    quality: Quality
    unit: str
    orders: dict[str, tuple[Value, bool]]


def reads_for_trial(profile: ModbusProfile) -> list[PlannedRead]:
    """The questions a trial asks: the plan's own, those first that say others' units and decimals."""
    reads = planned_reads(profile, {"alarm": 1.0, "fast": 2.0, "slow": 60.0}, OVERHEAD)
    return sorted(reads, key=lambda read: not read.gives)


def tried(
    profile: ModbusProfile, planned: PlannedRead, words: Sequence[int], held: dict[str, object] | None = None
) -> list[Tried]:
    """What each point of an answered read would be. `held` takes, and gives, what reads say of others' units."""
    if planned.table in BIT_TABLES:
        packed = sum(bool(bit) << i for i, bit in enumerate(words))
        data = packed.to_bytes((planned.count + 7) // 8, "little")
    else:
        data = struct.pack(f">{len(words)}H", *words)
    row = Row(planned.layout, rules_of(profile.points, planned.layout))
    known = {} if held is None else held
    raws = with_settings(planned, planned.decode(data), [known.get(one.source) for one in planned.elsewhere])
    known |= {name: raws[i] for i, name in planned.gives}
    values, qualities = row.decode(raws)
    found = []
    for i, name in enumerate(planned.layout.points):
        point = profile.points[name]
        offset = point.at.number - profile.modbus.first_register - planned.address
        size = max(point.type.registers, 1)
        orders: dict[str, tuple[Value, bool]] = {}
        if point.type.name in WIDE:
            field = field_of(point, profile.modbus, planned.address)
            raw = data[2 * field.offset : 2 * (field.offset + field.registers)]
            said = raws[i]
            orders = {
                order: _judged(profile, name, said._replace(number=one) if isinstance(said, Said) else one)
                for order, one in all_orders(raw, point.type.name).items()
            }
        own = tuple(words[offset : offset + size])
        found.append(Tried(name, str(point.at), own, values[i], Quality(qualities[i]), planned.layout.units[i], orders))
    return found


def _judged(profile: ModbusProfile, name: str, raw: object) -> tuple[Value, bool]:
    value, quality = rule_of(profile.points, name).judge(raw)
    return value, quality == Quality.GOOD
