"""What a device refused once is no law: it is asked whole again, and what its refusal taught is unlearned."""

import asyncio

from drivers.profile.model import ModbusProfile
from drivers.quality import Quality
from hil.terminals.terminal import Misbehaviour, Terminal
from protocols.clock import NowNs
from protocols.reason import Reason
from tests.modbus.rig import SECOND, Rig, profile, virtually
from tests.waiting import until

HOLE = Reason("modbus.hole_found", table="input", first=5, last=5)


def hydrant() -> ModbusProfile:
    return profile({f"p{at}": {"at": f"input {at}", "type": "uint16", "poll": "fast"} for at in (0, 1, 2, 4, 6, 7)})


def terminal(unit: int = 1) -> Terminal:
    return Terminal(hydrant(), unit, lambda at: {f"p{i}": 10 + i for i in (0, 1, 2, 4, 6, 7)})


def asked(rig: Rig, since_s: float, until_s: float = 1e9) -> list[tuple[int, int, int]]:
    """Every question of that time of the story: function, address, count."""
    begin, end = (1_000 * SECOND + round(at * SECOND) for at in (since_s, until_s))
    return [
        (sent[1], int.from_bytes(sent[2:4], "big"), int.from_bytes(sent[4:6], "big"))
        for at, sent in rig.pair.record.questions
        if begin <= at < end
    ]


def learned(rig: Rig, device: str = "h1") -> object:
    return rig.driver.counters()[device]["learned"]


def test_a_device_that_refuses_while_it_starts_is_read_whole_within_three_periods_of_its_first_value() -> None:
    """On 7afa785 every value was asked for by itself until the agent was started anew."""

    async def story(now: NowNs) -> Rig:
        rig = Rig({1: terminal()}, now)
        rig.terminals[1].misbehaviour = Misbehaviour.REFUSING
        async with rig.running():
            await asyncio.sleep(20)
            assert len(set(asked(rig, 10))) > 4
            rig.terminals[1].misbehaviour = None
            await asyncio.sleep(20)
        return rig

    rig = virtually(story)
    assert set(asked(rig, 26)) == {(4, 0, 8)}
    assert len(asked(rig, 26)) <= 8
    assert learned(rig) == ()
    rig.check()
    assert all(sample.quality == bytes(6) for sample in rig.sink.samples[-3:])


def test_a_device_that_came_to_itself_between_two_questions_teaches_nothing() -> None:
    """Whole refused, both halves answered: that looked like a hole, for this device and all of its make."""

    async def story(now: NowNs) -> Rig:
        rig = Rig({1: terminal(1), 2: terminal(2)}, now)
        rig.terminals[1].misbehaviour = Misbehaviour.REFUSING
        async with rig.running():
            await until("the whole read is refused", lambda: (4, 0, 8) in asked(rig, 0), every_s=0.001)
            await asyncio.sleep(0.05)
            rig.terminals[1].misbehaviour = None
            await asyncio.sleep(20)
        return rig

    rig = virtually(story)
    assert learned(rig) == ()
    assert set(asked(rig, 8)) == {(4, 0, 8)}
    assert Quality.REFUSED not in rig.sink.qualities("h1")


def test_a_lesson_is_unlearned_when_the_device_does_not_refuse_any_more() -> None:
    """A new firmware: within two minutes of a new lesson, later within the hour between two trials."""

    async def story(now: NowNs) -> Rig:
        rig = Rig({1: terminal()}, now)
        rig.terminals[1]._holes = {("input", 5)}
        async with rig.running():
            await asyncio.sleep(30)
            assert learned(rig) == (HOLE,)
            assert not any(quest[2] == 8 for quest in asked(rig, 10))
            rig.terminals[1]._holes = set()
            await asyncio.sleep(60)
        return rig

    rig = virtually(story)
    assert learned(rig) == ()
    assert set(asked(rig, 80)) == {(4, 0, 8)}
    assert set(rig.sink.qualities("h1")) == {Quality.GOOD}


def test_a_lesson_that_holds_costs_one_question_now_and_then_and_no_value() -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig({1: terminal(1), 2: terminal(2)}, now)
        rig.terminals[1]._holes = {("input", 5)}
        return await rig.run(700)

    rig = virtually(story)
    assert learned(rig) == (HOLE,)
    of_first = [at for at, sent in rig.pair.record.questions if sent[0] == 1 and sent[5] == 8]
    assert 4 <= len(of_first) <= 7
    assert set(rig.sink.qualities("h1")) == set(rig.sink.qualities("h2")) == {Quality.GOOD}
    assert {sent[5] for _, sent in rig.pair.record.questions if sent[0] == 2} >= {8}


def test_a_lesson_stands_as_long_as_one_device_shows_it() -> None:
    """Two of three have the hole; one of these gets a new firmware."""

    async def story(now: NowNs) -> Rig:
        rig = Rig({1: terminal(1), 2: terminal(2)}, now)
        for one in rig.terminals.values():
            one._holes = {("input", 5)}
        async with rig.running():
            await asyncio.sleep(30)
            assert learned(rig) == (HOLE,)
            rig.terminals[1]._holes = set()
            await asyncio.sleep(60)
            assert learned(rig) == (HOLE,)
            rig.terminals[2]._holes = set()
            await asyncio.sleep(130)
        return rig

    rig = virtually(story)
    assert learned(rig) == ()
    assert set(asked(rig, 215)) == {(4, 0, 8)}
