"""The field's known faults, each through the whole stack in virtual time."""

import asyncio
from itertools import pairwise

import pytest

from drivers.quality import Quality
from hil.terminals.terminal import Misbehaviour, Terminal
from hil.wire.faults import Fault
from protocols.clock import NowNs
from protocols.errors import NoAnswer, Refused
from protocols.modbus import question
from protocols.modbus.crc import crc16
from protocols.modbus.line import NotSent
from protocols.reason import Reason
from tests.modbus.rig import MS, Rig, profile, telling, telling_profile, virtually


def units(*numbers: int, **more: float) -> dict[int, Terminal]:
    made = telling_profile()
    return {n: Terminal(made, n, telling(n), turnaround_s=more.get("turnaround_s", 0.005)) for n in numbers}


def frame(unit: int, pdu: bytes) -> bytes:
    return bytes((unit,)) + pdu + crc16(bytes((unit,)) + pdu)


def test_reads_every_device_at_its_period() -> None:
    async def story(now: NowNs) -> Rig:
        return await Rig(units(1, 2, 3), now).run(20.5)

    rig = virtually(story)
    assert rig.check() > 3 * (20 + 3 * 10)
    for device in ("h1", "h2", "h3"):
        times = [at for at, _ in rig.sink.good(device, "alarm")]
        ages = sorted(b - a for a, b in pairwise(times))
        assert ages[len(ages) // 2] == pytest.approx(1e9, rel=0.02)
        assert ages[-1] < 1.2e9
    assert min(rig.pair.record.gaps_ns) >= rig.pair.wire.silence_ns
    assert rig.sink.states == [("pair", True, "answers")]


def test_a_late_answer_is_never_taken_for_the_next_one() -> None:
    """pymodbus hands the late answer to question 1 out as the answer to question 2."""

    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1, 2), now)
        async with rig.running():
            await asyncio.sleep(3.3)
            for delay in (0.4, 0.7, 1.1, 2.4, 5.0):
                rig.pair.faults.append(Fault(unit=1, delay_s=delay))
                await asyncio.sleep(12)
        return rig

    rig = virtually(story)
    rig.check()
    assert rig.line.counters.late_answers >= 3
    assert rig.sink.good("h1", "when")[-1][0] > 60_000 * MS


@pytest.mark.parametrize("glitch", [b"\x00", b"\xff", b"\x00\xff\x00", b"\x81", b"U\xaa"])
def test_a_glitch_before_an_answer_costs_nothing(glitch: bytes) -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1), now)
        async with rig.running():
            await asyncio.sleep(1.5)
            rig.pair.faults += [Fault(before=glitch) for _ in range(20)]
            await asyncio.sleep(20)
        return rig

    rig = virtually(story)
    rig.check()
    assert rig.line.counters.timeouts == 0
    assert rig.line.counters.garbage_bytes == 20 * len(glitch)
    assert set(rig.sink.qualities("h1")) == {Quality.GOOD}


@pytest.mark.parametrize(
    "wrong",
    [Misbehaviour.WRONG_UNIT, Misbehaviour.WRONG_FUNCTION, Misbehaviour.SHORT, Misbehaviour.EMPTY, Misbehaviour.DEAD],
)
def test_a_misbehaving_device_gives_no_value_and_harms_no_other(wrong: Misbehaviour) -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1, 2), now)
        async with rig.running():
            await asyncio.sleep(5)
            rig.terminals[1].misbehaviour = wrong
            await asyncio.sleep(30)
        return rig

    rig = virtually(story)
    rig.check()
    assert all(at < 1_005_400 * MS for at, _ in rig.sink.good("h1", "when"))
    assert {Quality.NO_ANSWER, Quality.BAD_ANSWER} & set(rig.sink.qualities("h1"))
    assert len(rig.sink.good("h2", "alarm")) >= 30


def test_a_swapped_device_is_never_published() -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1, 2), now)
        rig.terminals[1].misbehaviour = Misbehaviour.SWAPPED
        async with rig.running():
            await asyncio.sleep(10)
            rig.terminals[1].misbehaviour = None
            await asyncio.sleep(40)
        return rig

    rig = virtually(story)
    first_good = rig.sink.good("h1", "alarm")[0][0]
    assert first_good > 1_010_000 * MS
    assert Quality.WRONG_DEVICE in rig.sink.qualities("h1")


def test_nothing_is_written_to_another_device_than_the_one_meant() -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1, 2), now)
        async with rig.running():
            await asyncio.sleep(5)
            rig.port.unplug()
            rig.terminals[1].misbehaviour = Misbehaviour.SWAPPED
            rig.port.plugged = True
            with pytest.raises(NotSent, match="another device answers there"):
                await rig.line.ask(question.write_registers(1, 50, [7]), 5)
            assert await rig.line.ask(question.read(1, "holding", 100, 1), 3) == (4712).to_bytes(2, "big")
            rig.terminals[1].misbehaviour = None
            await rig.line.ask(question.write_registers(1, 50, [8]), 35)
        return rig

    rig = virtually(story)
    assert rig.terminals[1].written == {("holding", 50): 8}


