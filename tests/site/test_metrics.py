from collections.abc import Mapping

from agent.core.metrics import AGENT, Metrics
from drivers.ports import Sink
from drivers.sample import Sample, Value


class Line:
    """A driver that has counted something."""

    name = "street"

    async def run(self, sink: Sink) -> None:
        """Not run here."""

    def counters(self) -> Mapping[str, Mapping[str, Value]]:
        return {"street": {"timeouts": 3, "utilisation": 0.25, "up": True, "reason": "x"}, "H1": {"answers": 9}}


class Taken:
    """What the intake is given."""

    samples, readings = 7, 40

    def __init__(self) -> None:
        self.seen: list[Sample] = []

    def sample(self, sample: Sample) -> None:
        self.seen.append(sample)


def test_a_lines_counters_and_the_agents_cost_are_readings() -> None:
    taken = Taken()
    metrics = Metrics("gw", [Line()], taken, lambda: 5)  # type: ignore[arg-type]
    metrics.put(0.01)
    metrics.put(0.02)
    street, agent, again, _ = taken.seen
    assert (street.device, street.layout.points, street.values) == ("street", ("timeouts", "utilisation"), (3, 0.25))
    assert again.layout is street.layout
    assert (agent.device, agent.layout) == ("gw", AGENT)
    told = dict(zip(AGENT.points, agent.values, strict=True))
    assert isinstance(told["memory"], float)
    assert 5 < told["memory"] < 2000
    assert (told["loop_lag"], told["samples"], told["readings"]) == (0.01, 7, 40)
