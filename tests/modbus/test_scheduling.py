"""What the schedule buys: ages with dead devices, the physical limit, fairness. In virtual time, to the millisecond."""

import asyncio
from collections.abc import Iterable
from itertools import pairwise

import pytest

from drivers.profile.model import ModbusProfile
from hil.terminals.terminal import Misbehaviour, Terminal
from protocols.clock import NowNs
from protocols.modbus.deadline import NS, Deadline
from protocols.modbus.load import Asked, line_load, transaction_ns
from protocols.modbus.unit import Unit
from tests.modbus.rig import MS, Rig, profile, virtually

RUN_S = 120


def street() -> ModbusProfile:
    """An alarm word wanted each second, ten measurements in three groups each two."""
    far = {f"m{i}": {"at": f"input {100 * (i // 4) + i}", "type": "uint16", "poll": "fast"} for i in range(10)}
    return profile({"alarm": {"at": "holding 0", "type": "uint16", "poll": "alarm"}, **far})


def ages(rig: Rig, devices: Iterable[str], point: str) -> list[float]:
    """Seconds since the reading before, sampled at every reading and, for what never came again, at the end."""
    found: list[float] = []
    for device in devices:
        times = [at for at, _ in rig.sink.good(device, point)] + [rig.now_ns()]
        found += [(b - a) / NS for a, b in pairwise(times)]
    return sorted(found)


def share(values: list[float], part: float) -> float:
    return values[min(int(len(values) * part), len(values) - 1)]


