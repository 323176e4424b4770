"""The journal read for people: what `journal status|peek|verify|export|history` show, over any read connection.

The agent reads through its own connection; a report asks the agent, in small steps between commits; the command line,
when no agent runs, reads through sqlite-utils on a read-only one. Nothing here writes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, cast

import orjson

from agent.journal import sql
from agent.journal.encryption import Encryption, KeyTrouble
from agent.journal.recovery import sum_of
from agent.journal.row import DamagedRow, Row, checked, unpack
from agent.journal.schema import VERSION
from agent.journal.spans import inside
from agent.journal.start_name import start_text
from agent.journal.tally import Tally, checked_json
from agent.link.record import PriorityClass, Record
from agent.runtime.clock.reckon import Almanac, Fix, Reckoned
from protocols.reason import Reason, word

Query = Callable[[str, Sequence[Any]], Iterable[Sequence[Any]]]
"""Runs one SELECT and gives its rows; of a lane's at least one where there is any, not always as many as asked for."""

_STEP = 200
_HEADS = 2_000
_LONGEST_MS = 600_000  # no record spans more
_END = 1 << 62


class Reader:
    """One look at a journal. Make it anew for a new look: it reads the marks once."""

    def __init__(
        self, query: Query, seal: Encryption | None = None, account: Callable[[], Tally] | None = None
    ) -> None:
        self._query = query
        self._seal = seal
        self.tally = Tally()
        self.account: Callable[[], Tally] = account or (lambda: self.tally)  # the agent's own moves on while it is read
        self.unsent: dict[str, dict[str, list[list[int]]]] = {}
        for name, value in query(sql.MARKS, ()):
            if name == "tally":
                self.tally = Tally.parse(value)
            elif name.startswith("outbox:"):
                self.unsent[name[7:]] = cast("tuple[int, Any]", checked_json(value))[1]

    @cached_property
    def _kernel_boots(self) -> dict[int, str]:
        return {run[0]: run[1] for run in self._query(sql.RUNS, ()) if run[3] == sum_of(*run[:3])}

    @cached_property
    def _almanac(self) -> Almanac:
        fixes = self._query(sql.FIXES, ())
        return Almanac(Fix(*fix[:5]) for fix in fixes if fix[5] == sum_of(*fix[:5]))

    def rows(
        self, priority: PriorityClass, lo: int = 0, hi: int = _END, step: int = _STEP
    ) -> Iterator[Row | tuple[int, Reason]]:
        """Every row of a lane, `step` at a time; a damaged one as (seq, why)."""
        while lo <= hi and (found := list(self._query(sql.ROWS[priority], (lo, hi, step)))):
            for columns in found:
                try:
                    yield checked(priority, tuple(columns))
                except DamagedRow as trouble:
                    yield columns[0], trouble.reason
            lo = found[-1][0] + 1

    def heads(self, priority: PriorityClass) -> Iterator[list[tuple[int, int]]]:
        """(seq, UTC ms) of every row of a lane, in steps, without its body: cheap, and unchecked."""
        lo = 0
        while step := list(self._query(sql.HEADS[priority], (lo, _END, _HEADS))):
            yield [(seq, self._reckoned(base or boot, t0).wall_ns // 1_000_000) for seq, boot, base, t0 in step]
            lo = step[-1][0] + 1

    def stretches(self, priority: PriorityClass, since_ms: int) -> list[tuple[int, int]]:
        """First and last seq of where there is something from `since_ms` (UTC) on; a little before comes along."""
        if not since_ms:
            return [(0, _END)]
        found: list[tuple[int, int]] = []
        before = None
        for step in self.heads(priority):
            for seq, t_ms in step:
                if t_ms >= since_ms - _LONGEST_MS:
                    joined = found and found[-1][1] == before
                    found[-1:] = [(found[-1][0], seq)] if joined else [*found[-1:], (seq, seq)]
                before = seq
        return found

    def records(self, priority: PriorityClass, lo: int, hi: int) -> Iterator[Record]:
        """The whole records of a stretch; what is damaged or sealed with another key is left out."""
        for row in self.rows(priority, lo, hi):
            if not isinstance(row, Row):
                continue
            try:
                body = unpack(priority, row, self._seal)
            except (KeyTrouble, DamagedRow):
                continue
            kernel_boot = self._kernel_boots.get(row.base or row.boot, "")
            wall = self._almanac.wall(kernel_boot, row.t0)
            yield Record(start_text(row.boot), row.seq, priority, row.n, *wall, kernel_boot, row.t0, body)

    def wall_ms(self, row: Row) -> tuple[int, int | None]:
        """UTC of a row's zero in milliseconds, and how far it can be off (None: unknown)."""
        wall = self._reckoned(row.base or row.boot, row.t0)
        return wall.wall_ns // 1_000_000, wall.err_ms

    def _reckoned(self, boot: int, t0: int) -> Reckoned:
        return self._almanac.wall(self._kernel_boots.get(boot, ""), t0)

    def head(self, priority: PriorityClass, row: Row) -> dict[str, Any]:
        """A record without its body."""
        wall, err = self.wall_ms(row)
        spans = {name: [(lo, hi) for lo, hi in priorities[priority.code]] for name, priorities in self.unsent.items()}
        owed = [name for name, ranges in spans.items() if inside(ranges, row.seq)]
        return {
            "seq": row.seq,
            "boot": start_text(row.boot),
            "lane": priority.code,
            "readings": row.n,
            "t0_ms": wall,
            "err_ms": err,
            "bytes": len(row.body),
            "unsent_to": owed,
        }

    def body(self, priority: PriorityClass, row: Row) -> dict[str, Any]:
        """A record's body. Raises KeyTrouble where it is sealed with another key."""
        content: dict[str, Any] = orjson.loads(unpack(priority, row, self._seal))
        return content

    def newest(self, priority: PriorityClass, count: int) -> list[int]:
        """The seqs of a lane's newest rows, rising."""
        return sorted(int(row[0]) for row in self._query(sql.NEWEST[priority], (count,)))

    def peek(self, priority: PriorityClass, count: int, first: int, with_body: bool) -> list[dict[str, Any]]:
        """`count` records of a lane from seq `first` on."""
        out = []
        for row in islice(self.rows(priority, first, step=count), count):
            if not isinstance(row, Row):
                out.append({"seq": row[0], "lane": priority.code, "damaged": row[1]})
                continue
            head = self.head(priority, row)
            if with_body:
                try:
                    head["body"] = self.body(priority, row)
                except (KeyTrouble, DamagedRow) as trouble:
                    head["sealed"] = trouble.reason
            out.append(head)
        return out

    def verify(self) -> Iterator[dict[str, Any]]:
        """Walk every row: one progress object per step, the verdict last (`done` true). Commits may go on meanwhile."""
        began = self.account().tick
        records = readings = damaged = missing = 0
        wrong: list[Reason] = []
        for priority in PriorityClass:
            seq = cum = held = 0
            lane = word(priority.code)
            while step := list(self._query(sql.ROWS[priority], (seq + 1, _END, _STEP))):
                tally = self.account()[priority]
                known = not tally.covers(seq)
                for columns in step:
                    records += 1
                    try:
                        row = checked(priority, tuple(columns))
                    except DamagedRow as trouble:
                        damaged += 1
                        wrong.append(Reason("journal.row_wrong", lane=lane, seq=columns[0], why=trouble.reason))
                        seq, known = columns[0], False
                        continue
                    gap = row.cum - row.n - cum - tally.gone_between(seq, row.seq)
                    if known and gap > 0:
                        missing += gap
                        span = f"{seq + 1}-{row.seq - 1}"
                        wrong.append(Reason("journal.readings_missing", lane=lane, span=span, readings=gap))
                    seq, cum, known = row.seq, row.cum, True
                    held += row.n
                readings += 0 if not step else sum(columns[5] for columns in step if isinstance(columns[5], int))
                yield {
                    "done": False,
                    "records": records,
                    "of": sum(self.account()[priority].rows for priority in PriorityClass),
                }
            tally = self.account()[priority]
            if not tally.balanced or (held != tally.held and self.account().tick == began):
                wrong.append(Reason("journal.account_wrong", lane=lane, said=tally.held, found=held))
        verdict = {"ok": not wrong, "records": records, "of": records, "readings": readings}
        yield {"done": True, **verdict, "damaged": damaged, "missing": missing, "wrong": wrong[:100]}

    def status(self) -> dict[str, Any]:
        """The account, and what was lost or set aside."""
        priorities = {}
        for priority in PriorityClass:
            t = self.tally[priority]
            priorities[priority.code] = {
                "records": t.rows,
                "bytes": t.size,
                "held": t.held,
                "taken": t.taken,
                "released": t.released,
                "condensed": t.condensed,
                "lost": t.lost,
            }
        losses = self._query("SELECT lane, lo, hi, records, n, why, uplinks FROM loss ORDER BY id DESC LIMIT 20", ())
        names = ("lane", "first_seq", "last_seq", "records", "readings", "why", "uplinks")
        return {
            "schema": VERSION,
            "next_seq": self.tally.next_seq,
            "lanes": priorities,
            "lost": sum(self.tally[priority].lost for priority in PriorityClass),
            "losses": [dict(zip(names, (PriorityClass(loss[0]).code, *loss[1:]), strict=True)) for loss in losses],
            "parked": next(iter(self._query("SELECT count(*) FROM parked", ())))[0],
            "quarantined": next(iter(self._query("SELECT count(*) FROM quarantine", ())))[0],
        }
