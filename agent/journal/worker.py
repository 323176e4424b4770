"""What the journal's thread does: encode and commit, read back, keep house. Every way the file can fail ends here."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from shutil import disk_usage
from typing import Any, ParamSpec, TypeVar

import apsw

from agent.journal import body
from agent.journal.body import Draft
from agent.journal.card import CardBook, Device, thread_bytes
from agent.journal.encryption import KeyTrouble
from agent.journal.files import JournalTrouble
from agent.journal.ledger import Ledger, Stored, Work
from agent.journal.mending import Sweep, set_right
from agent.journal.reader import Reader
from agent.journal.row import DamagedRow, Row
from agent.journal.selects import piece
from agent.journal.trouble import BROKEN, is_damage
from agent.link.record import PriorityClass
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Sample, Value
from protocols.reason import Reason

P = ParamSpec("P")
T = TypeVar("T")

_LONGEST_RECORD = 20_000  # readings: a burst is cut into records of about a megabyte
_MOST_EVENTS = 500  # of one record: no channel and no broker is to meet one of ten thousand
_CONDENSE_STEPS = 4  # after one commit: bounds how long the next one waits
_READ_BYTES = 8 << 10  # packed, about 60 KB of JSON: no longer does an alarm wait for the past to be read
_SWEEP_ROWS = 32  # after one commit
_SWEEP_REST_S = 3600.0  # between two rounds through the whole file
_AGES_EVERY_S = 1.0
MAYBE_DAMAGE = (*BROKEN, apsw.IOError)
_FAILED = (apsw.FullError, apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError, apsw.ConnectionClosedError)


class JournalWorker:
    """Runs on the journal's thread only, but for `oldest`, which the loop reads between two jobs."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.oldest: dict[tuple[str, PriorityClass], tuple[str, int]] = {}
        self._sweep = Sweep()
        self._sweep_after = 0.0
        self._ages_after = 0.0
        self._card: CardBook | None = None  # from the first commit on: before there may be no file
        self._disk = {"used_bytes": 0, "cap_bytes": 0}
        self.free_bytes = 0
        """Of the disk, as of the last commit: asking a card may take a while."""

    def write(self, work: Work, samples: list[Sample], events: list[Event]) -> list[Stored]:
        """Turn what was offered into drafts and commit them. Raises what the disk raises, with nothing half done."""
        before, commits, checkpoints = thread_bytes(), self.ledger.commits, self.ledger.checkpoints
        try:
            return self._write(work, samples, events)
        finally:
            if self.ledger.is_open:
                self._book(before, commits, checkpoints)

    def _write(self, work: Work, samples: list[Sample], events: list[Event]) -> list[Stored]:
        if not self.ledger.is_open:
            self.ledger.open()
        work.drafts = self._drafts(samples, events)
        if not (
            work.drafts or work.clock or work.outboxes or work.forget or work.parks or work.notes or self.ledger.damage
        ):
            return []
        tick, seq = self.ledger.tally.tick, self.ledger.tally.next_seq
        try:
            return self.ledger.commit(work)
        except (*BROKEN, *_FAILED) as trouble:
            if is_damage(trouble):
                self.ledger.mend(trouble)
                return self.ledger.commit(work)
            self.ledger.reopen()
            if self.ledger.tally.tick > tick:  # the sync failed, but the commit is there
                return self._since(seq)
            raise

    def _drafts(self, samples: list[Sample], events: list[Event]) -> list[Draft]:
        drafts: list[Draft] = []
        unfit = 0
        for part in _cut(samples):
            try:
                drafts.append(body.telemetry(part))
            except (TypeError, ValueError, AttributeError, OverflowError):
                fit = [sample for sample in part if body.fits(sample)]  # a bad one takes no other with it
                unfit += len(part) - len(fit)
                drafts += [body.telemetry(fit)] if fit else []
        if unfit:
            why = Reason("journal.unfit_samples", samples=unfit)
            evidence: dict[str, Value | Reason] = {"samples": unfit, "reason": why}
            now_ns = self.ledger.now_ms() * 1_000_000
            events = [
                *events,
                Event(EventKind.SELF_FAULT, "journal", Severity.WARNING, Transition.NOTED, now_ns, evidence),
            ]
        groups = [events[at : at + _MOST_EVENTS] for at in range(0, len(events), _MOST_EVENTS)]
        return [*map(body.events, groups), *drafts]

    def _since(self, seq: int) -> list[Stored]:
        out = []
        for priority in PriorityClass:
            rows, _ = self.ledger.rows(priority, seq, self.ledger.tally.next_seq, 1000)
            out += [Stored(priority, row, self.ledger.body(priority, row)) for row in rows]
        return sorted(out, key=lambda stored: stored.row.seq)

    def reader(self) -> Reader:
        """A look at the file through this connection."""
        ledger = self.ledger
        return Reader(ledger.db.execute, ledger.seal, lambda: ledger.tally)

    def look(self, at: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Read from the file; one that turns out to be damaged is made anew, and read again."""
        try:
            return at(*args, **kwargs)
        except MAYBE_DAMAGE as trouble:
            self.ledger.mend(trouble)
            return at(*args, **kwargs)

    def select(self, name: str, values: Sequence[int], *, opened: bool) -> bytes:
        """A piece for a report. Raises JournalTrouble where the file had to be made anew."""
        try:
            return piece(self.ledger, name, values, opened=opened)
        except MAYBE_DAMAGE as trouble:
            self.ledger.mend(trouble)
            raise JournalTrouble("journal.made_anew") from None

    def numbers(self) -> dict[str, Any]:
        """Disk and card, as of the last commit."""
        now = time.monotonic()
        card = self._card or CardBook(now)
        return {"disk": self._disk, "card": card.numbers(now)}

    def _book(self, before: int, commits: int, checkpoints: int) -> None:
        ledger = self.ledger
        commits, checkpoints = ledger.commits - commits, ledger.checkpoints - checkpoints
        if self._card is None:
            self._card = CardBook(time.monotonic(), Device(ledger.path.parent))
        self._card.note(time.monotonic(), thread_bytes() - before, commits + 2 * checkpoints, commits)
        self._disk = ledger.numbers()
        with suppress(OSError):
            self.free_bytes = disk_usage(ledger.path.parent).free

    def read(
        self, priority: PriorityClass, lo: int, hi: int, limit: int
    ) -> tuple[list[tuple[Row, bytes]], list[Stored]]:
        """Some rows with their JSON, at least one if there is any; and the events of any damage met on the way."""
        told: list[Stored] = []
        while True:
            try:
                good, bad = self.ledger.rows(priority, lo, hi, limit)
                out = []
                size = 0
                for row in good:
                    if size >= _READ_BYTES:
                        break
                    size += len(row.body)
                    try:
                        out.append((row, self.ledger.body(priority, row)))
                    except (KeyTrouble, DamagedRow) as trouble:
                        bad.append((row.seq, trouble.reason))
                if not bad:
                    return out, told
                told += set_right(self.ledger, priority, sorted(bad))
            except MAYBE_DAMAGE as trouble:
                self.ledger.mend(trouble)
                told += self.ledger.commit(Work())

    def chores(self) -> list[Stored]:
        """After a commit: down-sample where room is short, look at a few rows, see how old the oldest unsent is."""
        told: list[Stored] = []
        now = time.monotonic()
        try:
            for _ in range(_CONDENSE_STEPS):
                summary = self.ledger.condense() if self.ledger.crowded else []
                if not summary:
                    break
                told += summary
            if now >= self._sweep_after:
                before = self._sweep.rounds
                told += self._sweep.step(self.ledger, _SWEEP_ROWS)
                if self._sweep.rounds > before:
                    self._sweep_after = now + _SWEEP_REST_S
            if now >= self._ages_after:
                self._ages_after = now + _AGES_EVERY_S
                if self.ledger.is_removed:
                    self.ledger.bring_back()
                    told += self.ledger.commit(Work())
                self._look_at_ages()
        except (*BROKEN, *_FAILED) as trouble:
            if is_damage(trouble):
                self.ledger.mend(trouble)
                told += self.ledger.commit(Work())
            else:
                self.ledger.reopen()
        return told

    def _look_at_ages(self) -> None:
        oldest = {}
        for name, unsent in self.ledger.outboxes.items():
            for priority in PriorityClass:
                found = self.ledger.oldest_unsent(priority, unsent)
                if found is not None:
                    oldest[name, priority] = found
        self.oldest = oldest


def _cut(samples: list[Sample]) -> list[list[Sample]]:
    """Samples in groups that make records of a bearable size."""
    if not samples:
        return []
    if len(samples) == 1 or sum(len(sample.values) for sample in samples) <= _LONGEST_RECORD:
        return [samples]
    half = len(samples) // 2
    return [*_cut(samples[:half]), *_cut(samples[half:])]
