"""From one device's values to causes of events. Each method takes a value in its channel's unit and its read time."""

from collections.abc import Callable

from agent.judge.watch import Take, Watch
from agent.settings.rules import Events
from drivers.event import Event, EventKind, Evidence
from drivers.sample import Value

SetCause = Callable[[Watch, EventKind, str, bool, int, Evidence], None]
_FALL_EVERY_NS = 10**9
_LEAST_STEPS = 3  # a jump between two readings, far apart, is an opening or a burst, and over
_NOW_NS = 8 * 10**9
_STILL = 0.8  # of its rate: an outlet that is opened slows down, and has stopped by then


class Detect:
    """The thresholds of one rule file, applied value by value. Called for every sample: the common case comes first."""

    def __init__(self, rules: Events, cause: SetCause) -> None:
        self._rules = rules
        self._cause = cause
        self.takes: tuple[Take, ...] = (
            self.pressure,
            self.flow,
            self.temperature,
            self.battery,
            self.battery_voltage,
            self.tilt,
            self.level,
        )

    def restore(self, w: Watch, event: Event) -> None:
        """Go on with what an event of an earlier run was raised for: a fall goes on from its depth, a flat line from
        its value. `event` is dated by this boot's clock."""
        told = event.evidence
        value = told.get("value")
        if not isinstance(value, int | float):
            return
        if event.kind is EventKind.PRESSURE_COLLAPSING:
            began, at, top = told.get("fell_since_ns"), told.get("read_ns"), told.get("fell_from_kpa")
            if isinstance(began, int) and isinstance(at, int) and isinstance(top, int | float):
                w.fall.resume(event.at_ns - (at - began), float(top), event.at_ns, float(value))
        elif event.kind is EventKind.SENSOR_STUCK:
            w.flat_value, w.flat_ns = float(value), event.at_ns

    def below(
        self, w: Watch, kind: EventKind, cause: str, value: float, limit: float, clear: float, unit: str, ns: int
    ) -> None:
        """A cause from `value < limit` until `value >= clear`."""
        if value >= limit and kind not in w.latches:
            return  # as it is nearly always
        was = w.causing(kind, cause)
        on = value < (clear if was else limit)
        if on != was or kind in w.restored:
            self._cause(w, kind, cause, on, ns, {"value": value, "limit": limit, "unit": unit, "read_ns": ns})

    def above(
        self, w: Watch, kind: EventKind, cause: str, value: float, limit: float, clear: float, unit: str, ns: int
    ) -> None:
        """A cause from `value > limit` until `value <= clear`."""
        if value <= limit and kind not in w.latches:
            return
        was = w.causing(kind, cause)
        on = value > (clear if was else limit)
        if on != was or kind in w.restored:
            self._cause(w, kind, cause, on, ns, {"value": value, "limit": limit, "unit": unit, "read_ns": ns})

    def pressure(self, w: Watch, kpa: float, ns: int) -> None:
        """Low, high, collapsing; drawn where only the cap tells; and whether it moves at all."""
        if kpa != w.flat_value:
            w.flat_value, w.flat_ns = kpa, ns
            if w.causing(EventKind.SENSOR_STUCK, "flat"):
                self._cause(w, EventKind.SENSOR_STUCK, "flat", False, ns, {"value": kpa, "unit": "kPa", "read_ns": ns})
        elif w.restored:
            w.restored.pop(EventKind.SENSOR_STUCK, None)
        if kpa < w.low:
            w.low = kpa
        if kpa > w.high:
            w.high = kpa
        low, high = self._rules.pressure_low, self._rules.pressure_high
        self.below(w, EventKind.PRESSURE_LOW, "pressure", kpa, low.limit, low.clear, "kPa", ns)
        self.above(w, EventKind.PRESSURE_HIGH, "pressure", kpa, high.limit, high.clear, "kPa", ns)
        trail = w.fall.trail
        if not trail or ns - trail[-1][0] >= _FALL_EVERY_NS:
            w.fall.add(ns, kpa)
            self._collapsing(w, kpa, ns)
            if w.trend.add(ns / 1e9, kpa):
                self._heading(w, kpa, ns)
        if w.cap_kpa is not None:
            most = self._rules.water_drawn.cap_drop_kpa
            self.above(w, EventKind.WATER_DRAWN, "cap_and_pressure", w.cap_kpa - kpa, most, most / 2, "kPa", ns)

    def _collapsing(self, w: Watch, kpa: float, ns: int) -> None:
        rule, fall = self._rules.pressure_collapsing, w.fall
        hold_ns = int(rule.hold_s * 1e9)
        was = w.causing(EventKind.PRESSURE_COLLAPSING, "fall")
        if ns - fall.start_ns < hold_ns or fall.start_kpa - kpa < rule.least_drop_kpa:
            if was:
                ended: dict[str, Value] = {"value": kpa, "unit": "kPa", "read_ns": ns}
                self._cause(w, EventKind.PRESSURE_COLLAPSING, "fall", False, ns, ended)
            return
        if was:
            w.restored.pop(EventKind.PRESSURE_COLLAPSING, None)
            return
        if kpa <= rule.floor_kpa or fall.steps < _LEAST_STEPS:
            return
        rate = fall.rate_kpa_s(ns, hold_ns)
        if rate < rule.least_rate_kpa_s or fall.rate_kpa_s(ns, _NOW_NS) < _STILL * rate or not fall.clean:
            return
        left_s = (kpa - rule.floor_kpa) / rate
        if left_s > rule.within_s:
            return
        evidence: dict[str, Value] = {
            "value": round(kpa, 1),
            "unit": "kPa",
            "rate_kpa_s": round(rate, 3),
            "floor_kpa": rule.floor_kpa,
            "left_s": round(left_s, 1),
            "fell_from_kpa": round(fall.start_kpa, 1),
            "fell_since_ns": fall.start_ns,
            "read_ns": ns,
        }
        self._cause(w, EventKind.PRESSURE_COLLAPSING, "fall", True, ns, evidence)

    def _heading(self, w: Watch, kpa: float, ns: int) -> None:
        """A collapse that ripple, outlets opened one by one or its slowness hide from a look at each reading."""
        rule = self._rules.pressure_collapsing
        found = w.trend.heading(rule.floor_kpa, rule.within_s, rule.least_drop_kpa)
        if found is not None:
            if not any(w.causing(EventKind.PRESSURE_COLLAPSING, cause) for cause in ("fall", "trend")):
                evidence: dict[str, Value] = {
                    "value": round(found.kpa, 1),
                    "unit": "kPa",
                    "rate_kpa_s": round(found.rate_kpa_s, 3),
                    "floor_kpa": rule.floor_kpa,
                    "left_s": round(found.left_s, 1),
                    "fell_from_kpa": round(found.from_kpa, 1),
                    "fell_since_ns": int(found.since_s * 1e9),
                    "read_ns": ns,
                }
                self._cause(w, EventKind.PRESSURE_COLLAPSING, "trend", True, ns, evidence)
        elif w.causing(EventKind.PRESSURE_COLLAPSING, "trend") and kpa > rule.floor_kpa and w.trend.rests():
            ended: dict[str, Value] = {"value": kpa, "unit": "kPa", "read_ns": ns}
            self._cause(w, EventKind.PRESSURE_COLLAPSING, "trend", False, ns, ended)

    def cap(self, w: Watch, off: bool, ns: int, before_kpa: float | None) -> None:
        """The cap came off (with the pressure just before) or back on.

        Without a flow meter an open cap and pressure well below what it was when the cap came off is drawing.
        """
        w.cap_kpa = before_kpa if off else None
        if not off:
            self._cause(w, EventKind.WATER_DRAWN, "cap_and_pressure", False, ns, {"read_ns": ns})

    def flow(self, w: Watch, l_s: float, ns: int) -> None:
        """Drawn above its limit; a leak between its own limit and that."""
        drawn, leak = self._rules.water_drawn, self._rules.leak
        self.above(w, EventKind.WATER_DRAWN, "flow", l_s, drawn.limit, drawn.clear, "L/s", ns)
        was = w.causing(EventKind.LEAK, "flow")
        on = (leak.clear if was else leak.limit) < l_s <= drawn.limit
        if on != was or EventKind.LEAK in w.restored:
            evidence: dict[str, Value] = {"value": l_s, "limit": leak.limit, "unit": "L/s", "read_ns": ns}
            self._cause(w, EventKind.LEAK, "flow", on, ns, evidence)

    def temperature(self, w: Watch, celsius: float, ns: int) -> None:
        """Near freezing."""
        rule = self._rules.freeze_risk
        self.below(w, EventKind.FREEZE_RISK, "temperature", celsius, rule.limit, rule.clear, "Cel", ns)

    def battery(self, w: Watch, percent: float, ns: int) -> None:
        """Charge in %."""
        rule = self._rules.battery_low
        self.below(w, EventKind.BATTERY_LOW, "battery", percent, rule.limit, rule.clear, "%", ns)

    def battery_voltage(self, w: Watch, volt: float, ns: int) -> None:
        """Voltage, for terminals that know no charge."""
        rule = self._rules.battery_low
        self.below(w, EventKind.BATTERY_LOW, "battery_voltage", volt, rule.limit_v, rule.clear_v, "V", ns)

    def tilt(self, w: Watch, degrees: float, ns: int) -> None:
        """Knocked over, or tilted only."""
        over, rule = self._rules.knocked_over, self._rules.tilted
        self.above(w, EventKind.KNOCKED_OVER, "tilt", degrees, over.limit, over.clear, "deg", ns)
        leaning = 0.0 if w.causing(EventKind.KNOCKED_OVER, "tilt") else degrees
        self.above(w, EventKind.TILTED, "tilt", leaning, rule.limit, rule.clear, "deg", ns)

    def level(self, w: Watch, metres: float, ns: int) -> None:
        """Little water over the floor a pump can reach; nothing where the floor is not known."""
        if w.asset.suction_floor_m is None:
            return
        rule = self._rules.level_low
        above_floor = metres - w.asset.suction_floor_m
        self.below(w, EventKind.LEVEL_LOW, "level", above_floor, rule.limit, rule.clear, "m", ns)
