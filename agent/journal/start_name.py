"""The name of a start of the agent, `boot` in every record: no other start bears it, and later starts' are greater.

Within one journal that follows from what it holds. A journal that was lost, or put back from a copy, holds nothing of
the starts it never saw: there, and only there, the wall clock decides (docs/decisions/0145).
"""

import secrets
from collections.abc import Iterable

DRAWN_BITS = 30
"""So much of a name is drawn: two starts within one second of a clock are told apart."""
LATEST_S = 1 << 32
"""A clock beyond 2106 is none."""


def drawn(wall_s: float) -> int:
    """A name for a start at this wall clock, UTC seconds."""
    return max(1, int(wall_s) % LATEST_S) << DRAWN_BITS | secrets.randbits(DRAWN_BITS)


def behind(earlier: Iterable[int], name: int) -> int:
    """`name`, or where an earlier start's is not smaller, one greater than all of them with the same drawn part."""
    greatest = max(earlier, default=0)
    if name > greatest:
        return name
    return (greatest >> DRAWN_BITS) + 1 << DRAWN_BITS | name & (1 << DRAWN_BITS) - 1


def start_text(name: int) -> str:
    """As it stands in messages: hexadecimal, a longer one being the greater."""
    return f"{name:012x}"
