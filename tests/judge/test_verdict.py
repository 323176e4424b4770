"""Truth tables of the verdict rules, form by form: boundaries, hysteresis, holds, missing values; the shipped set."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.asset import Asset
from agent.judge.facts import Inspection
from agent.judge.flow import FlowTest
from agent.judge.verdict import Bench, Minute, Outcome, RuleState, State, below_limits
from agent.settings.rules import Channel, Rules, read_rules
from drivers.event import EventKind
from drivers.profile.mistake import SettingsError
from tests.judge.stand import RULES_FILE, Stand, hydrant, rules

P, F, U = State.SERVICEABLE, State.NOT_SERVICEABLE, State.UNKNOWN
EVENTS_PART = RULES_FILE.read_text("utf-8").partition("# ── events")[2]
DAY_S = 86_400


def one_rule(**rule: Any) -> Rules:
    """A rule file with this verdict rule alone."""
    base = {"id": "r", "kinds": ["hydrant", "water_point"], "say": {"zh": "x", "en": "x"}}
    whole = rules().model_dump(mode="json") | {"verdict": [base | rule]}
    whole["ledger"] = []
    return Rules.model_validate(_channels(whole))


def _channels(whole: dict[str, Any]) -> dict[str, Any]:
    """model_dump writes a Channel as its number; the file writes its name."""
    for part in (*whole["verdict"], *whole["ledger"]):
        if isinstance(part.get("of"), int):
            part["of"] = Channel(part["of"]).code
    return whole


class Table:
    """A bench and the minutes it is shown."""

    def __init__(self, given: Rules, kind: str = "hydrant", **asset: Any) -> None:
        self.asset = Asset("A", kind, **asset)
        self.bench = Bench(kind, given)

    def see(
        self,
        value: float | None = None,
        *,
        channel: Channel = Channel.PRESSURE,
        age: float = 0.0,
        events: Sequence[EventKind] = (),
        fire: Callable[[float], bool] = lambda _metres: False,
        inspection: Inspection | None = None,
        test: FlowTest | None = None,
        utc_s: float | None = 1000 * DAY_S,
    ) -> State:
        values: list[float | None] = [None] * len(Channel)
        values[channel] = value
        minute = Minute(self.asset, values, [age] * len(Channel), set(events), fire, inspection, test, utc_s)
        return self.bench.judge(minute)[0]

    def series(self, *values: float | None) -> list[State]:
        return [self.see(value) for value in values]


BURNING: Callable[[float], bool] = lambda _metres: True  # noqa: E731  # a word in the tables below
AT_LEAST = {"form": "at_least", "of": "pressure", "limit": 140, "clear": 145}


class TestAtLeast:
    @pytest.mark.parametrize(("value", "state"), [(140.0, P), (139.999, F), (0.0, F), (None, U), (1600.0, P)])
    def test_boundary(self, value: float | None, state: State) -> None:
        assert Table(one_rule(**AT_LEAST)).see(value) is state

    def test_hysteresis(self) -> None:
        table = Table(one_rule(**AT_LEAST))
        assert table.series(150, 140, 139.9, 140, 144.9, 145, 144, 140) == [P, P, F, F, F, P, P, P]

    def test_after_unknown_the_limit_counts_not_the_clear(self) -> None:
        assert Table(one_rule(**AT_LEAST)).series(139, None, 140) == [F, U, P]

    @pytest.mark.parametrize(("age", "state"), [(0, P), (15, P), (15.001, U)])
    def test_a_value_is_held_for_fifteen_minutes(self, age: float, state: State) -> None:
        assert Table(one_rule(**AT_LEAST)).see(200, age=age) is state

    def test_missing_may_pass(self) -> None:
        assert Table(one_rule(**AT_LEAST, missing="pass")).see(None) is P

    def test_median_of_the_window(self) -> None:
        table = Table(one_rule(**AT_LEAST, window_min=3))
        assert table.series(200, 100, 200, 100, 100) == [P, P, P, F, F]
        # medians: 200, 150, 200, 100, 100
        strict = Table(one_rule(**{**AT_LEAST, "clear": 140}, window_min=3))
        assert strict.series(200, 80, 100) == [P, P, F]

    def test_window_forgets(self) -> None:
        table = Table(one_rule(**{**AT_LEAST, "clear": 140}, window_min=3))
        assert table.series(100, 100, 100, 200, 200, 200) == [F, F, F, F, P, P]

    def test_least_values(self) -> None:
        table = Table(one_rule(**AT_LEAST, window_min=5, least_values=3))
        assert table.series(200, 200, 200, None, 200, 200, 200) == [U, U, P, U, U, U, P]

    def test_in_fire_the_window_waits(self) -> None:
        table = Table(one_rule(**AT_LEAST, fire_limit=100, fire_m=400))
        assert table.see(200) is P
        asked = []

        def burning(metres: float) -> bool:
            asked.append(metres)
            return True

        assert table.see(100, fire=burning) is P
        assert asked == [400]
        assert table.see(139) is F

    @pytest.mark.parametrize(
        ("before", "kpa", "state"),
        [
            (200, 100.0, P),
            (200, 99.999, F),
            (139, 120, F),
            (139, 99, F),
            (139, 150, F),
            (None, 120, U),
            (None, 140, P),
            (None, 99.9, F),
            (200, None, U),
        ],
    )
    def test_in_fire_the_fire_limit_counts(self, before: float | None, kpa: float | None, state: State) -> None:
        table = Table(one_rule(**AT_LEAST, fire_limit=100))
        table.see(before)
        assert table.see(kpa, fire=BURNING) is state

    def test_in_fire_it_fails_only_while_it_is_below(self) -> None:
        table = Table(one_rule(**AT_LEAST, fire_limit=100))
        table.see(200)
        assert [table.see(kpa, fire=BURNING) for kpa in (99, 120, 50, 100, 139)] == [F, P, F, P, P]
        assert table.see(139) is F, "and after it the limit of supply counts again"

    def test_silence_during_a_fire_ends_what_stood_before(self) -> None:
        table = Table(one_rule(**AT_LEAST, fire_limit=100))
        table.see(200)
        assert [table.see(kpa, fire=BURNING) for kpa in (120, None, 120, 99)] == [P, U, U, F]

    def test_a_long_fire_is_no_proof_of_what_stood_before(self) -> None:
        given = one_rule(**AT_LEAST, fire_limit=100, window_min=15)
        table = Table(given)
        assert set(table.series(*[200] * 15)) == {P}
        burned = [table.see(120, fire=BURNING) for _ in range(15)]
        assert burned == [P] * 15
        assert [table.see(kpa, fire=BURNING) for kpa in (120, 99.9, 120, 139.9, 140)] == [U, F, U, U, P]
        assert table.see(139) is F, "the window begins anew"

    def test_each_fire_has_its_own_minutes(self) -> None:
        table = Table(one_rule(**AT_LEAST, fire_limit=100))
        for _ in range(3):
            assert table.see(200) is P
            assert {table.see(120, fire=BURNING) for _ in range(15)} == {P}

    def test_without_that_fire_is_no_excuse(self) -> None:
        table = Table(one_rule(**AT_LEAST))
        assert table.see(50, fire=lambda _m: True) is F

    def test_silence_in_fire_is_unknown(self) -> None:
        table = Table(one_rule(**AT_LEAST, fire_limit=100))
        assert [table.see(200), table.see(None, fire=lambda _m: True)] == [P, U]


class TestHolds:
    def test_failing_and_passing_take_their_minutes(self) -> None:
        table = Table(one_rule(**AT_LEAST, fail_after_min=2, pass_after_min=3))
        assert table.series(200, 1, 1, 1, 200, 200, 200, 200) == [P, P, P, F, F, F, F, P]

    def test_an_interruption_begins_anew(self) -> None:
        table = Table(one_rule(**AT_LEAST, fail_after_min=2))
        assert table.series(200, 1, 1, 200, 1, 1, 1) == [P, P, P, P, P, P, F]

    def test_from_and_to_unknown_at_once(self) -> None:
        table = Table(one_rule(**AT_LEAST, fail_after_min=9, pass_after_min=9))
        assert table.series(1, None, 200, None, 1) == [F, U, P, U, F]

    def test_unknown_forgets_what_was_about_to_turn(self) -> None:
        table = Table(one_rule(**AT_LEAST, fail_after_min=2))
        assert table.series(200, 1, None, 200, 1, 1, 1) == [P, P, U, P, P, P, F]

    @settings(deadline=None)
    @given(st.lists(st.sampled_from(list(Outcome)), max_size=60), st.integers(0, 4), st.integers(0, 4))
    def test_settled_is_always_something_that_was_said(self, said: list[Outcome], fail: int, back: int) -> None:
        rule = one_rule(**AT_LEAST, fail_after_min=fail, pass_after_min=back).verdict[0]
        state = RuleState()
        for i, outcome in enumerate(said):
            before = state.settled
            state.settle(rule, outcome)
            assert state.settled in (before, outcome)
            wait = fail if outcome is Outcome.FAIL else back
            run = said[max(0, i - wait) : i + 1]
            if outcome is not Outcome.UNKNOWN and len(run) == wait + 1 and set(run) == {outcome}:
                assert state.settled is outcome, "never later than its minutes"


class TestOtherForms:
    @pytest.mark.parametrize(("age", "state"), [(0, P), (30, P), (30.01, F)])
    def test_fresh(self, age: float, state: State) -> None:
        table = Table(one_rule(form="fresh", of="level", max_age_min=30))
        assert table.see(1.0, channel=Channel.LEVEL, age=age) is state

    def test_fresh_without_any_value(self) -> None:
        assert Table(one_rule(form="fresh", of="level", max_age_min=30)).see(300.0) is F
        assert Table(one_rule(form="fresh", of="level", max_age_min=30, fails_as="unknown")).see(300.0) is U

    def test_no_event(self) -> None:
        table = Table(one_rule(form="no_event", events=["tilted", "leak"]))
        leak, frozen = EventKind.LEAK, EventKind.FROZEN
        assert [table.see(events=e) for e in ([], [frozen], [leak], [leak, frozen], [])] == [P, P, F, F, P]

    @pytest.mark.parametrize(
        ("passed", "days", "state"), [(True, 365, P), (True, 365 + 1 / DAY_S, F), (False, 1, F), (True, 0, P)]
    )
    def test_inspected(self, passed: bool, days: float, state: State) -> None:
        seen = Inspection("A", (1000 - days) * DAY_S, passed)
        assert Table(one_rule(form="inspected", max_age_days=365)).see(inspection=seen) is state

    def test_inspected_never_or_without_a_clock(self) -> None:
        table = Table(one_rule(form="inspected", max_age_days=365))
        assert table.see() is U
        assert table.see(inspection=Inspection("A", 1, True), utc_s=None) is U
        assert table.see(inspection=Inspection("A", 1, False), utc_s=None) is F
        assert Table(one_rule(form="inspected", max_age_days=365, missing="pass")).see() is P

    @pytest.mark.parametrize(("flow", "state"), [(15.0, P), (14.99, F)])
    def test_flow_tested(self, flow: float, state: State) -> None:
        table = Table(one_rule(form="flow_tested", limit_l_s=15, residual_kpa=100))
        assert table.see(test=FlowTest("A", 0, 300, 100, flow)) is state

    def test_flow_tested_projects_and_may_be_missing(self) -> None:
        table = Table(one_rule(form="flow_tested", limit_l_s=15, residual_kpa=100))
        assert table.see(test=FlowTest("A", 0, 300, 200, 10.4)) is P  # 10.4·2^0.54 = 15.1
        assert table.see(test=FlowTest("A", 0, 300, 200, 10.2)) is F  # 14.8
        assert table.see(test=FlowTest("A", 0, 90, 50, 90)) is F, "static below the wanted residual gives nothing"
        assert table.see() is P
        assert Table(one_rule(form="flow_tested", limit_l_s=15, residual_kpa=100, missing="unknown")).see() is U

    def test_lift(self) -> None:
        table = Table(one_rule(form="lift_at_most", limit_m=6, clear_m=5.9), "water_point", lift_at_zero_m=7.0)
        seen = [table.see(level, channel=Channel.LEVEL) for level in (2.0, 1.0, 0.99, 1.0, 1.05, 1.1, 1.0)]
        assert seen == [P, P, F, F, F, P, P]
        assert table.see(1.5, channel=Channel.LEVEL, age=16) is U
        without = Table(one_rule(form="lift_at_most", limit_m=6, clear_m=5.9), "water_point")
        assert without.see(1.5, channel=Channel.LEVEL) is U

    def test_above_floor(self) -> None:
        table = Table(one_rule(form="above_floor", limit_m=0.25, clear_m=0.5), "water_point", suction_floor_m=0.5)
        seen = [table.see(level, channel=Channel.LEVEL) for level in (1.5, 0.75, 0.74, 0.9, 1.0, 0.75)]
        assert seen == [P, P, F, F, P, P]
        assert table.see(None) is U
        without = Table(one_rule(form="above_floor", limit_m=0.25, clear_m=0.5, missing="pass"), "water_point")
        assert without.see(1.5, channel=Channel.LEVEL) is P

    def test_rules_of_other_kinds_do_not_count(self) -> None:
        table = Table(one_rule(**AT_LEAST), "fill_stand")
        assert table.see(1.0) is U, "a kind nobody wrote rules for is unknown"


class TestTogether:
    def both(self) -> Table:
        whole = rules().model_dump(mode="json")
        base = {"kinds": ["hydrant"], "say": {"zh": "x", "en": "x"}}
        whole["verdict"] = [
            {"id": "trust", **base, "form": "no_event", "events": ["sensor_stuck"], "fails_as": "unknown"},
            {"id": "upright", **base, "form": "no_event", "events": ["tilted"]},
            {"id": "p", **base, **AT_LEAST},
        ]  # fmt: skip
        return Table(Rules.model_validate(_channels(whole)))

    def judge(self, value: float | None, *events: EventKind) -> tuple[State, tuple[str, ...]]:
        table = self.both()
        values: list[float | None] = [None] * len(Channel)
        values[Channel.PRESSURE] = value
        minute = Minute(table.asset, values, [0.0] * len(Channel), set(events), lambda _m: False, None, None, 0.0)
        return table.bench.judge(minute)

    def test_failure_before_doubt_before_service(self) -> None:
        stuck, tilted = EventKind.SENSOR_STUCK, EventKind.TILTED
        assert self.judge(200) == (P, ())
        assert self.judge(200, stuck) == (U, ("trust",))
        assert self.judge(None) == (U, ("p?",))
        assert self.judge(200, tilted) == (F, ("upright",))
        assert self.judge(None, tilted, stuck) == (F, ("upright", "trust", "p?"))
        assert self.judge(100, tilted) == (F, ("upright", "p"))


class TestLedger:
    @pytest.mark.parametrize(
        ("when", "value", "fire", "counted"),
        [
            ("always", 99.9, False, True),
            ("always", 100.0, False, False),
            ("always", 99.9, True, True),
            ("supply", 99.9, False, True),
            ("supply", 99.9, True, False),
            ("fire", 99.9, False, False),
            ("fire", 99.9, True, True),
            ("fire", None, True, False),
        ],
    )
    def test_minutes_below(self, when: str, value: float | None, fire: bool, counted: bool) -> None:
        whole = rules().model_dump(mode="json")
        whole["ledger"] = [{"id": "b", "of": "pressure", "below": 100, "when": when, "fire_m": 300}]
        given = Rules.model_validate(_channels(whole))
        values: list[float | None] = [value] + [None] * (len(Channel) - 1)
        minute = Minute(
            Asset("A", "hydrant"), values, [1.0] * len(Channel), set(), lambda m: fire and m == 300, None, None, 0
        )
        assert below_limits(given, minute) == (["b"] if counted else [])


class TestShipped:
    """The set in config/rules by its own words."""

    def minutes(self, n: int, **values: Any) -> Stand:
        stand = Stand(hydrant("H1"))
        stand.run(n * 60, 10, **values)
        return stand

    def test_a_sound_hydrant_is_serviceable_within_seconds(self) -> None:
        stand = Stand(hydrant("H1"))
        stand.run(7)
        assert stand.verdict() == (U, ("pressure?", "fresh"))
        stand.run(5, 1, pressure=300.0)
        assert stand.verdict() == (P, ())

    def test_a_quarter_of_an_hour_of_low_pressure_condemns(self) -> None:
        stand = self.minutes(20, pressure=300.0)
        stand.run(6 * 60, 10, pressure=139.0)
        assert stand.verdict()[0] is P
        stand.run(4 * 60, 10, pressure=139.0)
        assert stand.verdict() == (F, ("pressure",))
        stand.run(20 * 60, 10, pressure=144.0)
        assert stand.verdict() == (F, ("pressure",)), "not before 0.145 MPa"
        stand.run(20 * 60, 10, pressure=145.0)
        assert stand.verdict() == (P, ())

    def test_fifteen_minutes_of_silence_are_unknown(self) -> None:
        stand = self.minutes(20, pressure=300.0)
        stand.run(15 * 60)
        assert stand.verdict()[0] is P
        stand.run(2 * 60)
        assert stand.verdict() == (U, ("pressure?", "fresh"))

    @pytest.mark.parametrize(
        ("bit", "after_s", "state", "rule"),
        [
            ("knocked_over", 70, F, "upright"),
            ("tilted", 100, F, "upright"),
            ("frozen", 130, F, "not_frozen"),
            ("buried", 130, F, "reachable"),
            ("sensor_fault", 100, U, "trusted"),
            ("cap_removed", 3600 + 130, F, "capped"),
            ("leak", 3600 + 70, F, "dry"),
        ],
    )
    def test_alarm_bits_decide(self, bit: str, after_s: int, state: State, rule: str) -> None:
        stand = self.minutes(20, pressure=300.0, alarms=())
        stand.run(after_s, 10, pressure=300.0, alarms=(bit,))
        assert stand.verdict() == (state, (rule,))

    def test_a_cap_off_for_less_than_an_hour_is_forgiven(self) -> None:
        stand = self.minutes(20, pressure=300.0, alarms=())
        stand.run(55 * 60, 10, pressure=300.0, alarms=("cap_removed",))
        assert stand.verdict() == (P, ())

    def test_every_reason_has_words_in_both_languages(self) -> None:
        for rule in rules().verdict:
            assert rule.say.zh and rule.say.en

    def test_only_kept_samples_decide(self) -> None:
        stand = Stand(hydrant("H1"))
        for _ in range(120):
            stand.t += 10
            stand.say("H1", False, pressure=300.0)
            stand.tick()
        assert stand.verdict()[0] is U


class TestRuleFile:
    def edited(self, old: str, new: str) -> str:
        text = RULES_FILE.read_text("utf-8")
        assert old in text
        return text.replace(old, new, 1)

    @pytest.mark.parametrize(
        ("old", "new", "where"),
        [
            ("limit = 140              # kPa", "limit = 150", "verdict[0]"),
            ("least_values = 1", "least_values = 50", "verdict[0]"),
            ("fire_limit = 100", "fire_limit = 141", "fire_limit (141) must not be above limit (140)"),
            ('of = "pressure"', 'of = "colour"', '"colour" is not known; write one of pressure'),
            ('form = "at_least"', 'form = "at_most"', "verdict[0]"),
            ('id = "fresh"', 'id = "pressure"', "two entries are called pressure"),
            ("held_max_min = 15 ", "held_max_min = -1 ", "held_max_min"),
            ('events = ["leak"]', 'events = ["flood"]', "events"),
            ("[event.tilted]", "[event.leaning]", "event.leaning"),
            ("limit = 800\nclear = 750", "limit = 800\nclear = 850", "event.pressure_high"),
            ('version = "cn-2026.3"', 'version = "cn 2026"', "version"),
            ("[event.frozen]", "[event.frozen", "TOML syntax"),
        ],
    )
    def test_mistakes_are_named(self, old: str, new: str, where: str) -> None:
        with pytest.raises(SettingsError) as wrong:
            read_rules(self.edited(old, new), "r.toml")
        assert where in str(wrong.value)
        assert str(wrong.value).startswith("r.toml:")

    def test_all_mistakes_at_once(self) -> None:
        text = self.edited("held_max_min = 15 ", "held_max_min = 0 ").replace(
            "max_age_days = 365", "max_age_days = 0", 1
        )
        with pytest.raises(SettingsError) as wrong:
            read_rules(text, "r.toml")
        assert len(str(wrong.value).splitlines()) == 2
