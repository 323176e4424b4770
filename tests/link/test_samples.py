"""What is posted is what arrives: values, qualities, times, and Layouts that are the same by identity."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from agent.link.samples import LAYOUT, MOST_VALUES, SAMPLES, LayoutNumbers, Layouts, SampleReceiver, SampleSender
from drivers.quality import Quality
from drivers.sample import Layout, Sample, Value
from tests.waiting import patient

FLOWS = Layout("p", ("pressure", "alarms"), ("kPa", ""))


class Wire:
    """A channel that carries everything at once, or takes nothing."""

    def __init__(self, layouts: Layouts | None = None) -> None:
        self.receiver = SampleReceiver(layouts or Layouts())
        self.got: list[list[Sample]] = []
        self.bodies: list[Mapping[str, Any]] = []
        self.named = 0
        self.full = False
        self.news = asyncio.Event()

    def post(self, kind: str, body: Any, *, may_drop: bool = False) -> bool:
        if self.full and may_drop:
            return False
        body = orjson.loads(orjson.dumps(body))
        if kind == LAYOUT:
            self.named += 1
            self.receiver.named(body)
        else:
            assert kind == SAMPLES
            self.bodies.append(body)
            self.got.append(self.receiver.samples(body))
            self.news.set()
        return True


def a_sample(at: int = 1, values: tuple[Value, ...] = (1.5, ("tilted", "leak")), layout: Layout = FLOWS) -> Sample:
    return Sample("H1", layout, at, values, layout.good, 123_456_789_000_000_000, True)


async def test_a_sample_arrives_as_it_was_and_its_layout_is_named_once() -> None:
    wire = Wire()
    lost: list[int] = []
    sender = SampleSender(LayoutNumbers(wire), wire, lost.append)
    for at in (1, 2, 3):
        sender.put(a_sample(at))
    sender.flush()
    sender.put(a_sample(4))
    sender.flush()
    first, second = wire.got
    assert [sample.read_ns for sample in (*first, *second)] == [1, 2, 3, 4]
    assert wire.named == 1
    layouts = {id(sample.layout) for sample in (*first, *second)}
    assert len(layouts) == 1
    arrived = first[0]
    assert arrived.quality is arrived.layout.good
    assert arrived._replace(layout=FLOWS) == a_sample(1)
    assert lost == []


async def test_the_same_points_through_another_channel_are_the_same_layout() -> None:
    layouts = Layouts()
    arrived = []
    for profile in ("p", "p", "q"):
        wire = Wire(layouts)
        sender = SampleSender(LayoutNumbers(wire), wire, lambda _lost: None)
        sender.put(a_sample(layout=Layout(profile, FLOWS.points, FLOWS.units)))
        sender.flush()
        arrived.append(wire.got[0][0].layout)
    assert arrived[0] is arrived[1]
    assert arrived[0] is not arrived[2]


async def test_samples_wait_for_each_other_but_not_for_long() -> None:
    wire = Wire()
    sender = SampleSender(LayoutNumbers(wire), wire, lambda _lost: None, within_s=0.02)
    sender.put(a_sample(1))
    sender.put(a_sample(2))
    assert not wire.got
    async with patient("a batch"):
        await wire.news.wait()
    assert [len(batch) for batch in wire.got] == [2]
    sizes = len(wire.got)
    for at in range(MOST_VALUES):
        sender.put(a_sample(at))
    await asyncio.sleep(0)  # enough of them do not wait
    await asyncio.sleep(0)
    assert [len(body["rows"]) for body in wire.bodies[sizes:]] == [MOST_VALUES // 2] * 2
    assert [len(batch) for batch in wire.got[sizes:]] == [0, MOST_VALUES], "what was put together arrives together"


async def test_of_what_belongs_together_nothing_is_taken_where_a_part_is_not() -> None:
    class Filling(Wire):
        def post(self, kind: str, body: Any, *, may_drop: bool = False) -> bool:
            taken = super().post(kind, body, may_drop=may_drop)
            self.full = self.full or kind == SAMPLES
            return taken

    wire = Filling()
    lost: list[int] = []
    sender = SampleSender(LayoutNumbers(wire), wire, lost.append, lambda: {"gaps": 1})
    for at in range(MOST_VALUES):
        sender.put(a_sample(at))
    sender.flush()
    assert lost == [MOST_VALUES]
    assert wire.got == [[]]
    wire.full = False
    sender.put(a_sample(7))
    sender.flush()
    assert [sample.read_ns for sample in wire.got[1]] == [7]


async def test_what_is_not_taken_is_counted_and_what_stood_beside_it_goes_with_it() -> None:
    wire = Wire()
    lost: list[int] = []
    sender = SampleSender(LayoutNumbers(wire), wire, lost.append, lambda: {"gaps": 7})
    wire.full = True
    sender.put(a_sample(1))
    sender.put(a_sample(2))
    sender.flush()
    assert lost == [2]
    wire.full = False
    sender.put(a_sample(3))
    sender.flush()
    assert wire.bodies[0]["gaps"] == 7
    assert [sample.read_ns for sample in wire.got[0]] == [3]


async def test_one_value_that_cannot_be_carried_costs_no_other() -> None:
    wire = Wire()
    sender = SampleSender(LayoutNumbers(wire), wire, lambda _lost: None)
    sender.put(a_sample(1, (2**70, "\udcff")))
    sender.put(a_sample(2))
    sender.flush()
    spoilt, whole = wire.got[0]
    assert (spoilt.values, set(spoilt.quality)) == ((None, None), {Quality.BAD_ANSWER})
    assert whole.values == (1.5, ("tilted", "leak"))


VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SAID = VALUES | st.text() | st.lists(st.text(alphabet="abc", max_size=3)).map(tuple)


@given(st.lists(st.tuples(SAID, st.sampled_from(Quality)), max_size=20), st.booleans())
def test_whatever_a_driver_says_arrives(said: list[tuple[Value, Quality]], backfilled: bool) -> None:
    layout = Layout("p", tuple(f"p{i}" for i in range(len(said))), ("",) * len(said))
    sample = Sample("H1", layout, 5, tuple(v for v, _ in said), bytes(q for _, q in said), None, backfilled)
    wire = Wire()
    sender = SampleSender(LayoutNumbers(wire), wire, lambda _lost: None)
    sender._waiting.append(sample)
    sender.flush()
    (arrived,) = wire.got[0]
    assert arrived._replace(layout=layout) == sample
    assert [type(value) for value in arrived.values] == [type(value) for value in sample.values]
