"""Changes → Samples: what one device said at one moment is one row; no value ever carries another's time.

The hot path of an OPC UA line: 10,000 changes a second in well under 2 µs each.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import lt
from typing import Any, Final

from drivers.opcua.quality import quality_of
from drivers.points import Row, rules_of
from drivers.profile.model import OpcuaProfile, PollClasses
from drivers.profile.point import OpcuaPoint
from drivers.quality import Quality
from drivers.rule import LARGEST, Rule
from drivers.sample import Layout, Sample, Value
from drivers.scaled import ScaledRule
from protocols.opcua.change import Change, ticks_to_ns
from protocols.opcua.plain import plain

MOMENT_TICKS: Final = 100_000  # 10 ms: source times this close are one moment; servers stamp a scan value by value
SUBSETS_MOST: Final = 64  # different sets of points a profile may arrive in before each value gets a row of its own
SAME_MOMENT: Final = 1024  # rows one device may have in one moment: a queue holds at most 1,000 values of a point
_NEVER: Final = (1.0, 0.0)  # an empty range: `Rule.judge` decides


def end_of_moment(ticks: int) -> int:
    """The last tick of a row's moment: a row has its first value's time, and every value of the moment is in it."""
    return (ticks // MOMENT_TICKS + 1) * MOMENT_TICKS - 1


def in_turn(changes: Sequence[Change]) -> list[Sequence[Change]]:
    """A batch in the parts it may be sorted in: what has no source time stays after what came before it."""
    if all(ticks for _, _, _, ticks in changes):
        return [changes]
    return [list(part) for _, part in groupby(changes, key=lambda change: change[3] > 0)]


@dataclass(frozen=True, slots=True)
class OpcuaDevice:
    """One device behind a server; `unit` fills `{unit}` in its profile's nodes, `offsets` are its own calibration.

    `poll_s`: its own periods of reading again what is quiet or refused; the profile's otherwise.
    """

    id: str
    unit: str
    profile: OpcuaProfile
    offsets: Mapping[str, float] = field(default_factory=dict)
    poll_s: PollClasses | None = None


class Shapes:
    """The sets of a profile's points that arrive together, each a Layout shared by all its devices."""

    def __init__(self, profile: OpcuaProfile) -> None:
        self.name = profile.profile
        self.points = tuple(profile.points)
        self.units = tuple(point.unit for point in profile.points.values())
        self.whole = Layout(self.name, self.points, self.units)
        self._sets: dict[tuple[int, ...], Layout] = {tuple(range(len(self.points))): self.whole}
        self.singles = [
            self.whole if len(self.points) == 1 else Layout(self.name, (point,), (unit,))
            for point, unit in zip(self.points, self.units, strict=True)
        ]

    def of(self, columns: tuple[int, ...]) -> Layout | None:
        """The Layout of these columns, rising; None when the profile arrives in too many different sets."""
        layout = self._sets.get(columns)
        if len(columns) == 1:
            return self.singles[columns[0]]
        if layout is None and len(self._sets) < SUBSETS_MOST:
            layout = Layout(self.name, tuple(self.points[c] for c in columns), tuple(self.units[c] for c in columns))
            self._sets[columns] = layout
        return layout


