"""What a profile costs: which reads its points become, and how much of a serial line one device takes."""

from dataclasses import dataclass

from drivers.profile.model import ModbusProfile

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Read:
    """One question as it will be asked. `first` counts as the profile does; `spare` registers are read for nothing."""

    poll: str
    every_s: float
    table: str
    first: int
    count: int
    spare: int
    wire_ms: float
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """All reads of one device, and the share of the line's time they take (0.8 in all is the most a line bears)."""

    reads: tuple[Read, ...]
    share: float
    most_devices: int


def account(profile: ModbusProfile, baud: int = 9600, parity: str = "E", stop_bits: int = 1) -> Account:
    """The merge plan on a line of this speed, with the device as quick as the profile says it can be."""
    from drivers.modbus.driver import serial_overhead  # brings pymodbus along: only when asked for
    from drivers.modbus.reads import periods_of, planned_reads
    from protocols.modbus.load import WARN_AT, Asked, line_load, serial_wire, transaction_ns

    wire, part = serial_wire(baud, parity, stop_bits), profile.modbus
    turnaround, pause = round(part.turnaround_ms[0] * MS), round(part.pause_ms * MS)
    reads, asked = [], []
    for planned in planned_reads(profile, periods_of(profile), serial_overhead(wire)(profile)):
        question = planned.question(1)
        out, back = len(question.rtu), question.size + 3
        asked.append(Asked(out, back, turnaround, pause, round(planned.period_s * 1e9)))
        wanted = _wanted(profile, planned)
        wire_ms = transaction_ns(wire, out, back, turnaround, pause) / MS
        first = planned.address + part.first_register
        inside = range(first, first + planned.count)
        spare = planned.count - sum(table.value == planned.table and number in inside for table, number in wanted)
        reads.append(
            Read(
                planned.poll,
                planned.period_s,
                planned.table,
                first,
                planned.count,
                spare,
                wire_ms,
                planned.layout.points,
            )
        )
    share = line_load(wire, asked)
    return Account(tuple(reads), share, min(247, int(WARN_AT / share)))


def _wanted(profile: ModbusProfile, planned: "PlannedRead") -> "set[tuple[Table, int]]":
    """Every register a read's points need: their own, and those that say their unit and decimals."""
    points = [profile.points[name] for name in planned.layout.points]
    points += [profile.points[one] for point in points for one in point.settings if one is not None]
    return {place for point in points for place in point.addresses}


TYPE_CHECKING = False
if TYPE_CHECKING:
    from drivers.modbus.reads import PlannedRead
    from drivers.profile.location import Table
