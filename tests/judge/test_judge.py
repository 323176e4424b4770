"""The judge's own clockwork: when it looks, what it counts as news, what it takes over from an earlier run."""

from dataclasses import replace

from agent.judge.days import UNDATED
from agent.judge.facts import Facts
from agent.judge.judge import Judge
from agent.judge.verdict import State, Verdict
from agent.settings.rules import Channel
from drivers.event import EventKind
from drivers.quality import Quality
from drivers.sample import Sample
from tests.judge.stand import UTC0, S, Stand, hydrant, rules


class TestYoung:
    """For two minutes after a start verdicts do not wait for the minute."""

    def test_it_looks_every_five_seconds(self) -> None:
        stand = Stand(hydrant("H1"), start_s=61)
        stand.tick()
        stand.t = 62
        stand.tick()  # looked; again at 67
        stand.t = 63
        stand.say("H1", pressure=300.0)
        for at in (63, 64, 65, 66):
            stand.t = at
            stand.tick()
            assert stand.verdict()[0] is State.UNKNOWN
        stand.t = 67
        stand.tick()
        assert stand.verdict()[0] is State.SERVICEABLE

    def test_for_two_minutes_and_no_longer(self) -> None:
        for said_at, at_once in ((121, True), (181, False)):
            stand = Stand(hydrant("H1"), start_s=0)
            stand.run(said_at)
            stand.run(6, 1, pressure=300.0)
            assert (stand.verdict()[0] is State.SERVICEABLE) is at_once


class TestNews:
    def test_one_turn_counts_once_and_quiet_minutes_not_at_all(self) -> None:
        stand = Stand(hydrant("H1"))
        stand.run(130, 5, pressure=300.0)
        before = stand.judge.turned
        stand.run(600, 5, pressure=300.0)
        assert stand.judge.turned == before
        stand.run(35, 5, pressure=300.0, alarms=("buried",))
        assert stand.judge.turned == before
        stand.run(30, 5, pressure=300.0, alarms=("buried",))
        assert stand.turns() == [("buried", "raised")]
        assert stand.judge.turned == before + 1 + (stand.verdict()[0] is State.NOT_SERVICEABLE)

    def test_a_look_at_one_thing_counts_for_no_rule(self) -> None:
        stand = Stand(hydrant("H1"))
        stand.run(130, 5, pressure=300.0)
        assert stand.verdict() == (State.SERVICEABLE, ())
        counted = stand.judge.ledger.as_json()
        stand.t += 1
        stand.say("H1", pressure=50.0)
        for _ in range(100):
            stand.judge.look_now("H1", int(stand.t * S), UTC0)
        stand.judge.look_now("gone", int(stand.t * S), UTC0)
        assert stand.verdict() == (State.SERVICEABLE, ())
        assert stand.judge.ledger.as_json() == counted

    def test_a_look_at_one_thing_is_at_once(self) -> None:
        stand = Stand(hydrant("H1"), start_s=61)
        stand.tick()
        stand.t = 62
        stand.say("H1", pressure=300.0)
        stand.judge.look_now("H1", 62 * S, UTC0)
        assert stand.verdict()[0] is State.SERVICEABLE


class TestSilence:
    def test_fifteen_minutes_are_not_yet_too_long(self) -> None:
        stand = Stand(hydrant("H1"), start_s=600)
        stand.run(900)
        assert next(stand.judge.watched())[0].causing(EventKind.DEVICE_LOST, "silent") is False
        stand.run(60)
        ((w, _),) = stand.judge.watched()
        assert w.causing(EventKind.DEVICE_LOST, "silent")
        assert w.latches[EventKind.DEVICE_LOST].evidence["silent_s"] == 960

    def test_one_good_value_among_bad_ones_is_an_answer(self) -> None:
        stand = Stand(hydrant("H1"))
        layout = stand.layout(("pressure", "temperature"))
        for _ in range(40):
            stand.t += 1
            nothing = bytes([Quality.NO_ANSWER] * 2)
            stand.judge.sample(Sample("H1", layout, int(stand.t * S), (None, None), nothing))
            stand.tick()
        assert stand.turns() == [("device_lost", "raised")]
        stand.t += 1
        mixed = bytes([Quality.STALE, Quality.GOOD])
        stand.judge.sample(Sample("H1", layout, int(stand.t * S), (300.0, 15.0), mixed))
        assert stand.turns() == [("device_lost", "raised"), ("device_lost", "cleared")]
        assert stand.judge.newest("H1", Channel.TEMPERATURE) == (15.0, 41 * S)


class TestEarlierRun:
    def test_verdicts_are_kept_and_judged_anew_by_new_rules(self) -> None:
        def restored(version: str) -> Verdict:
            judge = Judge([hydrant("H1")], rules(), lambda _: None, lambda m: ("day", m), started_ns=0, facts=Facts())
            was = Verdict("H1", State.UNKNOWN, (), -5, version, None)
            stranger = Verdict("gone", State.UNKNOWN, (), -5, version, None)
            judge.tick(0, None)
            reasons = judge.verdicts["H1"].reasons
            judge.restore({"H1": replace(was, reasons=reasons), "gone": stranger}, judge.ledger)
            judge.tick(60 * S, None)
            assert set(judge.verdicts) == {"H1"}
            return judge.verdicts["H1"]

        assert (restored("old").since_ns, restored("old").rules) == (-5, rules().version)
        assert (restored(rules().version).since_ns, restored(rules().version).state) == (-5, State.UNKNOWN)


def test_minutes_before_the_time_is_known_get_their_date_for_a_week_back_and_no_further() -> None:
    """The first two of a week and two minutes stay undated."""
    stand = Stand(utc=False)
    for minute in range(7 * 1440 + 2):
        stand.t = minute * 60.0
        stand.tick()
    stand.utc, stand.t = True, stand.t + 60
    stand.tick()
    days = stand.judge.ledger.days
    assert {day: row["H1"].tally.total for day, row in days.items() if day == UNDATED} == {UNDATED: 2}
    assert sum(row["H1"].tally.total for day, row in days.items() if day != UNDATED) == 7 * 1440 + 1


def test_for_two_minutes_after_the_start_and_no_longer_what_nobody_knows_is_looked_at_between_minutes() -> None:
    """A minute that begins half a second later ends it."""
    stand = Stand(start_s=59.5)
    stand.run(121.5)
    assert stand.verdict()[0] is State.UNKNOWN
    stand.run(50, 1, pressure=300.0)
    assert stand.verdict()[0] is State.UNKNOWN
    stand.run(20, 1, pressure=300.0)
    assert stand.verdict()[0] is State.SERVICEABLE
