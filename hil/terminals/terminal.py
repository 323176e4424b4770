"""A simulated device: a profile's register map turned round, and a record of every value it has shown."""

import struct
from bisect import bisect_right
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from drivers.profile.model import ModbusProfile
from drivers.profile.point import ModbusPoint
from drivers.sample import Value
from drivers.units import convert
from protocols.modbus.packed import BCD, part_word
from protocols.modbus.registers import Raw, encode

Says = Callable[[int], Mapping[str, Value]]
"""What the sensor says at a CLOCK_BOOTTIME: value by point, in the point's unit. Points left out stand at 0."""

TABLES: Final = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


class Misbehaviour(StrEnum):
    """How a terminal can go wrong on its own."""

    DEAD = "dead"
    LYING = "lying"  # numbers that physics does not know
    WRONG_UNIT = "wrong_unit"
    WRONG_FUNCTION = "wrong_function"
    SHORT = "short"  # one register fewer than asked, with a matching byte count
    EMPTY = "empty"  # zero registers and no exception, as jsmodbus does
    REFUSING = "refusing"
    BUSY = "busy"
    SWAPPED = "swapped"  # another device answers under its unit: the identity is not the one expected


class Terminal:
    """One device. `shown` proves afterwards what it had said when."""

    def __init__(
        self,
        profile: ModbusProfile,
        unit: int,
        says: Says,
        *,
        turnaround_s: float = 0.005,
        refuse_gaps: bool = False,
    ) -> None:
        self.profile = profile
        self.unit = unit
        self.says = says
        self.turnaround_s = turnaround_s
        self.misbehaviour: Misbehaviour | None = None
        self.asked = 0
        self.written: dict[tuple[str, int], int] = {}
        self._refuse_gaps = refuse_gaps
        self._times: list[int] = []
        self._values: list[Mapping[str, Value]] = []
        self._map = {name: _addresses(point, profile) for name, point in profile.points.items()}
        self._mapped = {address for addresses in self._map.values() for address in addresses}
        first = profile.modbus.first_register
        for identity in profile.identity:
            at = (identity.at.table.value, identity.at.number - first)
            self._mapped |= {(at[0], at[1] + i) for i in range(max(identity.type.registers, 1))}
        self._holes = {
            (hole.table.value, n - first) for hole in profile.modbus.holes for n in range(hole.first, hole.last + 1)
        }

    def showed(self, point: str, since_ns: int, until_ns: int) -> list[Value]:
        """Every value of `point` it had put into an answer between the two times, both included."""
        at = bisect_right(self._times, since_ns - 1)
        found = []
        while at < len(self._times) and self._times[at] <= until_ns:
            if point in self._values[at]:
                found.append(self._values[at][point])
            at += 1
        return found

    def answer(self, pdu: bytes, at_ns: int) -> tuple[int, bytes] | None:
        """Unit and PDU of what it answers, or None."""
        self.asked += 1
        wrong = self.misbehaviour
        if wrong is Misbehaviour.DEAD:
            return None
        function = pdu[0]
        if wrong in (Misbehaviour.REFUSING, Misbehaviour.BUSY):
            return self.unit, bytes((function | 0x80, 2 if wrong is Misbehaviour.REFUSING else 6))
        if function in TABLES:
            address, count = struct.unpack_from(">HH", pdu, 1)
            reply = self._read(function, address, count, at_ns)
        elif function in (5, 6, 15, 16):
            reply = self._write(pdu)
        else:
            reply = bytes((function | 0x80, 1))
        if wrong is Misbehaviour.WRONG_UNIT:
            return self.unit % 247 + 1, reply
        if wrong is Misbehaviour.WRONG_FUNCTION and function in (3, 4):
            return self.unit, bytes((7 - function,)) + reply[1:]
        if wrong is Misbehaviour.SHORT and function in (3, 4) and len(reply) > 4:
            return self.unit, bytes((function, len(reply) - 4)) + reply[2:-2]
        if wrong is Misbehaviour.EMPTY and function in (3, 4):
            return self.unit, bytes((function, 0))
        return self.unit, reply

    def _read(self, function: int, address: int, count: int, at_ns: int) -> bytes:
        table = TABLES[function]
        wanted = [(table, address + i) for i in range(count)]
        part = self.profile.modbus
        limit = part.max_bits if function <= 2 else part.max_registers
        refused = any(at in self._holes or (self._refuse_gaps and at not in self._mapped) for at in wanted)
        if refused or count > limit:
            return bytes((function | 0x80, 2 if refused else 3))
        says = self.says(at_ns)
        words = self._words(says)
        asked = set(wanted)
        self._times.append(at_ns)
        self._values.append({name: says[name] for name, at in self._map.items() if name in says and asked & set(at)})
        if function <= 2:
            bits = sum(bool(words.get(at, 0)) << i for i, at in enumerate(wanted))
            size = (count + 7) // 8
            return bytes((function, size)) + bits.to_bytes(size, "little")
        return bytes((function, 2 * count)) + struct.pack(f">{count}H", *(words.get(at, 0) for at in wanted))

    def _words(self, says: Mapping[str, Value]) -> dict[tuple[str, int], int]:
        words: dict[tuple[str, int], int] = {}
        part = self.profile.modbus
        for identity in self.profile.identity:
            text = identity.equals
            raw: Raw = text.replace("?", "A").replace("*", "1") if isinstance(text, str) else text
            if self.misbehaviour is Misbehaviour.SWAPPED:
                raw = "#" if isinstance(raw, str) else raw + 1
            size = max(identity.type.registers, 1)
            encoded = _encode(identity.type.name, raw, size, part.word_order, part.byte_order)
            for i, word in enumerate(encoded):
                words[identity.at.table.value, identity.at.number - part.first_register + i] = word
        for name, value in says.items():
            point = self.profile.points.get(name)
            if point is not None and value is not None:
                for at, word in zip(self._map[name], self._point_words(point, value, says), strict=True):
                    words[at] = words.get(at, 0) | word if point.at.bit is not None else word
        return words | self.written

    def _measured(self, point: ModbusPoint, value: float, says: Mapping[str, Value]) -> float:
        """A value in the point's unit as the number the device shows under the settings it has."""
        unit, decimals = (None if one is None else says.get(one) for one in point.settings)
        number = convert(value, point.unit, unit) if isinstance(unit, str) else value
        return number * 10 ** int(decimals) if isinstance(decimals, int | float) else number

    def _point_words(self, point: ModbusPoint, value: Value, says: Mapping[str, Value]) -> list[int]:
        if point.at.bit is not None and point.at.last is not None:
            number = value if isinstance(value, int | float) else 0
            return [part_word(round((number - point.offset) / point.scale), point.at.bit, point.at.last)]
        if point.type.name == "bool":
            return [int(bool(value)) << (point.at.bit or 0)]
        raw: Raw
        if point.bits is not None and isinstance(value, tuple):
            numbers = {name: number for number, name in point.bits.items()}
            raw = sum(1 << numbers[name] for name in value)
        elif point.enum is not None and isinstance(value, str):
            raw = next(number for number, name in point.enum.items() if name == value)
        elif isinstance(value, int | float):
            lie = 10_000 if self.misbehaviour is Misbehaviour.LYING else 0
            value = self._measured(point, value, says) if any(point.settings) else value
            plain = point.scale == 1 and point.offset == 0  # a wide whole number would not survive a division
            scaled = value + lie if plain else (value + lie - point.offset) / point.scale
            raw = scaled if point.type.float else _clip(round(scaled), point)
        else:
            raw = str(value)
        part = self.profile.modbus
        return _encode(
            point.type.name, raw, point.type.registers, point.word_order or part.word_order,
            point.byte_order or part.byte_order,
        )  # fmt: skip

    def _write(self, pdu: bytes) -> bytes:
        function, address, value = struct.unpack_from(">BHH", pdu)
        if function == 5:
            self.written["coil", address] = int(value == 0xFF00)
        elif function == 6:
            self.written["holding", address] = value
        elif function == 15:
            bits = int.from_bytes(pdu[6:], "little")
            self.written |= {("coil", address + i): bits >> i & 1 for i in range(value)}
        else:
            words = struct.unpack_from(f">{value}H", pdu, 6)
            self.written |= {("holding", address + i): word for i, word in enumerate(words)}
        return pdu[:5]


def _addresses(point: ModbusPoint, profile: ModbusProfile) -> list[tuple[str, int]]:
    first = point.at.number - profile.modbus.first_register
    return [(point.at.table.value, first + i) for i in range(max(point.type.registers, 1))]


def _clip(raw: int, point: ModbusPoint) -> int:
    bits = 16 * point.type.registers
    if point.type.name in BCD:
        return min(max(raw, 0), int(10 ** BCD[point.type.name]) - 1)
    least, most = (0, (1 << bits) - 1) if point.type.name.startswith("u") else (-(1 << bits - 1), (1 << bits - 1) - 1)
    return min(max(raw, least), most)


def _encode(name: str, raw: Raw, registers: int, word_order: str, byte_order: str) -> list[int]:
    if name == "bool":
        return [int(bool(raw))]
    swapped = byte_order == "little"
    return encode(name, raw, registers=registers, words_swapped=word_order == "little", bytes_swapped=swapped)
