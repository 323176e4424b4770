"""What the devices of one line share: a profile's reads, its rules, and what its devices taught us."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from drivers.modbus.reads import PlannedRead, need_of, periods_of, planned_read, planned_reads, told_apart, whole_need
from drivers.points import Row, rules_of
from drivers.profile.model import ModbusProfile
from drivers.rule import Rule
from drivers.sample import Layout
from drivers.scaled import ScaledRule
from protocols.modbus.plan import Hole, Need
from protocols.reason import Reason


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A device as the settings say it. `poll_s` overrides the profile's periods by class; `offsets` are calibration."""

    id: str
    profile: ModbusProfile
    unit: int
    offsets: Mapping[str, float] = field(default_factory=dict)
    poll_s: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(slots=True)
class Learned:
    """Of one profile: stretches its devices refuse, and the most registers they give at once; each with the devices
    that showed it. What none of them shows any more is unlearned.
    """

    holes: dict[Hole, set[str]] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)

    @property
    def most(self) -> int | None:
        """The most registers to ask for at once; None: nothing is known."""
        return min(self.limits.values(), default=None)

    def limit(self, device: str, count: int) -> None:
        """`device` gives `count` registers at once, but no more."""
        self.limits[device] = min(count, self.limits.get(device, count))

    def confirm(self, device: str, planned: PlannedRead) -> None:
        """`device` has refused `planned` whole: what is known of that span is true of it too."""
        for hole, shown_by in self.holes.items():
            if _within(hole, planned):
                shown_by.add(device)
        if self.most is not None and planned.count > self.most:
            self.limit(device, self.most)

    def unlearn(self, device: str, planned: PlannedRead) -> None:
        """`device` has answered `planned` whole."""
        for hole in [hole for hole in self.holes if _within(hole, planned)]:
            self.holes[hole].discard(device)
            if not self.holes[hole]:
                del self.holes[hole]
        if planned.count > self.limits.get(device, planned.count):
            del self.limits[device]

    def advice(self) -> list[Reason]:
        """What to write into the profile, counted as on the wire."""
        told = [Reason("modbus.hole_found", table=table, first=first, last=last) for table, first, last in self.holes]
        return told if self.most is None else [*told, Reason("modbus.answers_at_most", registers=self.most)]


def _within(hole: Hole, planned: PlannedRead) -> bool:
    table, first, last = hole
    return table == planned.table and planned.address <= first and last < planned.address + planned.count


class Plans:
    """The reads of one line's profiles. `overhead` gives what one more question costs, in registers."""

    def __init__(self, overhead: Callable[[ModbusProfile], float], *, tell_apart: bool = False) -> None:
        self._tell_apart = tell_apart  # on RTU nothing but its form says which question an answer is for
        self.learned: dict[str, Learned] = {}
        self._overhead = overhead
        self._reads: dict[tuple[str, tuple[float, ...]], list[PlannedRead]] = {}
        self._rules: dict[tuple[Layout, tuple[tuple[str, float], ...]], tuple[Rule | ScaledRule, ...]] = {}

    def overhead(self, profile: ModbusProfile) -> float:
        """What one more question to such a device costs, in registers."""
        return self._overhead(profile)

    def reads(self, spec: DeviceSpec) -> list[PlannedRead]:
        """A device's reads; the same objects for all devices alike."""
        periods = periods_of(spec.profile, spec.poll_s)
        key = (spec.profile.profile, tuple(periods.values()))
        if key not in self._reads:
            plain = planned_reads(spec.profile, periods, self._overhead(spec.profile))
            self._reads[key] = told_apart(spec.profile, plain) if self._tell_apart else plain
        return self._reads[key]

    def anew(self, profile: ModbusProfile, planned: PlannedRead) -> list[PlannedRead]:
        """The reads for the points of `planned`, with what was learned since."""
        learned = self.learned.get(profile.profile, Learned())
        periods = dict.fromkeys(("alarm", "fast", "slow"), planned.period_s)
        return planned_reads(
            profile,
            periods,
            self._overhead(profile),
            learned=learned.holes,
            most=learned.most,
            names=planned.layout.points,
        )

    def row(self, spec: DeviceSpec, layout: Layout) -> Row:
        """A row of the device's own."""
        key = (layout, tuple(sorted(spec.offsets.items())))
        if key not in self._rules:
            self._rules[key] = rules_of(spec.profile.points, layout, spec.offsets)
        return Row(layout, self._rules[key])


@dataclass(frozen=True, slots=True)
class Halves:
    """A read cut in two, and the unread stretch between the halves (None: they touch)."""

    left: PlannedRead
    right: PlannedRead
    gap: Hole | None


def halve(profile: ModbusProfile, planned: PlannedRead) -> Halves | None:
    """Cut at the widest unread stretch, or in the middle when there is none; None for a single value."""
    named = [(_need_within(profile, name, planned), name) for name in planned.layout.points]
    named.sort(key=lambda pair: (pair[0].first, pair[0].end))
    at = _best_cut([need for need, _ in named])
    if at is None:
        return None
    left, right = named[:at], named[at:]
    end, start = max(need.end for need, _ in left), right[0][0].first
    gap = (planned.table, end, start - 1) if end < start else None
    return Halves(_part(profile, planned, left), _part(profile, planned, right), gap)


def _need_within(profile: ModbusProfile, name: str, planned: PlannedRead) -> Need:
    """What of `planned` is read for one of its points."""
    need = whole_need(profile, name, profile.modbus.max_registers, ())
    inside = planned.address <= need.first and need.end <= planned.address + planned.count
    return need if inside else need_of(profile.points[name], profile.modbus)


def without_settings(profile: ModbusProfile, planned: PlannedRead) -> PlannedRead | None:
    """One point's read without the registers that say its unit and decimals; None where it is without them already."""
    name = planned.layout.points[0]
    own = need_of(profile.points[name], profile.modbus)
    if len(planned.layout.points) > 1 or own.size == planned.count:
        return None
    return planned_read(profile, planned.poll, planned.period_s, own.table, own.first, own.size, [name])


def unpadded(profile: ModbusProfile, planned: PlannedRead) -> PlannedRead:
    """The read without the registers at its end that no point needs."""
    count = planned.count - planned.padding
    return planned_read(
        profile, planned.poll, planned.period_s, planned.table, planned.address, count, planned.layout.points
    )


def _best_cut(needs: Sequence[Need]) -> int | None:
    """Before which value to cut so that none is split: widest gap first, then nearest to the middle."""
    best: tuple[int, int] | None = None
    cut = None
    end = needs[0].end
    for i in range(1, len(needs)):
        if needs[i].first >= end:
            rank = (needs[i].first - end, -abs(2 * i - len(needs)))
            if best is None or rank > best:
                best, cut = rank, i
        end = max(end, needs[i].end)
    return cut


def _part(profile: ModbusProfile, planned: PlannedRead, named: Sequence[tuple[Need, str]]) -> PlannedRead:
    first = named[0][0].first
    count = max(need.end for need, _ in named) - first
    names = [name for _, name in named]
    return planned_read(profile, planned.poll, planned.period_s, planned.table, first, count, names)
