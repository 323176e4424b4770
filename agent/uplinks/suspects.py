"""Finds the one record that makes a far end hang up, so that it cannot hold up all others for ever.

A connection that ends strikes every record that was under way. After three strikes records go one at a time; the one
that is then alone under way when the connection ends, three times, after another got through on each of those
connections, is condemned: the forwarder parks it. On a merely bad line others fail as well, so nothing is condemned.
Until the third strike nothing is held back: an alarm goes out at once after any ordinary break.
"""

import asyncio
from collections import Counter

from agent.link.record import Record

STRIKES = 3
OTHERS_FIRST_S = 2.0
"""How long a suspect waits for another record to get through before it goes all the same."""

Key = tuple[str, int]


class Suspects:
    """One forwarder's memory of what was under way when connections ended. Forgets a record once it is settled."""

    def __init__(self) -> None:
        self._strikes: Counter[Key] = Counter()
        self._alone: Counter[Key] = Counter()
        self._under_way: set[Key] = set()
        self._proven = asyncio.Event()  # something got through on this connection
        self._prime: Key | None = None  # was alone under way when the last connection ended

    @property
    def careful(self) -> bool:
        """Whether records should go one at a time on the next connection."""
        return any(count >= STRIKES for count in self._strikes.values())

    def condemned(self, record: Record) -> bool:
        """Whether this is the one."""
        return self._alone[_key(record)] >= STRIKES

    async def others_first(self, record: Record) -> None:
        """Let another record prove the line before one that was alone when it broke."""
        if _key(record) != self._prime or self._proven.is_set():
            return
        try:
            async with asyncio.timeout(OTHERS_FIRST_S):
                await self._proven.wait()
        except TimeoutError:
            return

    def sent(self, record: Record) -> None:
        """It goes out now."""
        self._under_way.add(_key(record))

    def settled(self, record: Record, *, answered: bool = True) -> None:
        """It is done with. `answered`: the far end said so, whatever it said: answers come through."""
        key = _key(record)
        self._under_way.discard(key)
        del self._strikes[key]
        del self._alone[key]
        if answered:
            self._proven.set()

    def connection_ended(self) -> None:
        """Strike what was under way, and begin anew."""
        self._prime = None
        if len(self._under_way) == 1 and self._strikes[min(self._under_way)] >= STRIKES:
            self._prime = min(self._under_way)
            self._alone[self._prime] += self._proven.is_set()
        self._strikes.update(self._under_way)
        self._under_way.clear()
        self._proven = asyncio.Event()


def _key(record: Record) -> Key:
    return record.boot, record.seq
