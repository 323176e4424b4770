"""The one owner of a wire: asks what the schedule says, keeps deadlines, hands on what fits and nothing else.

Driven by callbacks, without a task or future per transaction: a transaction in flight cannot be cancelled.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from protocols.clock import NowNs, boottime_ns
from protocols.errors import BadAnswer, Busy, NoAnswer, NotConnected, Refused, WireError
from protocols.modbus.counters import LineCounters
from protocols.modbus.deadline import NS, Deadline
from protocols.modbus.framing_rtu import Answer
from protocols.modbus.outcome import Miss
from protocols.modbus.port import Port
from protocols.modbus.question import Question, exception_reason
from protocols.modbus.reconnect import Reconnect
from protocols.modbus.schedule import Schedule
from protocols.modbus.timer import FAR, LoopTimer, Timer
from protocols.modbus.turn import Order, Turn
from protocols.modbus.unit import Unit
from protocols.reason import Reason

BUSY: Final = frozenset({5, 6})  # acknowledge, device busy: it asks for time
DEAD_BEHIND_GATEWAY: Final = frozenset({0x0A, 0x0B})
BUSY_PAUSE_NS = NS // 2
BUSY_MOST = 5  # pauses in a row before a busy read counts as refused
LULL_NS = 100_000_000
"""With nothing to ask for so long the line rests: a sweep is over. Reads that come together are closer."""
IDLE_NS = NS  # silence after which a far end that hangs up is taken to have grown tired of waiting
CROSSING_NS = NS // 4  # a question younger than that may have crossed its farewell
HANG_UPS_SURE = 3
GRACE_NS = 2_000_000  # one more look at the wire after a deadline: our own loop may have been late, not the answer

StateSink = Callable[[bool, Reason], None]
"""Told whether the line is up, and why that is known."""

Trace = Callable[[int, bool, bytes], None]
"""Told every piece of traffic: when, whether it was sent, the bytes."""


class NotSent(WireError):
    """The order's time was over before the line could take it: nothing went out, so nothing can have happened."""


