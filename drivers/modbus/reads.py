"""A profile as questions: which spans are read how often, and how each answer's bytes become raw values."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final, NamedTuple

from drivers.points import layout_of
from drivers.profile.location import Location, WireType
from drivers.profile.model import ModbusPart, ModbusProfile
from drivers.profile.point import Identity, ModbusPoint
from drivers.sample import Layout
from drivers.scaled import Said
from protocols.modbus.plan import Hole, Need, plan
from protocols.modbus.question import BIT_TABLES, Question, Shape, read, shape_of
from protocols.modbus.registers import Decoder, Field, bit_decoder, row_decoder
from protocols.modbus.unit import Proof

FENCES_MOST: Final = 6
PADDING_MOST: Final = 4  # registers read for nothing to tell two reads' answers apart
POLL_CLASSES: Final = ("alarm", "fast", "slow")

Span = tuple[str, int, int]
"""A table, the first address, how many."""


class Elsewhere(NamedTuple):
    """A register that says a point's unit or decimals, in another read: the point's place in the Layout, which of the
    two (a field of `Said`), and the name of the point that is read from that register.
    """

    point: int
    which: str
    source: str


@dataclass(frozen=True, slots=True)
class PlannedRead:
    """One question of a profile, the Layout its answer fills, and its decoder. Shared by all devices of the profile."""

    poll: str
    period_s: float
    table: str
    address: int
    count: int
    layout: Layout
    decode: Decoder
    padding: int = 0  # registers at its end that are read only to tell its answers from others'
    elsewhere: tuple[Elsewhere, ...] = ()
    gives: tuple[tuple[int, str], ...] = ()  # its points that say others' unit or decimals: place in Layout, name

    def question(self, unit: int) -> Question:
        """The question as put to one unit."""
        return read(unit, self.table, self.address, self.count)

    def __str__(self) -> str:
        return f"{self.table} {self.address}-{self.address + self.count - 1}"


def periods_of(profile: ModbusProfile, override: Mapping[str, float | None] | None = None) -> dict[str, float]:
    """Seconds by poll class: the override's, else the profile's."""
    own = override or {}
    return {name: own.get(name) or profile.poll_s.period_s(name) for name in POLL_CLASSES}


def holes_of(part: ModbusPart) -> list[Hole]:
    """The profile's holes, counted as on the wire."""
    first = part.first_register
    return [(hole.table.value, hole.first - first, hole.last - first) for hole in part.holes]


def planned_reads(
    profile: ModbusProfile,
    periods: Mapping[str, float],
    overhead: float,
    *,
    learned: Iterable[Hole] = (),
    most: int | None = None,
    names: Sequence[str] | None = None,
) -> list[PlannedRead]:
    """The cheapest reads for a profile's points (all, or `names`), one set per poll class.

    `overhead`: what one more question costs on this line, in registers.
    """
    wanted = profile.points if names is None else {name: profile.points[name] for name in names}
    reads: list[PlannedRead] = []
    for poll in POLL_CLASSES:
        points = {name: point for name, point in wanted.items() if point.poll == poll}
        order = list(points)
        limit = min(profile.modbus.max_registers, most or profile.modbus.max_registers)
        holes = [*holes_of(profile.modbus), *learned]
        needs = [whole_need(profile, name, limit, holes) for name in order]
        spans = plan(
            needs,
            overhead=overhead,
            max_registers=limit,
            max_bits=min(profile.modbus.max_bits, most or profile.modbus.max_bits),
            holes=holes,
        )
        for span in spans:
            inside = sorted((order[i] for i in span.needs), key=lambda name: points[name].at.number)
            reads.append(planned_read(profile, poll, periods[poll], span.table, span.first, span.length, inside))
    return reads


