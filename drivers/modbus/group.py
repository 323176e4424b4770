"""One device's read of one span: takes its outcomes and makes Samples of them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from drivers.modbus.reads import PlannedRead
from drivers.points import Row
from drivers.quality import Quality
from drivers.sample import Sample, Value
from protocols.modbus.outcome import Miss
from protocols.modbus.unit import Read, Unit

NS: Final = 1_000_000_000
QUALITY_OF: Final = {
    Miss.NO_ANSWER: Quality.NO_ANSWER,
    Miss.BAD_ANSWER: Quality.BAD_ANSWER,
    Miss.WRONG_DEVICE: Quality.WRONG_DEVICE,
    Miss.LINK_DOWN: Quality.LINK_DOWN,
}
PERHAPS_A_HOLE: Final = frozenset({2, 3})  # illegal address, illegal value (some devices' word for 'too many')


def with_settings(planned: PlannedRead, raws: Sequence[Any], codes: Iterable[object]) -> Sequence[Any]:
    """The raw row with what other reads said of its points' units and decimals, in the order of `elsewhere`."""
    if not planned.elsewhere:
        return raws
    row = list(raws)
    for one, code in zip(planned.elsewhere, codes, strict=True):
        row[one.point] = row[one.point]._replace(**{one.which: code})
    return row


class Owner(Protocol):
    """The device a group belongs to."""

    def emit(self, sample: Sample) -> None:
        """Hand a Sample on."""

    def cut(self, group: "Group", at_ns: int) -> bool:
        """Put smaller reads in the place of one that is refused whole; False when there are none smaller."""

    def proved(self, group: "Group", at_ns: int) -> None:
        """The group's span was answered for the first time."""

    def forget(self, group: "Group", at_ns: int) -> None:
        """What the group said of others' units and decimals is not known any more."""


class Group:
    """The rows of one device and one planned read; the taker of its `read`."""

    __slots__ = (
        "_codes", "_data", "_device", "_gave", "_held", "_owner", "_remembers", "_row", "_said", "answered_once",
        "planned", "read", "turned_away",
    )  # fmt: skip

    def __init__(
        self,
        device: str,
        owner: Owner,
        unit: Unit,
        planned: PlannedRead,
        row: Row,
        held: dict[str, object],
        *,
        counters: bool,
    ) -> None:
        """`held`: what the device's points that say units and decimals last said, raw; shared by its groups."""
        self.planned = planned
        question = planned.question(unit.number)
        self.read = Read(unit, question, round(planned.period_s * NS), self, alarm=planned.poll == "alarm")
        self.answered_once = False
        self.turned_away = False  # was refused when nothing smaller could be asked
        self._device = device
        self._owner = owner
        self._row = row
        self._remembers = not counters  # the same bytes mean the same values, unless a counter is among them
        self._data: bytes | None = None
        self._held = held
        self._codes: list[object] = []
        self._gave: dict[str, object] = {}
        self._said: tuple[tuple[Value, ...], bytes] = ((), b"")

    def answered(self, data: bytes, at_ns: int) -> None:
        """A right answer."""
        planned = self.planned
        codes = [self._held.get(one.source) for one in planned.elsewhere] if planned.elsewhere else self._codes
        if data == self._data and codes == self._codes:
            values, quality = self._said
        else:
            raws = with_settings(planned, planned.decode(data), codes)
            values, quality = self._row.decode(raws)
            self._gave = {name: raws[i] for i, name in planned.gives}
            if self._remembers:
                self._data, self._codes, self._said = data, codes, (values, quality)
        if planned.gives:
            self._held.update(self._gave)
        self._owner.emit(Sample(self._device, self.planned.layout, at_ns, values, quality))
        if not self.answered_once:
            self.answered_once = True
            self._owner.proved(self, at_ns)

    def refused(self, code: int, at_ns: int) -> None:
        """An exception."""
        if code in PERHAPS_A_HOLE and not self.answered_once:
            if self._owner.cut(self, at_ns):
                return
            self.turned_away = True
        self._fail(Quality.REFUSED, at_ns)

    def missed(self, why: Miss, at_ns: int) -> None:
        """Nothing usable. `attempts` is 2 when this read alone failed while its unit answers other questions."""
        alone = (self.read.attempts >= 2 or self.read.silent > 0) and why is Miss.NO_ANSWER
        if alone and not self.answered_once:
            if self._owner.cut(self, at_ns):
                return
            self.turned_away = True
        self._fail(QUALITY_OF[why], at_ns)

    def _fail(self, why: Quality, at_ns: int) -> None:
        if self.planned.gives:
            self._owner.forget(self, at_ns)
        values, quality = self._row.failed(why)
        self._owner.emit(Sample(self._device, self.planned.layout, at_ns, values, quality))
