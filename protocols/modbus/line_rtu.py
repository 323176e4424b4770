"""An RTU line: one question at a time, 3.5 characters of silence, nothing believed that could be something else."""

from collections.abc import Callable, Iterable

from protocols.clock import NowNs, boottime_ns
from protocols.modbus import question as questions
from protocols.modbus.deadline import NS
from protocols.modbus.framing_rtu import STRAY_MAX, RtuFramer, find_question, noise, without_answers
from protocols.modbus.line import Line
from protocols.modbus.load import Wire
from protocols.modbus.outcome import Miss
from protocols.modbus.port import Port
from protocols.modbus.question import BadQuestion, Question
from protocols.modbus.reconnect import Reconnect
from protocols.modbus.timer import LoopTimer, Timer
from protocols.modbus.turn import Turn
from protocols.modbus.unit import Unit
from protocols.reason import Reason

AFTER_OPEN_NS = NS // 10  # adapters deliver rubbish when opened
ADAPTER_NS = 20_000_000  # an FTDI keeps bytes back up to 16 ms
BABBLE_NS = NS  # a line that is never silent is spoken on after this
HEARD_MAX = 4096
PIECES_SURE = 2
PIECES_EXTRA_NS = NS // 20  # doubling: longer for a read whose answer was cut off at the deadline
FOREIGN_NS = 600 * NS  # after another master was heard, what is broken may be half of what it said
_TABLE_OF = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


