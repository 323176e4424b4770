"""The journal as the agent uses it: offer without waiting, commit in groups on one thread, hand out per uplink."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import apsw

from agent.journal.encryption import Encryption, read_key
from agent.journal.files import JournalTrouble
from agent.journal.lacking import not_held
from agent.journal.ledger import Ledger, Stored, Work
from agent.journal.offers import Batch, Offers
from agent.journal.reader import Reader
from agent.journal.recent import Recent
from agent.journal.retention import RetentionPlan
from agent.journal.row import Row
from agent.journal.sqlite_reason import trouble_reason
from agent.journal.start_name import drawn, start_text
from agent.journal.sweeps import Sweeps
from agent.journal.tally import Tally, summed
from agent.journal.trouble import may_pass
from agent.journal.uplink_outbox import Order, UplinkOutbox
from agent.journal.worker import JournalWorker
from agent.link.record import PriorityClass, Record
from agent.runtime.clock.reckon import Almanac, Fix
from agent.runtime.kernel_boot import kernel_boot_id
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Sample, Value
from protocols.clock import NowNs, boottime_ns
from protocols.reason import Reason

_log = logging.getLogger("hydronest")

Mark = tuple[str, int]
"""Of what another process numbers: the name of its numbering, and the number up to which everything is here."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JournalPlan:
    """What the settings decide."""

    path: Path  # the database; its log lies beside it
    room: RetentionPlan = field(default_factory=RetentionPlan)
    commit_s: float = 1.0  # telemetry waits at most this long for its group; events do not wait
    commit_readings: int = 5_000  # or until this many are waiting, about 64 KB
    acknowledge_s: float = 10.0  # confirmations alone, with nothing new to commit, are written after this long
    most_waiting: int = 500_000  # readings kept in memory while the card does not take them; then the oldest are lost
    open_s: float = 8.0  # a card that takes longer to open it is not waited for
    open_again_s: float = 5.0
    key_file: Path | None = None
    vfs: str = ""  # a SQLite VFS by name; '' is the system's


COMMIT_AT = 3 / 16
"""Where in each `commit_s` of the loop's clock a group is committed, as long as no sweep tells of its end: what is
polled each second is polled as the second begins, so most of it waits little.
"""
HANGS_AFTER_S = 3.0
"""A commit takes milliseconds; a card may take a second now and then."""
CLOSE_S = 5.0
"""So long an end waits for the card."""


