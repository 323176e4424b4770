"""A profile tried on one answer: raw words, the value and its quality, and what the other byte orders would say."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.modbus.reads import PlannedRead, field_of, planned_reads
from drivers.points import Row, Rule, rules_of
from drivers.profile.model import ModbusProfile
from drivers.quality import Quality
from drivers.sample import Value
from protocols.modbus.question import BIT_TABLES
from protocols.modbus.registers import all_orders

OVERHEAD = 12.0
WIDE = ("int32", "uint32", "int64", "uint64", "float32", "float64")


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
    """The questions a trial asks: the plan's own."""
    return planned_reads(profile, {"alarm": 1.0, "fast": 2.0, "slow": 60.0}, OVERHEAD)


def tried(profile: ModbusProfile, planned: PlannedRead, words: Sequence[int]) -> list[Tried]:
    """What each point of an answered read would be."""
    if planned.table in BIT_TABLES:
        packed = sum(bool(bit) << i for i, bit in enumerate(words))
        data = packed.to_bytes((planned.count + 7) // 8, "little")
    else:
        data = struct.pack(f">{len(words)}H", *words)
    row = Row(planned.layout, rules_of(profile.points, planned.layout))
    values, qualities = row.decode(planned.decode(data))
    found = []
    for i, name in enumerate(planned.layout.points):
        point = profile.points[name]
        offset = point.at.number - profile.modbus.first_register - planned.address
        size = max(point.type.registers, 1)
        orders: dict[str, tuple[Value, bool]] = {}
        if point.type.name in WIDE:
            field = field_of(point, profile.modbus, planned.address)
            raw = data[2 * field.offset : 2 * (field.offset + field.registers)]
            orders = {order: _judged(profile, name, said) for order, said in all_orders(raw, point.type.name).items()}
        own = tuple(words[offset : offset + size])
        found.append(Tried(name, str(point.at), own, values[i], Quality(qualities[i]), planned.layout.units[i], orders))
    return found


def _judged(profile: ModbusProfile, name: str, raw: object) -> tuple[Value, bool]:
    value, quality = Rule(profile.points[name]).judge(raw)
    return value, quality == Quality.GOOD
