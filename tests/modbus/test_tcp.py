"""Modbus TCP and RTU over TCP on real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from drivers.modbus.driver import ModbusDriver, rtu_tcp_driver, tcp_driver
from drivers.modbus.plans import DeviceSpec
from drivers.quality import Quality
from drivers.sample import Sample, Value
from hil.terminals.tcp import TerminalServer
from hil.terminals.terminal import Misbehaviour, Terminal
from protocols.errors import BadAnswer
from protocols.modbus.framing_tcp import MbapFramer, frame
from protocols.modbus.reconnect import Reconnect
from tests.modbus.rig import MS, Sink, profile, telling, telling_profile
from tests.waiting import patient, scaled

FAST = {"alarm": 0.1, "fast": 0.1, "slow": 0.1}


def terminals(*numbers: int, **modbus: object) -> dict[int, Terminal]:
    made = telling_profile(**modbus)
    return {n: Terminal(made, n, telling(n)) for n in numbers}


def specs(made: dict[int, Terminal], *absent: int) -> list[DeviceSpec]:
    one = next(iter(made.values())).profile
    return [DeviceSpec(f"h{n}", one, n, poll_s=FAST) for n in (*made, *absent)]


@contextlib.asynccontextmanager
async def running(driver: ModbusDriver) -> AsyncIterator[Sink]:
    sink = Sink()
    task = asyncio.create_task(driver.run(sink))
    try:
        yield sink
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def good(sample: Sample) -> bool:
    return sample.quality is sample.layout.good


def check(sink: Sink, made: dict[int, Terminal], window_ms: float = 60) -> int:
    """Every good value was shown by its own terminal at most so long before it was read; how many there were."""
    count, window_ns = 0, round(scaled(window_ms) * MS)
    for sample in filter(good, sink.samples):
        for point, value in zip(sample.layout.points, sample.values, strict=True):
            shown = made[int(sample.device[1:])].showed(point, sample.read_ns - window_ns, sample.read_ns)
            assert value in shown
            count += 1
    return count


@pytest.mark.parametrize("rtu", [False, True])
@pytest.mark.parametrize("chop", [0, 1, 5])
async def test_reads_whole_and_in_pieces(rtu: bool, chop: int) -> None:
    made = terminals(1, 2)
    async with TerminalServer(made, rtu=rtu) as server:
        server.chop = chop
        open_driver = rtu_tcp_driver if rtu else tcp_driver
        driver = open_driver("net", specs(made), host="127.0.0.1", port=server.port)
        async with running(driver) as sink:
            for _ in range(6):
                await sink.wait(lambda s: s.device == "h2" and good(s))
    assert check(sink, made, 400) > 10
    assert driver.line.counters.timeouts == 0


async def test_a_hang_up_is_noticed_at_once_and_reconnected() -> None:
    made = terminals(1)
    async with TerminalServer(made) as server:
        driver = tcp_driver("net", specs(made), host="127.0.0.1", port=server.port)
        async with running(driver) as sink:
            await sink.wait(good)
            server.stalled = True
            await asyncio.sleep(0)
            down = sink.wait(lambda s: s.quality[0] == Quality.LINK_DOWN, 1.0)
            server.hang_up()
            await down
            server.stalled = False
            await sink.wait(good)
    assert [up for _, up, _ in sink.states] == [True, False, True]


async def test_a_first_connect_that_fails_is_tried_again() -> None:
    made = terminals(1)
    server = TerminalServer(made)
    await server.start()
    await server.stop()
    driver = tcp_driver("net", specs(made), host="127.0.0.1", port=server.port)
    async with running(driver) as sink:
        await sink.wait(lambda s: s.quality[0] == Quality.LINK_DOWN)
        await server.start()
        await sink.wait(good)
        await server.stop()


def test_an_accept_does_not_reset_the_pause() -> None:
    """pymodbus: accept-then-close gives ten connects a second for ever."""
    pauses = Reconnect(jitter=lambda: 0.5)
    assert [pauses.pause_s() for _ in range(7)] == [0.5, 1, 2, 4, 8, 10, 10]
    pauses.good_answer()
    assert pauses.pause_s() == 0.5


async def test_accept_then_close_makes_no_storm() -> None:
    made = terminals(1)
    async with TerminalServer(made) as server:
        server.refusing = True
        driver = tcp_driver("net", specs(made), host="127.0.0.1", port=server.port)
        async with running(driver):
            await asyncio.sleep(1.0)
    assert server.accepted <= 3


@pytest.mark.parametrize(
    "wrong", [Misbehaviour.WRONG_UNIT, Misbehaviour.WRONG_FUNCTION, Misbehaviour.SHORT, Misbehaviour.EMPTY]
)
async def test_wrong_answers_give_no_value(wrong: Misbehaviour) -> None:
    made = terminals(1, 2)
    async with TerminalServer(made) as server:
        driver = tcp_driver("net", specs(made), host="127.0.0.1", port=server.port)
        async with running(driver) as sink:
            await sink.wait(lambda s: s.device == "h1" and good(s) and "when" in s.layout.points)
            made[1].misbehaviour = wrong
            wanted = {Quality.BAD_ANSWER}
            await sink.wait(lambda s: s.device == "h1" and s.quality[-1] in wanted and "when" in s.layout.points)
            mark = len(sink.samples)
            for _ in range(5):
                await sink.wait(lambda s: s.device == "h2" and good(s))
    assert not [s for s in sink.samples[mark:] if s.device == "h1" and good(s) and "when" in s.layout.points]
    if wrong is Misbehaviour.WRONG_UNIT:
        assert "answers as unit 2" in str(driver.counters()["h1"]["trouble"])


async def test_a_gateway_may_answer_under_another_unit_if_the_profile_says_so() -> None:
    made = terminals(1, unit_id_in_answer="any")
    made[1].misbehaviour = Misbehaviour.WRONG_UNIT
    async with TerminalServer(made) as server:
        driver = tcp_driver("net", specs(made), host="127.0.0.1", port=server.port)
        async with running(driver) as sink:
            await sink.wait(lambda s: good(s) and "when" in s.layout.points)
    check(sink, made)


async def test_late_answers_are_dropped_by_transaction_id() -> None:
    made = terminals(1)
    deadline_s = scaled(0.06)  # once: the machine may be slower or faster when the answer is to be late
    async with TerminalServer(made) as server:
        driver = tcp_driver("net", specs(made), host="127.0.0.1", port=server.port, deadline_ms=deadline_s * 1000)
        async with running(driver) as sink:
            await sink.wait(good)
            async with patient("an answer is late, and not lost with its connection", 20, lambda: len(sink.samples)):
                while not driver.line.counters.late_answers:
                    server.delay_s = deadline_s * 4 / 3
                    await sink.wait(lambda s: s.quality[0] == Quality.NO_ANSWER)
                    server.delay_s = 0.0
                    await sink.wait(good)
    check(sink, made)


async def test_a_half_open_connection_is_reopened() -> None:
    made = terminals(1, 2, 3)
    async with TerminalServer(made) as server:
        driver = tcp_driver("net", specs(made), host="127.0.0.1", port=server.port, deadline_ms=scaled(80))
        async with running(driver) as sink:
            await sink.wait(good)
            server.stalled = True
            await sink.wait(lambda s: s.quality[0] == Quality.LINK_DOWN)
            server.stalled = False
            await sink.wait(good)
    assert server.accepted >= 2


async def test_pipelining_keeps_answers_apart_and_only_where_allowed() -> None:
    made = terminals(*range(1, 20))
    async with TerminalServer(made) as server:
        server.delay_s = 0.01
        driver = tcp_driver("net", specs(made), host="127.0.0.1", port=server.port, pipeline=8)
        async with running(driver) as sink:
            for _ in range(20):
                await sink.wait(lambda s: s.device == "h19" and good(s))
    assert check(sink, made, 200) > 300
    assert driver.line.depth == 8
    refused = terminals(1, pipelining=False)
    assert tcp_driver("net", specs(refused), host="127.0.0.1", pipeline=8).line.depth == 1


@pytest.mark.realtime
async def test_one_dead_unit_of_many_leaves_the_others_fresh() -> None:
    made = terminals(*range(1, 40))
    async with TerminalServer(made) as server:
        driver = tcp_driver("net", specs(made, 99), host="127.0.0.1", port=server.port)
        async with running(driver) as sink:
            await sink.wait(lambda s: s.device == "h99")
            mark = len(sink.samples)
            await asyncio.sleep(2)
    counts = [sum(s.device == f"h{n}" and good(s) for s in sink.samples[mark:]) for n in made]
    assert (
        min(counts) >= 0.8 * 2 * 3 / scaled(0.1) * 0.5
    )  # three reads a period; a probe may take a quarter of the time
    assert server.accepted == 1


async def test_rtu_over_tcp_reopens_after_a_timeout_and_nobody_else_notices() -> None:
    made = terminals(1, 2)
    async with TerminalServer(made, rtu=True) as server:
        driver = rtu_tcp_driver("net", specs(made), host="127.0.0.1", port=server.port, deadline_ms=scaled(60))
        async with running(driver) as sink:
            await sink.wait(lambda s: s.device == "h2" and good(s))
            made[1].misbehaviour = Misbehaviour.DEAD
            await sink.wait(lambda s: s.device == "h1" and s.quality[0] == Quality.NO_ANSWER)
            made[1].misbehaviour = None
            await sink.wait(lambda s: s.device == "h1" and good(s))
            assert server.accepted >= 2
            await server.stop()
            await sink.wait(lambda s: s.quality[0] == Quality.LINK_DOWN)
            await asyncio.sleep(0.3)
            assert driver.line.counters.losses <= 3
            await server.start()
            await sink.wait(lambda s: s.device == "h2" and good(s))
    check(sink, made)
    assert all(s.quality[0] in (Quality.GOOD, Quality.LINK_DOWN) for s in sink.samples if s.device == "h2")
    assert [up for _, up, _ in sink.states] == [True, False, True]


def test_mbap_frames_from_any_pieces() -> None:
    stream = b"".join(frame(n, n, bytes((3, 2, 0, n))) for n in range(1, 50))
    for size in (1, 2, 7, 10, 11, 64, len(stream)):
        framer = MbapFramer()
        found = [one for i in range(0, len(stream), size) for one in framer.feed(stream[i : i + size])]
        assert [(one.transaction, one.unit, one.pdu[-1]) for one in found] == [(n, n, n) for n in range(1, 50)]


def test_a_stream_that_is_not_modbus_ends_the_connection() -> None:
    with pytest.raises(BadAnswer, match="not Modbus TCP"):
        MbapFramer().feed(b"HTTP/1.1 400 Bad Request\r\n")


async def test_wide_integers_texts_and_orders_arrive() -> None:
    made = profile(
        {
            "a": {"at": "holding 0", "type": "float32", "word_order": "little", "poll": "fast"},
            "b": {"at": "holding 2", "type": "int64", "byte_order": "little", "poll": "fast"},
            "c": {"at": "holding 6", "type": "float64", "poll": "fast"},
            "d": {"at": "holding 10", "type": "string 3", "poll": "fast"},
            "e": {"at": "holding 13.4", "poll": "fast"},
            "f": {"at": "holding 13.5", "poll": "fast"},
            "g": {"at": "coil 11", "poll": "fast"},
            "h": {"at": "discrete 9", "poll": "fast"},
        }
    )
    values: dict[str, Value] = {"a": 3.25, "b": -5, "c": 1e-9, "d": "Qu州", "e": True, "f": False, "g": True, "h": True}
    terminal = Terminal(made, 1, lambda at: values)
    async with TerminalServer({1: terminal}) as server:
        driver = tcp_driver("net", [DeviceSpec("h1", made, 1, poll_s=FAST)], host="127.0.0.1", port=server.port)
        async with running(driver) as sink:
            await sink.wait(lambda s: "h" in s.layout.points)
            await sink.wait(lambda s: "a" in s.layout.points)
            await sink.wait(lambda s: "g" in s.layout.points)
    seen = {p: v for s in sink.samples for p, v in zip(s.layout.points, s.values, strict=True)}
    assert seen == values
