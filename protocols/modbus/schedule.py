"""What a line asks next. Pure: told the time, never reads it.

Orders first; then proof of a unit that missed once; then probes, within their share of the line's time; then alarm
reads; then the others, the one oldest for its period first. Nothing starves: a read that has waited longer than its
share of an overloaded line (its period times the load) goes before alarm reads, as long as it is also the older of the
two for its period. So all periods stretch by about the load, and the alarm class by less where it can.
"""

from collections.abc import Iterable
from heapq import heappop, heappush

from protocols.modbus.deadline import NS
from protocols.modbus.due_reads import DueReads
from protocols.modbus.outcome import Miss
from protocols.modbus.turn import Order, Turn
from protocols.modbus.unit import Proof, Read, Unit

PROBE_SHARE = 10  # a failed probe is followed by this many times its length without another
FIRST_ROUND_SHARE = 3  # the same until every unit was asked once
FIRST_PROOF_SHARE = 2  # a unit's first proof that held is followed by as much time for reads
SHARE_MOST = 1.15  # how many times its share of the line a read waits before it goes before alarm reads
GRID = 4  # a read later than this part of its period begins a new grid: its age counts, not its place in the old one
GATHER = 8  # by at most this part of its period a read comes earlier, until all of that period are asked together
LOAD_EVERY_NS = NS
SILENT_BEFORE = 2  # periods in a row a read goes unanswered before it is asked less often: noise is no silence
SILENT_STRETCH_MOST = 5  # a read that alone goes unanswered is asked up to 2⁵ times less often