def planned_read(
    profile: ModbusProfile, poll: str, period_s: float, table: str, address: int, count: int, names: Sequence[str]
) -> PlannedRead:
    """One read of `names`, which lie inside it, in that order."""
    part = profile.modbus
    elsewhere: tuple[Elsewhere, ...] = ()
    if table in BIT_TABLES:
        decode = bit_decoder([profile.points[name].at.number - part.first_register - address for name in names])
    else:
        decode, elsewhere = _row(profile, address, count, names)
    sources = {name for point in profile.points.values() for name in point.settings}
    gives = tuple((i, name) for i, name in enumerate(names) if name in sources)
    layout = layout_of(profile.profile, profile.points, names)
    return PlannedRead(poll, period_s, table, address, count, layout, decode, elsewhere=elsewhere, gives=gives)


def _row(
    profile: ModbusProfile, address: int, count: int, names: Sequence[str]
) -> tuple[Decoder, tuple[Elsewhere, ...]]:
    """The decoder of a read of registers. A point whose unit or decimals the device says becomes a `Said`, of the same
    answer where these registers are in it; what is not in it is listed.
    """
    table = profile.points[names[0]].at.table
    inside: dict[str, Field] = {}
    sources = [one for own in names for one in profile.points[own].settings if one]
    for name in dict.fromkeys([*names, *sources]):
        point = profile.points[name]
        field = field_of(point, profile.modbus, address)
        if name in names or (point.at.table is table and field.offset >= 0 and field.offset + field.registers <= count):
            inside[name] = field
    order = sorted(inside, key=lambda name: inside[name].offset)
    plain = row_decoder([inside[name] for name in order], count)
    if not any(one for name in names for one in profile.points[name].settings):
        return plain, ()
    place = {name: i for i, name in enumerate(order)}
    ways = [(place[name], [place.get(one or "") for one in profile.points[name].settings]) for name in names]
    elsewhere = tuple(
        Elsewhere(i, which, one)
        for i, name in enumerate(names)
        for which, one in zip(Said._fields[1:], profile.points[name].settings, strict=True)
        if one is not None and one not in place
    )
    depends = [any(profile.points[name].settings) for name in names]

    def decode(data: bytes) -> tuple[Any, ...]:
        raws = plain(data)
        row = [raws[own] for own, _ in ways]
        for i, (_, others) in enumerate(ways):
            if depends[i]:
                row[i] = Said(row[i], *(None if at is None else raws[at] for at in others))
        return tuple(row)

    return decode, elsewhere


def whole_need(profile: ModbusProfile, name: str, limit: int, holes: Sequence[Hole]) -> Need:
    """What is read in one piece for a point: with it the registers that say its unit and decimals, where one question
    reaches them, so that a number and its unit are always of one moment.
    """
    own = need_of(profile.points[name], profile.modbus)
    parts = [own, *(need_of(profile.points[one], profile.modbus) for one in profile.points[name].settings if one)]
    first, end = min(part.first for part in parts), max(part.end for part in parts)
    crossed = any(table == own.table and at < end and last >= first for table, at, last in holes)
    if crossed or end - first > limit or any(part.table != own.table for part in parts):
        return own
    return Need(own.table, first, end - first)


def need_of(point: ModbusPoint | Identity, part: ModbusPart) -> Need:
    """What must be read, in one piece, for a point."""
    return Need(point.at.table.value, point.at.number - part.first_register, max(point.type.registers, 1))


def field_of(point: ModbusPoint, part: ModbusPart, address: int) -> Field:
    """Where and how a point stands in a read of registers from `address`."""
    word = point.word_order or part.word_order
    byte = point.byte_order or part.byte_order
    return _field(point.at, point.type, part, address, word == "little", byte == "little")


def _field(at: Location, wire: WireType, part: ModbusPart, address: int, words: bool, swapped: bool) -> Field:
    offset = at.number - part.first_register - address
    return Field(offset, wire.name, max(wire.registers, 1), words, swapped, at.bit, at.last)


