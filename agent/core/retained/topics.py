"""Ids as levels of a topic."""

from urllib.parse import quote

EMPTY = "%"
"""Stands for an id that is none: no level of a topic is empty."""


def level(name: str) -> str:
    """Any text as one level: what MQTT keeps for itself, blanks and control characters percent-encoded, as in a URL."""
    return "".join(quote(c, safe="") if c in "/+#%" or not c.isprintable() or c.isspace() else c for c in name) or EMPTY
