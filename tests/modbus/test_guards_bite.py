"""The guards of decision 0101, each taken out: the faults they are there for must then bring up a wrong value."""

import asyncio
import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, seed, settings

from hil.terminals.terminal import Terminal
from hil.wire.faults import Fault
from protocols.clock import NowNs
from protocols.modbus import line_rtu, question
from protocols.modbus.schedule import Schedule
from protocols.modbus.unit import Unit
from tests.modbus.rig import MS, Rig, telling, telling_profile, virtually
from tests.modbus.test_line import units
from tests.modbus.test_schedules_of_faults import (
    UNITS,
    Deed,
    any_schedule,
    ask_as_other,
    live_through,
    make_noise,
    order_fault,
    pull,
    send_order,
)


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


def test_without_it_random_faults_bring_up_a_wrong_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seed finds one early; any does in the end."""
    believe_any_shape(monkeypatch)
    found = settings(
        max_examples=400,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )(any_schedule(live_through))
    with pytest.raises(AssertionError):
        seed(1)(found)()


def repeated_and_late(seed: int) -> int:
    """Answers late, broken, lost, doubled within `unit.COPY_NS`, a second master, orders, a pulled adapter; how many
    good values we had.
    """

    async def story(now: NowNs) -> Rig:
        chance = random.Random(seed)
        turnaround_s = chance.choice([0.002, 0.005, 0.04])
        made = telling_profile()
        terminals = {n: Terminal(made, n, telling(n), turnaround_s=turnaround_s) for n in UNITS}
        rig = Rig(terminals, now, baud=chance.choice([9600, 19_200]), fifo=chance.choice([1, 8, 14]))
        async with rig.running():
            await asyncio.sleep(2.5)
            for _ in range(150):
                chance.choices(DEEDS, WEIGHTS)[0](chance)(rig)
                await asyncio.sleep(chance.uniform(0.001, 1.3))
            rig.pair.faults.clear()
            rig.port.plugged = True
            await asyncio.sleep(10)
            await asyncio.gather(*rig.background)
        return rig

    return virtually(story).check(100 * MS)


def bad_answer(chance: random.Random) -> Deed:
    return order_fault(
        Fault(
            unit=chance.choice(UNITS),
            drop=chance.choice([0, 0, 0, 1, 2]),
            corrupt=chance.choice([0, 0, 0, 1, 2, 3]),
            delay_s=chance.choice([0.0, 0.0, 0.02, 0.06, 0.1, 0.3, 0.6, 1.5, 4.0]),
            silent=chance.random() < 0.2,
            again_s=chance.choice([None, None, 0.01, 0.05, 0.3, 0.5]),
        )
    )


DEEDS: tuple[Callable[[random.Random], Deed], ...] = (
    bad_answer,
    lambda c: ask_as_other(c.choice(UNITS), c.choice(["input", "holding"]), c.randrange(120), c.choice([1, 2, 3])),
    lambda c: send_order(c.choice(UNITS), c.randrange(1, 10), c.random() < 0.5),
    lambda c: pull(c.choice([0.1, 1.0])),
    lambda c: make_noise(c.randbytes(5)),
)
WEIGHTS = (6, 1, 1, 1, 1)


@pytest.mark.parametrize("seed", range(4))
def test_answers_repeated_and_late(seed: int) -> None:
    assert repeated_and_late(seed) > 10


def test_without_proof_an_answer_repeated_or_late_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    believe_without_proof(monkeypatch)
    with pytest.raises(AssertionError):
        for seed in range(60):
            repeated_and_late(seed)


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