class Line(ABC):
    """What RTU and TCP lines share."""

    depth = 1

    def __init__(
        self,
        name: str,
        port: Port,
        units: Iterable[Unit],
        *,
        cap_ns: int = 300_000_000,
        now_ns: NowNs = boottime_ns,
        on_rest: Callable[[int], None] | None = None,
        reconnect: Reconnect | None = None,
        make_timer: Callable[[Callable[[], None]], Timer] = LoopTimer,
    ) -> None:
        self.name = name
        self.counters = LineCounters()
        self.schedule = Schedule(units)
        self._on_state: StateSink | None = None
        self._on_open: Callable[[], None] | None = None
        self._on_rest = on_rest  # told how many answers came since the last rest
        self._trace: Trace | None = None
        self.trouble: Reason | None = None  # why it was last down
        self._port = port
        self._cap_ns = cap_ns
        self._now = now_ns
        self._reconnect = reconnect or Reconnect()
        self._strangers: dict[int, Unit] = {}
        self._flights: dict[int, Turn] = {}
        self._free_at = 0
        self._gap_ns = 0  # of silence after each transaction
        self._open = False
        self._up: bool | None = None
        self._ended: asyncio.Future[Reason] | None = None
        self._make_timer = make_timer
        self._timer: Timer | None = None
        self._timer_at = FAR
        self._misses_in_row = 0
        self._answers = 0  # since the last rest
        self._answers_here = 0  # since the wire was opened
        self._last_heard = 0
        self._dormant = False  # closed by an idle far end, to be opened when there is something to ask
        self._wanted = asyncio.Event()
        self._hang_ups = 0
        self._idle_ns = 0
        self._flush = False  # reopened on purpose, at once, to be rid of what is still in it

    async def run(self, on_state: StateSink | None = None, on_open: Callable[[], None] | None = None) -> None:
        """Keep the wire open and ask for ever; ends by cancellation only, with the port closed.

        `on_state` is told whenever it comes up or goes down, `on_open` whenever the wire was opened.
        """
        self._on_state, self._on_open = on_state, on_open
        while True:
            self._ended = asyncio.get_running_loop().create_future()
            try:
                try:
                    await self._port.open(self)
                except NotConnected as error:
                    self._flush = self._dormant = False
                    self._down(error.reason)
                else:
                    self._start()
                    reason = await self._ended
                    if not self._flush and not self._dormant:
                        self._down(reason)
            finally:
                self._stop()
            if self._dormant:
                await self._until_wanted()
            else:
                await asyncio.sleep(0.0 if self._flush else self._reconnect.pause_s())

    async def ask(self, question: Question, within_s: float) -> bytes:
        """Ask once, before all polls; the answer's data. Never repeated, so a write goes out at most once.

        NotSent: it never left. NoAnswer, BadAnswer, NotConnected: it left, and may have been acted on. Refused: the
        unit's exception.
        """
        loop = asyncio.get_running_loop()
        unit = self.schedule.units.get(question.unit) or self._stranger(question.unit)
        order = Order(unit, question, self._now() + int(within_s * NS), loop.create_future())
        self.schedule.orders.append(order)
        self._wanted.set()
        if self._open:
            self._pump()
        try:
            async with asyncio.timeout(within_s):
                answer = await asyncio.shield(order.answer)
        except TimeoutError:
            if order.sent:
                raise NoAnswer("modbus.no_answer_within", question=question.asked, within_s=within_s) from None
            why = Reason("modbus.line_not_free", line=self.name, within_s=within_s)
            if unit.failures:
                why = Reason("modbus.another_device_there" if unit.wrong else "modbus.unit_is_silent")
            raise NotSent("modbus.not_sent", question=question.asked, why=why) from None
        finally:
            order.answer.cancel()
            if order in self.schedule.orders:
                self.schedule.orders.remove(order)
        if isinstance(answer, int):
            why = exception_reason(answer)
            raise Refused("modbus.refused", number=answer, question=question.asked, exception=why)
        return answer

    def _stranger(self, number: int) -> Unit:
        """A unit no device is configured for, as a technician asks for one."""
        if number not in self._strangers:
            self._strangers[number] = Unit(number, Deadline(self._cap_ns))
        return self._strangers[number]

    def stranger_units(self) -> Sequence[Unit]:
        """Units asked for by orders only."""
        return list(self._strangers.values())

    @contextlib.contextmanager
    def traced(self, trace: Trace) -> Iterator[None]:
        """`trace` gets every piece as it is sent or heard. Busy where somebody else gets them."""
        if self._trace is not None:
            raise Busy("bus.listened_to", line=self.name)
        self._trace = trace
        try:
            yield
        finally:
            self._trace = None

    @property
    def is_open(self) -> bool:
        """Whether the wire is open: orders can be sent."""
        return self._open or self._dormant

    # -- what the two kinds of line do differently

    @abstractmethod
    def _send(self, turn: Turn, now: int) -> bytes:
        """Put the turn's question on the wire and the turn among the flights; returns what was sent."""

    @abstractmethod
    def _take(self, data: bytes, now: int) -> None:
        """Bytes came in."""

    @abstractmethod
    def _expired(self, key: int, turn: Turn, now: int) -> None:
        """A flight's deadline passed."""

    def _quarantine_ns(self, turn: Turn, now: int) -> int:  # noqa: ARG002  # RTU lines wait, TCP lines need not
        """Until when a unit that missed is left alone."""
        return now

    def _quiet(self, now: int) -> int:  # noqa: ARG002
        """Until when the line must stay silent."""
        return self._free_at

    @abstractmethod
    def _woken(self, now: int) -> None:
        """The wire was opened anew after an idle far end hung up: the units are as they were."""

    def _reopened(self, now: int) -> None:
        """The wire was opened anew."""
        self.schedule.restart(now, forget_owed=True)

    # -- the pump

    def _start(self) -> None:
        now = self._now()
        self.counters.connects += 1
        self.counters.begin(now)
        self._open = True
        self._misses_in_row = self._answers_here = 0
        self._timer = self._make_timer(self._on_timer)
        self._timer_at = FAR
        if self._dormant:
            self._dormant = False
            self._woken(now)
        else:
            self._reopened(now)
        if self._on_open is not None:
            self._on_open()
        self._pump()

    def _stop(self) -> None:
        self._open = False
        self._port.close()
        if self._timer is not None:
            self._timer.close()
            self._timer = None
        now = self._now()
        flights, self._flights = list(self._flights.values()), {}
        for turn in flights:
            if turn.order is not None:
                if not turn.order.answer.done():
                    down = NotConnected("modbus.line_went_down", question=turn.question.asked, line=self.name)
                    turn.order.answer.set_exception(down)
            elif turn.read is not None:
                turn.read.unit.parked.append(turn.read)
            turn.unit.owe(turn.question, now)

    def _down(self, reason: Reason) -> None:
        self.counters.losses += 1
        self.trouble = reason
        now = self._now()
        self._state(False, reason)
        for unit in self.schedule.units.values():
            for read in unit.reads:
                read.taker.missed(Miss.LINK_DOWN, now)

    def _state(self, up: bool, reason: Reason) -> None:
        if self._up is not up:
            self._up = up
            if self._on_state is not None:
                self._on_state(up, reason)

    def received(self, data: bytes) -> None:
        """The port's bytes."""
        try:
            if self._open:
                self._last_heard = now = self._now()
                if self._trace is not None:
                    self._trace(now, False, data)
                self._take(data, now)
                self._pump()
        except Exception as bug:
            self._fail(bug)

    def lost(self, reason: Reason, *, orderly: bool = False) -> None:
        """The port is gone, or we give it up; `run` opens it again. Where an idle far end hung up in order, that is no
        trouble: it is opened again when there is something to ask.
        """
        if orderly and self._open and self._answers_here:
            self._dormant = self._idle_close(self._now())
        self._open = False
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(reason)

    def _idle_close(self, now: int) -> bool:
        """Whether nothing was under way for a while but, at most, what crossed the far end's farewell: that is asked
        again on the next connection.
        """
        flights = self._flights
        quiet_ns = min((turn.sent_ns for turn in flights.values()), default=now) - self._last_heard
        if quiet_ns < IDLE_NS or any(turn.sent_ns < now - CROSSING_NS for turn in flights.values()):
            return False
        if any(turn.question.write for turn in flights.values()):
            return False  # it may have been acted on
        self._flights = {}
        for turn in flights.values():
            if turn.read is not None:
                self.schedule.put(turn.read)
            elif turn.order is not None:
                turn.order.sent = False
                self.schedule.orders.append(turn.order)
        self._hang_ups += 1
        self._idle_ns = quiet_ns
        return True

    async def _until_wanted(self) -> None:
        """Until something is to be asked."""
        self._wanted.clear()
        until = self.schedule.next_ns()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0, until - self._now()) / NS):
                await self._wanted.wait()

    @property
    def shortcoming(self) -> Reason | None:
        """What the wire is like that costs time, and would not with other settings."""
        return None

    def learned(self) -> list[Reason]:
        """What the wire has turned out to be like, each with the setting that helps."""
        if self._hang_ups < HANG_UPS_SURE:
            return []
        return [Reason("modbus.far_end_hangs_up", idle_s=round(self._idle_ns / NS, 1))]

    def _fail(self, error: Exception) -> None:
        """Nothing is swallowed: `run` raises it to its supervisor. Wire trouble ends the connection only."""
        self._open = False
        if self._ended is None or self._ended.done():
            raise error
        if isinstance(error, WireError):
            self._ended.set_result(error.reason)
        else:
            self._ended.set_exception(error)

    def _pump(self) -> None:
        if not self._open:
            return
        now = self._now()
        flights = self._flights
        wake = FAR
        while len(flights) < self.depth:
            if (quiet := self._quiet(now)) > now:
                wake = quiet
                break
            turn = self.schedule.pick(now)
            if turn is None:
                wake = self.schedule.wake_ns
                if self._answers and not flights and wake - now >= LULL_NS and self._on_rest is not None:
                    answers, self._answers = self._answers, 0
                    self._on_rest(answers)
                break
            self._begin(turn, now)
        for turn in flights.values():
            if turn.deadline_ns < wake:
                wake = turn.deadline_ns
        self._arm(wake, now)

    def _begin(self, turn: Turn, now: int) -> None:
        self.counters.questions += 1
        turn.sent_ns = now
        if turn.order is not None:
            turn.order.sent = True
        if turn.question.write:
            turn.unit.not_before = now + turn.unit.pause_after_write_ns
        sent = self._send(turn, now)
        if self._trace is not None:
            self._trace(now, True, sent)

    def _arm(self, wake: int, now: int) -> None:
        """One timer, at most as late as `wake`; waking early only looks again."""
        if wake < self._timer_at and self._timer is not None:
            self._timer_at = wake
            self._timer.set(wake, now)

    def _on_timer(self) -> None:
        self._timer_at = FAR
        if not self._open:
            return
        try:
            now = self._now()
            for key, turn in list(self._flights.items()):
                if turn.deadline_ns <= now:
                    if turn.grace:
                        self._expired(key, turn, now)
                    else:
                        turn.grace = True
                        turn.deadline_ns = now + GRACE_NS
            self._pump()
        except Exception as bug:
            self._fail(bug)

    # -- outcomes

    def _answered(self, turn: Turn, answer: Answer, now: int, wire_ns: int) -> None:
        """A checked answer to exactly this turn's question."""
        unit, counters = turn.unit, self.counters
        counters.answers += 1
        counters.busy_ns += now - turn.sent_ns
        unit.answers += 1
        unit.known = True
        self._misses_in_row = 0
        self._answers += 1
        self._answers_here += 1
        unit.deadline.learn(now - turn.sent_ns - wire_ns)
        if unit.pause_ns and not turn.question.write:
            unit.not_before = now + unit.pause_ns
        self._reconnect.good_answer()
        if not self._up:
            self._state(True, Reason("modbus.answers"))
        if isinstance(answer, int):
            self._refused(turn, answer, now)
        elif (read := turn.read) is not None:
            read.taker.answered(answer, now)
            self.schedule.answered(read, now, now - turn.sent_ns + self._gap_ns)
        elif turn.order is not None:
            if unit.failures:
                unit.not_before = now  # it is back
            if not turn.order.answer.done():
                turn.order.answer.set_result(answer)
        elif (proof := turn.proof) is not None:
            if proof.check is None or proof.check(answer):
                unit.trouble = None
                self.schedule.proof_held(unit, proof, now, now - turn.sent_ns)
            else:
                asked, shown = turn.question.asked, answer.hex(" ")
                self._wrong_device(turn, now, Reason("modbus.another_device", bytes=shown, question=asked))

    def _wrong_device(self, turn: Turn, now: int, trouble: Reason) -> None:
        turn.unit.trouble = trouble
        self.schedule.proof_failed(turn.unit, now, now - turn.sent_ns, Miss.WRONG_DEVICE)

    def _refused(self, turn: Turn, code: int, now: int) -> None:
        unit = turn.unit
        self.counters.refusals += 1
        unit.refusals += 1
        unit.trouble = Reason("modbus.exception", exception=exception_reason(code), question=turn.question.asked)
        if turn.order is not None:
            if not turn.order.answer.done():
                turn.order.answer.set_result(code)
        elif code in DEAD_BEHIND_GATEWAY:
            self._silent(turn, Miss.NO_ANSWER, now)
        elif (read := turn.read) is not None:
            if code in BUSY and read.attempts < BUSY_MOST and not read.silent:
                read.attempts += 1
                self.schedule.hold(read, now + BUSY_PAUSE_NS)
            else:
                read.silent = int(code in BUSY)  # always busy: the next periods ask once
                read.taker.refused(code, now)
                self.schedule.done(read, now)
        elif (proof := turn.proof) is not None:
            if proof.check is None:
                self.schedule.proof_held(unit, proof, now, now - turn.sent_ns)
            elif code in BUSY and unit.failures < BUSY_MOST:
                unit.failures += 1
                unit.not_before = now + BUSY_PAUSE_NS
            else:
                self._wrong_device(turn, now, Reason("modbus.no_identity", why=unit.trouble))

    def _missed(self, turn: Turn, why: Miss, now: int) -> None:
        """No usable answer came to this turn's question."""
        unit, counters = turn.unit, self.counters
        counters.busy_ns += now - turn.sent_ns
        if why is Miss.BAD_ANSWER:
            counters.bad_answers += 1
            unit.bad += 1
        else:
            counters.timeouts += 1
            unit.timeouts += 1
            unit.trouble = Reason("modbus.no_answer", question=turn.question.asked)
        unit.deadline.widen()
        self._misses_in_row += 1
        if turn.order is not None:
            if not turn.order.answer.done():
                turn.order.answer.set_exception(_unanswered(turn, why))
            self.schedule.doubt(unit, self._quarantine_ns(turn, now))
        else:
            self._silent(turn, why, now)

    def _silent(self, turn: Turn, why: Miss, now: int) -> None:
        unit, schedule = turn.unit, self.schedule
        if (read := turn.read) is not None:
            read.attempts += 1
            if read.attempts < 2 and not read.silent:
                self.counters.retries += 1
                schedule.again(read)
            else:
                read.taker.missed(why, now)
                schedule.missed_alone(read, now)
            schedule.doubt(unit, self._quarantine_ns(turn, now))
        else:
            self.counters.probes_failed += 1
            if turn.crowded and unit.proven:
                return  # by another question, meanwhile
            unit.proof_missed(turn.question)
            unit.quiet_until = self._quarantine_ns(turn, now)
            unit.not_before = max(unit.not_before, unit.quiet_until)
            schedule.proof_failed(unit, now, now - turn.sent_ns, why)
            if all(other.failures for other in schedule.units.values()):
                self._state(False, Reason("modbus.nothing_answers"))


def _unanswered(turn: Turn, why: Miss) -> WireError:
    """What the asker of an order is told."""
    if why is Miss.BAD_ANSWER:
        return BadAnswer("modbus.bad_answer", question=turn.question.asked, why=turn.unit.trouble)
    return NoAnswer("modbus.no_answer", question=turn.question.asked)