def test_a_device_exchanged_during_an_outage_is_found_out() -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1, 2), now)
        async with rig.running():
            await asyncio.sleep(5)
            rig.terminals[1].misbehaviour = Misbehaviour.DEAD
            await asyncio.sleep(5)
            rig.terminals[1].misbehaviour = Misbehaviour.SWAPPED
            await asyncio.sleep(60)
        return rig

    rig = virtually(story)
    assert all(at < 1_006_000 * MS for at, _ in rig.sink.good("h1", "alarm"))
    assert rig.sink.qualities("h1")[-1] is Quality.WRONG_DEVICE


def test_an_echoing_adapter_reads_as_well() -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1, 2), now)
        rig.pair.echo = True
        return await rig.run(10)

    rig = virtually(story)
    assert rig.check() > 45
    assert rig.line.counters.timeouts == 0
    assert rig.line.counters.echoes > 0


def test_an_echo_is_no_confirmation_of_a_write() -> None:
    """With an echo, the question to a dead slave comes back as what a right answer to function 6 looks like."""

    async def story(now: NowNs) -> None:
        rig = Rig(units(1), now)
        rig.pair.echo = True
        async with rig.running():
            await asyncio.sleep(3)
            await rig.line.ask(question.write_registers(1, 50, [7], single=True), 2)
            assert rig.terminals[1].written == {("holding", 50): 7}
            rig.terminals[1].misbehaviour = Misbehaviour.DEAD
            with pytest.raises(NoAnswer):
                await rig.line.ask(question.write_registers(1, 50, [8], single=True), 2)

    virtually(story)


def test_a_write_goes_out_once() -> None:
    """pymodbus's default sends it four times."""

    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1), now)
        async with rig.running():
            await asyncio.sleep(3)
            rig.terminals[1].misbehaviour = Misbehaviour.DEAD
            with pytest.raises(NoAnswer):
                await rig.line.ask(question.write_registers(1, 50, [7]), 3)
            await asyncio.sleep(5)
        return rig

    rig = virtually(story)
    assert sum(sent[1] == 16 for _, sent in rig.pair.record.questions) == 1


def test_an_order_goes_before_polls_and_expires_unsent() -> None:
    async def story(now: NowNs) -> None:
        rig = Rig(units(*range(1, 13)), now, baud=9600)
        async with rig.running():
            await asyncio.sleep(10)
            before = now()
            assert await rig.line.ask(question.read(5, "holding", 100, 1), 5) == (4711).to_bytes(2, "big")
            assert now() - before < 150 * MS  # at most the transaction in flight and its own
            with pytest.raises(Refused) as refused:
                await rig.line.ask(question.read(5, "input", 0, 125), 5)
            assert refused.value.number == 3
            rig.port.unplug()
            await asyncio.sleep(0.1)
            sent = len(rig.pair.record.questions)
            with pytest.raises(NotSent):
                await rig.line.ask(question.write_registers(5, 50, [1]), 2)
            rig.port.plugged = True
            await asyncio.sleep(15)
            assert all(asked[1] != 16 for _, asked in rig.pair.record.questions[sent:])

    virtually(story)


def test_unplug_and_replug() -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1, 2), now)
        async with rig.running():
            for _ in range(4):
                await asyncio.sleep(6)
                rig.port.unplug()
                await asyncio.sleep(4)
                rig.port.plugged = True
            await asyncio.sleep(20)
        return rig

    rig = virtually(story)
    rig.check()
    ups = [up for _, up, _ in rig.sink.states]
    assert ups == [True] + [False, True] * 4
    assert Quality.LINK_DOWN in rig.sink.qualities("h1")
    assert rig.sink.good("h1", "alarm")[-1][0] > rig.sink.samples[-1].read_ns - 1_100 * MS


def test_a_second_master_is_noticed_and_its_answers_never_used() -> None:
    """It asks our devices questions of the very shapes we ask, for other registers."""

    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1, 2), now)
        async with rig.running():
            await asyncio.sleep(4)
            for i in range(200):
                unit = 1 + i % 2
                asked = question.read(unit, "input", 50, (1, 3)[i % 2])
                rig.pair.other_master(asked.rtu)
                await asyncio.sleep(0.0831)
            await asyncio.sleep(10)
        return rig

    rig = virtually(story)
    rig.check()
    assert rig.line.counters.foreign > 20
    assert len(rig.sink.good("h1", "alarm")) > 10


