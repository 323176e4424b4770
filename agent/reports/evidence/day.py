"""One day judged again, minute by minute, from nothing but what was committed. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from agent.judge.asset import POINTS, Asset
from agent.judge.facts import Inspection
from agent.judge.flow import FlowTest
from agent.judge.place import distance_m
from agent.judge.tally import Tally
from agent.judge.verdict import Bench, Minute, below_limits
from agent.settings.rules import AboveFloor, AtLeast, Channel, Fresh, LiftAtMost, Rules
from drivers.event import EventKind
from drivers.quality import Quality
from drivers.units import UNITS

MINUTE_MS = 60_000
LEAD_IN_MS = 2 * 3600 * 1000
"""Judged before the day and not counted, so that windows and hold times are in full swing when it begins."""

Thing = TypeVar("Thing")
_KINDS = frozenset(kind.value for kind in EventKind)


class Reading(NamedTuple):
    """A usable value of a channel, in the channel's unit; `at_ms` UTC."""

    at_ms: int
    asset: str
    channel: Channel
    value: float


class Turned(NamedTuple):
    """A turn of an event of an asset; `at_ms` UTC."""

    at_ms: int
    asset: str
    kind: EventKind
    raised: bool


class Known(NamedTuple):
    """An inspection or a flow test, and from when on the agent knew it (UTC ms; 0 for always)."""

    from_ms: int
    fact: Inspection | FlowTest


