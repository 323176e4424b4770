"""A line that is asked more than it bears: every read keeps its share, periods stretch alike, and it says so.

`HYDRONEST_LINE_UPS=1000 pytest tests/modbus/test_overload.py`: as many random line-ups (20 s)."""

import os
import random
import statistics
from itertools import pairwise

import pytest

from drivers.profile.model import ModbusProfile
from hil.terminals.terminal import Terminal
from protocols.clock import NowNs
from protocols.modbus import question
from protocols.modbus.deadline import NS, Deadline
from protocols.modbus.outcome import Miss
from protocols.modbus.schedule import Schedule
from protocols.modbus.unit import Read, Unit
from tests.modbus.rig import MS, Rig, profile, virtually

LINE_UPS = int(os.environ.get("HYDRONEST_LINE_UPS", "200"))
SETTLED = 3  # periods, stretched, after which the shares stand


def hydrant() -> ModbusProfile:
    """As the shipped terminal: an alarm word each second, its measurements each two."""
    return profile(
        {
            "alarms": {"at": "input 4", "type": "uint16", "poll": "alarm"},
            "pressure": {"at": "input 0", "type": "float32", "poll": "fast"},
            "flow": {"at": "input 8", "type": "float32", "poll": "fast"},
        }
    )


def street(units: int, turnaround_s: float, cap_ms: float, seconds: float) -> Rig:
    async def story(now: NowNs) -> Rig:
        made = hydrant()
        terminals = {n: Terminal(made, n, lambda at: {}, turnaround_s=turnaround_s) for n in range(1, units + 1)}
        return await Rig(terminals, now, baud=9600, cap_ms=cap_ms).run(seconds)

    return virtually(story)


def intervals(rig: Rig, device: str, point: str, after_s: float) -> list[float]:
    since = 1_000 * NS + round(after_s * NS)
    times = [at for at, _ in rig.sink.good(device, point) if at > since]
    return sorted((b - a) / NS for a, b in pairwise(times))


@pytest.mark.parametrize(("units", "turnaround_s", "cap_ms"), [(10, 0.07, 300.0), (8, 0.3, 800.0)])
def test_an_overloaded_line_stretches_every_period_alike(units: int, turnaround_s: float, cap_ms: float) -> None:
    """On 7afa785: 561 alarm words and no pressure; units 5 to 8 never asked."""
    rig = street(units, turnaround_s, cap_ms, 120)
    load = rig.line.schedule.load(rig.now_ns() + NS)
    assert load > 1.3
    for n in range(1, units + 1):
        alarms, pressures = (intervals(rig, f"h{n}", point, 20) for point in ("alarms", "pressure"))
        assert len(alarms) > 20
        assert max(pressures) <= 1.3 * load * 2
        assert alarms[int(0.95 * len(alarms))] <= 1.5 * load
    trouble = str(rig.driver.counters()["pair"]["trouble"])
    every = statistics.median(intervals(rig, "h1", "pressure", 20))
    assert trouble.startswith("overloaded: pressure every ")
    assert trouble.endswith(" instead of 2")
    assert float(trouble.split()[3]) == pytest.approx(every, rel=0.2)
    assert float(str(rig.driver.counters()["pair"]["load"])) == pytest.approx(load, rel=0.05)


def test_a_line_with_room_says_nothing() -> None:
    rig = street(6, 0.01, 300.0, 60)
    assert rig.driver.counters()["pair"]["trouble"] is None
    assert float(str(rig.driver.counters()["pair"]["load"])) < 0.6


class Nobody:
    def answered(self, data: bytes, at_ns: int) -> None: ...
    def refused(self, code: int, at_ns: int) -> None: ...
    def missed(self, why: Miss, at_ns: int) -> None: ...


def any_line(chance: random.Random) -> tuple[list[Unit], dict[Read, int]]:
    """Units with reads of any period, and what a transaction of each takes."""
    units, costs = [], {}
    for number in range(1, chance.randint(2, 20) + 1):
        unit = Unit(number, Deadline(NS), fences=[question.read(number, "input", 0, 1)])
        turnaround = chance.choice([20, 40, 90, 150, 330]) * MS
        for i in range(chance.randint(1, 4)):
            alarm = i == 0 and chance.random() < 0.8
            period = chance.choice([500, 1000, 2000] if alarm else [1000, 2000, 5000, 10_000]) * MS
            read = Read(unit, question.read(number, "input", 100 * i, i + 1), period, Nobody(), alarm=alarm)
            unit.reads.append(read)
            costs[read] = turnaround + chance.randint(10, 60) * MS
        units.append(unit)
    return units, costs


def live(units: list[Unit], costs: dict[Read, int], seconds: float) -> dict[Read, list[int]]:
    """When each read was answered, all units answering."""
    schedule = Schedule(units)
    now = NS
    times: dict[Read, list[int]] = {read: [] for read in costs}
    schedule.restart(now, forget_owed=True)
    end = now + round(seconds * NS)
    while now < end:
        turn = schedule.pick(now)
        if turn is None:
            now = max(schedule.wake_ns, now + 1)
            continue
        took = costs[turn.read] if turn.read else 100 * MS
        now += took
        if turn.read is not None:
            times[turn.read].append(now)
            schedule.answered(turn.read, now, took)
        elif turn.proof is not None:
            schedule.proof_held(turn.unit, turn.proof, now, took)
    return times


def test_nothing_starves_in_any_line_up() -> None:
    for seed in range(LINE_UPS):
        chance = random.Random(seed)
        units, costs = any_line(chance)
        load = max(sum(cost / read.period_ns for read, cost in costs.items()), 1.0)
        longest = max(costs.values())
        settled = 5 * NS + 100 * MS * 2 * len(units) + round(SETTLED * load * 10 * NS)
        times = live(units, costs, (settled + 4 * load * 10 * NS) / NS)
        for read, answered in times.items():
            share = load * read.period_ns
            gaps = sorted(b - a for a, b in pairwise([at for at in answered if at > settled]))
            assert gaps, f"line-up {seed}: a read every {read.period_ns / NS} s was never answered"
            usual = gaps[int(0.95 * (len(gaps) - 1))]
            assert usual <= (1.5 if read.alarm else 1.3) * share + longest, (seed, read.alarm, usual / share, load)
            assert gaps[-1] <= 1.5 * share + 2 * longest, (seed, read.alarm, gaps[-1] / share, load)
