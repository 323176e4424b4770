"""Damage found while the file is open: a row's flipped bit is put back, a lost row goes to quarantine and is counted.

The sweep looks at a few rows after every commit, so that damage is found while the neighbours can still say what is
missing, and not on the day the row is wanted.
"""

from dataclasses import dataclass
from typing import cast

from agent.journal import sql
from agent.journal.ledger import Ledger, Stored
from agent.journal.retention import Loss, TreeDamaged
from agent.journal.row import mended
from agent.journal.salvage import Damage
from agent.journal.spans import inside
from agent.journal.tally import Fate
from agent.journal.trouble import stored
from agent.link.record import PriorityClass
from protocols.reason import Reason, word

_NEWEST_QUARANTINED = 500


def set_right(ledger: Ledger, priority: PriorityClass, bad: list[tuple[int, Reason]]) -> list[Stored]:
    """Mend or remove damaged rows, in one transaction; returns the events that tell of it."""
    with ledger.transaction():
        damage = Damage(Reason("journal.checksums", rows=len(bad), lane=word(priority.code)))
        for seq, why in bad:
            columns = ledger.db.execute(sql.ROWS[priority], (seq, seq, 1)).fetchone()
            if columns is None:
                raise TreeDamaged("journal.row_out_of_place", lane=word(priority.code), seq=seq)
            row = mended(priority, columns)
            if row is not None and row.seq == seq and tuple(row) != columns:
                ledger.db.execute(sql.INSERT[priority].replace("INSERT", "REPLACE"), row)
                damage.mended += 1
            else:
                damage.losses.append(_quarantine(ledger, priority, seq, why, columns))
        if damage.losses:
            damage.aside = Reason("journal.quarantine")
        told = [ledger.append(damage.draft(ledger.now_ms()))]
        return told + [ledger.report_loss(loss) for loss in damage.losses]


def _quarantine(ledger: Ledger, priority: PriorityClass, seq: int, why: Reason, columns: tuple[object, ...]) -> Loss:
    body = columns[7] if isinstance(columns[7], bytes) else repr(columns[7]).encode()
    insert = "INSERT INTO quarantine (lane, seq, why, raw) VALUES (?, ?, ?, ?)"
    ledger.db.execute(insert, (priority, seq, stored(why), repr(columns[:7]).encode() + b"\n" + body))
    ledger.db.execute("DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", (_NEWEST_QUARANTINED,))
    ledger.db.execute(sql.DELETE[priority], (seq, seq))
    tally = ledger.tally[priority]
    _, n = _hole(ledger, priority, seq)
    tally.remove(seq, seq, 1, min(len(body), tally.size), n, Fate.LOST)
    return _loss(ledger, priority, seq, seq, 1, n)


def _hole(ledger: Ledger, priority: PriorityClass, seq: int) -> tuple[tuple[int, int], int]:
    """The rowless stretch around a seq, and how many readings are missing in it for no known reason."""
    tally = ledger.tally[priority]
    before = cast("tuple[int, int] | None", ledger.db.execute(sql.BEFORE[priority], (seq,)).fetchone()) or (0, 0)
    after = cast("tuple[int, int] | None", ledger.db.execute(sql.AFTER[priority], (seq,)).fetchone())
    end, start = after or (ledger.tally.next_seq, tally.taken)
    missing = start - before[1] - tally.gone_between(before[0], end)
    return (before[0] + 1, end - 1), max(0, min(missing, tally.held))


def _loss(ledger: Ledger, priority: PriorityClass, lo: int, hi: int, records: int, n: int) -> Loss:
    owing = [
        name for name, unsent in ledger.outboxes.items() if inside(unsent[priority], lo) or inside(unsent[priority], hi)
    ]
    return Loss(priority, lo, hi, records, n, None, "damage", tuple(owing))


@dataclass(slots=True)
class Sweep:
    """Where the sweep is: it goes through every lane's rows, for ever, `step` by `step`."""

    priority: PriorityClass = PriorityClass.EVENT
    seq: int = 0
    cum: int = 0
    rounds: int = 0

    def step(self, ledger: Ledger, rows: int) -> list[Stored]:
        """Look at the next rows; returns the events that tell of damage. Raises TreeDamaged where some are missing."""
        good, bad = ledger.rows(self.priority, self.seq + 1, ledger.tally.next_seq, rows)
        if bad:
            return set_right(ledger, self.priority, bad)
        tally = ledger.tally[self.priority]
        known = not tally.covers(self.seq)
        for row in good:
            missing = 0 if not known else row.cum - row.n - self.cum - tally.gone_between(self.seq, row.seq)
            if missing > 0:
                lane = word(self.priority.code)
                raise TreeDamaged("journal.rows_missing", lane=lane, first=self.seq, last=row.seq)
            self.seq, self.cum, known = row.seq, row.cum, True
        if len(good) < rows:
            last = ledger.tally.next_seq - 1
            missing = tally.taken - self.cum - tally.gone_between(self.seq, last + 1)
            if known and missing > 0:
                raise TreeDamaged("journal.rows_missing_behind", lane=word(self.priority.code), seq=self.seq)
            self.priority = PriorityClass((self.priority + 1) % len(PriorityClass))
            self.seq = self.cum = 0
            self.rounds += self.priority is PriorityClass.EVENT
        return []
