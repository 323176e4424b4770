"""The newest records, still in memory: what is forwarded live is never read back from the card. Pure."""

from collections import deque

from agent.journal.ledger import Stored
from agent.link.record import PriorityClass

RECENT_BYTES = 256 << 10


class Recent:
    """The tail of every lane. Whatever a lane committed at or after `since` is here."""

    def __init__(self, next_seq: int, bound: int = RECENT_BYTES) -> None:
        self._rows: dict[PriorityClass, deque[Stored]] = {priority: deque() for priority in PriorityClass}
        self._since = dict.fromkeys(PriorityClass, next_seq)
        self._size = 0
        self._bound = bound

    def add(self, stored: Stored) -> None:
        """One more record, the newest; the oldest of the fullest lane make room."""
        self._rows[stored.priority].append(stored)
        self._size += len(stored.json)
        while self._size > self._bound:
            priority = max(PriorityClass, key=lambda priority: len(self._rows[priority]))
            oldest = self._rows[priority].popleft()
            self._since[priority] = oldest.row.seq + 1
            self._size -= len(oldest.json)

    def get(self, priority: PriorityClass, lo: int, hi: int, limit: int) -> list[Stored] | None:
        """The lane's records from `lo` to `hi`, at most `limit`; None where some of them may be only in the file."""
        if lo < self._since[priority]:
            return None
        out: list[Stored] = []
        for stored in self._rows[priority]:
            if stored.row.seq > hi or len(out) >= limit:
                break
            if stored.row.seq >= lo:
                out.append(stored)
        return out
