"""The judge's small parts, one by one: latches, falls, neighbours, drawing, plans."""

import pytest

from agent.judge.alarm_debounce import AlarmDebounce
from agent.judge.asset import Asset
from agent.judge.drawing import Drawing
from agent.judge.facts import Facts, Incident
from agent.judge.neighbours import _disagreement, _moved, join_neighbours, keep_spread
from agent.judge.place import distance_m
from agent.judge.watch import Fall, Watch, names_set
from agent.settings.rules import Channel
from drivers.event import EventKind, Severity, Transition
from drivers.quality import Quality
from drivers.sample import Layout, Sample
from protocols.reason import Reason, word
from tests.judge.stand import UTC0, S, Stand, hydrant, rules


class TestLatch:
    def latch(self, hold: int = 10, clear: int = 20) -> AlarmDebounce:
        return AlarmDebounce(EventKind.LEAK, Severity.WARNING, hold * S, clear * S)

    def test_life(self) -> None:
        latch = self.latch()
        assert not latch.waiting
        assert latch.settle("H", 0) is None
        assert latch.set("a", True, 5 * S, {"value": 1.0})
        assert latch.settle("H", 14 * S) is None
        event = latch.settle("H", 15 * S)
        assert event is not None
        assert (event.kind, event.subject, event.severity, event.transition) == (
            EventKind.LEAK,
            "H",
            Severity.WARNING,
            Transition.RAISED,
        )
        assert (event.at_ns, dict(event.evidence)) == (15 * S, {"cause": "a", "value": 1.0})
        assert latch.settle("H", 99 * S) is None
        assert latch.set("a", False, 100 * S, {"value": 0.0})
        assert latch.settle("H", 119 * S) is None
        cleared = latch.settle("H", 120 * S)
        assert cleared is not None
        assert (cleared.transition, dict(cleared.evidence)) == (Transition.CLEARED, {"cause": "a", "value": 0.0})

    def test_a_second_cause_keeps_it_and_the_first_ones_time_and_evidence(self) -> None:
        latch = self.latch()
        latch.set("a", True, 0, {"value": 1.0})
        assert latch.settle("H", 10 * S) is not None
        assert not latch.set("b", True, 20 * S, {"value": 2.0})
        assert latch.evidence["value"] == 1.0
        assert not latch.set("a", False, 30 * S, {"value": 3.0})
        assert latch.since_ns == 0
        assert latch.set("b", False, 40 * S, {"value": 4.0})
        assert (latch.since_ns, latch.evidence) == (40 * S, {"cause": "b", "value": 4.0})

    def test_going_and_coming_begins_the_hold_anew(self) -> None:
        latch = self.latch()
        latch.set("a", True, 0, {})
        assert not latch.set("a", False, 5 * S, {})
        assert latch.set("a", True, 6 * S, {})
        assert latch.settle("H", 15 * S) is None
        assert latch.settle("H", 16 * S) is not None


