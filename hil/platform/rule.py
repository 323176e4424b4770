"""The receiver's rule, word for word as docs/platform-contract.md gives it to whoever builds a platform."""

import sqlite3
from typing import Any


def keep(db: sqlite3.Connection, message: dict[str, Any], body: bytes) -> bool:
    """Keep a message unless it is a repeat; return whether it was new. Acknowledge it, new or not, after the commit."""
    part = message.get("part", 1), message.get("parts", 1)
    cursor = db.execute(
        "INSERT INTO message (gateway, boot, seq, part, parts, lane, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (gateway, boot, seq, part, parts) DO NOTHING",
        (message["gateway"], message["boot"], message["seq"], *part, message["lane"], body),
    )
    return cursor.rowcount == 1
