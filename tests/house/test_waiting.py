"""Patience goes by progress and by the machine: what is slow is waited for, what is stuck is named."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from hil.patience import MOST, PIECE_S, Machine
from hil.processes import family
from hil.virtual_time import run
from tests.waiting import Patience, Stuck, ended, output_of, patient, scaled, slowness, soon, until, work_of


class Hands:
    """A clock and a machine moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slow = 1.0
        self.value = 0

    def patience(self, seconds: float = 10.0) -> Patience:
        return Patience("tea", seconds, lambda: self.value, clock=lambda: self.now, slow=lambda: self.slow)

    def looks(self, patience: Patience, count: int, *, working: bool = False) -> int:
        """How many looks of 0.1 s it bore."""
        for looked in range(count):
            self.now += 0.1
            self.value += working
            if patience.over():
                return looked
        return count


def test_without_progress_it_is_over_after_its_seconds() -> None:
    hands = Hands()
    assert 98 <= hands.looks(hands.patience(), 1000) <= 100


def test_progress_begins_it_anew_but_not_for_ever() -> None:
    hands = Hands()
    patience = hands.patience()
    assert hands.looks(patience, 400, working=True) == 400
    assert 98 <= hands.looks(patience, 500) <= 100
    assert "nothing moved any more" in str(patience.stuck())
    for_ever = hands.patience()
    assert hands.looks(for_ever, 10_000, working=True) == pytest.approx(100 * MOST, abs=2)
    assert "moved without coming to an end" in str(for_ever.stuck())


def test_a_slow_machine_gets_as_much_longer_and_a_pause_costs_one_look() -> None:
    hands = Hands()
    hands.slow = 4.0
    patience = hands.patience()
    assert hands.looks(patience, 300) == 300
    hands.now += 3600  # suspended, or kept from running
    assert 98 <= hands.looks(patience, 300) <= 100


def test_a_machine_is_as_slow_as_its_cores_and_its_crowd() -> None:
    crowd = [1.0]
    machine = Machine(piece_s=lambda: PIECE_S * 3, crowd=lambda: crowd[0], share=lambda: (0.0, 0.0))
    assert machine.slowness(0.0) == 3.0
    crowd[0] = 4.0
    assert 3.0 < machine.slowness(0.5) < 12.0
    assert machine.slowness(60.0) == pytest.approx(12.0)
    crowd[0] = 0.1
    assert machine.slowness(120.0) == pytest.approx(3.0)
    assert Machine(piece_s=lambda: PIECE_S / 9, crowd=lambda: 0.0, share=lambda: (0.0, 0.0)).slowness(0.0) == 1.0


def test_who_is_let_run_less_than_its_part_is_as_slow_as_that() -> None:
    ran, waited = 0.0, 0.0
    machine = Machine(piece_s=lambda: PIECE_S, crowd=lambda: 2.0, share=lambda: (ran, waited))
    for second in range(60):
        ran, waited = second * 0.1, second * 0.9
        slow = machine.slowness(second)
    assert slow == pytest.approx(10.0, rel=0.01)
    for second in range(60, 120):
        ran, waited = ran + 0.0001, waited + 0.0009  # asleep: a millisecond's wait says nothing
        slow = machine.slowness(second)
    assert slow == pytest.approx(2.0, rel=0.01)


def test_busy_loops_are_seen() -> None:
    cores = len(os.sched_getaffinity(0))
    machine = Machine()
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(6 * cores)]
    try:
        soon("a crowd", lambda: machine.slowness(time.monotonic()) > 3)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


async def test_what_is_stuck_is_named_with_where_it_stands() -> None:
    with pytest.raises(Stuck, match=r"the tenth: nothing moved any more \(.* slow\); it stands at 7"):
        await until("the tenth", lambda: False, 0.2, lambda: 7)
    with pytest.raises(Stuck, match="a block"):
        async with patient("a block", 0.1):
            await asyncio.Event().wait()
    with pytest.raises(Stuck, match="no loop"):
        soon("no loop", lambda: False, 0.1)


async def test_what_moves_is_waited_for() -> None:
    seen = 0

    def looked() -> bool:
        nonlocal seen
        seen += 1
        return seen > 60

    assert await until("sixty looks", looked, 0.15, lambda: seen)


async def test_what_moves_in_place_is_waited_for_too() -> None:
    seen: list[int] = []

    def looked() -> bool:
        seen.append(1)
        return len(seen) > 60

    assert await until("sixty looks", looked, 0.15, lambda: seen)


async def test_a_time_out_inside_is_its_own() -> None:
    with pytest.raises(TimeoutError) as own:
        async with patient("a block"):
            raise TimeoutError("its own")
    assert not isinstance(own.value, Stuck)


def test_in_virtual_time_a_second_is_a_second() -> None:
    async def story() -> float:
        loop = asyncio.get_running_loop()
        with pytest.raises(Stuck):
            async with patient("for ever", 100.0):
                await asyncio.sleep(1000)
        return loop.time()

    assert run(story()) == pytest.approx(100.0, abs=0.2)


async def test_a_program_that_works_is_waited_for_and_one_that_hangs_is_ended() -> None:
    works = "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass\nprint('done')"
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", works, stdout=pipe)
    assert (await output_of(program, seconds=0.3))[0] == b"done\n"
    assert await ended(program) == 0
    hangs = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(600)", stdout=pipe)
    with pytest.raises(Stuck, match=re.escape(str(hangs.pid))):
        await output_of(hangs, seconds=0.5)
    assert hangs.returncode == -9


def test_work_is_seen_two_generations_down() -> None:
    busy = "while True: pass"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    with subprocess.Popen([sys.executable, "-c", child]) as program:
        try:
            before = work_of(program.pid)
            soon("it works", lambda: work_of(program.pid) > before + 20)
        finally:
            program.kill()
    *_, orphan = family(os.getpid())  # what it had started is now ours
    os.kill(orphan, signal.SIGKILL)


def test_a_limit_is_never_made_shorter() -> None:
    assert slowness() >= 1
    assert scaled(3.0) >= 3.0
