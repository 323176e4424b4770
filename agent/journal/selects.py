"""What a report reads of the journal: named SELECTs in pieces that hold the journal's thread up for moments only."""

import base64
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import orjson

from agent.journal import sql
from agent.journal.encryption import KeyTrouble
from agent.journal.ledger import Ledger
from agent.journal.row import DamagedRow, checked, unsealed
from agent.link.record import PriorityClass

PIECE_BYTES = 32 << 10
"""Bodies as stored; a few milliseconds of a card's reading."""
PIECE_ROWS = 2_000

_LANES = {priority.code: priority for priority in PriorityClass}


def piece(ledger: Ledger, name: str, values: Sequence[int], *, opened: bool) -> bytes:
    """Some rows of the statement `name` and the account at that moment, as JSON. Runs on the journal's thread.

    Bytes stand as {"x": base64}. `opened`: where bodies are sealed they are handed out unsealed, and summed anew; what
    another key sealed stays so.
    """
    priority = _LANES.get(name)
    rows: list[list[Any]] = []
    size = 0
    if values:
        values = [*values[:2], min(values[2], PIECE_ROWS)]
    with closing(ledger.db.execute(sql.NAMED[name], values)) as found:  # left open, it would hold the log back
        for columns in found:
            if priority is not None and opened and ledger.seal is not None:
                columns = _opened(ledger, priority, columns)
            rows.append([_plain(value) for value in columns])
            size += len(columns[-1]) if isinstance(columns[-1], bytes) else 0
            if size >= PIECE_BYTES:
                break
    return orjson.dumps({"rows": rows, "tally": ledger.tally.text()})


def _opened(ledger: Ledger, priority: PriorityClass, columns: Sequence[Any]) -> Sequence[Any]:
    try:
        return unsealed(priority, checked(priority, tuple(columns)), ledger.seal)
    except (DamagedRow, KeyTrouble):
        return columns


def _plain(value: Any) -> Any:
    return {"x": base64.b64encode(value).decode("ascii")} if isinstance(value, bytes) else value
