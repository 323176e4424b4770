"""A Modbus TCP line: answers are matched by transaction id, several questions may be on their way."""

from collections.abc import Iterable

from protocols.clock import NowNs, boottime_ns
from protocols.modbus.framing_rtu import Answer
from protocols.modbus.framing_tcp import MbapFramer
from protocols.modbus.line import Line, StateSink
from protocols.modbus.outcome import Miss
from protocols.modbus.port import Port
from protocols.modbus.question import Question
from protocols.modbus.reconnect import Reconnect
from protocols.modbus.turn import Turn
from protocols.modbus.unit import Unit
from protocols.reason import Reason

SILENCES_BEFORE_REOPENING = 3  # unanswered in a row, none answered between: a half-open connection


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
        on_state: StateSink | None = None,
        reconnect: Reconnect | None = None,
    ) -> None:
        super().__init__(name, port, units, cap_ns=cap_ns, now_ns=now_ns, on_state=on_state, reconnect=reconnect)
        self.depth = self.schedule.depth = pipeline
        self._framer = MbapFramer()
        self._transaction = 0

    def _reopened(self, now: int) -> None:
        self._framer = MbapFramer()
        super()._reopened(now)

    def _send(self, turn: Turn, now: int) -> bytes:
        self._transaction = key = (self._transaction + 1) & 0xFFFF
        self._flights[key] = turn
        turn.deadline_ns = now + turn.unit.deadline.wait_ns(turn.unit.failures)
        frame = key.to_bytes(2, "big") + turn.question.mbap
        self._port.send(frame)
        return frame

    def _take(self, data: bytes, now: int) -> None:
        for transaction, number, pdu in self._framer.feed(data):
            turn = self._flights.pop(transaction, None)
            if turn is None:
                self.counters.late_answers += 1
                continue
            unit, question = turn.unit, turn.question
            if number != question.unit and not unit.any_unit:
                unit.trouble = Reason("modbus.answers_as_another", unit=number)
                self._missed(turn, Miss.BAD_ANSWER, now)
            elif (answer := _answer(question, pdu)) is None:
                unit.trouble = Reason("modbus.not_an_answer", question=question.asked, bytes=pdu[:16].hex(" "))
                self._missed(turn, Miss.BAD_ANSWER, now)
            else:
                self._answered(turn, answer, now, 0)

    def _expired(self, key: int, turn: Turn, now: int) -> None:
        del self._flights[key]
        self._missed(turn, Miss.NO_ANSWER, now)
        if self._misses_in_row >= SILENCES_BEFORE_REOPENING + self.depth - 1:
            self.lost(Reason("modbus.silence", count=self._misses_in_row))


def _answer(question: Question, pdu: bytes) -> Answer | None:
    """The data of an answer to `question`, its exception code, or None when it is neither."""
    if len(pdu) == question.size and pdu.startswith(question.head):
        return pdu[2:]
    if len(pdu) == 2 and pdu[0] == question.fc | 0x80:
        return pdu[1]
    return None
