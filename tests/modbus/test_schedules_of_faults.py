"""Random fault schedules through the whole stack: no value ever under another point, another unit, or another time.

The suite runs a short form; `HYDRONEST_SCHEDULES=5000 pytest tests/modbus/test_schedules_of_faults.py` the long one.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hil.terminals.terminal import Misbehaviour, Terminal
from hil.wire.faults import Fault
from protocols.clock import NowNs
from protocols.errors import WireError
from protocols.modbus import question
from tests.modbus.rig import MS, Rig, telling, telling_profile, virtually

UNITS = (1, 2, 17)
SCHEDULES = int(os.environ.get("HYDRONEST_SCHEDULES", "60"))

unit = st.sampled_from(UNITS)
noise = st.binary(min_size=1, max_size=12)
fault = st.builds(
    Fault,
    unit=unit,
    before=st.one_of(st.just(b""), st.sampled_from([b"\x00", b"\xff", b"\xff\x00"]), st.binary(max_size=6)),
    after=st.one_of(st.just(b""), st.sampled_from([b"\x00", b"\xff"])),
    drop=st.sampled_from([0, 0, 0, 1, 2]),
    corrupt=st.sampled_from([0, 0, 0, 1, 2, 3]),
    delay_s=st.sampled_from([0.0, 0.0, 0.02, 0.06, 0.1, 0.3, 0.6, 1.5, 4.0]),
    pause_s=st.sampled_from([0.0, 0.0, 0.002, 0.008]),
    silent=st.sampled_from([False, False, False, True]),
)
Deed = Callable[[Rig], None]


def order_fault(one: Fault) -> Deed:
    return lambda rig: rig.pair.faults.append(one)


def make_noise(data: bytes) -> Deed:
    return lambda rig: rig.pair.noise(data)


def ask_as_other(number: int, table: str, address: int, count: int) -> Deed:
    return lambda rig: rig.pair.other_master(question.read(number, table, address, count).rtu)


def misbehave(number: int, how: Misbehaviour | None) -> Deed:
    def do(rig: Rig) -> None:
        rig.terminals[number].misbehaviour = how

    return do


def pull(seconds: float) -> Deed:
    def do(rig: Rig) -> None:
        def back() -> None:
            rig.port.plugged = True

        rig.port.unplug()
        asyncio.get_running_loop().call_later(seconds, back)

    return do


def cut(seconds: float) -> Deed:
    def do(rig: Rig) -> None:
        def mend() -> None:
            rig.pair.cut = False

        rig.pair.cut = True
        asyncio.get_running_loop().call_later(seconds, mend)

    return do


def send_order(number: int, count: int, write: bool) -> Deed:
    """An order whose asker may give up while it is on the wire: the cancelled call of pymodbus."""

    def do(rig: Rig) -> None:
        async def ask() -> None:
            asked = (
                question.write_registers(number, 50, [count], single=count % 2 == 0)
                if write
                else question.read(number, "input", 10, count)
            )
            with contextlib.suppress(WireError):
                await rig.line.ask(asked, 0.02 * count)

        rig.background.append(asyncio.get_running_loop().create_task(ask()))

    return do


misbehaviour = st.sampled_from([None, None, None, *(how for how in Misbehaviour if how is not Misbehaviour.LYING)])
deed = st.one_of(
    st.builds(order_fault, fault),
    st.builds(order_fault, fault),
    st.builds(make_noise, noise),
    st.builds(
        ask_as_other, unit, st.sampled_from(["input", "holding"]), st.integers(0, 120), st.sampled_from([1, 2, 3])
    ),
    st.builds(misbehave, unit, misbehaviour),
    st.builds(pull, st.sampled_from([0.1, 1.0, 3.0])),
    st.builds(cut, st.sampled_from([0.03, 0.4, 2.0])),
    st.builds(send_order, unit, st.integers(1, 9), st.booleans()),
)
gap = st.floats(0.001, 1.3, allow_nan=False)


any_schedule = given(
    steps=st.lists(st.tuples(gap, deed), min_size=5, max_size=40),
    baud=st.sampled_from([9600, 19_200, 115_200]),
    fifo=st.sampled_from([1, 3, 8, 14]),
    echo=st.booleans(),
    turnaround_s=st.sampled_from([0.002, 0.005, 0.04]),
)


def live_through(steps: list[tuple[float, Deed]], baud: int, fifo: int, echo: bool, turnaround_s: float) -> None:
    """One schedule of faults, then peace; every good value must be its own sensor's, of its own time."""

    async def story(now: NowNs) -> Rig:
        made = telling_profile()
        terminals = {n: Terminal(made, n, telling(n), turnaround_s=turnaround_s) for n in UNITS}
        rig = Rig(terminals, now, baud=baud, fifo=fifo)
        rig.pair.echo = echo
        async with rig.running():
            await asyncio.sleep(2.5)
            for pause, do in steps:
                do(rig)
                await asyncio.sleep(pause)
            for terminal in terminals.values():
                terminal.misbehaviour = None
            rig.pair.faults.clear()
            rig.port.plugged = True
            await asyncio.sleep(80)
            await asyncio.gather(*rig.background)
        return rig

    rig = virtually(story)
    rig.check(window_ns=100 * MS)
    end = rig.now_ns()
    for number in UNITS:  # and once the trouble is over everything is read again
        assert rig.sink.good(f"h{number}", "alarm")[-1][0] > end - 1_300 * MS
        assert rig.sink.good(f"h{number}", "other")[-1][0] > end - 2_400 * MS
    assert min(rig.pair.record.gaps_ns) >= rig.pair.wire.silence_ns or rig.pair.record.collisions


@settings(
    max_examples=SCHEDULES,
    deadline=None,
    derandomize=SCHEDULES <= 60,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes: set a breakpoint on the first failure instead
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@any_schedule
def test_no_value_is_ever_wrong(
    steps: list[tuple[float, Deed]], baud: int, fifo: int, echo: bool, turnaround_s: float
) -> None:
    live_through(steps, baud, fifo, echo, turnaround_s)
