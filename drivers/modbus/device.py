"""One configured device on a Modbus line: its unit, its groups, and how it learns what may not be read together."""

from collections.abc import Callable, Sequence

from drivers.modbus.group import Group
from drivers.modbus.plans import DeviceSpec, Halves, Learned, Plans, halve, unpadded, without_settings
from drivers.modbus.reads import PlannedRead, fences_of, proofs_of
from drivers.sample import Sample
from drivers.scaled import Said, scaled_rules
from protocols.modbus.deadline import Deadline
from protocols.modbus.plan import Hole
from protocols.modbus.unit import Read, Unit
from protocols.reason import Reason

MS = 1_000_000


class _Bisection:
    """A read that was refused whole: the reads now in its place, and where it was cut."""

    def __init__(self, planned: PlannedRead, leaf: Group) -> None:
        self.planned = planned
        self.leaves = [leaf]
        self.cuts: list[tuple[Group, Group, Hole | None]] = []


class Device:
    """One device. Its `groups` change only while it is found out what it refuses."""

    def __init__(self, spec: DeviceSpec, plans: Plans, cap_ns: int, emit: Callable[[Sample], None]) -> None:
        part = spec.profile.modbus
        reads = plans.reads(spec)
        self.spec = spec
        self.emit = emit
        self.unit = Unit(
            spec.unit,
            Deadline(cap_ns),
            turnaround_ns=round(part.turnaround_ms[1] * MS),
            pause_ns=round(part.pause_ms * MS),
            pause_after_write_ns=round(part.pause_after_write_ms * MS),
            proofs=proofs_of(spec.profile, spec.unit, plans.overhead(spec.profile)),
            fences=fences_of(reads, spec.unit),
            any_unit=part.unit_id_in_answer == "any",
        )
        self.put: Callable[[Read], None] = self.unit.parked.append  # the line's schedule takes its place
        self._plans = plans
        self._bisections: list[_Bisection] = []
        self._held: dict[str, object] = {}
        self._scaled = scaled_rules(spec.profile.points)
        self.groups = [self._group(planned) for planned in reads]
        self.unit.reads = [group.read for group in self.groups]

    def _group(self, planned: PlannedRead) -> Group:
        points = self.spec.profile.points
        counters = any(points[name].counter for name in planned.layout.points)
        row = self._plans.row(self.spec, planned.layout)
        return Group(self.spec.id, self, self.unit, planned, row, self._held, counters=counters)

    def forget(self, group: Group, at_ns: int) -> None:
        """The registers that say units and decimals gave nothing: they are read anew as soon as can be."""
        known = [self._held.pop(name) for _, name in group.planned.gives if name in self._held]
        if known and group in self.groups:
            self._replace([group], [group.planned], at_ns)

    @property
    def unit_unknown(self) -> Reason | None:
        """A point without a value because the device measures in what its profile does not list."""
        for name, rule in self._scaled.items():
            settings = self.spec.profile.points[name].settings
            said = [None if one is None else self._held.get(one) for one in settings]
            known = all(one is None or one in self._held for one in settings)
            if known and rule.rule(Said(0, *said)) is None:
                told = ", ".join(f"{one} = {raw}" for one, raw in zip(settings, said, strict=True) if one is not None)
                return Reason("modbus.unit_unknown", point=name, said=told)
        return None

    def cut(self, group: Group, at_ns: int) -> bool:
        """Put smaller reads in the place of one that is refused whole; False when it holds one value only."""
        profile = self.spec.profile
        if group.planned.padding:  # it may be what was read beyond that is refused
            self._replace([group], [unpadded(profile, group.planned)], at_ns)
            return True
        if (bare := without_settings(profile, group.planned)) is not None:
            self._replace([group], [bare], at_ns)
            return True
        bisection = next((one for one in self._bisections if group in one.leaves), None)
        if bisection is None:
            anew = self._plans.anew(profile, group.planned)
            if len(anew) > 1:  # a device of the same profile has been through this
                self._replace([group], anew, at_ns)
                return True
        halves = halve(profile, group.planned)
        if halves is None:
            if bisection is not None:  # this value itself is refused: nothing is learned about the others
                self._bisections.remove(bisection)
            return False
        if bisection is None:
            bisection = _Bisection(group.planned, group)
            self._bisections.append(bisection)
        self._split(bisection, group, halves, at_ns)
        return True

    def _split(self, bisection: _Bisection, group: Group, halves: Halves, at_ns: int) -> None:
        left, right = self._replace([group], [halves.left, halves.right], at_ns)
        bisection.leaves.remove(group)
        bisection.leaves += [left, right]
        bisection.cuts.append((left, right, halves.gap))

    def proved(self, group: Group) -> None:
        """A span was answered for the first time: perhaps the last one a bisection waited for."""
        for bisection in self._bisections:
            if group in bisection.leaves and all(leaf.answered_once for leaf in bisection.leaves):
                self._bisections.remove(bisection)
                self._learn(bisection, group.read.due_ns)
                return

    def _learn(self, bisection: _Bisection, at_ns: int) -> None:
        """Two halves that are answered, refused together: what lies between is a hole, or both are too much at once."""
        learned = self._plans.learned.setdefault(self.spec.profile.profile, Learned())
        for left, right, gap in bisection.cuts:
            if not (left.answered_once and right.answered_once):
                continue
            if gap is not None:
                if gap not in learned.holes:
                    learned.holes.append(gap)
            else:
                most = max(left.planned.count, right.planned.count)
                learned.most = most if learned.most is None else min(most, learned.most)
        anew = self._plans.anew(self.spec.profile, bisection.planned)
        if len(anew) < len(bisection.leaves):
            self._replace(bisection.leaves, anew, at_ns)

    def _replace(self, old: Sequence[Group], planned: Sequence[PlannedRead], at_ns: int) -> list[Group]:
        for group in old:
            group.read.gone = True
        new = [self._group(one) for one in planned]
        self.groups = [group for group in self.groups if group not in old] + new
        self.unit.reads = [group.read for group in self.groups]
        for group in new:
            group.read.due_ns = at_ns
            self.put(group.read)
        return new
