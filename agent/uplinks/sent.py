"""What was sent, by its digest: an acknowledgement counts only for that."""

from hashlib import sha256

from agent.uplinks.acknowledgement import Key

MOST = 4000
"""Sendings remembered, repeats included; an acknowledgement later than that waits for the next sending."""
PartKey = tuple[Key, int, int]
"""(boot, seq), and which part of how many it was; (1, 1) for a whole record."""


class Sent:
    """The last sendings. Of one message there may be several: its time may be better known each time it is sent."""

    def __init__(self) -> None:
        self._of: dict[str, PartKey] = {}

    def add(self, part: PartKey, payload: bytes) -> None:
        """It goes out."""
        digest = sha256(payload).hexdigest()
        self._of.pop(digest, None)
        self._of[digest] = part
        if len(self._of) > MOST:
            del self._of[next(iter(self._of))]

    def part(self, key: Key, digest: str) -> PartKey | None:
        """What of this record it was that went out with this digest, lately; None where none of it did."""
        part = self._of.get(digest)
        return part if part is not None and part[0] == key else None
