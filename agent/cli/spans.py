"""Lengths of time as people type them."""

from __future__ import annotations

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_in(span: str) -> int | None:
    """The seconds in 90s, 30m, 12h or 7d; None for what is none of these."""
    if span[-1:] not in _SECONDS or not span[:-1].isdecimal():
        return None
    return int(span[:-1]) * _SECONDS[span[-1]]
