"""What a far end lacks although it was confirmed: which of it is held here, and which is not any more."""

from collections.abc import Sequence
from typing import NamedTuple

import apsw

from agent.journal import sql
from agent.journal.start_name import DRAWN_BITS, start_text
from agent.link.outbox import Gap
from agent.link.record import PriorityClass

MOST_STEPS = 64
"""Of up to this many neighbouring records each, for one question: some milliseconds of a card's reading."""
MOST_RECORDS = 200
ORDERED = 1 << DRAWN_BITS + 17
"""Names of starts before they were ordered are smaller (decision 0145): they prove nothing."""


class _Row(NamedTuple):
    seq: int
    boot: int


def not_held(db: apsw.Connection, gaps: Sequence[Gap]) -> list[Gap]:
    """The parts of the gaps that no record stands for, each with the `boot` of what lies behind it.

    Of what a start behind the gap wrote nothing belongs into it: a journal put back from a copy has used its numbers
    again. What is beyond the steps is not looked at, and not said of.
    """
    gone: list[Gap] = []
    steps = MOST_STEPS
    for gap in gaps:
        at = gap.first
        while at <= gap.last and steps > 0:
            steps -= 1
            run = _run(db, at, gap)
            if run is None:
                gone.append(gap._replace(first=at))
                break
            first, last = run
            if first.seq > at:
                gone.append(Gap(start_text(first.boot), at, first.seq - 1))
            at = last + 1
    return gone


def _run(db: apsw.Connection, at: int, gap: Gap) -> tuple[_Row, int] | None:
    """The next record from `at` on that belongs into the gap, and the last of those that follow without a hole."""
    behind = int(gap.boot, 16)
    rows = sorted(
        _Row(seq, boot)
        for priority in PriorityClass
        for seq, boot in db.execute(sql.NAMES[priority], (at, gap.last, MOST_RECORDS))
    )
    rows = [row for row in rows if row.boot <= behind or row.boot < ORDERED][:MOST_RECORDS]
    if not rows:
        return None
    last = rows[0].seq
    for row in rows[1:]:
        if row.seq != last + 1:
            break
        last = row.seq
    return rows[0], last
