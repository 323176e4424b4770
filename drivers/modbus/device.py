"""One configured device on a Modbus line: its unit, its groups, and how it learns what may not be read together."""

from collections.abc import Callable, Sequence

from drivers.modbus.cuts import Cut
from drivers.modbus.group import Group
from drivers.modbus.plans import DeviceSpec, Learned, Plans, halve, unpadded, without_settings
from drivers.modbus.reads import PlannedRead, fences_of, proofs_of
from drivers.sample import Sample
from drivers.scaled import Said, scaled_rules
from protocols.modbus.deadline import NS, Deadline
from protocols.modbus.unit import Read, Unit
from protocols.reason import Reason

MS = 1_000_000


class Device:
    """One device. Its `groups` change only while it is found out what it refuses; `put` has a new read asked."""

    def __init__(
        self,
        spec: DeviceSpec,
        plans: Plans,
        cap_ns: int,
        emit: Callable[[Sample], None],
        put: Callable[[Read], None],
    ) -> None:
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
        self._put = put
        self._plans = plans
        self._cuts: list[Cut] = []
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
        cut = self._cut_of(group)
        halves, shared = None, False
        smaller: list[PlannedRead] = []
        if group.planned.padding:  # it may be what was read beyond that is refused
            smaller = [unpadded(profile, group.planned)]
        elif (bare := without_settings(profile, group.planned)) is not None:
            smaller = [bare]
        elif cut is None and len(anew := self._plans.anew(profile, group.planned)) > 1:
            smaller, shared = anew, True  # a device of the same profile has been through this
        elif (halves := halve(profile, group.planned)) is not None:
            smaller = [halves.left, halves.right]
        if not smaller:
            return False
        if cut is None:
            cut = Cut(group.planned, group)
            self._cuts.append(cut)
            cut.try_later(self.unit, self._put, self, at_ns)
        new = self._replace([group], smaller, at_ns)
        cut.sure = shared
        if shared:
            self._plans.learned[profile.profile].confirm(self.spec.id, cut.planned)
        if halves is not None:
            cut.halved.append((new[0], new[1], halves.gap))
        return True

    def _cut_of(self, group: Group) -> Cut | None:
        return next((cut for cut in self._cuts if group in cut.leaves), None)

    def proved(self, group: Group, at_ns: int) -> None:
        """A span was answered for the first time. Where it had been refused the device has come to itself; where it was
        the last of a cut, what the cut teaches is tested: either way the whole read is asked once more, now.
        """
        cut = self._cut_of(group)
        if cut is None:
            return
        if not group.turned_away and cut.answered and not cut.sure and self._known(cut):
            cut.sure = True
            self._learn(cut, at_ns)
        elif group.turned_away or (cut.answered and not cut.sure):
            cut.try_now(self.unit, self._put, self, at_ns)

    def _known(self, cut: Cut) -> bool:
        """Whether another device of the profile has shown, meanwhile, all that the cut teaches."""
        learned = self._plans.learned.get(self.spec.profile.profile, Learned())
        return bool(cut.halved) and all(gap in learned.holes for _, _, gap in cut.halved)

    def whole(self, cut: Cut, data: bytes, at_ns: int) -> None:
        """The whole read was answered: it takes its place again, and what its refusal taught is unlearned."""
        if cut not in self._cuts:
            return
        cut.over()
        if (learned := self._plans.learned.get(self.spec.profile.profile)) is not None:
            learned.unlearn(self.spec.id, cut.planned)
        (group,) = self._replace(cut.leaves, [cut.planned], at_ns + round(cut.planned.period_s * NS))
        self._cuts.remove(cut)
        group.answered(data, at_ns)

    def still_cut(self, cut: Cut, at_ns: int, *, refused: bool) -> None:
        """The whole read was refused again. Where every part of it is answered, that is a lesson."""
        if refused and cut.answered and not cut.sure:
            cut.sure = True
            self._learn(cut, at_ns)
        cut.failed()
        cut.try_later(self.unit, self._put, self, at_ns)

    def _learn(self, cut: Cut, at_ns: int) -> None:
        """Two halves that are answered, refused together: what lies between is a hole, or both are too much at once."""
        device, halved = self.spec.id, cut.halved
        learned = self._plans.learned.setdefault(self.spec.profile.profile, Learned())
        for left, right, gap in halved:
            if not (left.answered_once and right.answered_once):
                continue
            if gap is not None:
                learned.holes.setdefault(gap, set()).add(device)
            else:
                learned.limit(device, max(left.planned.count, right.planned.count))
        cut.halved = []
        learned.confirm(device, cut.planned)
        anew = self._plans.anew(self.spec.profile, cut.planned)
        if len(anew) < len(cut.leaves):
            self._replace(cut.leaves, anew, at_ns)

    def _replace(self, old: Sequence[Group], planned: Sequence[PlannedRead], at_ns: int) -> list[Group]:
        for group in old:
            group.read.gone = True
        new = [self._group(one) for one in planned]
        self.groups = [group for group in self.groups if group not in old] + new
        self.unit.reads = [group.read for group in self.groups]
        for cut in self._cuts:
            if old[0] in cut.leaves:
                cut.leaves = [leaf for leaf in cut.leaves if leaf not in old] + new
        for group in new:
            group.read.due_ns = at_ns
            self._put(group.read)
        return new
