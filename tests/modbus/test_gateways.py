"""Gateways as they are: ids that say nothing, one question at a time, slow, hanging up when idle, answers in pieces."""

import asyncio
import contextlib

import pytest

from drivers.modbus.driver import rtu_tcp_driver, tcp_driver
from drivers.modbus.plans import DeviceSpec
from drivers.quality import Quality
from hil.terminals.tcp import TerminalServer
from hil.terminals.terminal import Terminal
from protocols.clock import NowNs
from protocols.modbus import line as line_module
from protocols.modbus import question
from protocols.modbus.deadline import NS, Deadline
from protocols.modbus.framing_tcp import frame
from protocols.modbus.gateway import MORE_AFTER_NS, SUSPECT_NS, Gateway
from protocols.modbus.line_tcp import TcpLine
from protocols.modbus.port import PortOwner
from protocols.modbus.turn import Turn
from protocols.modbus.unit import Read, Unit
from protocols.reason import Reason
from tests.modbus.rig import profile, telling_profile, virtually
from tests.modbus.test_overload import Nobody
from tests.modbus.test_tcp import FAST, check, good, running, specs, terminals
from tests.waiting import scaled, until


@pytest.mark.parametrize("pipeline", [1, 4])
@pytest.mark.parametrize("transaction", [0, 7])
async def test_answers_under_one_id_are_read_one_at_a_time(pipeline: int, transaction: int) -> None:
    """On 7afa785 all of them were late, and none was good."""
    made = terminals(1, 2)
    async with TerminalServer(made) as server:
        server.transaction = transaction
        driver = tcp_driver("gw", specs(made), host="127.0.0.1", port=server.port, pipeline=pipeline, deadline_ms=200)
        async with running(driver) as sink:
            for _ in range(20):
                await sink.wait(lambda s: s.device == "h2" and good(s))
            told = driver.counters()["gw"]
            assert told["learned"] == (Reason("modbus.gateway_ids", id=transaction),)
            assert driver.line.depth == 1
            server.transaction = None
            for _ in range(20):
                await sink.wait(lambda s: s.device == "h2" and good(s))
            assert driver.counters()["gw"]["learned"] == ()
            assert driver.line.depth == pipeline
    check(sink, made, 400)
    assert Quality.LINK_DOWN not in {quality for s in sink.samples for quality in s.quality}


@pytest.mark.parametrize("again_s", [0.0, 0.03, 0.3])
async def test_answers_doubled_under_one_id_are_known_as_copies(again_s: float) -> None:
    """Each copy was an answer nobody waited for, and opened the connection anew: no value ever came."""
    made = terminals(1, 2)
    async with TerminalServer(made) as server:
        server.transaction, server.again_s = 7, again_s
        driver = tcp_driver("gw", specs(made), host="127.0.0.1", port=server.port, deadline_ms=scaled(200))
        async with running(driver) as sink:
            for _ in range(20):
                await sink.wait(lambda s: s.device == "h2" and good(s))
            accepted, copies = server.accepted, driver.line.counters.copies
            for _ in range(20):
                await sink.wait(lambda s: s.device == "h1" and good(s))
            assert driver.line.counters.copies > copies
            assert server.accepted == accepted, "a copy is no reason to open it anew"
    check(sink, made, 1000)