class RtuLine(Line):
    """RTU over a serial port, or through a TCP socket (`over_tcp`: there a timeout reopens the socket)."""

    def __init__(
        self,
        name: str,
        port: Port,
        units: Iterable[Unit],
        wire: Wire,
        *,
        cap_ns: int = 300_000_000,
        echo: bool = False,
        over_tcp: bool = False,
        after_open_ns: int = AFTER_OPEN_NS,
        now_ns: NowNs = boottime_ns,
        on_rest: Callable[[int], None] | None = None,
        reconnect: Reconnect | None = None,
        make_timer: Callable[[Callable[[], None]], Timer] = LoopTimer,
    ) -> None:
        super().__init__(
            name,
            port,
            units,
            cap_ns=cap_ns,
            now_ns=now_ns,
            on_rest=on_rest,
            reconnect=reconnect,
            make_timer=make_timer,
        )
        self.wire = wire
        self._over_tcp = over_tcp
        self._after_open_ns = 0 if over_tcp else after_open_ns
        self._echo = echo
        self._framer = RtuFramer(echo=echo)
        self._char_ns = wire.char_ns
        self._silence_ns = self._gap_ns = wire.silence_ns
        self._heard = b""  # while nothing was asked
        self._noisy_since = 0
        self._last_rx = 0
        self._pieces = 0  # answers of which the deadline saw only the beginning, through a socket
        self._alone_from = 0  # no other master was heard since well before

    def _reopened(self, now: int) -> None:
        self._framer = RtuFramer(echo=self._echo)
        self._heard = b""
        if self._flush:  # reopened by ourselves after a timeout: the others are as they were
            self._flush = False
            self._free_at = now
            return
        self._free_at = now + self._after_open_ns
        self.schedule.restart(now, forget_owed=False)

    def _woken(self, now: int) -> None:
        self._framer = RtuFramer(echo=self._echo)
        self._heard = b""
        self._free_at = now

    async def ask(self, question: Question, within_s: float) -> bytes:
        """See `Line.ask`. BadQuestion for unit 0: every device on the pair would obey, and none would answer."""
        if question.unit == 0:
            raise BadQuestion("modbus.no_broadcasts")
        return await super().ask(question, within_s)

    def _wire_ns(self, turn: Turn) -> int:
        """Question and answer on the wire, turnaround not included."""
        question = turn.question
        return (len(question.rtu) + question.size + 3) * self._char_ns

    def _send(self, turn: Turn, now: int) -> bytes:
        self._flights[0] = turn
        turn.unit.last = turn.question
        wire_ns = self._wire_ns(turn)
        self.counters.short_gaps += now < self._last_rx + self._silence_ns
        deadline = turn.unit.deadline
        extra_ns = 0 if turn.read is None else turn.read.extra_ns
        turn.deadline_ns = now + wire_ns + min(deadline.wait_ns(turn.unit.failures) + extra_ns, deadline.cap_ns)
        frame = self._framer.ask(turn.question)
        usual_ns = turn.unit.deadline.usual_ns or 0
        self._port.send(frame, wire_ns + usual_ns - usual_ns // 4)
        return frame

    def _quiet(self, now: int) -> int:
        if self._heard:
            babble = now - self._noisy_since >= BABBLE_NS
            if now < self._free_at and not babble:
                return self._free_at
            heard, self._heard = self._heard, b""
            self._judge(heard, now)
            if babble:
                self._free_at = self._noisy_since = now  # one question, then listen again
        return self._free_at

    def _take(self, data: bytes, now: int) -> None:
        if now >= self._last_rx + self._silence_ns:
            self._noisy_since = now
        self._last_rx = now
        self._free_at = max(self._free_at, now + self._silence_ns)
        turn = self._flights.get(0)
        if turn is None:
            self._heard = (self._heard + data)[-HEARD_MAX:]
            return
        framer = self._framer
        answer = framer.feed(data)
        if answer is None:
            return
        del self._flights[0]
        self.counters.echoes += framer.echo
        if framer.stray and not self._judge(framer.stray, now):
            turn.unit.trouble = Reason("modbus.bytes_around_answer")
        elif turn.unit.unanswered and not turn.unit.settle(turn.question, answer, now):
            turn.unit.trouble = Reason("modbus.could_be_late")
        else:
            turn.unit.remember(turn.question, answer, now)
            self._answered(turn, answer, now, self._wire_ns(turn))
            return
        turn.unit.owe(turn.question, now)
        self._missed(turn, Miss.BAD_ANSWER, now)

    def _expired(self, key: int, turn: Turn, now: int) -> None:
        del self._flights[key]
        turn.unit.owe(turn.question, now)
        heard = self._framer.give_up()
        if self._over_tcp and _begun(heard, turn.question):
            self._pieces += 1
            if (read := turn.read) is not None:
                read.extra_ns = min(max(2 * read.extra_ns, PIECES_EXTRA_NS), turn.unit.deadline.cap_ns)
        self._free_at = max(self._free_at, now, self._last_rx + self._silence_ns)
        explained = self._judge(heard, now, turn) if heard else True
        if heard and (not explained or noise(heard)):
            shown = heard[:16].hex(" ")
            turn.unit.trouble = Reason("modbus.not_an_answer", question=turn.question.asked, bytes=shown)
        self._missed(turn, Miss.NO_ANSWER if explained and not noise(heard) else Miss.BAD_ANSWER, now)
        if self._over_tcp:
            self._flush = turn.unit.known and self._up is True
            self.lost(Reason("modbus.reopened"))

    def learned(self) -> list[Reason]:
        """See `Line.learned`."""
        pieces = [Reason("modbus.far_end_in_pieces", count=self._pieces)] if self._pieces >= PIECES_SURE else []
        return [*pieces, *super().learned()]

    def _quarantine_ns(self, turn: Turn, now: int) -> int:
        return max(turn.sent_ns + self._wire_ns(turn) + turn.unit.turnaround_ns, now) + self._silence_ns

    def _judge(self, heard: bytes, now: int, instead: Turn | None = None) -> bool:
        """Bytes nobody asked for: late answers, copies and single glitches are explained (True). What came `instead` of
        an answer and is no longer is that answer, broken: its own unit's trouble. Anything else makes every unit prove
        itself, and the line wait until whoever spoke must have been answered.
        """
        for unit in (*self.schedule.units.values(), *self._strangers.values()):
            if unit.unanswered or unit.heard:
                heard = self._without(heard, unit, now)
        self.counters.garbage_bytes += len(heard)
        if noise(heard) <= STRAY_MAX:
            return True
        if (
            instead is not None
            and now > self._alone_from
            and len(heard) <= instead.question.size + 3 + STRAY_MAX
            and not find_question(heard)
        ):
            return False
        while found := find_question(heard):
            at, end, frame = found
            self.counters.foreign += 1
            self._alone_from = now + FOREIGN_NS
            heard = heard[:at] + heard[end:]
            self._owe_foreign(frame, now)
        worst = max((unit.turnaround_ns for unit in self.schedule.units.values()), default=0)
        until = now + worst + ADAPTER_NS
        self._free_at = max(self._free_at, until)
        self.schedule.doubt_all(until)
        return False

    def _without(self, heard: bytes, unit: Unit, now: int) -> bytes:
        """`heard` without what `unit` may still have had to say."""
        heard, late = without_answers(heard, [owed for owed, _ in unit.unanswered])
        self.counters.late_answers += len(late)
        for owed, _ in late:
            unit.came_late(owed, now)
        again = True
        while again:
            waited_for = {one.question: one for one in unit.heard if one.until_ns > now}
            heard, copies = without_answers(heard, waited_for)
            for question, answer in copies:
                unit.came_again(waited_for[question], answer)
                self.counters.copies += waited_for[question].answer is not None
            again = bool(copies)
        return heard

    def _owe_foreign(self, frame: bytes, now: int) -> None:
        """Another master asked this: its answer must not pass for one to us."""
        unit = self.schedule.units.get(frame[0])
        table = _TABLE_OF.get(frame[1])
        address, count = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        if unit is None or table is None or not 1 <= count <= (2000 if frame[1] <= 2 else 125):
            return
        if address + count <= 65_536:
            unit.owe(questions.read(frame[0], table, address, count), now)


def _begun(heard: bytes, question: Question) -> bool:
    """Whether this is the beginning of an answer to `question`, the rest of which is still to come."""
    answer = bytes((question.unit,)) + question.head
    return bool(heard) and len(heard) < question.size + 3 and (heard.startswith(answer) or answer.startswith(heard))
