"""A village that goes from two working water points to one is told once, and once when it has two again."""

from pathlib import Path

from agent.judge.asset import Asset
from agent.judge.service.service import AssessmentService
from agent.judge.verdict import State, Verdict
from agent.judge.villages import Change, Villages
from drivers.event import Event, EventKind, Transition
from tests.judge.stand import UTC0, S, rules

POINTS = [Asset(f"P{n}", "water_point", village="石梁村" if n < 3 else "七里村") for n in range(4)]


def test_a_village_is_told_at_each_turn_and_not_between() -> None:
    villages = Villages([*POINTS, Asset("H", "hydrant", village="石梁村"), Asset("P9", "water_point")])
    works = {"P0", "P1", "P2", "P3"}
    assert list(villages.look(works.__contains__)) == [Change("七里村", True, 1, 1)]
    works -= {"P1"}
    assert list(villages.look(works.__contains__)) == []
    works -= {"P2"}
    assert list(villages.look(works.__contains__)) == [Change("石梁村", True, 1, 3)]
    works -= {"P0"}
    assert list(villages.look(works.__contains__)) == [], "none is no news"
    works |= {"P0", "P2"}
    assert list(villages.look(works.__contains__)) == [Change("石梁村", False, 2, 3)]
    assert "石梁村" in villages and "" not in villages


async def test_it_is_an_event_that_outlives_a_restart(tmp_path: Path) -> None:
    now = [1000 * S]
    events: list[Event] = []

    def assessments(standing: list[Event]) -> AssessmentService:
        return AssessmentService(
            POINTS[:3], rules(), events.append, tmp_path, gateway="gw", utc_ns=lambda: UTC0 + now[0],
            now_ns=lambda: now[0], standing=standing,
        )  # fmt: skip

    def judged(service: AssessmentService, *works: str) -> list[tuple[str, Transition]]:
        before = len(events)
        for point in POINTS[:3]:
            state = State.SERVICEABLE if point.id in works else State.NOT_SERVICEABLE
            service.judge.verdicts[point.id] = Verdict(point.id, state, (), now[0], "r", None)
        service.judge.settle(now[0])
        service.look_at_villages()
        return [(event.subject, event.transition) for event in events[before:] if event.kind is EventKind.VILLAGE_WATER]

    first = assessments([])
    assert judged(first, "P0") == [], "nobody knows yet"
    now[0] += 200 * S
    assert judged(first, "P0", "P1") == []
    assert judged(first, "P1") == [("石梁村", Transition.RAISED)]
    assert events[-1].evidence == {"usable": 1, "of": 3, "least": 2}
    assert first.answers_for(EventKind.VILLAGE_WATER, "石梁村")
    assert not first.answers_for(EventKind.VILLAGE_WATER, "别村")
    raised = events[-1]
    await first.close()
    second = assessments([raised])
    now[0] += 200 * S
    assert judged(second, "P1") == [], "it stands"
    assert judged(second, "P1", "P2") == [("石梁村", Transition.CLEARED)]
    await second.close()
