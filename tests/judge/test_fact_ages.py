"""Facts age out by rule: what is over goes from memory and file, the rest stays to the byte."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.judge.facts import Fact, Incident, Inspection, Permit
from agent.judge.flow import FlowTest
from agent.judge.service import fact_ages
from agent.judge.service.fact_ages import KEPT_S, FactAges, is_over
from agent.judge.service.fact_store import FactStore, RecordedFact

NOW_S = 1.8e9
DAY_S = 86_400.0


def permit(until_s: float, name: str = "P") -> Permit:
    return Permit(name, "h", 1.0, until_s, asset="H1")


def incident(at_s: float, name: str = "I", state: str = "open") -> Incident:
    return Incident(name, 118.9, 28.9, at_s, state=state)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fact", "over"),
    [
        (incident(NOW_S - KEPT_S - 1), True),
        (incident(NOW_S - KEPT_S + 1), False),
        (incident(NOW_S - KEPT_S - 1, state="closed"), True),
        (permit(NOW_S - KEPT_S - 1), True),
        (permit(NOW_S - KEPT_S + 1), False),
        (Inspection("H1", 5.0, True), False),
        (FlowTest("H1", 6.0, 300, 200, 20), False),
    ],
)
def test_what_is_over(fact: Incident | Permit | Inspection | FlowTest, over: bool) -> None:
    assert is_over(RecordedFact(fact, None), NOW_S) is over


async def look(store: FactStore, monkeypatch: pytest.MonkeyPatch) -> int:
    """A first look, and one a day later."""
    with ThreadPoolExecutor(1) as worker:
        ages = FactAges(store, worker, asyncio.Lock())
        assert await ages.look(NOW_S) == 0
        with monkeypatch.context() as patched:
            patched.setattr(fact_ages, "WAIT_S", 0.0)
            return await ages.look(NOW_S)


async def test_what_is_over_goes_and_the_rest_stays_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FactStore(tmp_path)
    old, young = NOW_S - 40 * DAY_S, NOW_S - DAY_S
    told: list[Fact] = [incident(old, "gone"), incident(old, "goes on"), permit(old)]
    told += [Inspection("H1", 5.0, True), incident(young, "goes on")]
    for fact in told:
        one = RecordedFact(fact, 1.0, "p-platform")
        store.write(one)
        store.accept(one)
    with store.path.open("ab") as file:
        file.write(b"what nobody can read\n")
    before = store.path.read_bytes().splitlines()
    assert await look(store, monkeypatch) == 3
    assert [one.fact for one in store.told] == told[3:]
    assert (list(store.facts.incidents), store.facts.permits) == (["goes on"], {})
    assert store.path.read_bytes().splitlines() == before[3:]
    again = FactStore(tmp_path)
    assert ([one.fact for one in again.told], again.told[0].told_by) == (told[3:], "p-platform")
    assert await look(store, monkeypatch) == 0


async def test_a_thousand_incidents_are_looked_through_soon_and_an_old_open_one_covers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        {"fact": "incident", "told_s": 1.0, "id": str(n), "lon": 118.9, "lat": 28.9, "at_s": 1.7e9} for n in range(6000)
    ]
    (tmp_path / "facts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    store = FactStore(tmp_path)
    assert len(store.facts.incidents) == 6000
    assert await look(store, monkeypatch) == 6000
    assert store.facts.incidents == {}
    assert store.path.read_bytes() == b""


async def test_a_clock_that_stood_wrong_for_a_while_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FactStore(tmp_path)
    one = RecordedFact(permit(NOW_S + DAY_S), None)
    store.write(one)
    store.accept(one)
    ten_years = NOW_S + 10 * 365 * DAY_S
    with ThreadPoolExecutor(1) as worker:
        ages = FactAges(store, worker, asyncio.Lock())
        assert [await ages.look(ten_years) for _ in range(3)] == [0, 0, 0]
        assert await ages.look(NOW_S) == 0  # put right: it begins anew
        monkeypatch.setattr(fact_ages, "WAIT_S", 1e-9)
        assert await ages.look(ten_years) == 0
    assert store.told == [one]


async def test_a_card_that_refuses_keeps_them_until_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FactStore(tmp_path)
    one = RecordedFact(permit(5.0), None)
    store.write(one)
    store.accept(one)

    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "full")

    with monkeypatch.context() as patched:
        patched.setattr(fact_ages, "write_whole", full)
        assert await look(store, monkeypatch) == 0
    assert store.told == [one]
    assert await look(store, monkeypatch) == 1