class Schedule:
    """The reads and orders of one line's units."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = {unit.number: unit for unit in units}
        self.depth = 1  # transactions the line bears at once
        self.orders: list[Order] = []
        self.unproven: list[Unit] = [unit for unit in self.units.values() if not unit.proven]
        self.wake_ns = 0  # after a pick that gave nothing: when to ask again
        self._alarm: dict[int, DueReads] = {}
        self._other: dict[int, DueReads] = {}
        self._held: list[tuple[int, int, Read]] = []
        self._count = 0
        self._probe_at = 0
        self._load = 0.0
        self._load_at = 0
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
            queue = queues[read.period_ns] = DueReads(read.period_ns)
        self._count += 1
        heappush(queue.heap, (read.due_ns, self._count, read))

    def pick(self, now: int) -> Turn | None:
        """The next transaction, or None with `wake_ns` set."""
        while self._held and self._held[0][0] <= now:
            self.put(heappop(self._held)[2])
        if self.orders and (turn := self._pick_order(now)):
            return turn
        if self.unproven:
            if turn := self._pick_proof(now, urgent=True):
                return turn
            if self._probe_at <= now and (turn := self._pick_proof(now, urgent=False)):
                return turn
        if read := self._pick_read(now):
            read.asked_ns = now
            turn = Turn(read.unit, read.question)
            turn.read = read
            return turn
        self.wake_ns = self.next_ns()
        return None

    def _pick_order(self, now: int) -> Turn | None:
        self.orders = [order for order in self.orders if not order.answer.done() and order.expires_ns > now]
        for order in self.orders:
            unit = order.unit
            if self._order_at(order) > now:
                continue
            doubtful = unit.unanswered or (order.question.write and not unit.proven)  # a write only to the device meant
            if (doubtful or unit.alike(order.question)) and (unit.fences or unit.proofs):
                if turn := self._prove(unit, now):
                    return turn
                continue
            self.orders.remove(order)
            turn = Turn(unit, order.question)
            turn.order = order
            return turn
        return None

    @staticmethod
    def _order_at(order: Order) -> int:
        """When it may be asked at the earliest. A unit's back-off is for polls: a person's question does not wait."""
        unit = order.unit
        return max(unit.quiet_until if unit.failures else unit.not_before, unit.clear_ns(order.question))

    def _pick_proof(self, now: int, *, urgent: bool) -> Turn | None:
        """Urgent: a unit that has answered and just missed. Otherwise never-asked units, then the most overdue."""
        waiting = [unit for unit in self.unproven if unit.not_before <= now and unit.missing == urgent]
        for unit in waiting if urgent else sorted(waiting, key=lambda unit: (unit.tried, unit.not_before)):
            if turn := self._prove(unit, now):
                return turn
        return None

    @staticmethod
    def _prove(unit: Unit, now: int) -> Turn | None:
        proof = unit.next_proof(now)
        if proof is None:
            return None
        unit.tried = True
        turn = Turn(unit, proof.question)
        turn.proof = proof
        return turn

    def load(self, now: int) -> float:
        """How much of the line's time the reads of the units that answer would take: above 1 it is overloaded.

        From what each read's transactions have taken, so from the turnarounds learned; brought up to date each second.
        """
        if now >= self._load_at:
            self._load_at = now + LOAD_EVERY_NS
            self._load = sum(
                read.cost_ns / read.period_ns
                for unit in self.units.values()
                if not unit.failures
                for read in unit.reads
                if not read.silent
            )
        return self._load

    def _pick_read(self, now: int) -> Read | None:
        alarm = self._oldest(self._alarm, now) if self._alarm else None
        other = self._oldest(self._other, now) if self._other else None
        if alarm is None or other is None:
            queue = alarm or other
            return None if queue is None else heappop(queue.heap)[2]
        age = other.age(now)
        first = age >= alarm.age(now) and age >= SHARE_MOST * max(self.load(now) / self.depth, 1.0)
        return heappop((other if first else alarm).heap)[2]

    def _oldest(self, queues: dict[int, DueReads], now: int) -> DueReads | None:
        """The queue whose first read, which may be asked now, is the oldest for its period."""
        best: DueReads | None = None
        most = 0.0
        for queue in queues.values():
            if self._ready(queue, now) and (age := queue.age(now)) > most:
                best, most = queue, age
        return best

    def _ready(self, queue: DueReads, now: int) -> bool:
        """Whether its first read is due and may be asked; what may not goes where it waits."""
        heap = queue.heap
        while heap and heap[0][0] <= now:
            read = heap[0][2]
            unit = read.unit
            if read.gone:
                heappop(heap)
            elif not unit.proven:
                unit.parked.append(heappop(heap)[2])
            elif (until := max(unit.not_before, unit.ask_from_ns(read, now) if unit.heard else 0)) > now:
                self.hold(heappop(heap)[2], until)
            elif unit.alike(read.question):
                unit.parked.append(heappop(heap)[2])
                self.doubt(unit, now)
            else:
                return True
        return False

    def hold(self, read: Read, until: int) -> None:
        """Keep a read back until then; it stays as late as it is."""
        self._count += 1
        heappush(self._held, (until, self._count, read))

    def probe_now(self, units: Iterable[Unit], now: int) -> None:
        """These were silent for a reason that is known now: their back-off does not count."""
        for unit in units:
            unit.not_before = min(unit.not_before, now)
        self._probe_at = min(self._probe_at, now)

    def next_ns(self) -> int:
        """When there is next something to ask; 1 << 62: never."""
        times = [queue.heap[0][0] for queues in (self._alarm, self._other) for queue in queues.values() if queue.heap]
        if self._held:
            times.append(self._held[0][0])
        times += [unit.not_before if unit.missing else max(unit.not_before, self._probe_at) for unit in self.unproven]
        times += [min(order.expires_ns, self._order_at(order)) for order in self.orders]
        return min(times, default=1 << 62)

    def done(self, read: Read, now: int, *, stretch: int = 0) -> None:
        """A read's turn is over, with a value or without: due again one period after it was due."""
        read.attempts = 0
        period = read.period_ns << stretch
        late = read.asked_ns - read.due_ns
        if late > read.period_ns:
            read.late += late // read.period_ns
        if late > read.period_ns // GRID:
            read.due_ns = read.asked_ns + period
        else:
            read.due_ns += period
            if self.load(now) < self.depth:
                read.due_ns -= min(read.due_ns % read.period_ns, read.period_ns // GATHER)
        read.due_ns = max(read.due_ns, now)
        self.put(read)

    def answered(self, read: Read, now: int, took_ns: int) -> None:
        """A read has its answer: what it costs and how often it really comes are learned, and it is done."""
        read.silent = 0
        read.cost_ns += (took_ns - read.cost_ns) >> 3 if read.cost_ns else took_ns
        if read.had_ns:
            every = now - read.had_ns
            read.every_ns += (every - read.every_ns) >> 2 if read.every_ns else every
        read.had_ns = now
        self.done(read, now)

    def again(self, read: Read) -> None:
        """A read missed for the first time: it waits for its unit's proof and is then asked once more."""
        read.unit.retries += 1
        read.unit.parked.append(read)

    def missed_alone(self, read: Read, now: int) -> None:
        """A read missed twice although its unit answers other questions: ask it less and less often."""
        read.silent += 1
        self.done(read, now, stretch=min(max(read.silent - SILENT_BEFORE, 0), SILENT_STRETCH_MOST))

    def doubt(self, unit: Unit, not_before: int, *, identity: bool = False) -> None:
        """Believe nothing of `unit` until it is proven again, and leave it alone until then."""
        unit.doubt(identity=identity)
        unit.not_before = max(unit.not_before, not_before)
        if not unit.proofs and not unit.fences:
            self._proven(unit, not_before)
        elif unit not in self.unproven:
            self.unproven.append(unit)

    def doubt_all(self, not_before: int) -> None:
        """Something on the line cannot be explained: every unit must prove itself."""
        for unit in self.units.values():
            if unit.proven:
                self.doubt(unit, not_before)

    def proof_held(self, unit: Unit, proof: Proof, now: int, took_ns: int) -> None:
        """A proof was answered rightly. A unit's first: then it is the reads' turn, so that many new ones take half."""
        if not unit.settled_in:
            unit.settled_in = True
            self._probe_at = now + took_ns * (FIRST_PROOF_SHARE - 1)
        unit.step_done(proof)
        if unit.in_step:
            if unit.failures:
                unit.not_before = now  # it is back: its back-off is over
            unit.failures = 0
        unit.wrong = False
        if unit.proven:
            self.unproven = [other for other in self.unproven if other is not unit]
            self._proven(unit, now)

    def _proven(self, unit: Unit, now: int) -> None:
        unit.in_step, unit.steps = True, []
        unit.failures = 0
        parked, unit.parked = unit.parked, []
        for read in parked:
            read.due_ns = max(read.due_ns, now)
            self.put(read)

    def proof_failed(self, unit: Unit, now: int, took_ns: int, why: Miss) -> None:
        """A probe failed. One that has just answered is probed again at once: a broken frame is no silence. Then back
        off, spend at most a tenth of the line on the next probes, and tell every read's taker.
        """
        unit.failures += 1
        unit.wrong = why is Miss.WRONG_DEVICE
        if unit not in self.unproven:  # asked before an order, or beside another proof that held
            self.unproven.append(unit)
        if unit.missing and not unit.wrong:
            unit.doubt()
            return
        unit.doubt(identity=True)
        unit.not_before = now + unit.backoff_ns(garbled=why is Miss.BAD_ANSWER)
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
                unit.heard.clear()
                unit.waiting.clear()
                unit.last = None
            self.doubt(unit, unit.not_before if unit.failures else now, identity=True)
