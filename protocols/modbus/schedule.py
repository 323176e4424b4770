"""What a line asks next. Pure: told the time, never reads it.

Orders first; then proof of a unit that missed once; then alarm reads; then probes of silent units, at most a tenth of
the line's time; then the other reads, the one latest for its period first.
"""

import asyncio
from collections.abc import Iterable
from heapq import heappop, heappush

from protocols.modbus.framing_rtu import Answer
from protocols.modbus.question import Question
from protocols.modbus.unit import Miss, Proof, Read, Unit

PROBE_SHARE = 10  # a failed probe is followed by this many times its length without another
FIRST_ROUND_SHARE = 3  # the same until every unit was asked once
SILENT_STRETCH_MOST = 5  # a read that alone goes unanswered is asked up to 2⁵ times less often


class Order:
    """One question for one asker, before all polls; dropped unsent when its time is over or nobody waits any more."""

    __slots__ = ("answer", "expires_ns", "question", "sent", "unit")

    def __init__(self, unit: Unit, question: Question, expires_ns: int, answer: "asyncio.Future[Answer]") -> None:
        self.unit = unit
        self.question = question
        self.expires_ns = expires_ns
        self.answer = answer
        self.sent = False


class Turn:
    """One transaction: what is asked and for whom; the line adds when it was sent and how long it may take."""

    __slots__ = ("deadline_ns", "grace", "order", "proof", "question", "read", "sent_ns", "unit")

    def __init__(self, unit: Unit, question: Question) -> None:
        self.unit = unit
        self.question = question
        self.read: Read | None = None
        self.proof: Proof | None = None
        self.order: Order | None = None
        self.sent_ns = 0
        self.deadline_ns = 0
        self.grace = False


class _Queue:
    """The reads of one class and period, by due time: within it lateness and order of due times agree."""

    __slots__ = ("heap", "period_ns")

    def __init__(self, period_ns: int) -> None:
        self.period_ns = period_ns
        self.heap: list[tuple[int, int, Read]] = []