class TestFall:
    def fall(self, *points: tuple[float, float]) -> Fall:
        fall = Fall()
        for t, kpa in points:
            fall.add(int(t * S), kpa)
        return fall

    def test_noise_on_the_level_moves_the_start(self) -> None:
        fall = self.fall((0, 300.0), (1, 299.0), (2, 299.5))
        assert (fall.start_kpa, fall.start_ns, fall.steps) == (300.0, 2 * S, 0)

    def test_just_below_the_noise_the_start_stays(self) -> None:
        fall = self.fall((0, 300.0), (1, 298.9))
        assert (fall.start_kpa, fall.start_ns, fall.steps) == (300.0, 0, 1)

    def test_steps_count_whole_noises(self) -> None:
        fall = self.fall((0, 300.0), (1, 298.0), (2, 297.5), (3, 297.0), (4, 296.9), (5, 290.0))
        assert fall.steps == 3
        assert fall.low_kpa == 290.0
        assert self.fall((0, 300.0), (1, 290.0), (2, 289.6)).low_kpa == 290.0
        assert self.fall((0, 300.0), (1, 290.0), (2, 289.5)).low_kpa == 289.5

    def test_a_rise_begins_anew(self) -> None:
        assert self.fall((0, 300.0), (1, 290.0), (2, 292.0)).start_kpa == 300.0
        fall = self.fall((0, 300.0), (1, 290.0), (2, 292.1))
        assert (fall.start_kpa, fall.start_ns, fall.steps, len(fall.trail)) == (292.1, 2 * S, 0, 1)

    def test_a_pause_begins_anew(self) -> None:
        held = [(float(t), 290.0) for t in range(2, 14)]
        assert self.fall((0, 300.0), (1, 290.0), *held).start_kpa == 300.0
        assert self.fall((0, 300.0), (1, 290.0), *held, (14.0, 290.0)).start_kpa == 290.0

    def test_slow_readings_may_pause_for_two_of_them(self) -> None:
        assert self.fall((0, 300.0), (60, 290.0), (120, 290.0), (180, 290.0)).start_kpa == 300.0
        assert self.fall((0, 300.0), (60, 290.0), (120, 290.0), (180, 290.0), (240, 290.0)).start_kpa == 290.0

    def test_rate(self) -> None:
        fall = self.fall((0, 300.0), (10, 290.0), (20, 270.0), (30, 240.0))
        assert fall.rate_kpa_s(30 * S, 10 * S) == 3.0
        assert fall.rate_kpa_s(30 * S, 20 * S) == 2.5
        assert fall.rate_kpa_s(30 * S, 11 * S) == 2.5, "at least as long as asked"
        assert fall.rate_kpa_s(30 * S, 999 * S) == 2.0
        assert self.fall((0, 300.0)).rate_kpa_s(0, 10 * S) == 0.0
        assert Fall().rate_kpa_s(0, 10) == 0.0