class Rows:
    """The watched points of one line, by handle: device after device, each in its profile's order."""

    def __init__(self, devices: Sequence[OpcuaDevice]) -> None:
        self.devices = list(devices)
        self.of_handle: list[tuple[int, int]] = []  # (device, column)
        self.names: list[tuple[str, str]] = []  # (device id, point)
        self.points: list[OpcuaPoint] = []
        self.last_ticks: list[int] = []  # newest source time that came live
        self.last_bad: dict[str, tuple[str, int]] = {}  # device id → (point, status code)
        layouts = {id(device.profile): device.profile for device in devices}
        made = {key: Shapes(profile) for key, profile in layouts.items()}
        self._layouts = [made[id(device.profile)] for device in devices]
        self._singles = [layouts.singles for layouts in self._layouts]
        self._names = [device.id for device in devices]
        self._slots: list[tuple[int, int, int, float, float]] = []
        self._judges: list[Row] = []  # by device; it remembers the counters
        self._rules: list[Rule | ScaledRule] = []  # by handle
        for number, device in enumerate(devices):
            points = device.profile.points
            rules = rules_of(points, self._layouts[number].whole, device.offsets)
            self._judges.append(Row(self._layouts[number].whole, rules))
            self._rules += rules
            for column, (name, point) in enumerate(points.items()):
                self._slots.append((number, column, 1 << column, *_plain(point, device.offsets.get(name, 0.0))))
                self.of_handle.append((number, column))
                self.names.append((device.id, name))
                self.points.append(point)
                self.last_ticks.append(0)

    def samples(
        self,
        changes: Iterable[Change],
        read_ns: int,
        latest_ticks: int,
        *,
        shift_ticks: int = 0,
        believed: bool = True,
        history: bool = False,
    ) -> list[Sample]:
        """Rows for one batch, oldest first. Source times later than `latest_ticks`, or not `believed`, are left out.

        `history` marks the rows as back-filled and leaves the live state alone; `shift_ticks` is added to source times.
        """
        # key: moment, device, which of several rows of that moment
        # row: ticks, which columns as bits, then column, value, quality of each
        rows: dict[int, list[Any]] = {}
        late: list[Change] = []
        slots, last, devices = self._slots, self.last_ticks, len(self.devices)
        for handle, raw, status, ticks in changes:
            device, column, bit, low, high = slots[handle]
            if status == 0 and (raw.__class__ is float or raw.__class__ is int) and low <= raw <= high:
                value: Value = raw
                quality = 0
            else:
                value, quality = self._look(handle, raw, status, history)
            if last[handle] < ticks <= latest_ticks and not history:
                last[handle] = ticks
            key = (ticks // MOMENT_TICKS * devices + device) * SAME_MOMENT
            row = rows.get(key)
            while row is not None and row[1] & bit:  # the same point again in one moment: a row of its own
                key += 1
                row = rows.get(key)
            if row is not None:
                row[1] |= bit
                row += (column, value, quality)
            elif key % SAME_MOMENT < SAME_MOMENT - 1:
                rows[key] = [ticks, bit, column, value, quality]
            else:  # one key more would be the next device's
                late.append((handle, raw, status, ticks))
        out: list[Sample] = []
        singles, names = self._singles, self._names
        for key in sorted(rows):
            row = rows[key]
            device, ticks = key // SAME_MOMENT % devices, row[0]
            source = ticks_to_ns(ticks + shift_ticks) if believed and 0 < ticks <= latest_ticks else None
            if len(row) == 5:
                layout = singles[device][row[2]]
                marks = bytes(row[4:]) if row[4] else layout.good
                out.append(Sample(names[device], layout, read_ns, (row[3],), marks, source, history))
            else:
                self._row(out, device, row[2::3], row[3::3], row[4::3], read_ns, source, history)
        if late:
            out += self.samples(
                late, read_ns, latest_ticks, shift_ticks=shift_ticks, believed=believed, history=history
            )
        return out

    def _row(
        self,
        out: list[Sample],
        device: int,
        columns: list[int],
        values: list[Value],
        qualities: list[int],
        read_ns: int,
        source: int | None,
        history: bool,
    ) -> None:
        along = tuple(columns)
        layouts, name = self._layouts[device], self._names[device]
        layout = layouts.of(along) if all(map(lt, along, along[1:])) else None
        if layout is None:
            order = sorted(range(len(along)), key=along.__getitem__)
            layout = layouts.of(tuple(along[i] for i in order))
            if layout is None:
                for column, value, quality in zip(columns, values, qualities, strict=True):
                    self._row(out, device, [column], [value], [quality], read_ns, source, history)
                return
            values, qualities = [values[i] for i in order], [qualities[i] for i in order]
        along_quality = bytes(qualities) if any(qualities) else layout.good
        out.append(Sample(name, layout, read_ns, tuple(values), along_quality, source, history))

    def _look(self, handle: int, raw: object, status: int, history: bool) -> tuple[Value, int]:
        """The slow path: everything that is not a plain good number."""
        reported = quality_of(status)
        raw = plain(raw)
        value: Value = None
        quality = Quality.BAD_ANSWER
        if raw is not None and (history or reported is not Quality.GOOD):
            value, quality = self._rules[handle].judge(raw)
        elif raw is not None:
            device, column = self.of_handle[handle]
            value, quality = self._judges[device].one(column, raw)
        if reported is not Quality.GOOD:
            if not reported.usable or quality.usable:
                quality = reported
            name, point = self.names[handle]
            self.last_bad[name] = point, status
        return value, int(quality)

    def absent(self, device: int, quality: Quality, read_ns: int) -> Sample:
        """The whole device as not there, for a reason."""
        layout = self._layouts[device].whole
        empty: tuple[Value, ...] = (None,) * len(layout.points)
        return Sample(self.devices[device].id, layout, read_ns, empty, bytes([quality]) * len(layout.points))


def _plain(point: OpcuaPoint, offset: float) -> tuple[float, float]:
    """(least, most) between which a raw number is the value itself and GOOD; an empty range where it must be judged."""
    scaled = point.scale != 1.0 or point.offset + offset != 0.0
    if scaled or point.counter or point.invalid or point.enum is not None or point.bits is not None:
        return _NEVER
    low, high = point.valid or (-LARGEST, LARGEST)
    return max(low, -LARGEST), min(high, LARGEST)