def proofs_of(profile: ModbusProfile, unit: int, overhead: float) -> list[Proof]:
    """The profile's identity as questions with the check of their answers."""
    part = profile.modbus
    needs = [need_of(one, part) for one in profile.identity]
    proofs = []
    for span in plan(needs, overhead=overhead, max_registers=part.max_registers, holes=holes_of(part)):
        wanted = [profile.identity[i] for i in span.needs]
        if span.table in BIT_TABLES:
            decode = bit_decoder([one.at.number - part.first_register - span.first for one in wanted])
        else:
            little = part.word_order == "little", part.byte_order == "little"
            fields = [_field(one.at, one.type, part, span.first, *little) for one in wanted]
            decode = row_decoder(fields, span.length)
        question = read(unit, span.table, span.first, span.length)
        proofs.append(Proof(question, _check(decode, [one.equals for one in wanted])))
    return proofs


def _check(decode: Decoder, wanted: Sequence[int | str]) -> Callable[[bytes], bool]:
    def holds(data: bytes) -> bool:
        return all(_is(value, want) for value, want in zip(decode(data), wanted, strict=True))

    return holds


def _is(value: Any, want: int | str) -> bool:
    return fnmatchcase(str(value), want) if isinstance(want, str) else value == want


def fences_of(reads: Sequence[PlannedRead], unit: int) -> list[Question]:
    """Short questions the device answers (or refuses), each of another shape, from as many of its reads as there are:
    a register that stays silent leaves the others.
    """
    return [read(unit, *span) for span in _fences(tuple((one.table, one.address, one.count) for one in reads))]


@lru_cache(maxsize=256)
def _fences(reads: tuple[Span, ...]) -> tuple[Span, ...]:
    """The same for all devices of a make."""
    fences: dict[Shape, Span] = {}
    for _ in range(FENCES_MOST):
        for table, address, most in sorted(reads, key=lambda one: one[2]):
            step = 8 if table in BIT_TABLES else 1
            for count in range(1, most + step + 1, step):  # one beyond may be refused: an answer too
                if address + count > 65_536:
                    break
                if (shape := shape_of(table, count)) not in fences:
                    fences[shape] = table, address, count
                    break
    return tuple(fences.values())[:FENCES_MOST]


def told_apart(profile: ModbusProfile, planned: Sequence[PlannedRead]) -> list[PlannedRead]:
    """The same reads, as few as can be with answers of one shape: a few registers more make the difference.

    A copy of one read's answer, or that of a device one step behind, can then not pass for another's. The reads asked
    most often stay as they are.
    """
    needs = [need_of(one, profile.modbus) for one in profile.identity]
    taken = Counter((need.table, _data_size(need.table, need.size)) for need in needs)
    found = {}
    for one in sorted(planned, key=lambda one: one.period_s):
        count = min(_counts(profile, one), key=lambda count, table=one.table: taken[table, _data_size(table, count)])  # type: ignore[misc]
        taken[one.table, _data_size(one.table, count)] += 1
        made = one
        if count > one.count:
            names = one.layout.points
            made = planned_read(profile, one.poll, one.period_s, one.table, one.address, count, names)
            made = replace(made, padding=count - one.count)
        found[id(one)] = made
    return [found[id(one)] for one in planned]


def _data_size(table: str, count: int) -> int:
    return (count + 7) // 8 if table in BIT_TABLES else 2 * count


def _counts(profile: ModbusProfile, planned: PlannedRead) -> Iterable[int]:
    """How many may be read from its address: as many as needed, and a few more where no limit or hole forbids."""
    part = profile.modbus
    step, most = (8, part.max_bits) if planned.table in BIT_TABLES else (1, part.max_registers)
    holes = [first for table, first, last in holes_of(part) if table == planned.table and last >= planned.address]
    most = min([most, 65_536 - planned.address, *(first - planned.address for first in holes)])
    return range(planned.count, max(most, planned.count) + 1, step)[: PADDING_MOST + 1]
