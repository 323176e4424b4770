"""A day's minutes: what is put in comes out, whatever the clock does; each minute is there once, or missing."""

from collections import Counter
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.days import UNDATED, Days, NoPeriod, days_of
from agent.judge.facts import Facts
from agent.judge.judge import Judge
from agent.judge.ledger import Ledger
from agent.judge.minutes import STATES, Minutes, Run
from agent.judge.tally import Tally
from agent.judge.verdict import State
from tests.judge.stand import S, hydrant, rules

P, F, U = STATES
SHANGHAI = Days(ZoneInfo("Asia/Shanghai"))
BERLIN = Days(ZoneInfo("Europe/Berlin"))
MIN = 60 * S


NAMES = st.lists(st.sampled_from(("a", "b", "c?")), max_size=2, unique=True)


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(STATES), NAMES, NAMES), max_size=60))
def test_whatever_is_put_in_comes_out_and_nothing_ahead_of_it(
    puts: list[tuple[int, State, list[str], list[str]]],
) -> None:
    """Whatever a clock that ran ahead said of a minute is forgotten with it: what it was below, and why."""
    minutes, plain = Minutes(), dict[int, tuple[State, list[str], list[str]]]()
    for minute, state, below, because in puts:
        minutes.put(minute, state, below, because)
        plain = {known: was for known, was in plain.items() if known < minute} | {minute: (state, below, because)}
    assert {one.minute: one.state for one in minutes.judged()} == {m: state for m, (state, _, _) in plain.items()}
    told = {one.minute: (set(one.below), set(one.because)) for one in minutes.judged()}
    assert told == {minute: (set(below), set(because)) for minute, (_, below, because) in plain.items()}
    assert minutes.below_min == Counter(name for _, below, _ in plain.values() for name in below)
    assert minutes.because_min == Counter(name for _, _, because in plain.values() for name in because)
    assert minutes.tally.total == len(plain)
    assert minutes.within(10, 20) == _count(state for minute, (state, _, _) in plain.items() if 10 <= minute < 20)
    again = Minutes.from_json(orjson.loads(orjson.dumps(minutes.as_json())))
    assert again == minutes


def _count(states: object) -> Tally:
    tally = Tally()
    for state in states:  # type: ignore[attr-defined]  # an iterable
        tally.add(state)
    return tally


def test_a_day_of_an_earlier_version_is_read() -> None:
    old = Minutes.from_json([100, 20, 3, {"low": 7}])
    assert (old.tally, old.below_min) == (Tally(100, 20, 3), {"low": 7})
    assert list(old.runs()) == [Run(0, 100, P), Run(100, 120, F), Run(120, 123, U)]


@pytest.mark.parametrize(
    "kept",
    [
        [[0], 3, {"a": [2]}, {}],
        [[0], 3, {}, {"a": [2, 1]}],
        [[0], 3, {"a": [-1, 2]}],
        [[0], 3, {}, []],
        [[4, 0], 3, {}],
        [[0], 0, {}],
        [[-4], 3, {}],
        [[], 3],
        "x",
        [["a"], 3, {}],
        [[0], 3, []],
        [["1"] * 9, 2, {}],
    ],
)
def test_what_is_no_day_is_refused(kept: list[object]) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        Minutes.from_json(kept)


def test_a_day_has_as_many_minutes_as_its_zone_gives_it() -> None:
    assert SHANGHAI.length_min("2025-11-20") == 1440
    assert BERLIN.length_min("2025-10-26") == 1500
    assert BERLIN.length_min("2025-03-30") == 1380
    noon = BERLIN.begin_min("2025-10-26") + 13 * 60
    assert BERLIN.place(noon) == ("2025-10-26", 780)
    assert BERLIN.place(BERLIN.begin_min("2025-10-27") - 1) == ("2025-10-26", 1499)
    assert SHANGHAI.elapsed_min("2025-11-20", None) == 0
    assert SHANGHAI.elapsed_min("2025-11-20", (SHANGHAI.begin_min("2025-11-20") + 90) * MIN + 59 * S) == 90
    assert SHANGHAI.elapsed_min("2025-11-20", SHANGHAI.begin_min("2026-11-20") * MIN) == 1440


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2025-11-20", "2025-11-20", "2025-11-20"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2025", "2025-01-01", "2025-12-31"),
        ("2025-06..2025-08", "2025-06-01", "2025-08-31"),
        ("2025..2026-02-03", "2025-01-01", "2026-02-03"),
        ("9999-11", "9999-11-01", "9999-11-30"),
    ],
)
def test_periods(period: str, first: str, last: str) -> None:
    assert [day.isoformat() for day in days_of(period)] == [first, last]


@pytest.mark.parametrize("period", ["", "25", "2025-13", "2025-02-30", "2025-06..", "..2025", "2025-08..2025-06"])
def test_what_is_no_period(period: str) -> None:
    with pytest.raises(NoPeriod):
        days_of(period)