class TestNeighbours:
    def test_the_eight_nearest_of_the_mains(self) -> None:
        watches = [Watch(hydrant(f"H{i}", i), 0) for i in range(12)]
        pond = Watch(Asset("P", "water_point", lon=118.9, lat=28.9), 0)
        nowhere = Watch(Asset("N", "hydrant"), 0)
        grid = join_neighbours([*watches, pond, nowhere], 10_000)
        assert [w.asset.id for w in watches[0].neighbours] == [f"H{i}" for i in range(1, 9)]
        assert pond.neighbours == nowhere.neighbours == ()
        assert len(grid) == 13

    def test_only_within_reach(self) -> None:
        watches = [Watch(hydrant(f"H{i}", i), 0) for i in range(5)]  # 97.4 m apart
        join_neighbours(watches, 200)
        assert [w.asset.id for w in watches[0].neighbours] == ["H1", "H2"]

    @pytest.mark.parametrize(
        ("heads", "span"), [([10, 20, 35], 25), ([10, 20, 30, 300], 20), ([10, 300, 20, 30, 290], 280), ([5, 5], 0)]
    )
    def test_disagreement_leaves_one_liar_out_of_four(self, heads: list[float], span: float) -> None:
        assert _disagreement(heads) == span

    def test_spread_keeps_ten_minutes(self) -> None:
        w = Watch(hydrant("H"), 0)
        keep_spread(w, 0)
        assert not w.spread, "nothing was read yet"
        w.low, w.high = 300.0, 310.0
        keep_spread(w, 60 * S)
        w.low, w.high = 290.0, 305.0
        keep_spread(w, 659 * S)
        assert list(w.spread) == [(60 * S, 300.0, 310.0)]
        keep_spread(w, 660 * S)
        assert list(w.spread)[1:] == [(660 * S, 290.0, 305.0)]
        assert w.low > w.high
        w.low = w.high = 300.0
        keep_spread(w, 1260 * S)
        assert len(w.spread) == 3, "a flat spell is a spell"

    def test_moved_counts_whole_spells_since(self) -> None:
        w = Watch(hydrant("H"), 0)
        w.spread.extend([(600 * S, 100.0, 200.0), (1200 * S, 300.0, 306.0), (1800 * S, 302.0, 309.0)])
        assert _moved(w, 0) == 209.0
        assert _moved(w, 1) == 9.0
        assert _moved(w, 600 * S) == 9.0
        assert _moved(w, 601 * S) == 7.0
        assert _moved(w, 1201 * S) == 0.0

    def test_a_suspicion_does_not_outlive_a_fire(self) -> None:
        street = Stand(*(hydrant(f"H{i}", i) for i in range(5)))
        say = {f"H{i}": {"pressure": 300.0} for i in range(5)}
        say["H2"] = {"pressure": 360.0}
        street.let_all(3000, 20, say)
        say["H4"] = {"pressure": 300.0, "flow": 9.0}
        street.let_all(300, 20, say)
        say["H4"] = {"pressure": 300.0, "flow": 0.0}
        street.let_all(3500, 20, say)
        assert street.raised_at(EventKind.SENSOR_DRIFT, "H2") is None
        street.let_all(400, 20, say)
        assert street.raised_at(EventKind.SENSOR_DRIFT, "H2") is not None

    @pytest.mark.parametrize(("off", "accused"), [(25.0, True), (25.1, False)])
    def test_how_far_neighbours_may_disagree(self, off: float, accused: bool) -> None:
        street = Stand(*(hydrant(f"H{i}", i) for i in range(4)))
        heads = {"H0": 300.0, "H1": 300.0 + off, "H2": 300.0, "H3": 400.0}
        street.let_all(4000, 20, {name: {"pressure": kpa} for name, kpa in heads.items()})
        assert (street.raised_at(EventKind.SENSOR_DRIFT, "H3") is not None) is accused

    @pytest.mark.parametrize(("moved", "stuck"), [(5.0, True), (4.9, False)])
    def test_how_far_a_neighbour_must_move(self, moved: float, stuck: bool) -> None:
        street = Stand(hydrant("H0"), hydrant("H1", 1))
        for n in range(16):
            neighbour = 300.0 + (moved if n % 2 else 0.0) + n % 3 * 0.001
            street.let_all(1000, 100, {"H0": {"pressure": 310.0}, "H1": {"pressure": neighbour}})
        assert (street.raised_at(EventKind.SENSOR_STUCK, "H0") is not None) is stuck

    def test_a_device_that_fell_silent_is_not_stuck(self) -> None:
        street = Stand(hydrant("H0"), hydrant("H1", 1))
        street.let_all(600, 60, {"H0": {"pressure": 310.0}})
        for n in range(16):
            street.let_all(1000, 100, {"H1": {"pressure": 300.0 + n}})
        assert street.raised_at(EventKind.SENSOR_STUCK, "H0") is None

    def test_neighbours_that_disagree_accuse_nobody(self) -> None:
        street = Stand(*(hydrant(f"H{i}", i) for i in range(5)))
        heads = {"H0": 300.0, "H1": 313.0, "H2": 400.0, "H3": 330.0, "H4": 345.0}
        street.let_all(8000, 20, {name: {"pressure": kpa} for name, kpa in heads.items()})
        assert street.events == []