@dataclass(slots=True)
class DayOf:
    """One asset's day: minutes by verdict, every change as (minute of day, state, reasons), minutes below limits and
    by reason."""

    tally: Tally = field(default_factory=Tally)
    changes: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)
    below_min: dict[str, int] = field(default_factory=dict)
    because_min: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As it stands in the evidence file."""
        return {
            "minutes": [self.tally.serviceable, self.tally.not_serviceable, self.tally.unknown],
            "changes": [[minute, state, list(reasons)] for minute, state, reasons in self.changes],
            "below_min": self.below_min,
            "because_min": self.because_min,
        }


def readings_of(t0_ms: int, body: Mapping[str, Any]) -> Iterator[Reading]:
    """The usable readings of one telemetry record."""
    for frame in body.get("frames", ()):
        columns = []
        for column, (point, unit) in enumerate(zip(frame["points"], frame["units"], strict=True)):
            given = UNITS.get(unit)
            columns += [
                (column, channel, given)
                for channel in POINTS.get(point, ())
                if given is not None and given.quantity == UNITS[channel.unit].quantity
            ]
        quality = frame.get("quality")
        for row, device in enumerate(frame["device"]):
            for column, channel, unit in columns:
                value = frame["values"][column][row]
                if quality is not None and quality[column][row] >= Quality.OUT_OF_RANGE:
                    continue
                if isinstance(value, bool) or not isinstance(value, int | float):
                    continue
                yield Reading(t0_ms + frame["at_ms"][row], device, channel, value * unit.factor + unit.offset)


def note_read(read: dict[str, set[str]], body: Mapping[str, Any], channels: frozenset[Channel]) -> None:
    """Which devices a telemetry record says anything of that is judged: device → kinds of its profiles."""
    for frame in body.get("frames", ()):
        if any(channel in channels for point in frame["points"] for channel in POINTS.get(point, ())):
            kind = str(frame.get("profile", "")).partition("/")[0]
            for device in frame["device"]:
                read.setdefault(device, set()).add(kind)


def turns_of(t0_ms: int, body: Mapping[str, Any]) -> Iterator[Turned]:
    """The raised and cleared events of one event record."""
    for event in body.get("events", ()):
        if event["kind"] in _KINDS and event["turn"] in ("raised", "cleared"):
            kind = EventKind(event["kind"])
            yield Turned(t0_ms + event["at_ms"], event["subject"], kind, event["turn"] == "raised")


def judge_day(
    assets: Iterable[Asset],
    rules: Rules,
    known: Iterable[Known],
    standing: Iterable[tuple[str, EventKind]],
    readings: Iterable[Reading],
    turns: Iterable[Turned],
    start_ms: int,
    end_ms: int,
) -> dict[str, DayOf]:
    """Every asset's minutes from `start_ms` to `end_ms` (both on the minute), looked at when each minute ends.

    A minute sees what was read, turned or told up to its end. Readings and turns may come in any order.
    """
    replay = _Replay(list(assets), rules, start_ms)
    for asset, kind in standing:
        replay.turn(Turned(0, asset, kind, True))
    learning = _by_time((k.from_ms, k) for k in known)
    reading = _by_time((r.at_ms, r) for r in readings)
    turning = _by_time((t.at_ms, t) for t in turns)
    for now_ms in range(start_ms - LEAD_IN_MS + MINUTE_MS, end_ms + 1, MINUTE_MS):
        while learning and learning[-1][0] <= now_ms:
            replay.learn(learning.pop()[1])
        while reading and reading[-1][0] <= now_ms:
            replay.read(reading.pop()[1])
        while turning and turning[-1][0] <= now_ms:
            replay.turn(turning.pop()[1])
        replay.minute(now_ms)
    return replay.days


def _by_time(things: Iterable[tuple[int, Thing]]) -> list[tuple[int, Thing]]:
    """Earliest last, to be popped; of one time in the order given."""
    ordered = sorted(things, key=lambda thing: thing[0])
    ordered.reverse()
    return ordered


def needed(rules: Rules) -> frozenset[Channel]:
    """The channels the verdicts and the ledger look at: nothing else of a record has to be remembered."""
    channels = {rule.of for rule in rules.verdict if isinstance(rule, AtLeast | Fresh)}
    if any(isinstance(rule, LiftAtMost | AboveFloor) for rule in rules.verdict):
        channels.add(Channel.LEVEL)
    return frozenset(channels.union(limit.of for limit in rules.ledger))


class _Replay:
    def __init__(self, assets: list[Asset], rules: Rules, start_ms: int) -> None:
        self.days = {asset.id: DayOf() for asset in assets}
        self._assets = {asset.id: asset for asset in assets}
        self._rules = rules
        self._start_ms = start_ms
        self._benches = {asset.id: Bench(asset.kind, rules) for asset in assets}
        self._values: dict[str, list[float | None]] = {asset.id: [None] * len(Channel) for asset in assets}
        self._read_ms: dict[str, list[int]] = {asset.id: [0] * len(Channel) for asset in assets}
        self._open: dict[str, set[EventKind]] = {asset.id: set() for asset in assets}
        self._inspections: dict[str, Inspection] = {}
        self._tests: dict[str, FlowTest] = {}

    def learn(self, known: Known) -> None:
        fact = known.fact
        newest: dict[str, Any] = self._inspections if isinstance(fact, Inspection) else self._tests
        before = newest.get(fact.asset)
        if before is None or fact.at_s >= before.at_s:
            newest[fact.asset] = fact

    def read(self, reading: Reading) -> None:
        values = self._values.get(reading.asset)
        if values is not None:
            values[reading.channel] = reading.value
            self._read_ms[reading.asset][reading.channel] = reading.at_ms

    def turn(self, turned: Turned) -> None:
        kinds = self._open.get(turned.asset)
        if kinds is not None:
            (kinds.add if turned.raised else kinds.discard)(turned.kind)

    def _in_fire(self, asset: Asset, metres: float) -> bool:
        for other, kinds in self._open.items():
            if EventKind.WATER_DRAWN not in kinds:
                continue
            if other == asset.id:
                return True
            here, there = asset.place, self._assets[other].place
            if here is not None and there is not None and distance_m(*here, *there) <= metres:
                return True
        return False

    def minute(self, now_ms: int) -> None:
        counted = now_ms > self._start_ms
        number = (now_ms - self._start_ms) // MINUTE_MS - 1
        for asset in self._assets.values():
            minute = Minute(
                asset,
                self._values[asset.id],
                [(now_ms - at) / MINUTE_MS for at in self._read_ms[asset.id]],
                self._open[asset.id],
                lambda metres, asset=asset: self._in_fire(asset, metres),  # type: ignore[misc]  # bound now, not later
                self._inspections.get(asset.id),
                self._tests.get(asset.id),
                now_ms / 1000,
            )
            state, reasons = self._benches[asset.id].judge(minute)
            if not counted:
                continue
            day = self.days[asset.id]
            day.tally.add(state)
            if not day.changes or day.changes[-1][1:] != (state.value, reasons):
                day.changes.append((number, state.value, reasons))
            for reason in reasons:
                day.because_min[reason] = day.because_min.get(reason, 0) + 1
            for limit in below_limits(self._rules, minute):
                day.below_min[limit] = day.below_min.get(limit, 0) + 1
