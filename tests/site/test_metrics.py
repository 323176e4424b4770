from collections.abc import Mapping

from agent.core.loop_lag import CALM_NS, LATE, WITHIN_NS, LoopLag
from agent.core.metrics import AGENT, Metrics
from agent.runtime.control_wire import LATE_S
from drivers.event import Event, EventKind, Transition
from drivers.ports import Sink
from drivers.sample import Sample, Value

SECOND = 1_000_000_000


class Line:
    """A driver that has counted something."""

    name = "street"

    async def run(self, sink: Sink) -> None:
        """Not run here."""

    def line_counters(self) -> Mapping[str, Value]:
        return {"timeouts": 3, "utilisation": 0.25, "up": True, "reason": "x"}

    def counters(self) -> Mapping[str, Mapping[str, Value]]:
        return {"street": self.line_counters(), "H1": {"answers": 9}}


class Taken:
    """What the intake is given."""

    samples, readings = 7, 40

    def __init__(self) -> None:
        self.seen: list[Sample] = []

    def sample(self, sample: Sample) -> None:
        self.seen.append(sample)


def test_a_lines_counters_and_the_agents_cost_are_readings() -> None:
    taken = Taken()
    lags = LoopLag(lambda _event: None, lambda: 5)
    metrics = Metrics("gw", [Line()], taken, lags, lambda: 5)  # type: ignore[arg-type]
    for lag_s in (0.001, 0.01, 0.002):
        lags.beat("core", lag_s)
    metrics.put()
    metrics.put()
    street, agent, again, later = taken.seen
    assert later.values[AGENT.points.index("loop_lag")] == 0, "the worst of one minute is not the next one's"
    assert (street.device, street.layout.points, street.values) == ("street", ("timeouts", "utilisation"), (3, 0.25))
    assert again.layout is street.layout
    assert (agent.device, agent.layout) == ("gw", AGENT)
    told = dict(zip(AGENT.points, agent.values, strict=True))
    assert isinstance(told["memory"], float)
    assert 5 < told["memory"] < 2000
    assert (told["loop_lag"], told["samples"], told["readings"]) == (0.01, 7, 40)


def test_the_other_processes_loops_stand_beside_it() -> None:
    taken = Taken()
    lags = LoopLag(lambda _event: None, lambda: 5)
    lags.beat("core", 0.001)
    lags.beat("uplinks", 0.3)
    Metrics("gw", [], taken, lags, lambda: 5).put()  # type: ignore[arg-type]
    _agent, others = taken.seen
    assert (others.device, others.layout.points, others.layout.units, others.values) == (
        "gw",
        ("uplinks_loop_lag",),
        ("s",),
        (0.3,),
    )


def test_a_loop_that_stays_late_is_an_alarm_until_it_is_calm() -> None:
    events: list[Event] = []
    now = 0
    lags = LoopLag(events.append, lambda: now)

    def beats(count: int, lag_s: float, process: str = "core", every_ns: int = SECOND) -> None:
        nonlocal now
        for _ in range(count):
            now += every_ns
            lags.beat(process, lag_s)

    beats(LATE - 1, 2 * LATE_S)
    beats(WITHIN_NS // SECOND, LATE_S)
    beats(LATE - 1, 2 * LATE_S)
    assert events == [], "now and then is no alarm, and the limit itself is not above it"
    beats(1, 3 * LATE_S)
    beats(5, 3 * LATE_S)
    (raised,) = events
    assert (raised.kind, raised.subject, raised.transition) == (
        EventKind.SELF_FAULT,
        "loop of core",
        Transition.RAISED,
    )
    assert str(raised.evidence["reason"]) == "the loop of core was late by more than 0.2 s several times"
    assert raised.evidence["lag_s"] == round(3 * LATE_S, 3)
    beats(LATE, 1.0, "uplinks", every_ns=0)
    assert events[-1].subject == "loop of uplinks", "each process has its own"
    beats(CALM_NS // SECOND - 1, 0.0)
    assert len(events) == 2
    beats(1, 0.0)
    assert [(one.subject, one.transition) for one in events[2:]] == [
        ("loop of core", Transition.CLEARED),
        ("loop of uplinks", Transition.CLEARED),
    ], "of the others only what is late is heard at once: core's beats say how long that is ago"
    beats(LATE, 1.0)
    assert (events[-1].subject, events[-1].transition) == ("loop of core", Transition.RAISED)