class TestDrawing:
    def drawing(self) -> tuple[Drawing, list[tuple[str, bool]]]:
        said: list[tuple[str, bool]] = []
        facts = Facts()
        return (
            Drawing(rules().event.water_stolen, facts, lambda w, _k, _c, on, _ns, _e: said.append((w.asset.id, on))),
            said,
        )

    def test_near_in_metres(self) -> None:
        drawing, _ = self.drawing()
        here, there = Watch(hydrant("H0"), 0), Watch(hydrant("H1", 1), 0)
        nowhere = Watch(Asset("N", "hydrant"), 0)
        assert not drawing.near(here, 1e9)
        drawing.turned(there, EventKind.WATER_DRAWN, True, 0)
        assert drawing.near(there, 0)
        assert drawing.near(here, 98) and not drawing.near(here, 97)  # 97.4 m apart
        assert here.asset.place is not None and there.asset.place is not None
        assert drawing.near(here, distance_m(*here.asset.place, *there.asset.place))
        assert not drawing.near(nowhere, 1e9)
        drawing.turned(nowhere, EventKind.WATER_DRAWN, True, 0)
        drawing.turned(there, EventKind.WATER_DRAWN, False, 5)
        assert not drawing.near(here, 1e9)
        assert drawing.near(nowhere, 0)

    def test_other_events_are_not_drawing(self) -> None:
        drawing, said = self.drawing()
        drawing.turned(Watch(hydrant("H"), 0), EventKind.LEAK, True, 0)
        drawing.look(10**12, None)
        assert said == []

    def test_a_closed_incident_covers_for_half_an_hour(self) -> None:
        for late_s, stolen in ((1800, False), (1801, True)):
            drawing, said = self.drawing()
            w = Watch(hydrant("H"), 0)
            assert w.asset.lon is not None and w.asset.lat is not None
            closed = Incident("A", w.asset.lon, w.asset.lat, at_s=UTC0 / 1e9 - late_s, state="closed")
            drawing._facts.add(closed)
            drawing.turned(w, EventKind.WATER_DRAWN, True, 0)
            drawing.look(60 * S, UTC0)
            assert said == [("H", stolen)]

    def test_theft_is_decided_at_its_time_and_ends_with_the_drawing(self) -> None:
        drawing, said = self.drawing()
        w = Watch(hydrant("H"), 0)
        drawing.turned(w, EventKind.WATER_DRAWN, True, 10 * S)
        drawing.look(69 * S, UTC0)
        assert said == []
        drawing.look(70 * S, UTC0)
        assert said == [("H", True)]
        drawing.turned(w, EventKind.WATER_DRAWN, False, 80 * S)
        drawing.turned(w, EventKind.WATER_DRAWN, False, 81 * S)
        assert said == [("H", True), ("H", False)]


class TestFacts:
    def test_the_newest_counts(self) -> None:
        facts = Facts()
        first = Incident("A", 118, 28, at_s=10.0)
        assert facts.add(first)
        assert not facts.add(first)
        assert not facts.add(Incident("A", 118, 28, at_s=9.0, state="closed"))
        assert facts.add(Incident("A", 118, 28, at_s=10.0, state="closed")), "the same second, another word"
        assert facts.incidents["A"].state == "closed"
        assert facts.count == 2

    def test_covering_says_by_what_and_lingers(self) -> None:
        facts = Facts()
        here = hydrant("H")
        assert here.lon is not None and here.lat is not None
        assert facts.covering(here, 100.0, 500, 60) is None
        facts.add(Incident("A", here.lon, here.lat, at_s=100.0, state="closed"))
        assert facts.covering(here, 160.0, 500, 60) == Reason("judge.incident", id="A")
        assert facts.covering(here, 161.0, 500, 60) is None
        assert facts.covering(here, None, 500, 60) == Reason("judge.incident", id="A")
        assert facts.covering(Asset("N", "hydrant"), 100.0, 500, 60) is None


class TestWatch:
    def test_plan_by_name_and_quantity(self) -> None:
        w = Watch(hydrant("H"), 0)
        layout = Layout(
            "p", ("pressure", "battery", "battery2", "level", "alarms", "volume", "flow"),
            ("MPa", "%", "V", "kPa", "1", "m3", "m3/h"),
        )  # fmt: skip
        takes = tuple((lambda *_a: None) for _ in Channel)
        plan = w.plan(layout, takes)
        assert [(c, ch) for c, ch, *_ in plan.values] == [
            (0, Channel.PRESSURE),
            (1, Channel.BATTERY),
            (6, Channel.FLOW),
        ]
        assert plan.values[0][2] == 1000.0
        assert [point for _, point in plan.bits] == ["alarms"]
        volts = Layout("p", ("battery",), ("mV",))
        assert w.plan(volts, takes).values[0][1:3] == (Channel.BATTERY_VOLTAGE, 0.001)

    @pytest.mark.parametrize(
        ("word", "names"),
        [
            (("a", "b"), ("a", "b")),
            ((), ()),
            (True, ("x",)),
            (False, ()),
            (1, ("x",)),
            (0, ()),
            (2, ()),
            ("wet", ("x",)),
            ("dry", ()),
            (None, ()),
        ],
    )
    def test_names_set(self, word: object, names: tuple[str, ...]) -> None:
        assert names_set("x", word) == names  # type: ignore[arg-type]  # every kind of value