def test_holes_are_learned_once_and_shared() -> None:
    made = profile(
        {f"p{at}": {"at": f"input {at}", "type": "uint16", "poll": "fast"} for at in (0, 1, 4, 5, 9, 12)},
    )

    async def story(now: NowNs) -> Rig:
        terminals = {n: Terminal(made, n, telling(n)) for n in (1, 2)}
        for terminal in terminals.values():
            terminal._holes = {("input", 7)}
        return await Rig(terminals, now).run(30)

    rig = virtually(story)
    reads = [[str(group.planned) for group in device.groups] for device in rig.driver.devices]
    assert reads[0] == reads[1] == ["input 0-5", "input 9-12"]
    assert rig.driver.counters()["h1"]["learned"] == (Reason("modbus.hole_found", table="input", first=6, last=8),)
    assert rig.driver.line.schedule.units[2].refusals == 1
    assert Quality.REFUSED not in rig.sink.qualities("h1")


def test_one_refused_value_leaves_the_others_alone() -> None:
    made = profile(
        {f"p{at}": {"at": f"input {at}", "type": "uint16", "poll": "fast"} for at in (0, 1, 2, 3)},
    )

    async def story(now: NowNs) -> Rig:
        terminal = Terminal(made, 1, lambda at: {"p0": 1, "p1": 2, "p2": 3, "p3": 4})
        terminal._holes = {("input", 2)}
        return await Rig({1: terminal}, now).run(30)

    rig = virtually(story)
    assert [v for _, v in rig.sink.good("h1", "p1")][-1] == 2
    assert [v for _, v in rig.sink.good("h1", "p3")][-1] == 4
    assert rig.sink.good("h1", "p2") == []
    assert Quality.REFUSED in rig.sink.qualities("h1")


def test_probes_of_dead_devices_take_at_most_a_tenth_of_the_line() -> None:
    async def story(now: NowNs) -> Rig:
        return await Rig(units(1, 2), now, absent=10).run(120)

    rig = virtually(story)
    asked = [(at, sent) for at, sent in rig.pair.record.questions if sent[0] >= 200 and at > 1_040_000 * MS]
    assert len(asked) * 300 * MS <= 0.1 * 80_000 * MS
    assert len(rig.sink.good("h1", "alarm")) >= 115


def test_a_busy_device_is_asked_again_after_a_pause() -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1), now)
        async with rig.running():
            await asyncio.sleep(3)
            rig.terminals[1].misbehaviour = Misbehaviour.BUSY
            await asyncio.sleep(1.2)
            rig.terminals[1].misbehaviour = None
            await asyncio.sleep(3)
        return rig

    rig = virtually(story)
    assert set(rig.sink.qualities("h1")) == {Quality.GOOD}
    assert rig.line.counters.refusals >= 2


def test_noise_on_a_quiet_line_is_counted_and_survived() -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1, 2), now)
        async with rig.running():
            for i in range(40):
                await asyncio.sleep(0.31)
                rig.pair.noise(bytes((i * 37 + j * 11) % 256 for j in range(i % 9 + 1)))
            await asyncio.sleep(5)
        return rig

    rig = virtually(story)
    rig.check()
    assert rig.line.counters.garbage_bytes > 100
    assert rig.sink.samples[-1].quality == rig.sink.samples[-1].layout.good


def test_nothing_is_broadcast() -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1), now)
        async with rig.running():
            await asyncio.sleep(1)
            with pytest.raises(ValueError, match="unit 0 is everybody"):
                await rig.line.ask(question.write_registers(0, 50, [7]), 1)
        return rig

    assert all(sent[0] for _, sent in virtually(story).pair.record.questions)


def test_a_line_that_is_never_silent_is_spoken_on_after_a_second_and_that_is_counted() -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1), now)
        async with rig.running():
            await asyncio.sleep(3)
            assert rig.line.counters.short_gaps == 0
            for _ in range(4000):
                rig.pair.noise(b"\x55")
                await asyncio.sleep(0.001)
            assert rig.line.counters.short_gaps > 0
            await asyncio.sleep(10)
        return rig

    rig = virtually(story)
    rig.check()
    assert rig.sink.good("h1", "alarm")[-1][0] > rig.now_ns() - 1_200 * MS


def test_two_devices_with_one_unit_are_refused() -> None:
    from drivers.modbus.driver import serial_driver
    from drivers.modbus.plans import DeviceSpec

    made = telling_profile()
    with pytest.raises(ValueError, match="both have unit 3"):
        serial_driver("l", [DeviceSpec("a", made, 3), DeviceSpec("b", made, 3)], port="/dev/null")


