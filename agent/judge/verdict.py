"""Serviceable, not serviceable or unknown: the verdict rules, looked at once a minute."""

from collections import deque
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from statistics import median
from typing import Any, NamedTuple

from agent.judge.asset import Asset
from agent.judge.facts import Inspection
from agent.judge.flow import FlowTest, project_l_s
from agent.settings.rules import (
    AboveFloor,
    AtLeast,
    Channel,
    FlowTested,
    Fresh,
    Inspected,
    LiftAtMost,
    NoEvent,
    Rules,
    VerdictRule,
)
from drivers.event import EventKind

DAY_S = 86_400
NOT_KNOWN = "?"


class State(StrEnum):
    """The three verdicts. Unknown never counts as serviceable."""

    SERVICEABLE = "serviceable"
    NOT_SERVICEABLE = "not_serviceable"
    UNKNOWN = "unknown"


class Outcome(IntEnum):
    """What one rule says."""

    PASS = 0
    FAIL = 1
    UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` are ids of rules that failed, `id?` of those that cannot be answered; `since_ns` is CLOCK_BOOTTIME."""

    asset: str
    state: State
    reasons: tuple[str, ...]
    since_ns: int
    rules: str
    since_utc_ns: int | None = None


class Minute(NamedTuple):
    """All that one minute's look at one thing may use. `ages_min` run along `values`, by Channel."""

    asset: Asset
    values: Sequence[float | None]
    ages_min: Sequence[float]
    events: AbstractSet[EventKind]
    in_fire: Callable[[float], bool]  # water drawn here or within so many metres
    inspection: Inspection | None
    test: FlowTest | None
    utc_s: float | None

    def value(self, channel: Channel, max_age_min: float) -> float | None:
        """The held value, or None where there is none or it is too old."""
        value = self.values[channel]
        return value if value is not None and self.ages_min[channel] <= max_age_min else None


class RuleState:
    """One rule of one thing: what it says, and what it is about to say instead.

    `fire_min` is how many minutes in a row water has been drawn near, `supply` what the rule said before.
    """

    __slots__ = ("fire_min", "settled", "supply", "turning_min", "window")

    def __init__(self) -> None:
        self.settled = self.supply = Outcome.UNKNOWN
        self.fire_min = 0
        self.turning_min = 0
        self.window: deque[float] = deque()

    def copy(self) -> "RuleState":
        """Another one that remembers the same."""
        other = RuleState()
        other.settled, other.supply = self.settled, self.supply
        other.turning_min, other.fire_min = self.turning_min, self.fire_min
        other.window = self.window.copy()
        return other

    def settle(self, rule: VerdictRule, now: Outcome) -> None:
        """Take this minute's outcome; a turn between pass and failure waits for its minutes in a row."""
        if now is self.settled:
            self.turning_min = 0
            return
        if now is not Outcome.UNKNOWN and self.settled is not Outcome.UNKNOWN:
            wait = rule.fail_after_min if now is Outcome.FAIL else rule.pass_after_min
            if self.turning_min < wait:
                self.turning_min += 1
                return
        self.settled = now
        self.turning_min = 0


def look(rule: VerdictRule, minute: Minute, state: RuleState, held_max_min: float) -> Outcome:
    """This minute's outcome of one rule."""
    form: Callable[[Any, Minute, RuleState, float], Outcome] = _FORMS[type(rule)]
    return form(rule, minute, state, held_max_min)


def _at_least(rule: AtLeast, minute: Minute, state: RuleState, held_max_min: float) -> Outcome:
    value = minute.value(rule.of, held_max_min)
    in_fire = rule.fire_limit is not None and minute.in_fire(rule.fire_m)
    if not in_fire:
        state.fire_min = 0
    elif state.fire_min == 0:
        state.supply = state.settled
    if value is None:
        state.window.clear()
        state.supply = Outcome.UNKNOWN
        state.fire_min += in_fire
        return _missing(rule.missing)
    if in_fire and rule.fire_limit is not None:
        return _in_fire(rule, value, rule.fire_limit, state, held_max_min)
    state.window.append(value)
    while len(state.window) > rule.window_min:
        state.window.popleft()
    if len(state.window) < rule.least_values:
        return Outcome.UNKNOWN
    needed = rule.clear if state.settled is Outcome.FAIL else rule.limit
    return Outcome.PASS if median(state.window) >= needed else Outcome.FAIL


def _in_fire(rule: AtLeast, value: float, fire_limit: float, state: RuleState, held_max_min: float) -> Outcome:
    """While water is drawn near: the fire's own limit; above it what stood before, but not for ever."""
    state.fire_min += 1
    if state.fire_min > held_max_min:
        state.window.clear()
        state.supply = Outcome.UNKNOWN
    if value < fire_limit:
        return Outcome.FAIL
    if state.supply is Outcome.UNKNOWN and value >= rule.limit:
        return Outcome.PASS  # what supply asks for is there even now
    return state.supply


def _fresh(rule: Fresh, minute: Minute, _state: RuleState, _held_max_min: float) -> Outcome:
    return Outcome.FAIL if minute.value(rule.of, rule.max_age_min) is None else Outcome.PASS


def _no_event(rule: NoEvent, minute: Minute, _state: RuleState, _held_max_min: float) -> Outcome:
    return Outcome.PASS if minute.events.isdisjoint(rule.events) else Outcome.FAIL


def _inspected(rule: Inspected, minute: Minute, _state: RuleState, _held_max_min: float) -> Outcome:
    inspection = minute.inspection
    if inspection is None:
        return _missing(rule.missing)
    if not inspection.passed:
        return Outcome.FAIL
    if minute.utc_s is None:
        return Outcome.UNKNOWN
    return Outcome.PASS if minute.utc_s - inspection.at_s <= rule.max_age_days * DAY_S else Outcome.FAIL


def _flow_tested(rule: FlowTested, minute: Minute, _state: RuleState, _held_max_min: float) -> Outcome:
    test = minute.test
    if test is None:
        return _missing(rule.missing)
    flow = project_l_s(test.flow_l_s, test.static_kpa, test.residual_kpa, rule.residual_kpa)
    return Outcome.PASS if flow >= rule.limit_l_s else Outcome.FAIL


def _lift(rule: LiftAtMost, minute: Minute, state: RuleState, held_max_min: float) -> Outcome:
    level, top = minute.value(Channel.LEVEL, held_max_min), minute.asset.lift_at_zero_m
    if level is None or top is None:
        return _missing(rule.missing)
    allowed = rule.clear_m if state.settled is Outcome.FAIL else rule.limit_m
    return Outcome.PASS if top - level <= allowed else Outcome.FAIL


def _above_floor(rule: AboveFloor, minute: Minute, state: RuleState, held_max_min: float) -> Outcome:
    level, floor = minute.value(Channel.LEVEL, held_max_min), minute.asset.suction_floor_m
    if level is None or floor is None:
        return _missing(rule.missing)
    needed = rule.clear_m if state.settled is Outcome.FAIL else rule.limit_m
    return Outcome.PASS if level - floor >= needed else Outcome.FAIL


def _missing(then: str) -> Outcome:
    return Outcome.PASS if then == "pass" else Outcome.UNKNOWN


_FORMS: dict[type[VerdictRule], Callable[[Any, Minute, RuleState, float], Outcome]] = {
    AtLeast: _at_least,
    Fresh: _fresh,
    NoEvent: _no_event,
    Inspected: _inspected,
    FlowTested: _flow_tested,
    LiftAtMost: _lift,
    AboveFloor: _above_floor,
}


class Bench:
    """The rules of one asset with what they remember."""

    __slots__ = ("_held_max_min", "rules", "states", "version")

    def __init__(self, kind: str, rules: Rules) -> None:
        self.rules = [rule for rule in rules.verdict if kind in rule.kinds]
        self.states = [RuleState() for _ in self.rules]
        self.version = rules.version
        self._held_max_min = rules.held_max_min

    def glance(self, minute: Minute) -> tuple[State, tuple[str, ...]]:
        """What `judge` would say between two minutes; nothing of it is remembered."""
        kept, self.states = self.states, [state.copy() for state in self.states]
        try:
            return self.judge(minute)
        finally:
            self.states = kept

    def judge(self, minute: Minute) -> tuple[State, tuple[str, ...]]:
        """This minute's verdict and its reasons, failures first. A kind without rules is unknown.

        A reason is the id of a rule that failed, or with `NOT_KNOWN` behind it of one that cannot be answered.
        """
        failed: list[str] = []
        doubted: list[str] = []
        for rule, state in zip(self.rules, self.states, strict=True):
            state.settle(rule, look(rule, minute, state, self._held_max_min))
            if state.settled is Outcome.FAIL and rule.fails_as == "not_serviceable":
                failed.append(rule.id)
            elif state.settled is Outcome.FAIL:
                doubted.append(rule.id)
            elif state.settled is Outcome.UNKNOWN:
                doubted.append(rule.id + NOT_KNOWN)
        if failed:
            return State.NOT_SERVICEABLE, (*failed, *doubted)
        if doubted or not self.rules:
            return State.UNKNOWN, tuple(doubted)
        return State.SERVICEABLE, ()


def below_limits(rules: Rules, minute: Minute) -> list[str]:
    """The ledger's limits this minute's values are below."""
    found = []
    for limit in rules.ledger:
        value = minute.value(limit.of, rules.held_max_min)
        if value is None or value >= limit.below:
            continue
        if limit.when == "always" or (limit.when == "fire") == minute.in_fire(limit.fire_m):
            found.append(limit.id)
    return found


def no_verdict(asset: str, rules: str, now_ns: int) -> Verdict:
    """What is said of a thing before its first minute."""
    return Verdict(asset, State.UNKNOWN, ("not_judged_yet",), now_ns, rules)