class Schedule:
    """The reads and orders of one line's units."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = {unit.number: unit for unit in units}
        self.orders: list[Order] = []
        self.unproven: list[Unit] = [unit for unit in self.units.values() if not unit.proven]
        self.wake_ns = 0  # after a pick that gave nothing: when to ask again
        self._alarm: dict[int, _Queue] = {}
        self._other: dict[int, _Queue] = {}
        self._held: list[tuple[int, int, Read]] = []
        self._count = 0
        self._probe_at = 0
        for unit in self.units.values():
            for read in unit.reads:
                self.put(read)

    def put(self, read: Read) -> None:
        """Take a read in, or back after its turn."""
        if read.gone:
            return
        queues = self._alarm if read.alarm else self._other
        queue = queues.get(read.period_ns)
        if queue is None:
            queue = queues[read.period_ns] = _Queue(read.period_ns)
        self._count += 1
        heappush(queue.heap, (read.due_ns, self._count, read))

    def pick(self, now: int) -> Turn | None:
        """The next transaction, or None with `wake_ns` set."""
        while self._held and self._held[0][0] <= now:
            self.put(heappop(self._held)[2])
        if self.orders and (turn := self._pick_order(now)):
            return turn
        if self.unproven and (turn := self._pick_proof(now, urgent=True)):
            return turn
        if read := self._pick_read(self._alarm, now):
            return self._poll(read)
        if self.unproven and self._probe_at <= now and (turn := self._pick_proof(now, urgent=False)):
            return turn
        if read := self._pick_read(self._other, now):
            return self._poll(read)
        self.wake_ns = self._next_wake()
        return None

    @staticmethod
    def _poll(read: Read) -> Turn:
        turn = Turn(read.unit, read.question)
        turn.read = read
        return turn

    def _pick_order(self, now: int) -> Turn | None:
        self.orders = [order for order in self.orders if not order.answer.done() and order.expires_ns > now]
        for order in self.orders:
            unit = order.unit
            doubtful = unit.unanswered or (order.question.write and not unit.proven)  # a write only to the device meant
            if unit.not_before > now and (doubtful or not unit.failures):
                continue
            if doubtful and (unit.fences or unit.proofs):
                return self._prove(unit, now)
            self.orders.remove(order)
            turn = Turn(unit, order.question)
            turn.order = order
            return turn
        return None

    def _pick_proof(self, now: int, *, urgent: bool) -> Turn | None:
        """Urgent: a unit that has answered and missed once. Otherwise never-asked units, then the most overdue."""
        best: Unit | None = None
        for unit in self.unproven:
            if unit.not_before > now:
                continue
            if urgent:
                if unit.known and not unit.failures:
                    return self._prove(unit, now)
            elif not unit.tried:
                return self._prove(unit, now)
            elif best is None or unit.not_before < best.not_before:
                best = unit
        return None if urgent or best is None else self._prove(best, now)

    @staticmethod
    def _prove(unit: Unit, now: int) -> Turn:
        proof = unit.next_proof(now)
        unit.tried = True
        turn = Turn(unit, proof.question)
        turn.proof = proof
        return turn

    def _pick_read(self, queues: dict[int, _Queue], now: int) -> Read | None:
        while True:
            best: _Queue | None = None
            most = -1.0
            for queue in queues.values():
                heap = queue.heap
                if heap and heap[0][0] <= now and (late := (now - heap[0][0]) / queue.period_ns) > most:
                    best, most = queue, late
            if best is None:
                return None
            read = heappop(best.heap)[2]
            unit = read.unit
            if read.gone:
                continue
            if not unit.proven:
                unit.parked.append(read)
            elif unit.not_before > now:
                self._count += 1
                heappush(self._held, (unit.not_before, self._count, read))
            else:
                return read

    def _next_wake(self) -> int:
        times = [queue.heap[0][0] for queues in (self._alarm, self._other) for queue in queues.values() if queue.heap]
        if self._held:
            times.append(self._held[0][0])
        times += [
            unit.not_before if unit.known and not unit.failures else max(unit.not_before, self._probe_at)
            for unit in self.unproven
        ]
        times += [min(order.expires_ns, order.unit.not_before) for order in self.orders]
        return min(times, default=1 << 62)

    def done(self, read: Read, now: int, *, stretch: int = 0) -> None:
        """A read's turn is over, with a value or without: due again one period after it was due."""
        read.attempts = 0
        due = read.due_ns + (read.period_ns << stretch)
        if due < now:
            read.late += 1
            due = now
        read.due_ns = due
        self.put(read)

    def again(self, read: Read) -> None:
        """A read missed for the first time: it waits for its unit's proof and is then asked once more."""
        read.unit.retries += 1
        read.unit.parked.append(read)

    def missed_alone(self, read: Read, now: int) -> None:
        """A read missed twice although its unit answers other questions: ask it less and less often."""
        read.silent += 1
        self.done(read, now, stretch=min(read.silent, SILENT_STRETCH_MOST))

    def doubt(self, unit: Unit, not_before: int) -> None:
        """Believe nothing of `unit` until it is proven again, and leave it alone until then."""
        unit.doubt()
        unit.not_before = max(unit.not_before, not_before)
        if unit.steps and unit not in self.unproven:
            self.unproven.append(unit)
        elif not unit.steps:
            self._proven(unit, not_before)

    def doubt_all(self, not_before: int) -> None:
        """Something on the line cannot be explained: every unit must prove itself."""
        for unit in self.units.values():
            if unit.proven:
                self.doubt(unit, not_before)

    def proof_held(self, unit: Unit, proof: Proof, now: int) -> None:
        """A proof was answered rightly."""
        unit.step_done(proof)
        unit.failures = 0
        unit.wrong = False
        if unit.proven:
            self.unproven = [other for other in self.unproven if other is not unit]
            self._proven(unit, now)

    def _proven(self, unit: Unit, now: int) -> None:
        unit.proven = True
        unit.failures = 0
        parked, unit.parked = unit.parked, []
        for read in parked:
            read.due_ns = max(read.due_ns, now)
            self.put(read)

    def proof_failed(self, unit: Unit, now: int, took_ns: int, why: Miss) -> None:
        """A probe failed: back off, spend at most a tenth of the line on the next ones, tell every read's taker."""
        unit.failures += 1
        unit.wrong = why is Miss.WRONG_DEVICE
        unit.doubt()
        unit.not_before = now + unit.backoff_ns()
        first_round = any(not other.tried for other in self.unproven)
        self._probe_at = now + took_ns * ((FIRST_ROUND_SHARE if first_round else PROBE_SHARE) - 1)
        for read in unit.reads:
            read.attempts = 0
            read.taker.missed(why, now)

    def restart(self, now: int, *, forget_owed: bool) -> None:
        """The wire was opened anew: every unit proves itself; silent ones keep their place in the back-off."""
        for unit in self.units.values():
            for read in unit.reads:
                read.due_ns = max(read.due_ns, now)
            if forget_owed:
                unit.unanswered.clear()
            self.doubt(unit, unit.not_before if unit.failures else now)