class TestStart:
    def test_a_verdict_does_not_wait_for_the_minute(self) -> None:
        stand = Stand(hydrant("H1"), hydrant("H2", 1), start_s=61)
        stand.tick()
        assert stand.verdict()[0] == "unknown"
        stand.run(6, 1, pressure=300.0)
        assert stand.verdict() == ("serviceable", ())
        assert stand.verdict("H2")[0] == "unknown"
        assert stand.judge.ledger.days["day" + str(UTC0 // (86_400 * S))]["H1"].tally.total == 1, "only minutes count"

    def test_after_two_minutes_it_does(self) -> None:
        stand = Stand(hydrant("H1"), start_s=0)
        stand.run(181)
        stand.run(30, 1, pressure=300.0)
        assert stand.verdict()[0] == "unknown"
        stand.run(30, 1, pressure=300.0)
        assert stand.verdict()[0] == "serviceable"


class TestDoubt:
    def test_mixed_sample_judges_what_is_usable(self) -> None:
        stand = Stand(hydrant("H1"))
        for _ in range(70):
            stand.t += 1
            bad = {"pressure": Quality.STALE}
            stand.say("H1", True, bad, pressure=20.0, temperature=15.0, alarms=("tilted",))
            stand.tick()
        assert stand.turns() == [("tilted", "raised")]
        assert stand.judge.newest("H1", Channel.PRESSURE) == (None, 0)
        assert stand.judge.newest("H1", Channel.TEMPERATURE)[0] == 15.0

    def test_bits_of_bad_quality_say_nothing(self) -> None:
        stand = Stand(hydrant("H1"))
        for _ in range(70):
            stand.t += 1
            stand.say("H1", True, {"alarms": Quality.BAD_ANSWER}, temperature=15.0, alarms=("tilted",))
            stand.tick()
        assert stand.turns() == []

    def test_kept_only_where_it_was_kept(self) -> None:
        stand = Stand(hydrant("H1"))
        stand.t = 1
        stand.say("H1", True, {"temperature": Quality.UNCERTAIN}, pressure=300.0, temperature=15.0)
        stand.t = 2
        stand.say("H1", False, {"temperature": Quality.UNCERTAIN}, pressure=100.0, temperature=15.0)
        ((w, _),) = stand.judge.watched()
        assert (w.held[Channel.PRESSURE], w.held_ns[Channel.PRESSURE]) == (300.0, 1 * S)
        assert (w.raw[Channel.PRESSURE], w.raw_ns[Channel.PRESSURE]) == (100.0, 2 * S)

    def test_units_with_an_offset_and_a_sample_is_kept_by_default(self) -> None:
        stand = Stand(hydrant("H1"))
        layout = Layout("k", ("temperature", "pressure"), ("K", "bar"))
        ((w, _),) = stand.judge.watched()
        for quality in (layout.good, bytes([Quality.UNCERTAIN, 0])):
            stand.judge.sample(Sample("H1", layout, S, (283.15, 3.0), quality))
            assert w.raw[Channel.TEMPERATURE] == pytest.approx(10.0)
            assert w.held[Channel.PRESSURE] == 300.0
            w.held[Channel.PRESSURE] = None

    def test_a_verdict_keeps_its_since_while_only_its_reasons_change(self) -> None:
        stand = Stand(hydrant("H1"))
        stand.run(130, 5, pressure=300.0)
        stand.run(200, 5, pressure=300.0, alarms=("tilted",))
        since = stand.judge.verdicts["H1"].since_ns
        stand.run(200, 5, pressure=300.0, alarms=("tilted", "buried"))
        verdict = stand.judge.verdicts["H1"]
        assert verdict.reasons == ("upright", "reachable")
        assert verdict.since_ns == since > 130 * S
        assert verdict.since_utc_ns == UTC0 + since

    def test_reason_of_a_lost_device(self) -> None:
        stand = Stand(hydrant("H1"))
        layout = stand.layout(("pressure",))
        for t in range(40):
            stand.t = t
            stand.judge.sample(Sample("H1", layout, t * S, (None,), bytes([Quality.LINK_DOWN])))
            stand.tick()
        (event,) = stand.events
        assert event.evidence["reason"] == word("link_down")
        assert stand.judge.open_events() == [("H1", EventKind.DEVICE_LOST, 0)]
