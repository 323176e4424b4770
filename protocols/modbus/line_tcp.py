"""A Modbus TCP line: answers are matched by transaction id, several questions may be on their way."""

from collections.abc import Callable, Iterable

from protocols.clock import NowNs, boottime_ns
from protocols.modbus.deadline import NS
from protocols.modbus.framing_rtu import Answer
from protocols.modbus.framing_tcp import MbapFramer
from protocols.modbus.gateway import Gateway
from protocols.modbus.line import Line
from protocols.modbus.outcome import Miss
from protocols.modbus.port import Port
from protocols.modbus.question import Question
from protocols.modbus.reconnect import Reconnect
from protocols.modbus.turn import Turn
from protocols.modbus.unit import Unit
from protocols.reason import Reason

SILENCES_BEFORE_REOPENING = 3  # unanswered in a row, none answered between: a half-open connection
SLOW_NS = 5 * NS  # where the connection was opened anew in vain: how long it may be silent, in case it is only slow
EXPIRED_MOST = 64  # questions that went unanswered and may yet be


class TcpLine(Line):
    """Modbus TCP to one device or gateway; `pipeline` questions at once."""

    def __init__(
        self,
        name: str,
        port: Port,
        units: Iterable[Unit],
        *,
        pipeline: int = 1,
        cap_ns: int = 500_000_000,
        now_ns: NowNs = boottime_ns,
        on_rest: Callable[[int], None] | None = None,
        reconnect: Reconnect | None = None,
    ) -> None:
        super().__init__(name, port, units, cap_ns=cap_ns, now_ns=now_ns, on_rest=on_rest, reconnect=reconnect)
        self.depth = self.schedule.depth = pipeline
        self.gateway = Gateway(pipeline)
        self._framer = MbapFramer()
        self._transaction = 0
        self._expired_turns: dict[int, Turn] = {}
        self._silent_since = 0
        self._in_vain = 0  # times it was opened anew for silence, nothing answered since

    def _reopened(self, now: int) -> None:
        self._framer = MbapFramer()
        self._expired_turns.clear()
        self._silent_since = 0
        self._flush = False
        super()._reopened(now)

    def _woken(self, now: int) -> None:  # noqa: ARG002  # as for RTU
        self._framer = MbapFramer()
        self._expired_turns.clear()

    @property
    def shortcoming(self) -> Reason | None:
        """See `Line.shortcoming`."""
        return self.gateway.shortcoming

    def learned(self) -> list[Reason]:
        """See `Line.learned`."""
        return [*self.gateway.learned(), *super().learned()]

    def _pump(self) -> None:
        gateway = self.gateway
        if gateway.watched or self.depth != gateway.most:
            self.depth = self.schedule.depth = gateway.depth(self._now())
        super()._pump()

    def _send(self, turn: Turn, now: int) -> bytes:
        self._transaction = key = (self._transaction + 1) & 0xFFFF
        flights = self._flights
        if flights:
            turn.crowded = True
            for other in flights.values():
                other.crowded = True
        flights[key] = turn
        turn.unit.last = turn.question if self.gateway.blind else None  # only there could one pass for the next
        self._silent_since = self._silent_since or now
        turn.allowed_ns = turn.unit.deadline.wait_ns(turn.unit.failures)
        turn.deadline_ns = now + turn.allowed_ns
        frame = key.to_bytes(2, "big") + turn.question.mbap
        self._port.send(frame)
        return frame

    def _take(self, data: bytes, now: int) -> None:
        gateway = self.gateway
        for transaction, number, pdu in self._framer.feed(data):
            if not self._open:  # it was given up on account of the frame before
                return
            if gateway.under_one_id(transaction):
                turn = self._by_form(transaction, number, pdu, now)
            elif (turn := self._flights.pop(transaction, None)) is not None:
                gateway.echoed(transaction)
            else:
                gateway.stray(transaction)
                self._unexpected(transaction, now)
            if turn is not None:
                self._matched(turn, number, pdu, now)

    def _by_form(self, transaction: int, number: int, pdu: bytes, now: int) -> Turn | None:
        """The turn this answers, where ids say nothing: as on a wire, a copy of an answer had is none."""
        key, turn = next(iter(self._flights.items()), (0, None))
        fits = turn is not None and _from(turn.unit, number) and _answer(turn.question, pdu) is not None
        if not fits and self._came_again(number, pdu, now):
            self.counters.copies += 1
            return None
        if turn is None:
            self._unexpected(transaction, now)
            return None
        return self._flights.pop(key)

    def _came_again(self, number: int, pdu: bytes, now: int) -> bool:
        """Whether an answer of this form was had a moment ago."""
        for unit in (*self.schedule.units.values(), *self._strangers.values()):
            for one in unit.heard if _from(unit, number) else ():
                if one.until_ns > now and (answer := _answer(one.question, pdu)) is not None:
                    unit.came_again(one, answer)
                    return True
        return False

    def _matched(self, turn: Turn, number: int, pdu: bytes, now: int) -> None:
        unit, question = turn.unit, turn.question
        if number != question.unit and not unit.any_unit:
            unit.trouble = Reason("modbus.answers_as_another", unit=number)
            self._missed(turn, Miss.BAD_ANSWER, now)
        elif (answer := _answer(question, pdu)) is None:
            unit.trouble = Reason("modbus.not_an_answer", question=question.asked, bytes=pdu[:16].hex(" "))
            self._missed(turn, Miss.BAD_ANSWER, now)
        else:
            self._silent_since = self._in_vain = 0
            self.gateway.answered(turn, now)
            if self.gateway.blind:
                unit.remember(question, answer, now)
            self._answered(turn, answer, now, 0)

    def _unexpected(self, transaction: int, now: int) -> None:
        """Nobody waits for this answer, it seems: it is late; or it comes under the id that all answers have."""
        self.counters.late_answers += 1
        gateway, schedule = self.gateway, self.schedule
        turn = self._expired_turns.pop(transaction, None)
        if turn is not None:
            self._late(turn, now)
        elif gateway.sure:
            schedule.probe_now(schedule.unproven, now)
            self._begin_anew()
        elif gateway.blind:  # it came after all, and could pass for the next question's
            self._begin_anew()

    def _late(self, turn: Turn, now: int) -> None:
        """The answer to a question that is no longer waited for: never used, but it says how long to wait. One that was
        not waited for as long as is allowed says nothing new.
        """
        turn.unit.late += 1
        self._silent_since = self._in_vain = self._misses_in_row = 0
        deadline = turn.unit.deadline
        if turn.allowed_ns >= deadline.cap_ns and deadline.raise_cap(now - turn.sent_ns):
            self.gateway.slow(deadline.cap_ns)
            self.schedule.probe_now([turn.unit], now)

    def _begin_anew(self) -> None:
        """Close the connection and open it again, so that nothing of what was asked can still be answered."""
        self._flush = True
        self.lost(Reason("modbus.reopened"))

    def _expired(self, key: int, turn: Turn, now: int) -> None:
        del self._flights[key]
        self._expired_turns[key] = turn
        while len(self._expired_turns) > EXPIRED_MOST:
            del self._expired_turns[next(iter(self._expired_turns))]
        alone = self.gateway.missed(turn, now)
        self._missed(turn, Miss.NO_ANSWER, now)
        if alone:
            self.schedule.probe_now([turn.unit], now)
        if self._misses_in_row >= SILENCES_BEFORE_REOPENING + self.depth - 1:
            if self._in_vain == 0 or now - self._silent_since >= SLOW_NS:
                self._in_vain += 1
                self.lost(Reason("modbus.silence", count=self._misses_in_row))
        elif self.gateway.blind and turn.unit.known:
            self._begin_anew()


def _from(unit: Unit, number: int) -> bool:
    """Whether a frame with this unit id may be this unit's."""
    return unit.any_unit or unit.number == number


def _answer(question: Question, pdu: bytes) -> Answer | None:
    """The data of an answer to `question`, its exception code, or None when it is neither."""
    if len(pdu) == question.size and pdu.startswith(question.head):
        return pdu[2:]
    if len(pdu) == 2 and pdu[0] == question.fc | 0x80:
        return pdu[1]
    return None
