"""The receiver's rules, word for word as docs/platform-contract.md gives it to whoever builds a platform."""

import sqlite3
from typing import Any

MISSING = """
WITH whole AS (
  SELECT boot, seq FROM message WHERE gateway = :gateway GROUP BY boot, seq, parts HAVING count(*) = parts),
 step AS (SELECT boot, seq, LAG(seq) OVER (ORDER BY length(boot), boot, seq) AS before FROM whole)
SELECT boot, before + 1, seq - 1 FROM step WHERE seq > before + 1 AND NOT EXISTS (
  SELECT 1 FROM lost WHERE lost.gateway = :gateway AND lost.boot = step.boot
  AND lost.first <= step.before + 1 AND lost.last >= step.seq - 1)
ORDER BY length(boot), boot, seq LIMIT 100
"""


def keep(db: sqlite3.Connection, message: dict[str, Any], body: bytes) -> bool:
    """Keep a message unless it is a repeat; return whether it was new. Acknowledge it, new or not, after the commit."""
    part = message.get("part", 1), message.get("parts", 1)
    cursor = db.execute(
        "INSERT INTO message (gateway, boot, seq, part, parts, lane, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (gateway, boot, seq, part, parts) DO NOTHING",
        (message["gateway"], message["boot"], message["seq"], *part, message["lane"], body),
    )
    return cursor.rowcount == 1


def missing(db: sqlite3.Connection, gateway: str) -> list[dict[str, Any]]:
    """What to ask for on `…/missing`: gaps, each with the `boot` of the first message behind it."""
    gaps = db.execute(MISSING, {"gateway": gateway})
    return [{"boot": boot, "first": first, "last": last} for boot, first, last in gaps]