async def test_alike_questions_under_one_id_are_kept_apart() -> None:
    """Doubled answers and two reads of one form: the copy of one passed for the other, as a good value."""
    made = profile(
        {
            "pressure": {"at": "input 0", "type": "uint16", "poll": "fast"},
            "level": {"at": "input 100", "type": "uint16", "poll": "fast"},
        },
        identity=[{"at": "holding 100", "type": "uint16", "is": 4711}],
    )
    terminal = Terminal(
        made, 1, lambda at: {"pressure": 10_000 + at // 10**8 % 1000, "level": 20_000 + at // 10**8 % 1000}
    )
    spec = DeviceSpec("h1", made, 1, poll_s=FAST)
    async with TerminalServer({1: terminal}) as server:
        server.transaction, server.again_s = 7, 0.05
        driver = tcp_driver("gw", [spec], host="127.0.0.1", port=server.port, deadline_ms=scaled(200))
        async with running(driver) as sink:
            for point in ("pressure", "level") * 6:
                await sink.wait(lambda s, point=point: good(s) and point in s.layout.points)  # type: ignore[misc]
    got = {point: {int(str(v)) // 10_000 for _, v in sink.good("h1", point)} for point in ("pressure", "level")}
    assert got == {"pressure": {1}, "level": {2}}


async def test_a_gateway_that_takes_one_question_at_a_time_is_asked_one() -> None:
    """On 7afa785, `pipeline = 4`: a unit whose second proof was lost beside the first was never asked again."""
    made = terminals(1, 2, 3)
    async with TerminalServer(made) as server:
        server.one_by_one, server.delay_s = True, 0.005
        driver = tcp_driver("gw", specs(made), host="127.0.0.1", port=server.port, pipeline=4, deadline_ms=scaled(150))
        async with running(driver) as sink:
            for unit in (1, 2, 3):
                await sink.wait(lambda s, unit=unit: s.device == f"h{unit}" and good(s))  # type: ignore[misc]
            await until("one at a time", lambda: driver.line.depth == 1 and driver.line.learned())
            for unit in (1, 2, 3):
                await sink.wait(lambda s, unit=unit: s.device == f"h{unit}" and good(s))  # type: ignore[misc]
            lesson = Reason("modbus.gateway_fewer_at_once", most=1, pipeline=4)
            await until("half, then a quarter", lambda: driver.counters()["gw"]["learned"] == (lesson,))
    assert str(lesson) == "the far end bears 1 questions at once, not 4: write pipeline = 1"


async def test_answers_later_than_the_deadline_are_waited_for_and_named() -> None:
    """On 7afa785 a gateway that takes four times the deadline gave nothing: its connection was closed before."""
    made = terminals(1)
    async with TerminalServer(made) as server:
        deadline_s = scaled(0.05)
        server.delay_s = 4 * deadline_s
        driver = tcp_driver("gw", specs(made), host="127.0.0.1", port=server.port, deadline_ms=deadline_s * 1000)
        async with running(driver) as sink:
            await sink.wait(good)
            (lesson,) = driver.line.learned()
            assert lesson.code == "modbus.gateway_slow"
            assert float(str(lesson.facts["deadline_ms"])) >= 300
            misses = driver.line.counters.timeouts
            for _ in range(2):
                await sink.wait(good)
            assert driver.line.counters.timeouts == misses
    check(sink, made, 500)


async def test_an_idle_far_end_may_hang_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """On 7afa785 each time was an outage: an event, and every value without a quality for a moment."""
    monkeypatch.setattr(line_module, "IDLE_NS", NS // 10)
    monkeypatch.setattr(line_module, "CROSSING_NS", round(scaled(0.5) * NS))
    made = telling_profile()
    devices = {1: terminals(1)[1]}
    spec = DeviceSpec("h1", made, 1, poll_s=dict.fromkeys(("alarm", "fast", "slow"), 0.6))
    async with TerminalServer(devices) as server:
        server.idle_s = 0.2
        driver = tcp_driver("gw", [spec], host="127.0.0.1", port=server.port)
        async with running(driver) as sink:
            await until("four hang-ups", lambda: server.accepted > 4, progress=lambda: server.accepted)
            await until("the far end hangs up", lambda: not server.connections)
            assert driver.line.is_open  # a person's question opens it
            assert await driver.line.ask(question.read(1, "holding", 100, 1), 5) == (4711).to_bytes(2, "big")
            (lesson,) = driver.line.learned()
            assert lesson.code == "modbus.far_end_hangs_up"
            assert driver.counters()["gw"]["trouble"] is None
            await server.stop()
            await sink.wait(lambda s: s.quality[0] == Quality.LINK_DOWN)  # it is missed when there is something to ask
    assert [up for _, up, _ in sink.states] == [True, False]
    assert all(good(s) for s in sink.samples if s.quality[0] != Quality.LINK_DOWN)


async def test_answers_that_begin_to_come_in_pieces_are_waited_for_and_named() -> None:
    """Short answers between them narrowed the deadline again: a long one was cut off for ever."""
    made = profile(
        {
            "short": {"at": "input 0", "type": "uint16", "poll": "alarm"},
            "long": {"at": "holding 10", "type": "string 30", "poll": "fast"},
        },
        identity=[{"at": "holding 100", "type": "uint16", "is": 4711}],
    )
    terminal = Terminal(made, 1, lambda at: {"short": 1, "long": "x" * 60})
    spec = DeviceSpec("h1", made, 1, poll_s=FAST)
    async with TerminalServer({1: terminal}, rtu=True) as server:
        driver = rtu_tcp_driver("gw", [spec], host="127.0.0.1", port=server.port)
        async with running(driver) as sink:
            for _ in range(15):
                await sink.wait(good)
            server.chop, server.chop_s = 1, 0.006
            await until("it is named", driver.line.learned, 10)
            for _ in range(2):
                await sink.wait(lambda s: good(s) and "long" in s.layout.points, 10)
    assert [lesson.code for lesson in driver.line.learned()] == ["modbus.far_end_in_pieces"]


class Crossing:
    """A far end that hangs up after ten idle seconds; its farewell crosses the next question."""

    def __init__(self) -> None:
        self.opened = 0
        self.asked: list[bytes] = []
        self._owner: PortOwner | None = None

    async def open(self, owner: PortOwner) -> None:
        self._owner = owner
        self.opened += 1

    def send(self, data: bytes, quiet_ns: int = 0) -> None:
        self.asked.append(data)
        loop = asyncio.get_running_loop()
        if len(self.asked) == 3:
            loop.call_later(0.02, self._hang_up)
        else:
            loop.call_later(0.01, self._answer, frame(int.from_bytes(data[:2], "big"), data[6], b"\x04\x02\x00\x07"))

    def _answer(self, data: bytes) -> None:
        assert self._owner is not None
        self._owner.received(data)

    def _hang_up(self) -> None:
        assert self._owner is not None
        self._owner.lost(Reason("modbus.closed_by_far_end", place="gw"), orderly=True)

    def close(self) -> None: ...


@pytest.mark.parametrize("by_a_person", [False, True])
def test_a_question_that_crossed_the_farewell_is_asked_again(by_a_person: bool) -> None:
    class Counting(Nobody):
        answers = 0

        def answered(self, data: bytes, at_ns: int) -> None:
            self.answers += 1

    async def story(now: NowNs) -> tuple[Crossing, Counting, list[bool]]:
        far, taker, states = Crossing(), Counting(), []
        unit = Unit(1, Deadline(NS // 2))
        unit.reads.append(Read(unit, question.read(1, "input", 0, 1), 10 * NS, taker))
        line = TcpLine("gw", far, [unit], now_ns=now)
        task = asyncio.create_task(line.run(lambda up, _: states.append(up)))
        if by_a_person:
            await asyncio.sleep(18)
            assert await line.ask(question.read(1, "input", 0, 1), 3) == b"\0\x07"
            await asyncio.sleep(17)
        else:
            await asyncio.sleep(35)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert line.counters.losses == 0
        return far, taker, states

    far, taker, states = virtually(story)
    assert (far.opened, len(far.asked), taker.answers) == (2, 5 + by_a_person, 4)
    assert states == [True]


def turn(number: int, *, crowded: bool) -> Turn:
    one = Turn(Unit(number, Deadline(NS)), question.read(number, "input", 0, 1))
    one.crowded = crowded
    return one


def test_fewer_at_once_is_learned_from_units_that_answer_alone_only_and_tried_again() -> None:
    gateway, now = Gateway(8), NS
    for number in (1, 2):
        assert gateway.missed(turn(number, crowded=True), now)
    assert gateway.depth(now) == 1
    for number in (1, 2):
        gateway.answered(turn(number, crowded=False), now)
    assert gateway.depth(now) == 4
    assert gateway.depth(now + MORE_AFTER_NS - 1) == 4
    assert gateway.depth(now + MORE_AFTER_NS) == 8
    assert gateway.learned() == []


def test_a_dead_unit_teaches_nothing_about_company() -> None:
    gateway, now = Gateway(8), NS
    assert gateway.missed(turn(9, crowded=True), now)
    gateway.missed(turn(9, crowded=False), now)
    for _ in range(5):
        assert not gateway.missed(turn(9, crowded=True), now)
    assert gateway.depth(now) == 8
    assert gateway.missed(turn(7, crowded=True), now)
    assert gateway.depth(now + SUSPECT_NS) == 8  # it was not asked in time: nobody waits for it
    assert not gateway.missed(turn(7, crowded=True), now + SUSPECT_NS)


def test_ids_are_doubted_only_when_all_answers_have_the_same() -> None:
    gateway = Gateway(4)
    for stray in (900, 17, 900, 4):  # another master's answers, say
        gateway.stray(stray)
        assert not gateway.sure
    for _ in range(2):
        gateway.stray(900)
        gateway.echoed(5)
        assert not gateway.sure
    gateway.stray(0)
    gateway.stray(0)
    assert gateway.sure
    assert gateway.under_one_id(0)
    assert not gateway.under_one_id(900)  # never taken for ours
    gateway.stray(900)
    assert not gateway.blind
