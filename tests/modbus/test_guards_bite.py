"""The guards of decision 0101, each taken out: the faults they are there for must then bring up a wrong value."""

import asyncio
import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, seed, settings

from protocols.clock import NowNs
from protocols.modbus import line_rtu, question
from protocols.modbus.schedule import Schedule
from protocols.modbus.unit import Unit
from tests.modbus.rig import MS, Rig, virtually
from tests.modbus.test_line import units
from tests.modbus.test_schedules_of_faults import any_schedule, live_through


def believe_any_shape(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Unit, "settle", lambda self, question, answer, now: True)
    patch.setattr(Unit, "next_proof", lambda self, now: self.steps[0] if self.steps else self.proofs[0])
    patch.setattr(Unit, "clear_ns", lambda self, question: 0)
    patch.setattr(Unit, "alike", lambda self, question: False)


def believe_without_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Schedule, "doubt", lambda self, unit, not_before, identity=False: self._proven(unit, not_before))
    patch.setattr(Unit, "settle", lambda self, question, answer, now: self.unanswered.clear() or True)
    patch.setattr(Unit, "clear_ns", lambda self, question: 0)
    patch.setattr(Unit, "alike", lambda self, question: False)


@pytest.mark.parametrize(("guard", "soon"), [(believe_any_shape, 1), (believe_without_proof, 4)])
def test_without_it_random_faults_bring_up_a_wrong_value(
    guard: Callable[[pytest.MonkeyPatch], None], soon: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`soon` is a seed that finds one early; any does in the end."""
    guard(monkeypatch)
    found = settings(
        max_examples=400,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )(any_schedule(live_through))
    with pytest.raises(AssertionError):
        seed(soon)(found)()


def two_masters(seed: int) -> int:
    """A second master asks our devices questions of our shapes; how many good values we had, all of them right."""

    async def story(now: NowNs) -> Rig:
        chance = random.Random(seed)
        rig = Rig(units(1, 2, turnaround_s=chance.choice([0.005, 0.04])), now)
        async with rig.running():
            await asyncio.sleep(4)
            for i in range(400):
                asked = chance.choice([("input", 50, 1), ("input", 50, 3), ("holding", 60, 2)])
                rig.pair.other_master(question.read(1 + i % 2, *asked).rtu)
                await asyncio.sleep(chance.uniform(0.01, 0.15))
        return rig

    return virtually(story).check(100 * MS)


@pytest.mark.parametrize("seed", range(6))
def test_two_masters_at_once(seed: int) -> None:
    assert two_masters(seed) > 10


def test_without_looking_at_what_stands_around_an_answer_a_second_master_s_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line_rtu, "STRAY_MAX", 1000)
    with pytest.raises(AssertionError):
        for seed in range(10):
            two_masters(seed)