def next_commit(now_s: float, every_s: float) -> float:
    """When a group is committed of which something was offered now: within `every_s`."""
    return ((now_s / every_s - COMMIT_AT) // 1 + 1 + COMMIT_AT) * every_s


class Journal:
    """Open with `Journal.open`, keep `run` running, end with `close`. Everything but the file work is on the loop.

    A card that takes nothing, or hangs, is waited for, also by `open`: until then everything is taken in and nothing
    handed out, and `failing` says why.
    """

    def __init__(
        self,
        plan: JournalPlan,
        ledger: Ledger,
        writer: ThreadPoolExecutor,
        now_ns: NowNs,
        uplinks: Mapping[str, Order],
    ) -> None:
        self.plan = plan
        self.almanac = Almanac()
        self.turn = asyncio.Lock()  # one file job at a time is prepared, so that what a job was told stays true
        self.trouble: Reason | None = None
        self._ledger = ledger
        self._desk = JournalWorker(ledger)
        self._writer = writer
        self._now_ns = now_ns
        self._go = asyncio.Event()
        self._timer: asyncio.Handle | None = None
        self._due_s = 0.0  # uvloop's handle of a moment that is as good as now does not say when
        self.sweeps = Sweeps(plan.commit_s, self._swept, asyncio.get_running_loop().time)
        self._offers = Offers(plan.commit_readings, plan.most_waiting, self.soon, self._go.set)
        self._boxes = {name: UplinkOutbox(self, name, order) for name, order in uplinks.items()}
        self.taken_before = 0
        """Readings and events that earlier starts took in."""
        self._opens_late = False
        self._opening: asyncio.Future[None] | None = None
        self._begun = False
        self.late = asyncio.Event()
        """Set once something was committed to a file that could not be opened at the start."""
        self._since_s: float | None = None  # the card has had something to do since then
        self._under_way: Batch | None = None
        self._last_seq = dict.fromkeys(PriorityClass, 0)
        self._recent = Recent(1)
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(
        cls,
        plan: JournalPlan,
        uplinks: Mapping[str, Order],
        *,
        now_ns: NowNs = boottime_ns,
        kernel_boot: str | None = None,
        wall_s: Callable[[], float] = time.time,
    ) -> "Journal":
        """Open or make the journal. `uplinks`: every uplink's id and order; what others still owed is let go.

        Raises JournalTrouble, KeyTrouble or OSError where a person must act (another agent runs, the key file is
        unusable, the folder is none). A damaged file is no such case: it is set aside, salvaged and reported.
        """
        seal = Encryption(read_key(plan.key_file)) if plan.key_file else None
        ledger = Ledger(
            plan.path,
            plan.room,
            boot=drawn(wall_s()),
            kernel_boot=kernel_boot or kernel_boot_id(),
            now_ms=lambda: now_ns() // 1_000_000,
            seal=seal,
            vfs=plan.vfs,
        )
        writer = ThreadPoolExecutor(1, "journal")
        journal = cls(plan, ledger, writer, now_ns, uplinks)
        try:
            if await journal._begin(plan.open_s):
                await journal._commit()
            else:
                journal._opens_late = True
                journal._go.set()
        except BaseException:
            writer.shutdown(wait=False)
            raise
        return journal

    async def _call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._loop.run_in_executor(self._writer, lambda: work(*args, **kwargs))

    async def _begin(self, within_s: float | None = None) -> bool:
        """Open the file and take up where it ends; False where the card does not let us. Raises as `open`."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._call(self._ledger.open_for_a_start))
            self._since_s = self._loop.time()
        await asyncio.wait([self._opening], timeout=within_s)
        if not self._opening.done():
            return False
        opening, self._opening, self._since_s = self._opening, None, None
        trouble = opening.exception()
        if trouble is not None:
            if not may_pass(trouble):
                raise trouble
            self.trouble = trouble_reason(trouble)
            return False
        await self._take_up()
        self._begun = True
        return True

    async def _take_up(self) -> None:
        ledger = self._ledger
        for fix in await self._call(self._desk.look, ledger.clock_rows):
            self.almanac.add(fix)
        tally = ledger.tally
        self.taken_before = tally[PriorityClass.EVENT].taken + tally[PriorityClass.TELEMETRY].taken
        self._recent = Recent(tally.next_seq, min(256 << 10, self.plan.room.cap_bytes // 16))
        self._last_seq = dict.fromkeys(PriorityClass, tally.next_seq - 1)
        for name, box in self._boxes.items():
            box.take_up(ledger.outboxes.get(name), tally.next_seq)
            box.parked = await self._call(self._desk.look, ledger.parked_count, name)
            await self._recount(box, set(PriorityClass))

    @property
    def failing(self) -> Reason | None:
        """Why nothing is committed now; None while the card takes what it is given, in time."""
        if self._since_s is not None and (for_s := self._loop.time() - self._since_s) > HANGS_AFTER_S:
            return Reason("journal.card_hangs", for_s=for_s)
        return self.trouble

    @property
    def uncommitted(self) -> list[Event]:
        """Events that were offered and are in memory only, oldest first."""
        return [*(self._under_way.events if self._under_way is not None else ()), *self._offers.events]

    # Taking in

    def offer_sample(self, sample: Sample) -> None:
        """Take one sample for the next group commit. Never blocks, never raises, about a microsecond."""
        self._offers.sample(sample)

    def offer_event(self, event: Event) -> None:
        """Take one event; it is committed at once. Never blocks, never raises."""
        self._offers.event(event)

    def keep(self, name: str, note: object, committed: Callable[[], None] | None = None) -> None:
        """Keep a note as JSON, true of what was offered so far: committed together with it, never without.

        None takes it away. `committed` is told then; not of a note that a later one of that name has overtaken.
        Raises TypeError for what is no JSON: in a commit it would stand in the way of everything behind it.
        """
        summed(note)
        self._offers.notes[name] = note, committed
        self.soon()

    def notes(self) -> dict[str, object]:
        """Every note as committed, by name."""
        return {name: note for name, note in self._ledger.notes.items() if note is not None}

    def offer_mark(self, peer: str, mark: Mark, committed: Callable[[Mark], None]) -> None:
        """What was offered so far is all of what `peer` numbers, up to this number: a note of it, kept at once."""
        self.keep(f"peer:{peer}", mark, partial(committed, mark))
        self._go.set()

    def mark(self, peer: str) -> Mark:
        """What was committed last of this peer's numbering; ("", 0) where nothing ever was."""
        numbering, number = cast("Mark", self._ledger.notes.get(f"peer:{peer}", ("", 0)))
        return numbering, number

    def note_clock(self, fix: Fix) -> None:
        """Remember a pair of clocks: records of that kernel boot are reckoned with it from now on."""
        self.almanac.add(fix)
        self._offers.fixes.append(fix)
        self.acknowledged()

    def acknowledged(self) -> None:
        """Something changed that rides in the next group commit, or goes alone after `acknowledge_s`."""
        self._commit_by(self._loop.time() + self.plan.acknowledge_s)

    def _commit_by(self, when: float) -> None:
        if self._timer is not None:
            if self._due_s <= when:
                return
            self._timer.cancel()
        self._timer, self._due_s = self._loop.call_at(when, self._go.set), when

    def soon(self) -> None:
        """By the next of the moments at which groups are committed; where sweeps end, as the next one does."""
        now, every_s = self._loop.time(), self.plan.commit_s
        self._commit_by(now + every_s if self.sweeps.told else next_commit(now, every_s))

    def _swept(self, when: float) -> bool:
        if self._offers.samples:
            self._commit_by(when)
        return bool(self._offers.samples)

    async def durable(self) -> None:
        """Return once everything offered so far is committed, at the journal's own pace."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._offers.waiters.append(done)
        self.soon()
        await done

    async def flush(self) -> None:
        """Commit everything offered so far now."""
        self._go.set()
        await self.durable()

    # Committing

    async def run(self) -> None:
        """Commit in groups until cancelled. A card that refuses is waited for; what waits is kept in order."""
        while True:
            await self._go.wait()
            await self._commit()
            if self.trouble:
                await asyncio.sleep(self.plan.commit_s if self._begun else self.plan.open_again_s)
                self._go.set()

    async def _commit(self) -> None:
        async with self.turn:
            self._go.clear()
            if not self._begun and not await self._begin():
                return
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            batch = self._offers.take(self._now_ns())
            work = Work(
                clock=batch.fixes, parks=batch.parks, notes={name: note for name, (note, _) in batch.notes.items()}
            )
            work.forget = [name for name in self._ledger.outboxes if name not in self._boxes]
            for box in self._boxes.values():
                if box.dirty:
                    work.outboxes[box.uplink] = box.unsent()
                    box.dirty = False
            work.in_flight = frozenset(seq for box in self._boxes.values() for seq in box.in_flight())
            writing = asyncio.ensure_future(self._call(self._desk.write, work, batch.samples, batch.events))
            self._under_way, self._since_s = batch, self._loop.time()
            try:
                await asyncio.wait([writing])
            except asyncio.CancelledError:
                await asyncio.wait([writing], timeout=CLOSE_S)  # it is on its way: its outcome must be known
                raise
            finally:
                if writing.done():
                    self._under_way = self._since_s = None
                    self._settle(writing, work, batch)
            if not self.trouble:
                self._since_s = self._loop.time()
                self._publish(await self._call(self._desk.chores))
                self._since_s = None
                self._note_ages()
                for box in self._boxes.values():
                    if box.lacking:
                        await self._close_gaps(box)
                    if box.reckoned:
                        await self._recount(box, set(box.reckoned))

    def _settle(self, writing: "asyncio.Future[list[Stored]]", work: Work, batch: Batch) -> None:
        """Publish what was committed, or put everything back in its place for the next try."""
        trouble = writing.exception()
        if trouble is not None:
            self.trouble = trouble_reason(trouble)
            self._offers.put_back(batch)
            for name in work.outboxes:
                self._boxes[name].dirty = True
            return
        self.trouble = None
        self._publish(writing.result())
        if self._opens_late and not batch.rest:
            self.late.set()
        for _, committed in batch.notes.values():
            if committed is not None:
                committed()
        for waiter in batch.waiters:
            if not waiter.done():
                waiter.set_result(None)
        if batch.rest:
            self._go.set()

    def _publish(self, stored: list[Stored]) -> None:
        for one in stored:
            self._last_seq[one.priority] = one.row.seq
            self._recent.add(one)
            for box in self._boxes.values():
                box.committed(one.priority, one.row.n)

    def _note_ages(self) -> None:
        now_ms = self._now_ns() // 1_000_000
        for (name, priority), (kernel_boot, t0_ms) in self._desk.oldest.items():
            if kernel_boot == self._ledger.kernel_boot:
                age: float | None = (now_ms - t0_ms) / 1000
            else:
                here = self.almanac.wall(self._ledger.kernel_boot, now_ms).wall_ns
                there = self.almanac.wall(kernel_boot, t0_ms).wall_ns
                age = (here - there) / 1e9 if here and there else None
            if name in self._boxes:
                self._boxes[name].oldest_s[priority] = age if age is None else max(0.0, age)
        for name, box in self._boxes.items():
            for priority in PriorityClass:
                if (name, priority) not in self._desk.oldest:
                    box.oldest_s[priority] = None

    async def close(self) -> None:
        """Commit what waits, write the log back and let go of the file. Call it once, after `run` has ended.

        A card that hangs is left as it is.
        """
        closed = False
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._close()
                closed = True
        except TimeoutError:
            _log.error("%s: the card hangs; what was not committed is lost", self.plan.path)
        except (OSError, apsw.Error) as error:
            if not may_pass(error):
                raise
            _log.error("%s: left as it was last synced: %s", self.plan.path, error)
            closed = True
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._writer.shutdown(wait=closed)

    async def _close(self) -> None:
        if self._opening is not None or self._under_way is not None:
            raise TimeoutError
        if self._begun:
            await self._commit()
            while self._offers.samples and not self.trouble:
                await self._commit()
        async with self.turn:
            await self._call(self._ledger.close)

    # Handing out, for UplinkOutbox

    def outbox(self, uplink: str) -> UplinkOutbox:
        """The uplink's `Outbox`."""
        return self._boxes[uplink]

    @property
    def boot(self) -> str:
        """This agent start's own name, as its records carry it."""
        return start_text(self._ledger.boot)

    @property
    def tally(self) -> Tally:
        """The account as of the last commit; read it, never change it."""
        return self._ledger.tally

    @property
    def waiting(self) -> int:
        """Readings offered and not committed yet."""
        return self._offers.waiting

    @property
    def free_bytes(self) -> int:
        """Of the disk it lies on, as of the last commit."""
        return self._desk.free_bytes

    @property
    def next_seq(self) -> int:
        """The seq the next record will get."""
        return self._ledger.tally.next_seq

    def last_seq(self, priority: PriorityClass) -> int:
        """The newest seq that can be in this lane."""
        return self._last_seq[priority]

    def recent(self, priority: PriorityClass, lo: int, hi: int, limit: int) -> list[Record] | None:
        """Records from memory; None where the file must be asked."""
        found = self._recent.get(priority, lo, hi, limit)
        return None if found is None else [self._record(one.priority, one.row, one.json) for one in found]

    async def read(self, priority: PriorityClass, lo: int, hi: int, limit: int) -> list[Record]:
        """Records from the file, checked. The caller holds `turn`."""
        rows, told = await self._call(self._desk.read, priority, lo, hi, limit)
        self._publish(told)
        return [self._record(priority, row, json) for row, json in rows]

    async def inspect(self, look: Callable[[Reader], T]) -> T:
        """Run a look at the file between two commits; keep it short. Raises JournalTrouble where it is not open yet."""
        async with self.turn:
            self._must_be_open()
            found = await self._call(self._desk.look, lambda: look(self._desk.reader()))
        self._tell_damage()
        return found

    async def beside(self, work: Callable[[apsw.Connection], T]) -> T:
        """Some work with the open file between two commits, of moments. Raises JournalTrouble, and what it raises."""
        async with self.turn:
            self._must_be_open()
            return await self._call(lambda: work(self._ledger.db))

    async def select(self, name: str, values: Sequence[int], *, opened: bool) -> bytes:
        """A piece of a named SELECT, between two commits: see `selects.piece`.

        Raises JournalTrouble where damage was met: the file has been made anew, look again from the beginning.
        """
        try:
            async with self.turn:
                self._must_be_open()
                return await self._call(self._desk.select, name, values, opened=opened)
        finally:
            self._tell_damage()

    def _must_be_open(self) -> None:
        if not self._begun:
            raise JournalTrouble("journal.not_open_yet", why=self.failing or Reason("journal.opening"))

    def _tell_damage(self) -> None:
        if self._ledger.damage:
            self._go.set()

    async def status(self) -> dict[str, Any]:
        """Everything `journal status` shows; JSON-ready."""
        told = await self.inspect(Reader.status)
        return {
            **told,
            "path": str(self.plan.path),
            "state": "ok" if not self.failing else "failing",
            "trouble": self.failing,
            "boot": self.boot,
            "waiting": self._offers.waiting + len(self._offers.events),
            **self._desk.numbers(),
            "uplinks": [asdict(box.status()) for box in self._boxes.values()],
        }

    async def _close_gaps(self, box: UplinkOutbox) -> None:
        """Owe again what a far end lacks, and tell what of it is not held any more."""
        gaps = box.lacking
        gone = await self._call(self._desk.look, lambda: not_held(self._ledger.db, gaps))
        for gap in box.close_gaps(gone):
            count = gap.last - gap.first + 1
            evidence: dict[str, Value] = {"boot": gap.boot, "first_seq": gap.first, "last_seq": gap.last}
            evidence |= {"records": count, "why": "not_held", "uplinks": (box.uplink,)}
            now_ns = self._now_ns()
            self.offer_event(
                Event(EventKind.DATA_LOST, "journal", Severity.WARNING, Transition.NOTED, now_ns, evidence)
            )
        await self._recount(box, set(PriorityClass))

    async def recount(self, box: UplinkOutbox) -> None:
        """Count anew what this uplink has not confirmed."""
        async with self.turn:
            self._must_be_open()
            await self._recount(box, set(PriorityClass))

    async def _recount(self, box: UplinkOutbox, priorities: set[PriorityClass]) -> None:
        for priority in priorities:
            counted = await self._call(self._desk.look, self._ledger.count, priority, box.owed(priority))
            box.counted(priority, *counted)

    async def park(self, uplink: str, record: Record, reason: Reason) -> None:
        """Keep a copy of a refused record aside and report it; durable on return."""
        self._offers.parks.append((uplink, record.priority, record.seq, reason))
        name: dict[str, Value | Reason] = {"lane": record.priority.code, "boot": record.boot, "seq": record.seq}
        refused = {**name, "reason": reason}
        self.offer_event(
            Event(EventKind.UPLINK_REFUSED, uplink, Severity.WARNING, Transition.NOTED, self._now_ns(), refused)
        )
        await self.flush()

    def _record(self, priority: PriorityClass, row: Row, json: bytes) -> Record:
        kernel_boot = self._ledger.kernel_boots.get(row.base or row.boot, "")
        wall = self.almanac.wall(kernel_boot, row.t0)
        boot = start_text(row.boot)
        return Record(boot, row.seq, priority, row.n, wall.wall_ns, wall.err_ms, kernel_boot, row.t0, json)