@pytest.mark.parametrize(
    ("baud", "dead", "p50", "p95"),
    [(19_200, 0, 1.05, 1.2), (19_200, 2, 1.05, 1.5), (19_200, 6, 1.05, 2.5), (9600, 2, 1.2, 1.6)],
)
def test_the_age_of_alarms_with_dead_devices(baud: int, dead: int, p50: float, p95: float) -> None:
    """pymodbus with its defaults: 23 s at two dead (measured)."""

    async def story(now: NowNs) -> Rig:
        terminals = {
            n: Terminal(street(), n, lambda at: {"alarm": at // MS % 65_536}, turnaround_s=0.004 + n * 0.0009)
            for n in range(1, 13)
        }
        for n in range(dead):
            terminals[12 * n // max(dead, 1) + 1].misbehaviour = Misbehaviour.DEAD
        return await Rig(terminals, now, baud=baud).run(RUN_S)

    rig = virtually(story)
    alive = [f"h{n}" for n, terminal in rig.terminals.items() if terminal.misbehaviour is None]
    found = ages(rig, alive, "alarm")
    assert len(alive) == 12 - dead
    assert share(found, 0.5) <= p50
    assert share(found, 0.95) <= p95
    assert share(ages(rig, alive, "m0"), 0.5) <= (2.1 if baud == 19_200 else 3.0)
    assert min(rig.pair.record.gaps_ns) >= rig.pair.wire.silence_ns


@pytest.mark.parametrize("baud", [9600, 19_200])
@pytest.mark.parametrize("registers", [2, 10, 50])
def test_a_saturated_line_reaches_its_physical_limit(baud: int, registers: int) -> None:
    made = profile(
        {f"p{i}": {"at": f"input {i}", "type": "uint16", "poll": "fast"} for i in range(registers)},
        poll_s={"fast": 0.1},
    )

    async def story(now: NowNs) -> Rig:
        terminals = {n: Terminal(made, n, lambda at: {}, turnaround_s=0.005) for n in range(1, 31)}
        return await Rig(terminals, now, baud=baud, fifo=1).run(30)

    rig = virtually(story)
    wire = rig.pair.wire
    limit = NS / transaction_ns(wire, 8, 5 + 2 * registers, 5 * MS)
    asked = [at for at, _ in rig.pair.record.questions if at > 1_010_000 * MS]
    reached = (len(asked) - 1) * NS / (asked[-1] - asked[0])
    assert reached >= 0.93 * limit
    assert min(rig.pair.record.gaps_ns) >= wire.silence_ns
    counts = [sum(sent[0] == n for _, sent in rig.pair.record.questions) for n in rig.terminals]
    assert max(counts) - min(counts) <= 2  # nobody starves


def test_alarms_keep_their_period_on_a_line_that_is_too_full() -> None:
    async def story(now: NowNs) -> Rig:
        made = profile(
            {"alarm": {"at": "holding 0", "type": "uint16", "poll": "alarm"}}
            | {f"m{i}": {"at": f"input {30 * i}", "type": "uint16", "poll": "fast"} for i in range(20)},
        )
        return await Rig({n: Terminal(made, n, lambda at: {}) for n in range(1, 7)}, now, baud=9600).run(60)

    rig = virtually(story)
    devices = [f"h{n}" for n in rig.terminals]
    assert share(ages(rig, devices, "alarm"), 0.95) <= 1.3
    wire = rig.pair.wire
    assert line_load(wire, [Asked(8, 7, 5 * MS, 0, 2 * NS)] * 120 + [Asked(8, 7, 5 * MS, 0, NS)] * 6) > 1
    slow = [len(rig.sink.good(device, f"m{i}")) for device in devices for i in range(20)]
    assert min(slow) > 0.8 * max(slow)


def test_a_device_that_comes_back_is_read_within_its_back_off() -> None:
    async def story(now: NowNs) -> Rig:
        made = street()
        rig = Rig({n: Terminal(made, n, lambda at: {}) for n in (1, 2)}, now)
        async with rig.running():
            await asyncio.sleep(5)
            rig.terminals[1].misbehaviour = Misbehaviour.DEAD
            await asyncio.sleep(100)
            rig.terminals[1].misbehaviour = None
            rig.sink.samples.clear()
            await asyncio.sleep(31)
        return rig

    rig = virtually(story)
    assert rig.sink.good("h1", "alarm")


@pytest.mark.parametrize("answers_before", [0, 1, 100])
def test_an_answer_read_after_a_stall_is_not_what_is_usual(answers_before: int) -> None:
    """The port is not looked at for three quarters of what is usual: never longer than the answer is waited for."""
    deadline = Deadline(300 * MS)
    for _ in range(answers_before):
        deadline.learn(5 * MS)
    deadline.learn(9_000 * MS)
    usual_ns = deadline.usual_ns
    assert usual_ns is not None
    assert usual_ns - usual_ns // 4 < deadline.wait_ns() <= 300 * MS


def test_a_deadline_learns_and_never_passes_its_cap() -> None:
    deadline = Deadline(300 * MS)
    assert deadline.wait_ns() == 300 * MS
    for took in [5, 6, 5, 7, 5, 6] * 10:
        deadline.learn(took * MS)
    assert 40 * MS < deadline.wait_ns() < 55 * MS
    assert deadline.wait_ns(2) == 4 * deadline.wait_ns()
    assert deadline.wait_ns(50) == 300 * MS
    usual = deadline.wait_ns()
    for _ in range(3):
        deadline.widen()
    assert deadline.wait_ns() > usual + 20 * MS
    for _ in range(20):
        deadline.learn(6 * MS)
    assert deadline.wait_ns() <= usual + 2 * MS
    for _ in range(50):
        deadline.learn(900 * MS)
    assert deadline.wait_ns() == 300 * MS


def test_the_back_off_doubles_to_half_a_minute() -> None:
    unit = Unit(1, Deadline(NS))
    pauses = []
    for unit.failures in range(1, 10):
        pauses.append(unit.backoff_ns() / NS)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_reads_of_one_period_are_asked_together_as_it_begins() -> None:
    """Proven one after the other, they would stay apart: each would cost a wake-up of its own, for ever."""
    made = profile({"p": {"at": "input 0", "type": "uint16", "poll": "fast"}}, poll_s={"fast": 1})

    async def story(now: NowNs) -> Rig:
        terminals = {n: Terminal(made, n, lambda at: {}, turnaround_s=0.002) for n in range(1, 9)}
        rig = Rig(terminals, now, on_rest=lambda answers: rests.append((now(), answers)))
        return await rig.run(20)

    rests: list[tuple[int, int]] = []
    rig = virtually(story)
    late = [[at % NS for at, _ in rig.sink.good(f"h{n}", "p") if at > 10 * NS] for n in range(1, 9)]
    assert all(len(of_one) >= 9 for of_one in late)
    assert max(map(max, late)) < 0.5 * NS, "a sweep, and silence until the next"
    settled = [(at % NS, answers) for at, answers in rests[4:]]
    assert [answers for _, answers in settled] == [8] * len(settled), "told as each sweep ends, and then only"
    assert 14 <= len(settled) <= 17
    assert max(at for at, _ in settled) < 0.2 * NS
