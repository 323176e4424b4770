"""The judge: give it every sample and a tick a second, take verdicts, rates and events from it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from agent.judge.alarm_debounce import AlarmDebounce, Emit
from agent.judge.asset import Asset
from agent.judge.days import MINUTE_NS
from agent.judge.detect import Detect
from agent.judge.drawing import Drawing
from agent.judge.facts import Fact, Facts
from agent.judge.ledger import Ledger
from agent.judge.minute_clock import MinuteClock
from agent.judge.minute_lines import MinuteLines
from agent.judge.neighbours import Truth, join_neighbours, keep_spread
from agent.judge.uses import Uses
from agent.judge.verdict import Bench, Minute, State, Verdict, below_limits
from agent.judge.watch import Watch, names_set, restored_bits
from agent.judge.water_record import WaterRecord
from agent.settings.rules import Channel, Rules
from agent.water.curve import Draw
from drivers.event import Event, EventKind, Evidence, Transition
from drivers.quality import Quality
from drivers.sample import Layout, Sample, Value
from protocols.reason import word

_SENSOR_FAULTS = frozenset({Quality.OUT_OF_RANGE, Quality.INVALID_PATTERN, Quality.NOT_A_NUMBER})
_TROUBLE = frozenset({EventKind.SENSOR_FAULT, EventKind.DEVICE_LOST, EventKind.WRONG_DEVICE})
_USABLE = Quality.OUT_OF_RANGE  # the first that is not
_DATED_LATER = 7 * 1440  # minutes looked at before the time was known get their date when it is; no more than a week
_YOUNG_NS = 120 * 10**9  # so long after the start verdicts do not wait for the minute: a crew may be asking
_YOUNG_EVERY_NS = 5 * 10**9
_RESTORE_S = 300  # how long a restored event may wait, beyond its hold time, for an answer that speaks of it

Looked = tuple[State, tuple[str, ...], Minute]
Place = Callable[[int], tuple[str, int]]
"""The local day (2026-11-21) of a UTC minute since 1970, and which of its minutes it is."""


class Judge:
    """Pure: its only inputs are samples, facts and ticks; the same inputs give the same events and verdicts.

    `emit` gets every event as it turns. All times are CLOCK_BOOTTIME nanoseconds of one kernel boot, except where
    they are called utc.
    """

    def __init__(
        self,
        assets: Iterable[Asset],
        rules: Rules,
        emit: Emit,
        place: Place,
        *,
        started_ns: int,
        facts: Facts | None = None,
        lines: MinuteLines | None = None,
    ) -> None:
        self.rules = rules
        self.assets = {asset.id: asset for asset in assets}
        self.facts = Facts() if facts is None else facts
        self.verdicts: dict[str, Verdict] = {}
        self.ledger = Ledger()
        self.lines = lines
        """Who is told what each minute said, besides the ledger."""
        self.turned = 0  # rises with every change of a verdict or an event: what is written to disk may wait for it
        self._emit = emit
        self._place = place
        self._minutes = MinuteClock()
        self._undated: deque[int] = deque(maxlen=_DATED_LATER)  # CLOCK_BOOTTIME minutes looked at without knowing when
        self._watches = {asset.id: Watch(asset, started_ns) for asset in self.assets.values()}
        self._grid = join_neighbours(self._watches.values(), rules.event.sensor_drift.within_m)
        self._benches = {asset.id: Bench(asset.kind, rules) for asset in self.assets.values()}
        self._detect = Detect(rules.event, self._cause)
        self._takes = self._detect.takes
        self._truth = Truth(rules.event, self._cause, int(rules.held_max_min * MINUTE_NS))
        self._drawing = Drawing(rules.event.water_stolen, self.facts, self._cause)
        self.seen: dict[str, WaterRecord] = {}
        """What each hydrant has shown of its water; nothing of one that never did."""
        self._uses = Uses(self._drew, lambda w: self._drawing.beside(w, rules.event.sensor_drift.within_m))
        self._utc_ns: int | None = None
        self._waiting: dict[AlarmDebounce, Watch] = {}
        self._started_ns = started_ns
        self.ticked_ns = started_ns  # when it last looked at everything there is to look at
        self._minute: int | None = None
        self._young = list(self._watches.values())  # nothing known of them since the start
        self._young_ns = started_ns

    def sample(self, sample: Sample, kept: bool = True) -> None:
        """Take one sample. `kept` says that it also goes to the journal: only those decide verdicts.

        A back-filled sample changes nothing here: its moment is over. Devices the judge does not know are ignored.
        """
        w = self._watches.get(sample.device)
        if w is None or sample.backfilled:
            return
        layout = sample.layout
        plan = w.plans.get(layout) or w.plan(layout, self._takes)
        ns = sample.read_ns
        values = sample.values
        quality = sample.quality
        if quality is not layout.good and any(quality):
            self._doubtful(w, sample, kept)
            return
        w.heard_ns = ns
        if w.trouble:
            self._recovered(w, layout, ns)
        raw, raw_ns = w.raw, w.raw_ns
        for column, channel, factor, offset, take in plan.values:
            value = values[column] * factor + offset  # type: ignore[operator]  # a good value with a unit is a number
            raw[channel] = value
            raw_ns[channel] = ns
            if kept:
                w.held[channel] = value
                w.held_ns[channel] = ns
            take(w, value, ns)
        for column, point in plan.bits:
            word = values[column]
            if word is not w.bits.get(point):
                self._bits(w, point, word, ns)

    def tick(self, now_ns: int, utc_ns: int | None = None) -> None:
        """Let time pass, all at once: `settle`, then every one of the `looks`."""
        self.settle(now_ns, utc_ns)
        for _asset in self.looks(now_ns, utc_ns):
            pass

    def settle(self, now_ns: int, utc_ns: int | None = None) -> None:
        """Let events turn whose time has come; cheap, call it about once a second.

        `utc_ns` is None while the wall clock is not to be trusted.
        """
        for latch, w in list(self._waiting.items()):
            self._settle(w, latch, now_ns)
        self._utc_ns = utc_ns
        self._uses.look(now_ns)
        self._drawing.look(now_ns, utc_ns)
        self.ticked_ns = now_ns

    def looks(self, now_ns: int, utc_ns: int | None = None) -> Iterator[None]:
        """One look after the other at whatever is to be looked at now: everything where a minute began, else nothing
        or what nobody knows anything of yet. Call it after `settle`; other things may happen between two looks."""
        minute = now_ns // MINUTE_NS
        if minute != self._minute:
            self._minute = minute
            yield from self._each_minute(now_ns, utc_ns)
        elif self._young and now_ns >= self._young_ns:
            self._young_ns = now_ns + _YOUNG_EVERY_NS
            for w in self._young:
                self._look(w, now_ns, utc_ns, counts=False)
                yield
            self._young = [w for w in self._young if self.verdicts[w.asset.id].state is State.UNKNOWN]

    def look_now(self, asset: str, now_ns: int, utc_ns: int | None) -> None:
        """Judge one thing at once, because of news about it; the rules go on by the minute. Unknown ids are ignored."""
        if asset in self._watches:
            self._look(self._watches[asset], now_ns, utc_ns, counts=False)

    def fact(self, fact: Fact) -> bool:
        """Take a fact in; False for a repeat."""
        return self.facts.add(fact)

    def newest(self, asset: str, channel: Channel) -> tuple[float | None, int]:
        """The newest usable value of a channel and when it was read (CLOCK_BOOTTIME ns, 0 for never)."""
        w = self._watches[asset]
        return w.raw[channel], w.raw_ns[channel]

    def nearest(self, lon: float, lat: float, radius_m: float) -> Iterator[tuple[float, Asset]]:
        """(metres, asset) of everything with a place within a radius, nearest first."""
        return ((distance, w.asset) for distance, w in self._grid.nearest(lon, lat, radius_m))

    def open_events(self) -> list[tuple[str, EventKind, int]]:
        """(asset, kind, since CLOCK_BOOTTIME ns) of every event raised and not cleared."""
        return [
            (w.asset.id, latch.kind, latch.since_ns)
            for w in self._watches.values()
            for latch in w.latches.values()
            if latch.active
        ]

    def open_of(self, asset: str) -> Iterator[EventKind]:
        """The events of one asset that are raised and not cleared."""
        return (latch.kind for latch in self._watches[asset].latches.values() if latch.active)

    def watched(self) -> Iterator[tuple[Watch, Bench]]:
        """Everything watched, with its rules: for `memory`."""
        return ((w, self._benches[asset]) for asset, w in self._watches.items())

    def reopen(self, events: Iterable[Event]) -> None:
        """These stand from an earlier run, raised by this boot's clock (negative if before it): they are not raised
        again, and are cleared by the first reading that says so."""
        for event in events:
            w = self._watches.get(event.subject)
            if w is not None and self.rules.event.of(event.kind) is not None:
                self._detect.restore(w, event)
                latch = w.latches[event.kind] = self._latch(event.kind)
                latch.restore(event)
                w.restored[event.kind] = 0
                w.trouble |= event.kind in _TROUBLE
                self._drawing.turned(w, event.kind, True, event.at_ns)

    def restore(self, verdicts: Mapping[str, Verdict], ledger: Ledger) -> None:
        """Verdicts and minutes of an earlier run; a verdict that turns out the same keeps its `since`."""
        self.verdicts.update({a: v for a, v in verdicts.items() if a in self.assets})
        self.ledger = ledger

    def _doubtful(self, w: Watch, sample: Sample, kept: bool) -> None:
        """A sample with at least one value that is not plainly good: value by value."""
        layout, ns = sample.layout, sample.read_ns
        plan = w.plans[layout]
        if any(q == Quality.WRONG_DEVICE for q in sample.quality):
            w.trouble = True
            self._cause(w, EventKind.WRONG_DEVICE, "identity", True, ns, {"read_ns": ns})
            return
        usable = [q < _USABLE for q in sample.quality]
        heard = any(usable) or any(q in _SENSOR_FAULTS for q in sample.quality)
        if heard:
            w.heard_ns = ns
            if w.trouble:
                self._recovered(w, layout, ns, sample.quality)
        else:
            w.trouble = True
            reason = word(Quality(sample.quality[0]).code)
            self._cause(w, EventKind.DEVICE_LOST, "no_answer", True, ns, {"reason": reason, "read_ns": ns})
            return
        for column, channel, factor, offset, take in plan.values:
            value = sample.values[column]
            if usable[column] and isinstance(value, int | float):
                value = value * factor + offset
                w.raw[channel] = value
                w.raw_ns[channel] = ns
                if kept:
                    w.held[channel] = value
                    w.held_ns[channel] = ns
                take(w, value, ns)
            elif sample.quality[column] in _SENSOR_FAULTS:
                w.trouble = True
                why = word(Quality(sample.quality[column]).code)
                evidence = {"point": layout.points[column], "value": value, "reason": why, "read_ns": ns}
                self._cause(w, EventKind.SENSOR_FAULT, layout.points[column], True, ns, evidence)
        for column, point in plan.bits:
            if usable[column] and sample.values[column] != w.bits.get(point):
                self._bits(w, point, sample.values[column], ns)

    def _recovered(self, w: Watch, layout: Layout, ns: int, quality: bytes | None = None) -> None:
        """An answer came: what was wrong with the answers before it is over, point by point."""
        here = {"read_ns": ns}
        self._cause(w, EventKind.DEVICE_LOST, "no_answer", False, ns, here)
        self._cause(w, EventKind.DEVICE_LOST, "silent", False, ns, here)
        self._cause(w, EventKind.WRONG_DEVICE, "identity", False, ns, here)
        for column, point in enumerate(layout.points):
            if quality is None or quality[column] < _USABLE:
                self._cause(w, EventKind.SENSOR_FAULT, point, False, ns, here)
        fault = w.latches.get(EventKind.SENSOR_FAULT)
        w.trouble = fault is not None and bool(fault.causes)

    def _bits(self, w: Watch, point: str, word: Value, ns: int) -> None:
        """An alarm word or a single bit changed: its names are causes of the events they mean."""
        before = w.bits.get(point)
        w.bits[point] = word
        if word == before:
            return
        names = set(names_set(point, word))
        restored = () if before is not None else restored_bits(w, point)
        for name in names.union(names_set(point, before), restored):
            kind = w.asset.bits.get(name)
            if kind is not None:
                self._cause(w, kind, f"{point}.{name}", name in names, ns, {"bit": name, "read_ns": ns})

    def _cause(self, w: Watch, kind: EventKind, cause: str, on: bool, ns: int, evidence: Evidence) -> None:
        latch = w.latches.get(kind)
        if latch is None:
            if not on:
                return
            latch = w.latches[kind] = self._latch(kind)
        if on or cause in latch.causes:
            w.restored.pop(kind, None)
        if kind is EventKind.CAP_REMOVED and on != bool(latch.causes):
            self._detect.cap(w, on, ns, w.raw[Channel.PRESSURE])
        if (cause in latch.causes) == on:
            return
        if latch.set(cause, on, ns, evidence):
            self._waiting[latch] = w
            self._settle(w, latch, ns)
        else:
            self._waiting.pop(latch, None)

    def _settle(self, w: Watch, latch: AlarmDebounce, now_ns: int) -> None:
        event = latch.settle(w.asset.id, now_ns)
        if event is not None:
            self._waiting.pop(latch, None)
            self._turn(w, event)

    def _turn(self, w: Watch, event: Event) -> None:
        self.turned += 1
        raised = event.transition is Transition.RAISED
        self._drawing.turned(w, event.kind, raised, event.at_ns)
        self._uses.turned(w, event.kind, raised, event.at_ns, self._utc_ns)
        self._emit(event)

    def _latch(self, kind: EventKind) -> AlarmDebounce:
        rule = self.rules.event.of(kind)
        if rule is None:
            raise KeyError(f"the judge has no rule for {kind}")
        # a collapse is timed by the fall itself
        hold_s = 0.0 if kind in (EventKind.PRESSURE_COLLAPSING, EventKind.WATER_STOLEN) else rule.hold_s
        return AlarmDebounce(kind, rule.severity, int(hold_s * 1e9), int(rule.clear_s * 1e9))

    def _each_minute(self, now_ns: int, utc_ns: int | None) -> Iterator[None]:
        silent_ns = int(self.rules.event.device_lost.silent_s * 1e9)
        decided = dated = None
        if utc_ns is None:
            self._undated.append(now_ns // MINUTE_NS)
        else:
            utc_min = self._minutes.decides(now_ns, utc_ns, bool(self._undated))
            decided = [self._place(m) for m in utc_min]
            dated = [self._place(utc_min[-1] - (now_ns // MINUTE_NS - minute)) for minute in self._undated]
            self._undated.clear()
            self.ledger.nothing_after(decided[-1][0])
        for w in self._watches.values():
            if now_ns - w.heard_ns > silent_ns and not w.causing(EventKind.DEVICE_LOST, "silent"):
                w.trouble = True
                silent = {"silent_s": (now_ns - w.heard_ns) // 10**9}
                self._cause(w, EventKind.DEVICE_LOST, "silent", True, now_ns, silent)
            if w.restored:
                self._let_go(w, now_ns)
            keep_spread(w, now_ns)
            yield
        drift_m = self.rules.event.sensor_drift.within_m
        for w in self._watches.values():
            if w.asset.kind != "water_point":
                self._truth.stuck(w, now_ns)
                self._truth.drift(w, now_ns, lambda one: self._drawing.near(one, drift_m))
            if decided:
                self._stood(w, now_ns, decided[-1][1] // 60)
            state, because, minute = self._look(w, now_ns, utc_ns)
            below = below_limits(self.rules, minute)
            if dated:
                self.ledger.date(w.asset.id, dated)
            if decided is None:
                self.ledger.put_undated(w.asset.id, state, below, because)
            else:
                for day, of_day in decided:
                    self.ledger.put(day, of_day, w.asset.id, state, below, because)
            if self.lines is not None:
                self.lines.looked(w.asset.id, (state, tuple(below), because))
            yield
        if self.lines is not None and decided:
            self.lines.over(decided, gap=bool(dated))
        if now_ns - self._started_ns > _YOUNG_NS:
            self._young = []

    def _stood(self, w: Watch, now_ns: int, hour: int) -> None:
        """This minute's pressure is one of this hour's, where nobody draws near."""
        kpa = w.held[Channel.PRESSURE]
        fresh = now_ns - w.held_ns[Channel.PRESSURE] <= 2 * MINUTE_NS
        if kpa is None or not fresh or w.asset.kind == "water_point":
            return
        if not self._drawing.near(w, self.rules.event.sensor_drift.within_m):
            self.seen.setdefault(w.asset.id, WaterRecord()).stood(hour, kpa)

    def _drew(self, w: Watch, draw: Draw) -> None:
        self.seen.setdefault(w.asset.id, WaterRecord()).drew(draw)

    def _let_go(self, w: Watch, now_ns: int) -> None:
        """Clear restored events of which a device that answers says nothing for their hold time and five minutes more:
        its make does not measure that any longer. While it is silent they stand."""
        if w.heard_ns <= self._started_ns:
            return
        for kind, heard_ns in list(w.restored.items()):
            latch = w.latches[kind]
            if not heard_ns:
                w.restored[kind] = now_ns
            elif now_ns - heard_ns >= latch.raise_after_ns + _RESTORE_S * 10**9:
                del w.restored[kind]
                latch.causes.clear()
                latch.since_ns = heard_ns
                latch.evidence = {"cause": "restart"}
                self._settle(w, latch, now_ns)

    def _look(self, w: Watch, now_ns: int, utc_ns: int | None, counts: bool = True) -> Looked:
        """Judge one thing now. Only a look on the minute `counts`: no rule remembers another, as none is in the
        evidence."""
        asset = w.asset
        minute = Minute(
            asset,
            w.held,
            [(now_ns - at) / MINUTE_NS for at in w.held_ns],
            {kind for kind, latch in w.latches.items() if latch.active},
            lambda metres: self._drawing.near(w, metres),
            self.facts.inspections.get(asset.id),
            self.facts.flow_tests.get(asset.id),
            None if utc_ns is None else utc_ns / 1e9,
        )
        bench = self._benches[asset.id]
        state, reasons = bench.judge(minute) if counts else bench.glance(minute)
        before = self.verdicts.get(asset.id)
        if (
            before is None
            or before.state is not state
            or before.reasons != reasons
            or before.rules != self.rules.version
        ):
            since, since_utc = now_ns, utc_ns
            if before is not None and before.state is state:
                since, since_utc = before.since_ns, before.since_utc_ns
            self.verdicts[asset.id] = Verdict(asset.id, state, reasons, since, self.rules.version, since_utc)
            self.turned += 1
        return state, reasons, minute
