"""Many messages at once into PostgreSQL, word for word as docs/platform-contract.md gives it.

One commit, and so one wait for the disk, is enough for all of them (docs/performance/uplinks.md, "The far end").
"""

from collections.abc import Iterable
from typing import Any

TABLE = """
CREATE TABLE IF NOT EXISTS message (
  gateway text, boot text, seq bigint, part int, parts int, lane text, body text,
  PRIMARY KEY (gateway, boot, seq, part, parts))
"""
ARRIVED = "CREATE TEMPORARY TABLE arrived (LIKE message) ON COMMIT DELETE ROWS"
COPY = "COPY arrived FROM STDIN"
KEEP = "INSERT INTO message SELECT * FROM arrived ON CONFLICT DO NOTHING"


def copied(messages: Iterable[tuple[dict[str, Any], bytes]]) -> bytes:
    """Messages, each with the bytes it came as, in the text form of `COPY`: a line each."""
    lines = []
    for message, body in messages:
        part = message.get("part", 1), message.get("parts", 1)
        row = message["gateway"], message["boot"], message["seq"], *part, message["lane"], body.decode()
        lines.append("\t".join(str(cell).translate(ESCAPED) for cell in row) + "\n")
    return "".join(lines).encode()


ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