def test_a_cancelled_order_leaves_no_answer_behind_for_the_next() -> None:
    """pymodbus answers the next call with the answer to the cancelled one."""

    async def story(now: NowNs) -> None:
        rig = Rig(units(1), now)
        async with rig.running():
            await asyncio.sleep(3)
            for delay in (0.02, 0.1, 0.4):
                rig.pair.faults.append(Fault(unit=1, delay_s=delay))
                first = asyncio.create_task(rig.line.ask(question.read(1, "input", 50, 4), 2))
                await asyncio.sleep(0.01)
                first.cancel()
                said = await rig.line.ask(question.read(1, "holding", 100, 1), 3)
                assert said == (4711).to_bytes(2, "big")
                await asyncio.sleep(3)

    virtually(story)


def test_one_lost_answer_is_asked_for_once_more_and_nobody_hears_of_it() -> None:
    async def story(now: NowNs) -> Rig:
        rig = Rig(units(1), now)
        async with rig.running():
            await asyncio.sleep(3.2)
            for _ in range(10):
                rig.pair.faults.append(Fault(unit=1, silent=True))
                await asyncio.sleep(1.7)
        return rig

    rig = virtually(story)
    rig.check()
    assert set(rig.sink.qualities("h1")) == {Quality.GOOD}
    assert rig.line.counters.retries == 10 == rig.line.schedule.units[1].retries


def test_a_device_that_is_silent_about_a_hole_teaches_it_too() -> None:
    made = profile(
        {f"p{at}": {"at": f"input {at}", "type": "uint16", "poll": "fast"} for at in (0, 1, 8, 9)},
    )

    class Mute(Terminal):
        def answer(self, pdu: bytes, at_ns: int) -> tuple[int, bytes] | None:
            first, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
            return None if first <= 5 < first + count else super().answer(pdu, at_ns)

    async def story(now: NowNs) -> Rig:
        return await Rig({1: Mute(made, 1, lambda at: {})}, now).run(30)

    rig = virtually(story)
    assert [str(group.planned) for group in rig.driver.devices[0].groups] == ["input 0-1", "input 8-9"]
    assert len(rig.sink.good("h1", "p9")) > 10


def test_a_device_that_gives_only_few_at_once_is_asked_for_fewer() -> None:
    made = profile(
        {f"p{at}": {"at": f"input {at}", "type": "uint16", "poll": "fast"} for at in range(12)},
    )

    class Narrow(Terminal):
        def answer(self, pdu: bytes, at_ns: int) -> tuple[int, bytes] | None:
            return super().answer(pdu, at_ns) if pdu[4] <= 6 else (self.unit, bytes((pdu[0] | 0x80, 3)))

    async def story(now: NowNs) -> Rig:
        return await Rig({n: Narrow(made, n, lambda at: {}) for n in (1, 2)}, now).run(30)

    rig = virtually(story)
    assert [str(group.planned) for group in rig.driver.devices[1].groups] == ["input 0-5", "input 6-11"]
    assert rig.driver.counters()["h1"]["learned"] == (Reason("modbus.answers_at_most", registers=6),)


def test_a_counter_that_runs_back_is_not_believed() -> None:
    made = profile({"volume": {"at": "input 0", "type": "uint32", "counter": True, "unit": "L", "poll": "fast"}})

    async def story(now: NowNs) -> Rig:
        start = now()
        glitch = {5: 100}

        def says(at: int) -> dict[str, int]:
            step = (at - start) // (2 * 1_000 * MS)
            return {"volume": glitch.get(step, 5000 + step)}

        return await Rig({1: Terminal(made, 1, says)}, now).run(30)

    rig = virtually(story)
    values = [value for _, value in rig.sink.good("h1", "volume")]
    assert 100 not in values
    assert Quality.COUNTER_RAN_BACK in rig.sink.qualities("h1")
    assert values[-1] == 5014


def test_a_wide_value_is_read_in_one_piece_whatever_the_limit() -> None:
    made = profile(
        {f"w{i}": {"at": f"input {2 * i}", "type": "uint32", "poll": "fast"} for i in range(5)}
        | {"x": {"at": "input 1000", "type": "uint64", "poll": "fast"}},
        modbus={"max_registers": 5},
    )

    async def story(now: NowNs) -> Rig:
        says = {f"w{i}": 0x10001 * (i + 1) for i in range(5)} | {"x": 2**63 + 1}
        return await Rig({1: Terminal(made, 1, lambda at: says)}, now).run(6)

    rig = virtually(story)
    assert rig.check() > 10
    asked = {(sent[2] << 8 | sent[3], sent[5]) for _, sent in rig.pair.record.questions[3:]}
    assert asked <= {(0, 4), (4, 5), (8, 2), (1000, 4)} | {(8, 1)} | {(0, n) for n in range(1, 5)}
