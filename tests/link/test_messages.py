"""Events, records and the clock come out of a channel as they went in."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.link.messages import clock_in, event_in, event_out, record_in, record_out
from agent.link.record import PriorityClass, Record
from agent.runtime.clock.carried import CarriedClock, ClockReading
from agent.runtime.clock.reckon import Reckoned
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value

NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = NUMBERS | st.booleans() | st.none() | TEXTS | st.lists(TEXTS).map(tuple)
EVENTS = st.builds(
    Event,
    st.sampled_from(EventKind),
    TEXTS,
    st.sampled_from(Severity),
    st.sampled_from(Transition),
    st.integers(0, 2**62),
    st.dictionaries(TEXTS, VALUES, max_size=5),
)


@given(EVENTS)
def test_an_event_is_the_same_event_at_the_other_end(event: Event) -> None:
    assert event_in(orjson.loads(orjson.dumps(event_out(event)))) == event


def test_a_value_that_json_cannot_carry_costs_the_event_nothing_else() -> None:
    evidence: dict[str, Value] = {"reason": "\udcff gone", "number": 1 << 80, "well": 7}
    event = Event(EventKind.UPLINK_REFUSED, "city\udc80", Severity.WARNING, Transition.NOTED, 5, evidence)
    there = event_in(orjson.loads(orjson.dumps(event_out(event))))
    assert (there.kind, there.subject, there.at_ns) == (event.kind, "city?", 5)
    assert there.evidence["well"] == 7
    assert str(1 << 80) in str(there.evidence["number"])


def test_what_is_no_event_is_refused_by_one_kind_of_error() -> None:
    bent: list[Any] = [[], None, 7, {}, ["made_up", "x", "alarm", "raised", 1, {}], ["leak", "x", "alarm", "raised", 1]]
    for place, wrong in ((0, []), (1, ["x"]), (2, None), (3, {}), (4, "soon"), (5, None), (5, ["i", 1])):
        bent.append(["leak", "x", "alarm", "raised", 1, {}])
        bent[-1][place] = wrong
    for message in bent:
        with pytest.raises(ValueError):
            event_in(message)


def test_a_record_keeps_its_body_to_the_byte() -> None:
    body = '{"frames":[{"device":["柯城 \\"7\\""],"values":[[1.0,null]]}]}'.encode()
    record = Record("00ff", 1 << 40, PriorityClass.EVENT, 2, 1_790_000_000_123_456_789, None, "k" * 32, 7, body)
    there = record_in(orjson.loads(orjson.dumps(record_out(record))))
    assert there == record
    assert isinstance(there.priority, PriorityClass)


def test_a_carried_clock_goes_on_with_growing_error_and_takes_the_newest_word() -> None:
    clock = CarriedClock()
    assert clock.wall(10**9) == Reckoned(0, None)
    clock.take(clock_in([10**9, 50 * 10**9, 20]))
    assert clock.wall(10**9) == Reckoned(50 * 10**9, 20)
    hour = 3600 * 10**9
    assert clock.wall(10**9 + hour) == Reckoned(50 * 10**9 + hour, 20 + 180)
    assert clock.wall(0) == Reckoned(49 * 10**9, 21), "a moment before the word is as far away as one after it"
    clock.take(ClockReading(10**9 + hour, 7, None))
    assert clock.wall(10**9 + 2 * hour) == Reckoned(7 + hour, None), "a best guess gets no better"
