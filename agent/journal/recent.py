"""The newest records, still in memory: what is forwarded live is never read back from the card. Pure."""

from collections import deque

from agent.journal.ledger import Stored
from agent.journal.record import Lane

RECENT_BYTES = 256 << 10


class Recent:
    """The tail of every lane. Whatever a lane committed at or after `since` is here."""

    def __init__(self, next_seq: int, bound: int = RECENT_BYTES) -> None:
        self._rows: dict[Lane, deque[Stored]] = {lane: deque() for lane in Lane}
        self._since = dict.fromkeys(Lane, next_seq)
        self._size = 0
        self._bound = bound

    def add(self, stored: Stored) -> None:
        """One more record, the newest; the oldest of the fullest lane make room."""
        self._rows[stored.lane].append(stored)
        self._size += len(stored.json)
        while self._size > self._bound:
            lane = max(Lane, key=lambda lane: len(self._rows[lane]))
            oldest = self._rows[lane].popleft()
            self._since[lane] = oldest.row.seq + 1
            self._size -= len(oldest.json)

    def get(self, lane: Lane, lo: int, hi: int, limit: int) -> list[Stored] | None:
        """The lane's records from `lo` to `hi`, at most `limit`; None where some of them may be only in the file."""
        if lo < self._since[lane]:
            return None
        out: list[Stored] = []
        for stored in self._rows[lane]:
            if stored.row.seq > hi or len(out) >= limit:
                break
            if stored.row.seq >= lo:
                out.append(stored)
        return out