class Clocked:
    """A judge of one hydrant on a gateway whose wall clock is put right now and then."""

    def __init__(self, begin: str = "2025-11-20", days: Days = SHANGHAI, phase_s: float = 17.3) -> None:
        self.now_ns = 5000 * S
        self.offset_ns = days.begin_min(begin) * MIN - self.now_ns
        self.now_ns += int(phase_s * S) - MIN
        self.known = True
        self.judge = Judge(
            [hydrant("H1")], rules(), lambda _event: None, days.place, started_ns=self.now_ns, facts=Facts()
        )

    def minutes(self, number: int, drift_ns: int = 0) -> None:
        for _ in range(number):
            self.now_ns += MIN
            self.offset_ns += drift_ns
            self.judge.tick(self.now_ns, self.now_ns + self.offset_ns if self.known else None)

    def jump(self, minutes: float) -> None:
        self.offset_ns += int(minutes * MIN)

    def judged(self, day: str) -> int:
        return self.judge.ledger.days[day]["H1"].tally.total


@pytest.mark.parametrize("phase_s", [0.0, 29.9, 30.1])
@pytest.mark.parametrize("jump", [3.0, -3.0, 0.4, 14.0])
def test_a_corrected_clock_costs_no_minute(jump: float, phase_s: float) -> None:
    clocked = Clocked(phase_s=phase_s)
    clocked.minutes(600)
    clocked.jump(jump)
    clocked.minutes(900)
    assert clocked.judged("2025-11-20") == 1440


@pytest.mark.parametrize("drift_ns", [3_000_000, -3_000_000])
def test_a_slewed_clock_costs_no_minute(drift_ns: int) -> None:
    clocked = Clocked(phase_s=30.0)
    clocked.minutes(1480, drift_ns=drift_ns)
    assert clocked.judged("2025-11-20") == 1440


def test_what_a_long_jump_leaves_out_is_missing_and_not_made_up() -> None:
    clocked = Clocked()
    clocked.minutes(600)
    clocked.jump(120)
    clocked.minutes(1440)
    assert clocked.judged("2025-11-20") == 1440 - 120


def test_a_clock_that_was_two_days_ahead_leaves_nothing_there() -> None:
    clocked = Clocked()
    clocked.minutes(100)
    clocked.jump(2 * 1440)
    clocked.minutes(60)
    clocked.jump(-2 * 1440)
    clocked.minutes(1440)
    assert clocked.judged("2025-11-20") == 1440 - 60, "the hour under a wrong date is missing, not counted twice"
    assert clocked.judge.ledger.days["2025-11-22"] == {}
    assert "2025-11-22" in clocked.judge.ledger.changed, "the file is emptied too"


def test_a_day_of_twenty_five_hours_is_judged_whole() -> None:
    clocked = Clocked("2025-10-26", BERLIN)
    clocked.minutes(1501)
    assert clocked.judged("2025-10-26") == 1500


def test_time_the_agent_did_not_turn_is_missing() -> None:
    clocked = Clocked()
    clocked.minutes(60)
    clocked.now_ns += 25 * MIN
    clocked.minutes(60)
    assert next(clocked.judge.ledger.days["2025-11-20"]["H1"].runs()).end == 59, "the first look was of the day before"
    assert clocked.judged("2025-11-20") == 59 + 60


def test_minutes_without_a_date_get_it_when_the_time_is_known() -> None:
    clocked = Clocked()
    clocked.minutes(100)
    clocked.known = False
    clocked.minutes(1400)
    assert (clocked.judged(UNDATED), clocked.judged("2025-11-20")) == (1400, 99)
    clocked.known = True
    clocked.minutes(1440)
    assert (clocked.judged(UNDATED), clocked.judged("2025-11-20"), clocked.judged("2025-11-21")) == (0, 1440, 1440)


def test_minutes_of_before_a_reboot_stay_without_a_date() -> None:
    clocked = Clocked()
    clocked.judge.ledger.put_undated("H1", F)
    clocked.known = False
    clocked.minutes(5)
    clocked.known = True
    clocked.minutes(10)
    assert clocked.judge.ledger.days[UNDATED]["H1"].tally == Tally(not_serviceable=1)
    assert clocked.judged("2025-11-20") == 14, "the first look was of the day before"


def test_minutes_without_a_date_are_kept() -> None:
    clocked = Clocked()
    clocked.known = False
    clocked.minutes(2000)
    assert clocked.judged(UNDATED) == 2000
    again = Ledger.from_json(orjson.loads(orjson.dumps(clocked.judge.ledger.as_json())))
    assert again == clocked.judge.ledger


def test_a_day_found_on_the_disk_again_keeps_both() -> None:
    older, newer = Ledger(), Ledger()
    for minute in range(10):
        older.put("2025-11-20", minute, "H1", P, ["low"])
    for minute in range(20, 25):
        newer.put("2025-11-20", minute, "H1", F, ["low"])
    older.put("2025-11-20", 0, "H2", U)
    newer.add_missing(older)
    day = newer.days["2025-11-20"]
    assert list(day["H1"].runs()) == [Run(0, 10, P), Run(20, 25, F)]
    assert (day["H1"].below_min, day["H2"].tally.total) == ({"low": 15}, 1)
