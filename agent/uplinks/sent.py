"""What was sent of a message, by its digest: an acknowledgement counts only for that."""

from hashlib import sha256

from agent.uplinks.acknowledgement import Key

MOST = 1000
"""Messages remembered; the oldest is forgotten, and an acknowledgement that is so late waits for the next sending."""
SENDINGS = 4
"""Of one message: its time may be better known each time it is sent, and an earlier sending is acknowledged late."""


class Sent:
    """Digests of the last sendings, by (boot, seq)."""

    def __init__(self) -> None:
        self._digests: dict[Key, list[str]] = {}

    def add(self, key: Key, payload: bytes) -> None:
        """It goes out."""
        digests = self._digests.pop(key, [])
        self._digests[key] = [*digests[1 - SENDINGS :], sha256(payload).hexdigest()]
        if len(self._digests) > MOST:
            del self._digests[next(iter(self._digests))]

    def was(self, key: Key, digest: str) -> bool:
        """Whether this went out under this name, lately."""
        return digest in self._digests.get(key, ())
